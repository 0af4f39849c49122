"""gold.job_status, gold.job_day and gold.worker_day over a hand-made job."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from tests.sql.conftest import Run
from transforms.schemas import TABLES

NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)
JOB = {"job_name": "j", "task_type": "audio_segmentation", "label_attribute": "l", "workers_per_object": 2,
       "status": "InProgress", "n_objects": 4, "n_labeled": 1, "n_failed": 0, "input_uri": "s3://b/i",
       "created_at": NOON, "modified_at": NOON}  # fmt: skip
PLAIN = {"landing_id": "1", "landed_at": NOON, "answer": "{}", "outcome": "answered", "revision": 1}


def tables(**rows: list[dict[str, Any]]) -> Mapping[str, pa.Table]:
    """Silver tables, what a row does not say filled in."""
    made = {}
    for topic, given in rows.items():
        schema = TABLES[f"silver.{topic}"].arrow
        texts = {f.name: "" for f in schema if not f.nullable and f.type == pa.string()}
        filled = [{**texts, **PLAIN, **row} for row in given]
        made[f"silver.{topic}"] = pa.Table.from_pylist(
            [{n: row.get(n, 0 if not schema.field(n).nullable else None) for n in schema.names} for row in filled],
            schema=schema,
        )
    return made


def answer(obj: str, worker: str, day: int, asset: str | None = None) -> dict[str, Any]:
    at = NOON + timedelta(days=day)
    return {"job_name": "j", "object_id": obj, "worker_id": worker, "asset_id": asset, "accepted_at": at,
            "submitted_at": at + timedelta(seconds=30), "time_spent_s": 20.0, "task_type": "t"}  # fmt: skip


def lab() -> Mapping[str, pa.Table]:
    """Four objects, one not seen yet: complete on day 0, complete on day 1, half done; 60 s, 30 s and unknown."""
    answers = [answer("0", "a", 0, "x"), answer("0", "b", 0, "x"), answer("1", "a", 0, "y"), answer("1", "b", 1, "y"),
               answer("2", "a", 1)]  # fmt: skip
    assets = [{"asset_id": "x", "duration_s": 60.0}, {"asset_id": "y", "duration_s": 30.0}]
    skipped = {**answer("2", "b", 1), "outcome": "skipped"}
    return tables(
        job=[JOB],
        asset=[{**a, "bytes": 1} for a in assets],
        annotation=answers,
        assignment=[*answers, skipped],
        gold_item=[{"asset_id": "x", "layer": "l"}],
        quarantine=[{"job_name": "j"}],
    )


def test_a_job_is_as_far_as_its_complete_objects(run_model: Run) -> None:
    (row,) = run_model("job_status", lab()).to_pylist()
    counts = {k: v for k, v in row.items() if k.startswith("n_")}
    assert counts == {
        "n_objects": 4, "n_started": 3, "n_complete": 2, "n_failed": 0, "n_twice": 2, "n_gold": 1, "n_answers": 5,
        "n_not_answered": 1, "n_workers": 2, "n_quarantined": 1,
    }  # fmt: skip
    assert row["media_complete_s"] == 90
    assert row["media_s"] == pytest.approx(90 + 2 * 45), "two objects of unknown length count with the mean"
    assert row["active_s"] == 100


def test_days_add_up_to_the_job(run_model: Run) -> None:
    days = run_model("job_day", lab()).sort_by("day").to_pylist()
    assert [(d["day"], d["n_answers"], d["n_started"], d["n_complete"], d["media_complete_s"]) for d in days] == [
        (date(2026, 10, 5), 3, 2, 1, 60),
        (date(2026, 10, 6), 2, 1, 1, 30),
    ]
    assert sum(d["active_s"] for d in days) == 100


def test_a_job_without_answers_is_planned_and_not_begun(run_model: Run) -> None:
    (row,) = run_model("job_status", tables(job=[JOB])).to_pylist()
    assert (row["n_objects"], row["n_complete"], row["n_answers"], row["media_s"]) == (4, 0, 0, None)
    assert run_model("job_day", tables(job=[JOB])).num_rows == 0


def test_a_worker_s_day_is_a_ratio_of_sums_with_its_interval(run_model: Run) -> None:
    agree = [9.0, 8.0, 4.0, 10.0]
    items = [
        {
            "job_name": "j",
            "object_id": str(n),
            "layer": "l",
            "worker_id": "a",
            "n_others": 1,
            "mass": 10.0,
            "agree": g,
            "label_mass": {"x": 10.0},
        }
        for n, g in enumerate(agree)
    ]
    # what the others say is half x, half y: 5 of the 10 are expected
    items += [
        {"job_name": "j", "object_id": str(n), "layer": "l", "worker_id": "b", "n_others": 1, "mass": 10.0, "agree": g,
         "label_mass": {"x": 5.0, "y": 5.0}}
        for n, g in enumerate(agree)
    ]  # fmt: skip
    measured = pa.Table.from_pylist(items, schema=TABLES["measure.worker_item"].arrow)
    answers = tables(annotation=[answer(str(n), "a", n // 3) for n in range(4)])
    first, second = run_model("worker_day", {**answers, "measure.worker_item": measured}).sort_by("day").to_pylist()
    assert first["loo_agreement"] == pytest.approx((4 + 3 - 1) / 15)
    residuals = [4 - 0.4 * 5, 3 - 0.4 * 5, -1 - 0.4 * 5]
    se = (sum(r * r for r in residuals) * 3 / 2) ** 0.5 / 15
    assert first["loo_lo"] == pytest.approx(0.4 - 4.302653 * se)
    assert first["loo_hi"] == 1.0
    assert (second["loo_agreement"], second["loo_lo"]) == (1.0, None), "one object has no interval"


def test_failures_are_counted_by_reason_with_an_example(run_model: Run) -> None:
    failed = [
        {"job_name": "j", "object_id": str(n), "outcome": "failed" if n else "labeled", "failure_reason": "too dark",
         "observed_at": NOON}
        for n in range(3)
    ]  # fmt: skip
    rows = run_model("job_failure", {**lab(), **tables(consolidated=failed)}).sort_by("kind").to_pylist()
    assert [(r["kind"], r["reason"], r["n_rows"], r["example_object_id"]) for r in rows] == [
        ("failed_object", "too dark", 2, "1"),
        ("quarantined_row", " ", 1, ""),
        ("unanswered_task", "skipped", 1, "2"),
    ]
