"""Strings to whole numbers: the order of the codes is the order of the strings, whatever the order of the rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from transforms.schemas import PART, Table

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

SPARSE = 16  # possible values for each one up to which counting is faster than sorting


Column: TypeAlias = "pa.ChunkedArray[Any] | pa.Array[Any]"


def codes(column: Column) -> tuple[list[str], Ints]:
    """The distinct values in ascending order, and each row's position among them (-1 for NULL).

    >>> codes(pa.array(["b", "a", None, "b"]))
    (['a', 'b'], array([ 1,  0, -1,  1]))
    """
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    encoded: Any = whole if pa.types.is_dictionary(whole.type) else pc.dictionary_encode(whole)
    order: Ints = np.asarray(pc.sort_indices(encoded.dictionary), dtype=np.int64)
    rank = np.empty(len(order) + 1, dtype=np.int64)
    rank[order] = np.arange(len(order))
    rank[len(order)] = -1
    at: Any = pc.fill_null(encoded.indices, len(order))
    values: list[str] = encoded.dictionary.take(pa.array(order)).to_pylist()
    return values, rank[np.asarray(at, dtype=np.int64)]


def places(column: Column, names: Sequence[str]) -> Ints:
    """The position of each row's value among these names; -1 where it is none of them."""
    found: Any = pc.index_in(column, pa.array(names, pa.string()))
    return np.asarray(pc.fill_null(found, -1).to_numpy(), dtype=np.int64)


def reals(column: Column) -> Floats:
    """A number column as float64, NULL as NaN."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return np.asarray(whole.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


def distinct(values: Ints) -> Ints:
    """The distinct values in ascending order: `np.unique` hashes whole numbers, which is slow where many are distinct.

    >>> distinct(np.array([3, 1, 3]))
    array([1, 3])
    """
    ordered = np.sort(values)
    fresh = np.ones(len(ordered), dtype=np.bool_)
    fresh[1:] = ordered[1:] != ordered[:-1]
    return np.asarray(ordered[fresh], dtype=np.int64)


def grouped(values: Ints, n_values: int) -> tuple[Ints, Ints]:
    """As `np.unique(values, return_inverse=True)` for values from 0 to before `n_values`.

    They are counted off where that takes fewer steps than sorting them.

    >>> grouped(np.array([3, 1, 3]), 4)
    (array([1, 3]), array([1, 0, 1]))
    """
    if n_values > SPARSE * len(values):
        found, at = np.unique(values, return_inverse=True)
        return found, at.ravel()
    seen = np.zeros(n_values, dtype=np.bool_)
    seen[values] = True
    return np.flatnonzero(seen), (np.cumsum(seen) - 1)[values]


def order_within(group: Ints, values: npt.NDArray[Any]) -> Ints:
    """As `np.lexsort((values, group))`, which takes several times as long; rows alike in both stay in their order."""
    order = np.argsort(values, kind="stable")
    return np.asarray(order[np.argsort(group[order], kind="stable")], dtype=np.int64)


def first_within(group: Ints, value: Floats, most: int | Ints) -> Ints:
    """The places, in order, of the greatest values of each group, at most so many; of equal values the first.

    `most` may differ from place to place, where it does not within a group.

    >>> first_within(np.array([0, 0, 1, 0]), np.array([1.0, 3.0, 2.0, 3.0]), 1)
    array([1, 2])
    """
    order = order_within(group, -value)
    _, first = np.unique(group[order], return_index=True)
    rank = np.arange(len(order)) - np.repeat(first, np.diff(np.r_[first, len(order)]))
    return np.sort(order[rank < np.broadcast_to(most, len(order))[order]])


def moments_within(group: Ints, when: Floats) -> tuple[Ints, Floats, Ints]:
    """Group and time of the distinct moments of each group, in order, and which of them each row is.

    >>> moments_within(np.array([1, 0, 1]), np.array([2.0, 3.0, 2.0]))
    (array([0, 1]), array([3., 2.]), array([1, 0, 1]))
    """
    order = order_within(group, when)
    group, when = group[order], when[order]
    fresh = np.ones(len(order), dtype=np.bool_)
    fresh[1:] = (group[1:] != group[:-1]) | (when[1:] != when[:-1])
    at = np.empty(len(order), dtype=np.int64)
    at[order] = np.cumsum(fresh) - 1
    return group[fresh], when[fresh], at


def summed(owner: Ints, values: Any, n_owners: int) -> Floats:
    """Sum of the values of each owner."""
    return np.asarray(np.bincount(owner, weights=values, minlength=n_owners), dtype=np.float64)


def counted(owner: Ints, values: Any, n_owners: int) -> Ints:
    """As `summed`, for whole numbers."""
    return np.asarray(np.rint(summed(owner, values, n_owners)), dtype=np.int64)


def tabulate(schema: pa.Schema | Table, columns: Mapping[str, Sequence[Any] | npt.NDArray[Any] | Column]) -> pa.Table:
    """A table with exactly the schema's columns from values by name; NaN becomes NULL where the schema allows NULL.

    `part` is NULL where it is not given: who takes a job part by part sets it.
    """
    wanted: Any = schema.arrow if isinstance(schema, Table) else schema
    if PART.name in wanted.names and PART.name not in columns:
        columns = {**columns, PART.name: pa.nulls(len(columns["job_name"]), pa.int32())}
    unknown = set(columns) ^ set(wanted.names)
    if unknown:
        raise ValueError(f"columns and schema differ by {sorted(unknown)}")
    arrays: list[Any] = []
    for field in wanted:
        values: Any = columns[field.name]
        floats = isinstance(values, np.ndarray) and values.dtype.kind == "f"
        if isinstance(values, (pa.Array, pa.ChunkedArray)):
            arrays.append(values.cast(field.type))
        elif floats and field.nullable:
            arrays.append(pa.array(values, mask=np.isnan(values)).cast(field.type))
        else:
            arrays.append(pa.array(values, field.type))
    return pa.Table.from_arrays(arrays, schema=wanted)


def names_at(names: Sequence[str | None], at: Ints) -> Any:
    """The names at these positions, as an Arrow column."""
    return pa.array(names, pa.string()).take(pa.array(at, pa.int64()))


def masses(owner: Ints, names: Sequence[str], label: Ints, mass: Floats, n_owners: int) -> Any:
    """A MAP name -> mass for each owner; rows are sorted by owner."""
    offsets: Any = pa.array(np.searchsorted(owner, np.arange(n_owners + 1)), pa.int32())
    return pa.MapArray.from_arrays(offsets, names_at(names, label), pa.array(mass, pa.float64()))


def lists(n: Ints, values: Any) -> Any:
    """Lists of so many values each, one after the other, as an Arrow column."""
    return pa.ListArray.from_arrays(pa.array(np.r_[0, np.cumsum(n)], pa.int32()), values)


def flat(column: Column) -> tuple[Ints, Any]:
    """How long each list of a column is, and the values of all of them.

    >>> n, values = flat(pa.array([["a", "b"], [], ["c"]]))
    >>> n, values.to_pylist()
    (array([2, 0, 1]), ['a', 'b', 'c'])
    """
    whole: Any = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    ends = np.asarray(whole.offsets, dtype=np.int64)
    return ends[1:] - ends[:-1], whole.flatten()


def stacked(*columns: Any) -> Any:
    """Columns of one type, one after the other."""
    return pa.chunked_array([chunk for column in columns for chunk in column.chunks], columns[0].type)
