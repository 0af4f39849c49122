"""What a table and a column are, and the columns that many tables share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

TEXT = pa.string()
INT = pa.int32()
LONG = pa.int64()
REAL = pa.float64()
FLAG = pa.bool_()
TIME = pa.timestamp("us", tz="UTC")
DAY = pa.date32()
HITS = pa.map_(pa.string(), pa.field("value", pa.int64(), nullable=True))  # type: ignore[call-overload]  # stub
MASS = pa.map_(pa.string(), pa.field("value", pa.float64(), nullable=True))  # type: ignore[call-overload]  # stub
TEXTS = pa.list_(pa.string())
REALS = pa.list_(pa.float64())
POINTS = pa.list_(pa.struct([("x", pa.float64()), ("y", pa.float64())]))


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its Arrow type, whether NULL is allowed, and what it means (with its unit or range)."""

    name: str
    type: pa.DataType
    meaning: str
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the lake, named `namespace.topic`."""

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    partition: tuple[str, ...] = ("job_name",)

    @property
    def arrow(self) -> pa.Schema:
        """The Arrow schema that every batch written to the table has."""
        return pa.schema([pa.field(c.name, c.type, nullable=c.nullable) for c in self.columns])

    def empty(self) -> pa.Table:
        return self.arrow.empty_table()


class SchemaMismatch(ValueError):
    """A table at the door of a transform does not have the columns that it needs; names every difference."""


def require(table: pa.Table, wanted: Table | pa.Schema, *, columns: Iterable[str] | None = None) -> pa.Table:
    """`table` with exactly the wanted columns, in order; raises `SchemaMismatch` naming every difference at once."""
    schema = wanted.arrow if isinstance(wanted, Table) else wanted
    names = list(columns) if columns is not None else schema.names
    missing = [n for n in names if n not in table.schema.names]
    wrong = [
        f"{n} is {table.schema.field(n).type}, not {schema.field(n).type}"
        for n in names
        if n not in missing and table.schema.field(n).type != schema.field(n).type
    ]
    if missing or wrong:
        where = wanted.name if isinstance(wanted, Table) else "table"
        raise SchemaMismatch(f"{where}: missing {missing or 'nothing'}; wrong type {wrong or 'none'}")
    return table.select(names)


def table(name: str, grain: str, key: str, *columns: Column, partition: str = "job_name") -> Table:
    """A table whose key and partition are column names set apart by spaces."""
    return Table(name, grain, tuple(key.split()), columns, tuple(partition.split()))


LANDING = (
    Column("landing_id", TEXT, "the landing that wrote the row"),
    Column("landed_at", TIME, "when that landing ran"),
)
JOB = Column("job_name", TEXT, "labeling job")
OBJECT = Column("object_id", TEXT, "data set object: zero-based line number in the job's input manifest")
ASSET = Column("asset_id", TEXT, "registered media file; NULL where the source is not registered", True)
WORKER = Column("worker_id", TEXT, "pseudonym of the annotator")
REVISION = Column(
    "revision",
    LONG,
    "submission time in milliseconds since 1970, 1 where unknown; of an answer in a manifest line one more for each "
    "thing that the line said before; the highest counts",
)
PART = Column("part", INT, "objects of one part of a job are measured together: object number // 8192", True)
BY_PART = "job_name part"
"""Partition of large tables of objects. What whole jobs are made from has few rows a part: files of several parts."""
LAYER = Column("layer", TEXT, "what was asked: a track category of a segmentation, or a question about the clip")
