"""Columns that several sources meet in: skipped, entropy, the fused answer; rejected answers and cost."""

from __future__ import annotations

import pyarrow as pa
import pytest

from annolake.config import Settings
from annolake.lake.models import PRICE, price_of
from tests.sql.conftest import Run
from tests.transforms.simulate import dialogues, filled, silver
from transforms import measures, schemas
from transforms.answers import LABELS


def said(*answers: str) -> pa.Table:
    """Answers on objects 0, 1, ...: "xxy" is x by worker a, x by b, y by c."""
    rows = [{"job_name": "clips", "object_id": str(k), "worker_id": w, "layer": "class", "label": label}
            for k, given in enumerate(answers) for w, label in zip("abcd", given, strict=False)]  # fmt: skip
    return pa.Table.from_pylist(rows, LABELS)


def asked(worker: str, obj: str, outcome: str, revision: int = 1) -> pa.Table:
    row = {"job_name": "clips", "object_id": obj, "worker_id": worker, "outcome": outcome, "revision": revision}
    return filled(schemas.ASSIGNMENT, [row])


def built(tables: dict[str, pa.Table]) -> dict[str, pa.Table]:
    return tables | measures.build(tables)


def with_assignments(tables: dict[str, pa.Table], *more: pa.Table) -> dict[str, pa.Table]:
    return tables | {"silver.assignment": pa.concat_tables([tables["silver.assignment"], *more])}


def test_who_gave_an_object_back_is_counted(run_model: Run) -> None:
    tables = with_assignments(built(silver(labels=said("xx", "xx"))), asked("c", "0", "skipped"),
                              asked("d", "0", "skipped"), asked("c", "1", "expired"))  # fmt: skip
    rows = {r["object_id"]: r for r in run_model("agreement_item", tables).to_pylist()}
    assert [(rows[k]["n_assigned"], rows[k]["n_skipped"], rows[k]["n_annotators"]) for k in "01"] == [
        (4, 2, 2),
        (3, 0, 2),
    ]


def test_entropy_is_in_bits_of_the_votes(run_model: Run) -> None:
    tables = built(silver(labels=said("xxxx", "xxyy", "wxyz", "xxxy", "x")))
    found = {r["object_id"]: r["entropy"] for r in run_model("agreement_item", tables).to_pylist()}
    assert found == {
        "0": 0.0,
        "1": pytest.approx(1.0),
        "2": pytest.approx(2.0),
        "3": pytest.approx(0.811278),
        "4": None,
    }


def test_the_fused_answer_is_named_where_there_is_one(run_model: Run) -> None:
    tables = built(silver(*dialogues(3, 3), said("xy")))
    rows = run_model("agreement_item", tables).to_pylist()
    refs = {r["job_name"]: r["consensus_ref"] for r in rows}
    assert set(refs.values()) == {"gold.consensus_label", "gold.consensus_segment"}
    for row in rows:
        fused = tables[row["consensus_ref"].replace("gold.", "measure.")].to_pylist()
        key = ("job_name", "object_id", "layer")
        assert any(all(f[k] == row[k] for k in key) for f in fused)
    without = tables | {n: tables[n].slice(0, 0) for n in ("measure.consensus_label", "measure.consensus_segment")}
    assert {r["consensus_ref"] for r in run_model("agreement_item", without).to_pylist()} == {None}


@pytest.mark.parametrize(("job", "less"), [("clips", 1.0), ("dialogues", 0.0)])
def test_what_each_object_takes_from_alpha_adds_up(run_model: Run, job: str, less: float) -> None:
    """(N - 1) d_obs / (N^2 - sum N_k^2), with N for N - 1 over time: together 1 - alpha."""
    tables = built(silver(labels=said("xxy", "xxx", "yyx", "zzz")) if job == "clips" else silver(*dialogues(5, 6)))
    items = run_model("agreement_item", tables).to_pylist()
    totals: dict[str, float] = {}
    for item in items:
        for label, mass in item["label_mass"]:
            totals[label] = totals.get(label, 0.0) + mass
    n, squares = sum(totals.values()), sum(m * m for m in totals.values())
    shares = [(n - less) * item["d_obs"] / (n * n - squares) for item in items]
    (alpha,) = [r["value"] for r in run_model("agreement_job", tables).to_pylist() if r["measure"] == "alpha"]
    assert sum(shares) == pytest.approx(1.0 - alpha) and len(shares) > 3


def test_answers_that_the_gate_rejected_whole(run_model: Run) -> None:
    """b's third answer and c's newer answer on object 0 did not come through; what was skipped is no answer."""
    tables = with_assignments(built(silver(labels=said("xxx", "xyx"))), asked("b", "2", "answered"),
                              asked("a", "2", "skipped"))  # fmt: skip
    newer = tables["silver.assignment"].to_pylist()
    for row in newer:
        row["revision"] += row["worker_id"] == "c" and row["object_id"] == "0"
    tables |= {"silver.assignment": filled(schemas.ASSIGNMENT, newer)}
    rows = {r["worker_id"]: r for r in run_model("worker_quality", tables).to_pylist()}
    counts = {w: (r["n_answers"], r["n_rejected"], r["reject_rate"]) for w, r in rows.items()}
    assert counts == {"a": (2, 0, 0.0), "b": (3, 1, pytest.approx(1 / 3)), "c": (2, 1, 0.5)}


def test_cost_needs_a_price_and_times(run_model: Run) -> None:
    """Worker a took 400 s (cut to 300) and 60 s: a tenth of an hour; b's times are unknown."""
    tables = built(silver(labels=said("xx", "yy")))
    times = {("a", "0"): 400.0, ("a", "1"): 60.0}
    answers = tables["silver.annotation"].to_pylist()
    for row in answers:
        row |= {"time_spent_s": times.get((row["worker_id"], row["object_id"])), "accepted_at": None}
    tables |= {"silver.annotation": filled(schemas.ANNOTATION, answers)}

    def cost(price: float) -> dict[str, tuple]:
        given = tables | {PRICE: price_of(Settings(worker_hour_price=price, currency="CHF"))}
        rows = run_model("worker_quality", given).to_pylist()
        return {r["worker_id"]: (r["active_s"], r["cost"], r["currency"], r["cost_reason"]) for r in rows}

    assert cost(30.0) == {"a": (360.0, pytest.approx(3.0), "CHF", None), "b": (None, None, "CHF", "no_times")}
    assert cost(0.0) == {"a": (360.0, None, None, "no_price"), "b": (None, None, None, "no_price")}


def test_an_answer_without_times_is_no_work(run_model: Run) -> None:
    tables = built(silver(labels=said("xx", "yy")))
    answers = [{**row, "time_spent_s": None, "accepted_at": None} for row in tables["silver.annotation"].to_pylist()]
    unknown = tables | {"silver.annotation": filled(schemas.ANNOTATION, answers)}

    def facts(given: dict[str, pa.Table]) -> tuple:
        (status,), (day,) = (run_model(name, given).to_pylist() for name in ("job_status", "job_day"))
        trend = {r["measure"]: r["value"] for r in run_model("job_trend", given).to_pylist()}
        quality = {r["median_active_s_per_min"] for r in run_model("worker_quality", given).to_pylist()}
        speeds = sum(r["n_answers"] for r in run_model("worker_speed", given).to_pylist())
        return status["active_s"], day["active_s"], trend.get("active_s_per_min"), quality, speeds

    assert facts(unknown) == (None, 0.0, None, {None}, 0)
    assert all(facts(tables)) and facts(tables)[4] == 4
