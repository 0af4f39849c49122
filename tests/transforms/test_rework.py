"""What a later level changed: by hand, for segments and for labels of whole objects."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from tests.transforms.simulate import filled
from transforms import rework, schemas

START = datetime(2026, 1, 1, tzinfo=UTC)
DURATION = 10.0


def tables(segments: dict[tuple[str, str, str], list[tuple[float, float, str]]],
           labels: dict[tuple[str, str, str], list[str]] | None = None) -> dict[str, pa.Table]:  # fmt: skip
    """What (job, worker, file) drew or said; jobs are named after their level, later answers come later."""
    rows: dict[str, list[dict[str, Any]]] = {"segment": [], "classification": [], "annotation": []}
    answers = sorted({*segments, *(labels or {})})
    for k, answer in enumerate(answers):
        job, worker, file = answer
        key = {"job_name": job, "object_id": f"{job} {file}", "worker_id": worker, "asset_id": file, "revision": 1}
        rows["annotation"].append(key | {"submitted_at": START + timedelta(minutes=k)})
        for no, (a, b, label) in enumerate(segments.get(answer, [])):
            rows["segment"].append(
                key | {"layer": "who", "segment_no": no, "start_s": a, "end_s": b, "label": label}
            )  # fmt: skip
        rows["classification"] += [key | {"layer": "mood", "label": x} for x in (labels or {}).get(answer, [])]
    jobs = sorted({job for job, *_ in answers})
    return {
        "silver.segment": filled(schemas.SEGMENT, rows["segment"]),
        "silver.classification": filled(schemas.CLASSIFICATION, rows["classification"]),
        "silver.annotation": filled(schemas.ANNOTATION, rows["annotation"]),
        "silver.assignment": schemas.ASSIGNMENT.empty(),
        "silver.asset": filled(
            schemas.ASSET_TABLE, [{"asset_id": f, "duration_s": DURATION} for f in sorted({a[2] for a in answers})]
        ),
        "silver.job": filled(
            schemas.JOB_TABLE,
            [{"job_name": j, "batch_id": "b", "level": int(j[-1]), "task_type": "audio_segmentation"} for j in jobs],
        ),
    }


TURNS = [(0.0, 4.0, "A"), (5.0, 8.0, "B")]
LATE = [(0.5, 4.5, "A"), (5.0, 8.0, "B")]  # a second of ten differs


def by_worker(given: dict[str, pa.Table], job: str = "level 2") -> dict[tuple[str, str], dict[str, Any]]:
    assert rework.build(given, ["level 1"]).num_rows == 0  # nothing came before
    rows = rework.build(given, [job]).to_pylist()
    assert {r["job_name"] for r in rows} <= {job}
    return {(r["layer"], r["worker_id"]): r for r in rows}


def test_segments_by_hand() -> None:
    given = {("level 1", "ann", f): TURNS for f in "123"} | {("level 1", "bob", f): LATE for f in "12"}
    given |= {("level 2", "eve", f): TURNS for f in "12"} | {("level 2", "eve", "3"): [(0.0, 4.0, "B"), *TURNS[1:]]}
    found = by_worker(tables(given))
    ann, bob = found["who", "ann"], found["who", "bob"]
    assert (ann["n_items"], ann["n_changed"], ann["mass"]) == (3, 1, 30.0)
    assert ann["mass_changed"] == pytest.approx(4.0)  # four seconds have another label on the third file
    assert (bob["n_items"], bob["n_changed"]) == (2, 2) and bob["mass_changed"] == pytest.approx(2.0)
    assert ann["rework"] == pytest.approx(1 / 3) and 0 < ann["rework_lo"] < 1 / 3 < ann["rework_hi"] < 1
    assert ann["reworked_job"] == "level 1"


def test_labels_and_files_that_nobody_went_over() -> None:
    said = {("level 1", "ann", f): ["calm"] for f in "123"} | {("level 2", "eve", "1"): ["calm"]}
    said |= {("level 2", "eve", "2"): ["angry"], ("level 2", "eve", "9"): ["calm"]}
    found = by_worker(tables({}, said))
    assert list(found) == [("mood", "ann")]
    assert (found["mood", "ann"]["n_items"], found["mood", "ann"]["n_changed"]) == (2, 1)


def test_the_last_answer_of_the_later_job_counts_and_a_nudge_is_no_change() -> None:
    given = {("level 1", "ann", "1"): TURNS, ("level 2", "eve", "1"): [], ("level 2", "zoe", "1"): [
        (0.004, 4.0, "A"), (5.0, 8.0, "B")]}  # fmt: skip
    assert by_worker(tables(given))["who", "ann"]["n_changed"] == 0


def test_every_earlier_level_is_gone_over() -> None:
    given = {("level 1", "ann", "1"): TURNS, ("level 2", "eve", "1"): LATE, ("level 3", "exp", "1"): LATE}
    given |= {("level 3", "exp", "2"): TURNS}
    made = tables(given)
    assert rework.earlier_jobs(made["silver.job"], ["level 3"]) == ["level 1", "level 2"]
    assert rework.earlier_jobs(made["silver.job"], ["level 1", "level 2"]) == ["level 1"]
    assert rework.earlier_jobs(made["silver.job"], ["level 1"]) == []
    rows = {r["reworked_job"]: r["n_changed"] for r in rework.build(made, ["level 3"]).to_pylist()}
    assert rows == {"level 1": 1, "level 2": 0}
