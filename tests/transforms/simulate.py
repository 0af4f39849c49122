"""Dialogues with known turns and annotators of known skill: the truth that estimates are held against."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from transforms import schemas
from transforms.answers import LABELS
from transforms.tracks import ANNOTATORS, SEGMENTS

JOB, LAYER = "dialogues", "speaker"
SPEAKERS = ("Speaker A", "Speaker B")


@dataclass(frozen=True, slots=True)
class Skill:
    """How an annotator distorts the truth: seconds late, seconds of jitter, shares missed, invented and mislabeled."""

    offset_s: float = 0.0
    jitter_s: float = 0.1
    missed: float = 0.02
    invented: float = 0.01
    mislabeled: float = 0.02


GOOD, FAIR = Skill(jitter_s=0.05), Skill(jitter_s=0.15, missed=0.04)
LATE = Skill(offset_s=0.3, jitter_s=0.08)
CARELESS = Skill(jitter_s=0.6, missed=0.25, invented=0.15, mislabeled=0.2)
POOL = {"w_good": GOOD, "w_fair": FAIR, "w_late": LATE, "w_careless": CARELESS, "w_other": Skill()}


def turns(rng: np.random.Generator) -> tuple[float, list[tuple[float, float, str]]]:
    """Duration and speaker turns of one dialogue of 20 to 60 s with about ten turns."""
    n, duration = int(rng.integers(8, 13)), rng.uniform(20, 60)
    gaps, lengths = rng.uniform(0.1, 0.8, n + 1), rng.uniform(1.0, 5.0, n)
    scale = (duration - gaps.sum()) / lengths.sum()
    start, found = gaps[0], []
    for k in range(n):
        end = start + lengths[k] * scale
        found.append((float(start), float(end), SPEAKERS[k % 2]))
        start = end + gaps[k + 1]
    return float(duration), found


def label(
    rng: np.random.Generator, truth: list[tuple[float, float, str]], duration: float, skill: Skill
) -> list[tuple[float, float, str]]:
    """What an annotator of this skill says; without overlap, inside of the media."""
    drawn = []
    for start, end, name in truth:
        if rng.random() < skill.missed:
            continue
        said = SPEAKERS[1 - SPEAKERS.index(name)] if rng.random() < skill.mislabeled else name
        late, early = skill.offset_s + rng.normal(0, skill.jitter_s, 2)
        drawn.append((start + late, end + early, said))
    for _ in range(int(rng.binomial(len(truth), skill.invented))):
        at = rng.uniform(0, duration - 1)
        drawn.append((at, at + rng.uniform(0.4, 2.0), str(rng.choice(SPEAKERS))))
    kept: list[tuple[float, float, str]] = []
    for start, end, name in sorted(drawn):
        lo, hi = max(0.0, start, kept[-1][1] if kept else 0.0), min(duration, end)
        if hi - lo >= 0.05:
            kept.append((lo, hi, name))
    return kept


def dialogues(
    seed: int, n_items: int = 12, pool: dict[str, Skill] | None = None, per_item: int = 3
) -> tuple[pa.Table, pa.Table]:
    """Segments and annotators of a job; each object goes to `per_item` workers of the pool."""
    rng = np.random.default_rng(seed)
    pool = POOL if pool is None else pool
    segments, annotators = [], []
    for item in range(n_items):
        duration, truth = turns(rng)
        for worker in rng.choice(sorted(pool), size=min(per_item, len(pool)), replace=False):
            key = {"job_name": JOB, "object_id": str(item), "worker_id": str(worker)}
            annotators.append(key | {"duration_s": duration})
            for start, end, name in label(rng, truth, duration, pool[str(worker)]):
                segments.append(key | {"layer": LAYER, "label": name, "start_s": start, "end_s": end})
    return pa.Table.from_pylist(segments, SEGMENTS), pa.Table.from_pylist(annotators, ANNOTATORS)


def clips(seed: int, n_items: int = 8, right: dict[str, float] | None = None, job: str = "clips") -> pa.Table:
    """Class labels of clips; `right` gives each worker's probability of the true one of four classes."""
    rng = np.random.default_rng(seed)
    right = {"w_good": 0.95, "w_fair": 0.85, "w_careless": 0.3} if right is None else right
    classes = ["cat", "dog", "horse", "sheep"]
    rows = []
    for item in range(n_items):
        truth = classes[int(rng.integers(4))]
        for worker, skill in sorted(right.items()):
            said = truth if rng.random() < skill else str(rng.choice([c for c in classes if c != truth]))
            rows.append({"job_name": job, "object_id": str(item), "worker_id": worker, "layer": "class", "label": said})
    return pa.Table.from_pylist(rows, LABELS)


def filled(table: schemas.Table, rows: list[dict[str, Any]]) -> pa.Table:
    """Rows of a lake table; columns that a row leaves out are NULL, or a plain value where NULL is not allowed."""

    def plain(field: pa.Field) -> Any:
        if field.nullable:
            return None
        if pa.types.is_list(field.type) or pa.types.is_map(field.type):
            return []
        return (
            "x"
            if pa.types.is_string(field.type)
            else datetime(2026, 1, 2, tzinfo=UTC)
            if pa.types.is_timestamp(field.type)
            else 0
        )

    whole = [{f.name: row.get(f.name, plain(f)) for f in table.arrow} for row in rows]
    return pa.Table.from_pylist(whole, table.arrow)


def silver(segments: pa.Table | None = None, annotators: pa.Table | None = None, labels: pa.Table | None = None,
           task_types: dict[str, str] | None = None) -> dict[str, pa.Table]:  # fmt: skip
    """The silver tables that hold these segments, annotators and labels; every object is an asset of its own."""
    drawn = segments.to_pylist() if segments else []
    said = labels.to_pylist() if labels else []
    asked: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in said + (annotators.to_pylist() if annotators else []):
        asked[row["job_name"], row["object_id"], row["worker_id"]] = row
    answers = [
        {"job_name": j, "object_id": o, "worker_id": w, "asset_id": f"{j}/{o}", "outcome": "answered", "revision": 1,
         "time_spent_s": 10.0 + k % 7}
        for k, (j, o, w) in enumerate(sorted(asked))
    ]  # fmt: skip
    length = {f"{j}/{o}": r.get("duration_s") or 5.0 for (j, o, _), r in sorted(asked.items())}
    for rows in (drawn, said):
        for k, row in enumerate(rows):
            row |= {"asset_id": f"{row['job_name']}/{row['object_id']}", "segment_no": k, "revision": 1}
    types = dict.fromkeys({r["job_name"] for r in drawn}, "audio_segmentation")
    types |= dict.fromkeys({r["job_name"] for r in said} - set(types), "video_classification") | (task_types or {})
    return {
        "silver.segment": filled(schemas.SEGMENT, drawn),
        "silver.classification": filled(schemas.CLASSIFICATION, said),
        "silver.assignment": filled(schemas.ASSIGNMENT, answers),
        "silver.annotation": filled(schemas.ANNOTATION, answers),
        "silver.asset": filled(
            schemas.ASSET_TABLE,
            [{"asset_id": a, "duration_s": d, "media_type": "audio", "name": a} for a, d in length.items()],
        ),
        "silver.job": filled(schemas.JOB_TABLE, [{"job_name": j, "task_type": t} for j, t in sorted(types.items())]),
    }
