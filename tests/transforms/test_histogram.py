"""Percentiles from bins: at most 1 % off the true ones, also of sums, and the same bins in SQL."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sql.conftest import Run, run_model  # noqa: F401 - a fixture
from transforms.histogram import ERROR, bins, middle, percentile
from transforms.schemas import TABLES

positive = st.floats(1e-3, 1e6, allow_nan=False)
parts = st.lists(st.lists(positive, min_size=1, max_size=60), min_size=1, max_size=4)
SHARES = (0.0, 0.05, 0.1, 0.5, 0.9, 0.95, 0.99, 1.0)


def counted(values: list[float]) -> tuple[np.ndarray, np.ndarray]:
    return np.unique(bins(np.array(values)), return_counts=True)


def nearest_rank(values: list[float], share: float) -> float:
    """The definition, by sorting."""
    return sorted(values)[max(int(np.ceil(share * len(values))), 1) - 1]


@given(positive)
def test_a_bin_stands_for_its_values(value: float) -> None:
    stands_for = middle(bins(np.array([value])))[0]
    assert abs(stands_for - value) <= (ERROR + 1e-9) * value


@settings(deadline=None)
@given(parts, st.sampled_from(SHARES))
def test_percentiles_of_a_union_come_from_added_counts(drawn: list[list[float]], share: float) -> None:
    together = {}
    for part in drawn:
        for at, n in zip(*counted(part), strict=True):
            together[int(at)] = together.get(int(at), 0) + int(n)
    found = percentile(np.array(list(together)), np.array(list(together.values())), share)
    true = nearest_rank([v for part in drawn for v in part], share)
    assert abs(found - true) <= (ERROR + 1e-9) * true


def test_nothing_has_no_percentile_and_the_least_is_a_thousandth() -> None:
    empty = np.array([], np.int64)
    assert np.isnan(percentile(empty, empty, 0.5))
    assert middle(bins(np.array([0.0])))[0] == pytest.approx(0.001, rel=ERROR)


def test_sql_has_the_same_bins(run_model: Run) -> None:  # noqa: F811
    rng = np.random.default_rng(5)
    lengths = np.round(rng.lognormal(1.0, 1.5, 500), 3) + 0.001
    common = {"job_name": "j", "layer": "l", "label": "a", "asset_id": None, "worker_id": "w", "revision": 1,
              "text": None, "attributes": None, "landing_id": "x", "landed_at": 0}  # fmt: skip
    rows = [
        {**common, "object_id": str(n), "segment_no": n, "start_s": 10.0, "end_s": 10.0 + length}
        for n, length in enumerate(lengths)
    ]
    import pyarrow as pa

    table = pa.Table.from_pylist(rows, schema=TABLES["silver.segment"].arrow)
    found = run_model("segment_length", {"silver.segment": table}).to_pylist()
    true = np.array([r["end_s"] - r["start_s"] for r in rows])
    of, counts = np.unique(bins(true), return_counts=True)
    assert {(r["bin"], r["n_segments"]) for r in found} == set(zip(of.tolist(), counts.tolist(), strict=True))
    for row in found:
        assert row["middle"] == pytest.approx(middle(np.array([row["bin"]]))[0], rel=1e-12)
