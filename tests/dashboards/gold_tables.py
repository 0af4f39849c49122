"""Gold tables for the dashboards' tests: full (two jobs, five workers), single (one of everything), empty."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import duckdb
import pyarrow as pa

from transforms.schemas import AGREEMENT_ITEM, AGREEMENT_JOB, LABEL_DISTRIBUTION, TABLES, WORKER_QUALITY, Table

GOLD = (AGREEMENT_ITEM, AGREEMENT_JOB, LABEL_DISTRIBUTION, WORKER_QUALITY)
AUDIO, VIDEO = "dialogues-l1-audio", "clips-l1-video"
WORKERS = [f"w_{n:016x}" for n in (0xA1, 0xB2, 0xC3, 0xD4, 0xE5)]

Rows = dict[str, list[dict[str, Any]]]


def connect(rows: Rows) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection with the four tables in schema `gold`, typed as the lake types them."""
    connection = duckdb.connect()
    connection.execute("create schema gold")
    for table in GOLD:
        arrow = as_table(table, rows.get(table.name, []))
        connection.register("incoming", arrow)
        connection.execute(f"create table {table.name} as select * from incoming")
        connection.unregister("incoming")
    return connection


def as_table(table: Table, rows: list[dict[str, Any]]) -> pa.Table:
    """Rows with their missing columns NULL, or a harmless value where NULL is not allowed."""
    plain = {"n_annotators": 3, "n_assigned": 3, "n_pairs": 3, "mass": 90.0, "d_obs": 9.0, "n_items": 1, "n_labels": 1}
    filled = [{c.name: r.get(c.name, None if c.nullable else plain.get(c.name)) for c in table.columns} for r in rows]
    for row in filled:
        if "label_mass" in row:
            row["label_mass"] = []
    return pa.Table.from_pylist(filled, schema=TABLES[table.name].arrow)


def measure(
    job: str, layer: str, name: str, value: float | None, half: float | None = None, **more: Any
) -> dict[str, Any]:
    """A row of gold.agreement_job."""
    ends = {} if value is None or half is None else {"ci_lo": value - half, "ci_hi": min(value + half, 1.0)}
    return {"job_name": job, "layer": layer, "task_type": task(job), "measure": name, "value": value, **ends, **more}


def task(job: str) -> str:
    return "video_classification" if job == VIDEO else "audio_segmentation"


def full() -> Rows:
    """Two jobs: segments with one late and one careless worker, clip classes, one layer without agreement."""
    jobs = [
        measure(AUDIO, "speaker", "alpha", 0.742, 0.06, n_items=12, n_annotators=5, chance_floor=0.04),
        measure(AUDIO, "speaker", "observed_agreement", 0.86, 0.04, n_items=12, n_annotators=5, chance_floor=0.48),
        measure(AUDIO, "speaker", "boundary_f_500ms", 0.81, 0.07, n_items=12, n_annotators=5, chance_floor=0.17),
        measure(AUDIO, "speaker", "unit_f_iou50", 0.88, 0.05, n_items=12, n_annotators=5, chance_floor=0.2),
        measure(AUDIO, "emotiontag", "alpha", 0.31, 0.22, n_items=12, n_annotators=5, chance_floor=0.01),
        measure(AUDIO, "emotiontag", "observed_agreement", 0.55, 0.15, n_items=12, n_annotators=5, chance_floor=0.36),
        measure(AUDIO, "speechNonSpeech", "alpha", None, reason_code="one_label", n_items=12, n_annotators=5),
        measure(AUDIO, "speechNonSpeech", "observed_agreement", 1.0, 0.0, n_items=12, n_annotators=5),
        measure(VIDEO, "class", "alpha", 0.91, 0.07, n_items=14, n_annotators=4, chance_floor=-0.02),
        measure(VIDEO, "class", "observed_agreement", 0.94, 0.05, n_items=14, n_annotators=4, chance_floor=0.3),
        measure(VIDEO, "rate", "alpha", 0.62, 0.25, n_items=14, n_annotators=4, chance_floor=0.0),
    ]
    return {"gold.agreement_job": jobs, **_items(), **_labels(), **_workers()}


def _items() -> Rows:
    rows = []
    for n in range(12):
        agreement = 0.98 - 0.04 * n
        rows.append(
            {"job_name": AUDIO, "object_id": str(n), "layer": "speaker", "task_type": task(AUDIO),
             "media_type": "audio", "asset_name": f"dialogue_{n:02d}.wav", "duration_s": 22.5 + n,
             "observed_agreement": agreement,
             "is_disputed": agreement < 2 / 3, "n_boundaries": 20, "boundary_hits_500ms": 18 - n, "n_units": 24,
             "unit_hits_iou50": 22 - n, "mass": 60.0 + n, "n_annotators": 2 if n == 3 else 3}
        )  # fmt: skip
    rows.append(
        {"job_name": AUDIO, "object_id": "12", "layer": "speaker", "task_type": task(AUDIO), "media_type": "audio",
         "asset_name": "silence.wav", "duration_s": 20.0, "is_disputed": False, "n_annotators": 1,
         "reason_code": "one_annotator", "mass": 0.0}
    )  # fmt: skip
    rows += [
        {"job_name": VIDEO, "object_id": str(n), "layer": "class", "task_type": task(VIDEO), "media_type": "video",
         "asset_name": f"clip_{n:02d}.mp4", "observed_agreement": 1 / 3 if n == 13 else 1.0, "is_disputed": n == 13,
         "mass": 3.0}
        for n in range(14)
    ]  # fmt: skip
    return {"gold.agreement_item": rows}


def _labels() -> Rows:
    rows: list[dict[str, Any]] = []

    def used(  # noqa: PLR0917 - a row at a glance
        job: str, layer: str, label: str, worker: str, day: int, n: int, seconds: float | None
    ) -> None:
        rows.append(
            {"job_name": job, "layer": layer, "label": label, "worker_id": worker, "task_type": task(job),
             "day": date(2026, 10, 5) + timedelta(days=day), "media_type": "video" if job == VIDEO else "audio",
             "n_segments": n, "duration_s": seconds, "n_items": min(n, 6)}
        )  # fmt: skip

    for w, worker in enumerate(WORKERS):
        for day in range(2):
            used(AUDIO, "speaker", "Speaker A", worker, day, 20 + w, 61.0 + 3 * w)
            used(AUDIO, "speaker", "Speaker B", worker, day, 18 - 2 * w, 55.0 - 4 * w)
            used(AUDIO, "emotiontag", "Neutral", worker, day, 5, None)
        used(AUDIO, "emotiontag", "Happy", worker, 1, 2, None)
        for label, n in (("dog", 5), ("speech", 4), ("music", 3)):
            used(VIDEO, "class", label, worker, w % 2, n, None)
    used(AUDIO, "emotiontag", "Angry", WORKERS[4], 0, 1, None)
    return {"gold.label_distribution": rows}


def _workers() -> Rows:
    rows = []
    for w, worker in enumerate(WORKERS):
        careless = w == 4
        value = 0.2 if careless else 0.82 - 0.03 * w
        rows.append(
            {"job_name": AUDIO, "layer": "speaker", "worker_id": worker, "task_type": task(AUDIO), "n_items": 12,
             "n_labels": 76, "loo_agreement": value, "loo_lo": value - 0.12, "loo_hi": value + 0.12,
             "offset_s": 0.31 if w == 2 else 0.01 * (w - 1), "n_boundaries": 96, "over_seg_index": 1.0 + 0.1 * w,
             "median_time_s": 60.0 + 5 * w, "status": "reliable" if value - 0.12 >= 0.667 else "watch"}
        )  # fmt: skip
        rows.append(
            {"job_name": VIDEO, "layer": "class", "worker_id": worker, "task_type": task(VIDEO), "n_items": 6,
             "n_labels": 6, "loo_agreement": 0.9, "skill_ds": 0.93, "median_time_s": 12.0, "status": "too_few"}
        )  # fmt: skip
    return {"gold.worker_quality": rows}


def single() -> Rows:
    """One job, one object, one worker: labels, and no agreement with a reason."""
    where = {"job_name": "solo", "layer": "class", "task_type": "video_classification"}
    return {
        "gold.agreement_job": [
            {**where, "measure": m, "n_items": 0, "n_annotators": 1, "reason_code": "one_annotator", "mass": 0.0}
            for m in ("alpha", "observed_agreement")
        ],
        "gold.agreement_item": [
            {**where, "object_id": "0", "n_annotators": 1, "n_assigned": 1, "n_pairs": 0, "is_disputed": False,
             "reason_code": "one_annotator", "mass": 0.0, "d_obs": 0.0}
        ],
        "gold.label_distribution": [
            {**where, "label": "dog", "worker_id": WORKERS[0], "day": date(2026, 10, 5), "media_type": "",
             "n_segments": 1, "n_items": 1}
        ],
        "gold.worker_quality": [
            {**where, "worker_id": WORKERS[0], "n_items": 0, "n_labels": 1, "median_time_s": 9.0, "status": "too_few"}
        ],
    }  # fmt: skip
