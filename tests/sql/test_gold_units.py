"""Intervals that leave out blocks of objects: against gold of all but a block, and near those of single objects."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from annolake.lake.models import run_sql
from annolake.lake.sqlmodels import sql_models, tables_read
from tests.steps import step
from tests.transforms.simulate import clips, dialogues, silver
from transforms import measures
from transforms.agreement.coefficients import jackknife
from transforms.schemas import TABLES

Rows = Mapping[str, pa.Table]
OF_OBJECTS = ("measure.item", "measure.item_label", "measure.worker_item", "measure.pair_item")
UNITS = ("measure.unit", "measure.unit_label", "measure.worker_unit", "measure.pair_unit")
BLOCK = 4
AGREEMENT = ("gold.agreement_job",)
KEYS = {
    "gold.agreement_job": ("job_name", "layer", "measure"),
    "gold.label_reliability": ("job_name", "layer", "label"),
    "gold.worker_quality": ("job_name", "layer", "worker_id"),
    "gold.agreement_pair": ("job_name", "layer", "worker_a", "worker_b"),
}
OF_PEOPLE = ("gold.worker_quality", "gold.agreement_pair")
MARKS = ("_lo", "_hi", "se", "method", "reason", "status", "offset")
"""Parts of the names of columns about the interval, and of medians."""
INTERVALS = {
    "gold.agreement_job": [("value", "ci_lo", "ci_hi")],
    "gold.label_reliability": [
        ("alpha_binary", "alpha_lo", "alpha_hi"),
        ("boundary_f_500ms", "boundary_f_lo", "boundary_f_hi"),
        ("unit_f_iou50", "unit_f_lo", "unit_f_hi"),
    ],
    "gold.worker_quality": [
        ("over_seg_index", "over_seg_lo", "over_seg_hi"),
        ("split_rate", "split_lo", "split_hi"),
        ("merge_rate", "merge_lo", "merge_hi"),
    ],
    "gold.agreement_pair": [
        (name, f"{name}_lo", f"{name}_hi")
        for name in ("observed_agreement", "residual", "boundary_f_500ms", "boundary_recall_500ms", "mean_iou", "ari")
    ]
    + [("kappa_time", "kappa_lo", "kappa_hi")],
}


def in_blocks(tables: Rows, size: int) -> dict[str, pa.Table]:
    """The tables with units of so many objects, as in a large job."""
    blocks = {}
    for name in OF_OBJECTS:
        unit = pa.array([str(int(str(k)) // size) for k in tables[name]["object_id"].to_pylist()], pa.string())
        blocks[name] = tables[name].append_column("unit", unit).append_column("fine_unit", unit)
    return {**tables, **blocks}


def without(tables: Rows, unit: str) -> dict[str, pa.Table]:
    kept = {n: tables[n].filter(pa.compute.field("unit") != unit) for n in OF_OBJECTS}
    return {**tables, **kept}


def gold(tables: Rows, names: tuple[str, ...] = tuple(KEYS)) -> dict[str, dict[tuple[str, ...], dict[str, Any]]]:
    """The rows of gold models by key."""
    spaces = ("silver", "measure", "gold")
    every = {name: table.empty() for name, table in TABLES.items() if name.split(".")[0] in spaces}
    every |= tables
    for name in (*UNITS, *names):
        model = sql_models()[name]
        every[name] = run_sql(model, {read: every[read] for read in tables_read(model)})
    return {name: {tuple(r[k] for k in KEYS[name]): r for r in every[name].to_pylist()} for name in names}


@pytest.fixture(scope="module")
def tables() -> Rows:
    """Six blocks of four objects: dialogues, and clips."""
    given = silver(*dialogues(5, 6 * BLOCK), clips(5, 6 * BLOCK))
    return given | measures.build(given)


def intervals(
    left: Mapping[str, Any], right: Mapping[str, Any]
) -> Iterator[tuple[str, tuple[str, str, str], dict[str, Any], dict[str, Any]]]:
    for name, ends in INTERVALS.items():
        for key, row in left[name].items():
            for three in ends:
                yield f"{name} {key} {three[0]}", three, row, right[name][key]


def workers(
    blocked: Rows, rows: Mapping[tuple[str, ...], dict[str, Any]]
) -> Iterator[tuple[str, dict[str, Any], float]]:
    """Of each worker how far the interval reaches: chance is that of the whole job also where a block is left out."""
    compared = step("measure.worker_compared", blocked).to_pylist()
    for key, row in rows.items():
        mine = [r for r in compared if tuple(r[k] for k in KEYS["gold.worker_quality"]) == key]
        better = np.array([r["agree"] - r["expected_agree"] for r in mine])
        possible = np.array([r["mass"] - r["expected_agree"] for r in mine])

        def share(kept: Any, b: Any = better, p: Any = possible) -> float:
            return float(b[kept].sum() / p[kept].sum())

        found = jackknife(len(mine), share)
        yield f"loo_agreement {key}", row, min(found.hi, 1.0) - found.value


def test_values_are_those_of_objects_and_intervals_leave_out_blocks(tables: Rows) -> None:
    """Every interval is worked out anew from gold of all objects but a block's, six times."""
    blocked = in_blocks(tables, BLOCK)
    by_object, by_block = gold(tables), gold(blocked)
    left_out = [gold(without(blocked, str(k))) for k in range(6)]
    for name, rows in by_object.items():
        assert rows.keys() == by_block[name].keys()
        for key, row in rows.items():
            other = by_block[name][key]
            for column in (c for c in row if not any(mark in c for mark in MARKS)):
                found, value = other[column], row[column]
                same = found == pytest.approx(value, rel=1e-9, abs=1e-9) if isinstance(value, float) else found == value
                assert same, (name, key, column, value, found)
    n_checked = 0
    for what, (value, lo, hi), row, other in intervals(by_block, by_object):
        if row[lo] is None or row[lo] in (0.0, -1.0) or row[hi] == 1.0:  # none, or cut to the range
            continue
        name, key = what.split()[0], tuple(row[k] for k in KEYS[what.split()[0]])
        kept = [one[name][key] for one in left_out]
        if name in OF_PEOPLE:  # who have no object in a block leave none out
            kept = [one for one in kept if one["n_items"] < row["n_items"]]
        values = [one[value] for one in kept]
        n = len(values)
        reach = np.sqrt((n - 1) * np.var(values)) * stats.t.ppf(0.975, n - 1)
        assert row[hi] - row[value] == pytest.approx(reach, rel=1e-6), what
        assert row[value] - row[lo] == pytest.approx(reach, rel=1e-6), what
        assert other[lo] is not None, what
        n_checked += 1
    assert n_checked > 60
    for what, row, reach in workers(blocked, by_block["gold.worker_quality"]):
        assert row["loo_hi"] - row["loo_agreement"] == pytest.approx(reach, rel=1e-6), what
    of_all = (row for name in KEYS if name not in OF_PEOPLE for row in by_block[name].values())
    methods = {row["ci_method"] for row in of_all if row["ci_method"]}
    assert methods == {"jackknife-t by blocks"}


def mean_ratio(of: Callable[[int], Rows], size: int) -> dict[str, float]:
    """Standard errors that leave out blocks, against those that leave out objects; the mean of four jobs."""
    found: dict[str, list[float]] = {}
    for seed in range(4):
        made = measures.build(of(seed)) | dict(of(seed))
        by_object, by_block = gold(made, AGREEMENT), gold(in_blocks(made, size), AGREEMENT)
        for key, row in by_object["gold.agreement_job"].items():
            if row["se"]:
                found.setdefault(key[2], []).append(by_block["gold.agreement_job"][key]["se"] / row["se"])
    return {measure: float(np.mean(ratios)) for measure, ratios in found.items()}


def test_errors_by_block_are_near_those_by_object() -> None:
    """40 blocks of 8 clips, 40 of 2 dialogues: a mean of four ratios is off by some 6 % where nothing is wrong."""
    ratios = mean_ratio(lambda seed: silver(labels=clips(seed, 320)), 8)
    ratios |= mean_ratio(lambda seed: silver(*dialogues(seed, 80)), 2)
    assert len(ratios) >= 15
    assert all(0.75 < ratio < 1.25 for ratio in ratios.values()), ratios
    assert 0.93 < np.mean(list(ratios.values())) < 1.07


def test_two_blocks_have_no_interval(tables: Rows) -> None:
    rows = gold(in_blocks(tables, 12), AGREEMENT)["gold.agreement_job"].values()
    assert {(row["reason_code"], row["n_items"], row["ci_lo"]) for row in rows if row["value"] is not None} == {
        ("too_few_items", 24, None)
    }
