"""Parts, units and samples of a job's objects: numpy and DuckDB say the same, and nothing is lost."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms import parts

NAMES = st.one_of(
    st.integers(0, 4_000_000).map(str),
    st.tuples(st.integers(0, 200_000), st.integers(1, 15)).map(lambda n: str(n[0]).zfill(n[1])[:15]),
    st.text(alphabet="0123456789ab-~ é", max_size=20),
)


def in_duckdb(names: list[str], sql: str) -> list[object]:
    rows = pa.table({"object_id": pa.array(names, pa.string()), "place": pa.array(range(len(names)))})
    with duckdb.connect() as connection:
        connection.register("rows", rows)
        return [row[0] for row in connection.sql(f"SELECT {sql} FROM rows ORDER BY place").fetchall()]


@settings(deadline=None, max_examples=50)
@given(st.lists(NAMES, min_size=1, max_size=30))
def test_duckdb_has_the_same_parts(names: list[str]) -> None:
    assert in_duckdb(names, parts.SQL) == parts.parts_of(pa.array(names)).tolist()


@settings(deadline=None, max_examples=50)
@given(st.lists(NAMES, min_size=1, max_size=30), st.sets(st.integers(0, 490), min_size=1, max_size=6))
def test_the_ranges_hold_every_object_of_the_parts(names: list[str], numbers: set[int]) -> None:
    """The objects of a part are where the ranges of names say, so that files outside need not be read."""
    ranges = parts.name_ranges(numbers)
    of = parts.parts_of(pa.array(names)).tolist()
    lost = [
        name
        for name, part in zip(names, of, strict=True)
        if part in numbers and ranges and not any(low <= name <= high for low, high in ranges)
    ]
    assert not lost


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 20_000_000))
def test_units_are_few_and_never_across_parts(n_objects: int) -> None:
    size = parts.unit_size(n_objects)
    assert parts.OBJECTS % size == 0
    assert size == 1 or n_objects // size >= parts.UNITS
    assert n_objects <= parts.FEW or size == parts.OBJECTS or n_objects / size < 2 * parts.UNITS


@settings(deadline=None, max_examples=50)
@given(st.sampled_from([40_000, 100_000, 300_000]), st.integers(1, 60))
def test_the_sample_is_even_whatever_pattern_the_objects_have(n_objects: int, period: int) -> None:
    """Every k-th object may be another annotator's: each gets a share of the sample."""
    every, number = parts.stride(n_objects), np.arange(20_000)
    sampled = parts.hashes(pa.array(number.astype(str))) < parts.HASHES // every
    share = np.bincount(number[sampled] % period, minlength=period) / np.bincount(number % period, minlength=period)
    assert abs(sampled.mean() - 1 / every) < 0.01
    assert share.min() > 0.5 / every
