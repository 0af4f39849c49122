"""Parts of a job: objects that are measured together, so that new answers touch a part and not the whole job.

An object's part follows from its name alone: objects that stand together in a manifest are in one part, those whose
names are no numbers in the first. A part is small
enough to be measured in a second, and large enough that a job of a million objects has a hundred files.

What is said of a whole job is read from small sums of its parts. In a job of many objects an interval leaves out one
*unit* of neighbouring objects at a time, 128 to 255 units in all (more from two million objects on, as a unit lies in
one part); that of one annotator, who answered a share of them, a quarter of a unit. Up to `FEW` objects each is a unit
of its own. Estimates that need the answers themselves are made from a *sample*, 16,384 to 32,767 objects spread evenly
over the job; up to twice `FEW` objects from all. Both follow from an object's name and the number of objects that the
job has, so that new answers do not move the others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.encode import Column, Ints
from transforms.schemas import PART

OBJECTS = 8192
FEW = 16384
UNITS = 128
FINER = 4
IS_NUMBER = "regexp_full_match(object_id, '[0-9]{1,15}')"
SQL = f"CASE WHEN {IS_NUMBER} THEN CAST(object_id AS BIGINT) // {OBJECTS} ELSE 0 END"
"""The part of `object_id`, as DuckDB has it."""
HASHES = 1 << 32
GOLDEN = 2654435761
"""`HASHES` divided by the golden ratio: its multiples lie evenly, whatever pattern the numbers have."""

Tables = Mapping[str, pa.Table]


def name_ranges(numbers: Collection[int]) -> list[tuple[str, str]]:
    """Ranges of names, as text is ordered, that hold every object of these parts; none where they may be anywhere.

    Names that are no numbers are in part 0, so nothing is known of where its objects stand. Numbers may have leading
    zeros.

    >>> name_ranges({1, 2})
    [('0', '0~'), ('8192', '9999'), ('10000', '24575')]
    """
    if not numbers or 0 in numbers:
        return []
    ranges = [("0", "0~")]
    every = sorted(numbers)
    starts = [n for k, n in enumerate(every) if not k or every[k - 1] != n - 1]
    ends = [n for k, n in enumerate(every) if k + 1 == len(every) or every[k + 1] != n + 1]
    for start, end in zip(starts, ends, strict=True):
        low, last = start * OBJECTS, (end + 1) * OBJECTS - 1
        while low <= last:
            high = min(last, 10 ** len(str(low)) - 1)
            ranges.append((str(low), str(high)))
            low = high + 1
    return ranges


def unit_size(n_objects: int) -> int:
    """How many neighbouring objects are left out together, in a job of so many.

    >>> [unit_size(n) for n in (100, 16_384, 16_385, 100_000, 1_000_000, 9_000_000)]
    [1, 1, 128, 512, 4096, 8192]
    """
    return 1 if n_objects <= FEW else min(_power_of_two(n_objects // UNITS), OBJECTS)


def stride(n_objects: int) -> int:
    """One object of how many is in the sample of a job of so many.

    >>> [stride(n) for n in (100, 32_767, 32_768, 1_000_000)]
    [1, 1, 2, 32]
    """
    return _power_of_two(max(n_objects // FEW, 1))


def _power_of_two(n: int) -> int:
    """The greatest power of two up to n."""
    return int(1 << (n.bit_length() - 1))


def fine_unit_size(n_objects: int) -> int:
    """The same for one annotator, who answered a small share of them: a quarter of a unit.

    >>> [fine_unit_size(n) for n in (100, 16_385, 1_000_000)]
    [1, 32, 1024]
    """
    return max(unit_size(n_objects) // FINER, 1)


def unit_sql(size: str) -> str:
    """The unit of `object_id`, in DuckDB's SQL, where units have so many objects (an expression)."""
    return (
        f"CASE WHEN {size} > 1 AND {IS_NUMBER} THEN CAST(CAST(object_id AS BIGINT) // {size} AS VARCHAR) "
        "ELSE object_id END"
    )


def parts_of(object_ids: Column) -> Ints:
    """The part of each object.

    >>> parts_of(pa.array(["0", "8191", "8192"]))
    array([0, 0, 1])
    """
    return np.asarray(_numbers(object_ids) // OBJECTS, dtype=np.int64)


def hashes(object_ids: Column) -> Ints:
    """A number from 0 to before `HASHES` for each object, evenly spread; 0 for names that are no numbers.

    >>> (hashes(pa.array(["0", "1", "2"])) / HASHES).round(3)
    array([0.   , 0.618, 0.236])
    """
    return np.asarray(_numbers(object_ids) % (1 << 31) * GOLDEN % HASHES, dtype=np.int64)


def _numbers(object_ids: Column) -> Ints:
    """The objects' numbers; 0 for names that are none."""
    whole: Any = object_ids.combine_chunks() if isinstance(object_ids, pa.ChunkedArray) else object_ids
    encoded: Any = pc.fill_null(whole, "").dictionary_encode()
    names = encoded.dictionary
    number: Any = pc.if_else(pc.match_substring_regex(names, "^[0-9]{1,15}$"), names, "0").cast(pa.int64())
    return np.asarray(np.asarray(number)[np.asarray(encoded.indices)], dtype=np.int64)


def split(tables: Tables) -> Iterator[tuple[int, dict[str, pa.Table]]]:
    """Each part of the objects in these tables with their rows, in order; a table without objects goes along whole."""
    places: dict[str, tuple[pa.Table, Ints]] = {}
    for name, table in tables.items():
        if "object_id" in table.schema.names:
            places[name] = _in_order(table, parts_of(table["object_id"]))
    every = [part for _, part in places.values()] or [np.empty(0, dtype=np.int64)]
    for one in np.unique(np.concatenate(every)).tolist():
        rows = dict(tables)
        for name, (table, part) in places.items():
            low, high = np.searchsorted(part, [one, one + 1])
            rows[name] = table.slice(low, high - low)
        yield one, rows


def _in_order(table: pa.Table, part: Ints) -> tuple[pa.Table, Ints]:
    """The rows by part, otherwise as they were."""
    if not (part[1:] < part[:-1]).any():
        return table, part
    order = np.argsort(part, kind="stable")
    return table.take(pa.array(order, pa.int64())), part[order]


def with_part(rows: pa.Table, part: int) -> pa.Table:
    """The rows as those of this part."""
    place = rows.schema.get_field_index(PART.name)
    if place < 0:
        return rows
    return rows.set_column(place, rows.schema.field(place), pa.array(np.full(rows.num_rows, part), pa.int32()))


def joined(made: Collection[Mapping[str, pa.Table]]) -> dict[str, pa.Table]:
    """The tables of several parts, put together."""
    names = next(iter(made)).keys()
    return {name: pa.concat_tables([part[name] for part in made]) for name in names}
