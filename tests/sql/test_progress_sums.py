"""Figures of work and progress are sums over parts: the same however objects fall into parts, medians within 1 %."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from tests.sql.conftest import Run
from tests.sql.test_gold_progress import JOB, NOON, answer, lab, tables
from tests.transforms.simulate import filled
from transforms.schemas import DISPUTE_QUEUE, MEASURE_GOLD_ITEM, MEASURE_ITEM

MEDIA = {"asset_id": "x", "duration_s": 60.0, "bytes": 1}
FROM_SUMS = ("job_status", "job_day", "job_failure", "job_trend", "worker_speed", "item_coverage", "item_spread")


def item(obj: str, mass: float, differ: float, layer: str = "l", n_annotators: int = 2) -> dict[str, Any]:
    return {"job_name": "j", "object_id": obj, "layer": layer, "duration_s": mass / 2, "n_annotators": n_annotators,
            "n_pairs": 1, "mass": mass, "d_obs": differ, "label_mass": {"x": mass}}  # fmt: skip


def with_numbers(given: Mapping[str, pa.Table], apart: int) -> dict[str, pa.Table]:
    """The same rows with objects numbered 0, apart, 2 apart, ...; their parts with them."""
    found = {}
    for name, rows in given.items():
        made = [{**r, "object_id": str(apart * int(r["object_id"]))} if r.get("object_id") else r
                for r in rows.to_pylist()]  # fmt: skip
        made = [{k: v for k, v in row.items() if k != "part"} for row in made]
        fields = [f for f in rows.schema if f.name != "part"]
        found[name] = pa.Table.from_pylist(made, schema=pa.schema(fields))
    return found


def test_figures_are_the_same_however_objects_fall_into_parts(run_model: Run) -> None:
    items = [item("0", 60, 6), item("1", 40, 20), item("2", 50, 0, n_annotators=1), item("0", 60, 50, layer="m")]
    given = {**lab(), MEASURE_ITEM.name: filled(MEASURE_ITEM, items)}
    hidden = {"example_object_id"}
    for model in FROM_SUMS:
        together, apart = (
            sorted(str({k: v for k, v in row.items() if k not in hidden}) for row in run_model(model, one).to_pylist())
            for one in (with_numbers(given, 1), with_numbers(given, 9000))
        )
        assert together == apart and together, model


def test_objects_that_failed_before_anybody_answered_are_seen(run_model: Run) -> None:
    failed = [{"job_name": "j", "object_id": str(n), "outcome": "failed", "observed_at": NOON} for n in range(3)]
    given = tables(job=[{**JOB, "n_objects": 0}], consolidated=failed)
    (row,) = run_model("job_status", given).to_pylist()
    assert (row["n_objects"], row["n_started"], row["n_complete"]) == (3, 0, 0)
    (row,) = run_model("job_failure", given).to_pylist()
    assert (row["kind"], row["reason"], row["n_items"]) == ("failed_object", "no reason given", 3)


def test_a_task_that_two_gave_back_is_one_object(run_model: Run) -> None:
    skipped = [{**answer(obj, worker, 0), "outcome": "skipped"} for obj, worker in ("0a", "0b", "1b", "1c", "2c")]
    (row,) = run_model("job_failure", tables(job=[JOB], assignment=skipped)).to_pylist()
    assert (row["n_rows"], row["n_items"], row["example_object_id"], row["example"]) == (5, 3, "0", "a")


def test_medians_are_within_one_percent(run_model: Run) -> None:
    """Of an even and of an odd number of answers, and of two that are far from each other."""
    chance = np.random.default_rng(5)
    times = {"a": chance.lognormal(3, 1, 60), "b": chance.lognormal(4, 0.3, 41), "c": np.array([2.0, 90.0])}
    rows = [
        {**answer(str(k), worker, k % 2, "x"), "time_spent_s": float(t)}
        for worker, given in times.items()
        for k, t in enumerate(given)
    ]
    items = [item(str(k), 1, 0) for k in range(60)]
    given = {
        **tables(job=[JOB], annotation=rows, assignment=rows, asset=[MEDIA]),
        MEASURE_ITEM.name: filled(MEASURE_ITEM, items),
        "measure.worker": pa.table({"job_name": ["j"] * 3, "layer": ["l"] * 3, "worker_id": list(times),
                                    "offset_s": [0.0] * 3, "n_boundaries": [0] * 3, "skill_ds": [0.0] * 3}),
    }  # fmt: skip
    for row in run_model("worker_quality", given).to_pylist():
        mine = times[row["worker_id"]]
        assert row["median_time_s"] == pytest.approx(np.median(mine), rel=0.01)
        assert row["median_active_s_per_min"] == pytest.approx(np.median(np.minimum(mine, 600)), rel=0.01)
    days = {
        r["day"]: r["value"] for r in run_model("job_trend", given).to_pylist() if r["measure"] == "active_s_per_min"
    }
    assert len(days) == 2
    for k, day in enumerate(sorted(days)):
        of_day = np.concatenate([np.minimum(t[k::2], 600) for t in times.values()])
        assert days[day] == pytest.approx(np.median(of_day), rel=0.01)


@pytest.mark.parametrize("scope", ["others", "gold"])
def test_the_interval_of_a_day_is_that_of_a_ratio_of_sums(run_model: Run, scope: str) -> None:
    """Linearised over objects (Cochran, Sampling Techniques, 1977, section 6.4); against alarm by the days before."""
    chance = np.random.default_rng(7)
    mass, share = chance.uniform(5, 60, 30), chance.uniform(0, 0.5, 30)
    given = trend_tables(scope, mass, mass * share, days=2)
    found = [r for r in run_model("job_trend", given).sort_by("day").to_pylist() if r["measure"].endswith("agreement")]
    assert len(found) == 2
    for k, row in enumerate(found):
        m, a = mass[k::2], (mass * (1 - share))[k::2]
        value = a.sum() / m.sum()
        reach = np.sqrt(((a - value * m) ** 2).sum() * 15 / 14) / m.sum() * stats.t.ppf(0.975, 14)
        assert row["measure"] == {"others": "observed_agreement", "gold": "gold_agreement"}[scope]
        assert (row["value"], row["n_items"]) == (pytest.approx(value), 15)
        assert (row["ci_lo"], row["ci_hi"]) == (pytest.approx(value - reach), pytest.approx(min(value + reach, 1)))


@pytest.mark.parametrize("share", [0.0, 0.1, 1 / 3, 1.0])
def test_objects_that_all_differ_alike_have_no_interval(run_model: Run, share: float) -> None:
    """Whatever rounding leaves of a difference of equal sums."""
    mass = np.random.default_rng(9).uniform(0.1, 500, 200)
    rows = run_model("job_trend", trend_tables("others", mass, mass * share, days=1)).to_pylist()
    (row,) = (r for r in rows if r["measure"] == "observed_agreement")
    assert (row["value"], row["ci_lo"], row["ci_hi"]) == (pytest.approx(1 - share), None, None)
    assert row["value"] >= 0


def trend_tables(scope: str, mass: np.ndarray, differ: np.ndarray, days: int) -> dict[str, pa.Table]:
    """One answer an object, on days in turn."""
    rows = [answer(str(k), "a", k % days) for k in range(len(mass))]
    if scope == "gold":
        made = filled(MEASURE_GOLD_ITEM, [
            {"job_name": "j", "object_id": str(k), "layer": "l", "worker_id": "a", "is_planted": False, "mass": m,
             "agree": m - d}
            for k, (m, d) in enumerate(zip(mass.tolist(), differ.tolist(), strict=True))
        ])  # fmt: skip
        return {**tables(job=[JOB], annotation=rows, assignment=rows), MEASURE_GOLD_ITEM.name: made}
    items = [item(str(k), m, d) for k, (m, d) in enumerate(zip(mass.tolist(), differ.tolist(), strict=True))]
    return {**tables(job=[JOB], annotation=rows, assignment=rows), MEASURE_ITEM.name: filled(MEASURE_ITEM, items)}


def test_the_first_objects_are_those_of_a_whole_order(run_model: Run) -> None:
    """1,300 objects in one layer, 30 of them in another: the first 1000 of each, and every layer of a dispute."""
    chance = np.random.default_rng(11)
    share = np.round(chance.uniform(0, 1, 1300), 2)  # many are equal
    rows = [item(str(k), float(chance.choice([10, 20])), 0.0) for k in range(1300)]
    for row, differ in zip(rows, share.tolist(), strict=True):
        row["d_obs"] = row["mass"] * differ
    rows += [item(str(k), 5, 4, "m") for k in range(30)] + [item("1300", 0, 0), item("1301", 0, 0, "m")]
    agreement = lambda row: 1 - row["d_obs"] / row["mass"] if row["mass"] else 2.0  # noqa: E731
    in_order = sorted(rows, key=lambda r: (agreement(r), -r["mass"], r["object_id"]))
    agrees = [r["object_id"] for r in in_order if r["layer"] == "l"][-5:]
    disputes = [{"job_name": "j", "object_id": o, "layer": "l", "t_start_s": 0.0, "kind": "label", "expected_gain": 2.0}
                for o in agrees[:2] * 2]  # fmt: skip
    given = {
        **tables(job=[JOB], annotation=[answer(row["object_id"], "a", 0) for row in rows if row["layer"] == "l"]),
        MEASURE_ITEM.name: filled(MEASURE_ITEM, rows),
        "gold.dispute_queue": filled(DISPUTE_QUEUE, disputes),
    }
    items = run_model("agreement_item", given)
    found = {
        (r["layer"], r["object_id"]): r
        for r in run_model("item_first", given | {"gold.agreement_item": items}).to_pylist()
    }
    for layer, n_placed in (("l", 1000), ("m", 31)):
        expected = [r["object_id"] for r in in_order if r["layer"] == layer][:n_placed]
        placed = {r["place"]: o for (of, o), r in found.items() if of == layer and r["place"]}
        assert [placed[k + 1] for k in range(len(placed))] == expected
    of_queue = {o: r for (_, o), r in found.items() if r["object_disputes"]}
    assert of_queue.keys() == set(agrees[:2])
    assert {(r["place"], r["object_gain"], r["object_disputes"], r["nth_layer"]) for r in of_queue.values()} == {
        (None, 4.0, 2, 1)
    }
    twice = [o for layer, o in found if layer == "m" and ("l", o) in found]
    assert twice
    for o in twice:
        both = [found["l", o], found["m", o]]
        assert sorted(r["nth_layer"] for r in both) == [1, 2]
        assert [r["object_agreement"] for r in both] == pytest.approx([min(0.2, 1 - share[int(o)])] * 2)
