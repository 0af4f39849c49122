"""What readers and models see of a table: the current revision of each row, nothing that is not released."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

import pyarrow as pa
from pyiceberg.schema import Schema

from transforms.schemas import TABLES

_OWN_NEWEST = """SELECT * FROM {rows} QUALIFY row_number() OVER
    (PARTITION BY job_name, object_id, worker_id ORDER BY revision DESC) = 1"""
_OF_CURRENT_LINE = """SELECT r.* FROM {rows} AS r
    SEMI JOIN silver.consolidated AS c USING (job_name, object_id, line_hash)"""
# An inner join with one current answer at most doubles nothing, and unlike a semi join it lets a filter of the reader
# (one job, one object) reach both sides.
_OF_CURRENT_ANSWER = """SELECT r.* FROM {rows} AS r
    INNER JOIN silver.annotation AS a USING (job_name, object_id, worker_id, revision)"""

CURRENT = {
    "silver.annotation": _OWN_NEWEST,
    "silver.assignment": _OWN_NEWEST,
    "silver.segment": _OF_CURRENT_ANSWER,  # a newer answer without a segment leaves none of the older ones
    "silver.classification": _OF_CURRENT_ANSWER,
    "silver.box": _OF_CURRENT_ANSWER,
    "silver.shape": _OF_CURRENT_ANSWER,
    "silver.text_span": _OF_CURRENT_ANSWER,
    "silver.consolidated_class": _OF_CURRENT_LINE,
    "silver.consolidated_frame": _OF_CURRENT_LINE,
    "silver.consolidated_box": _OF_CURRENT_LINE,
    "silver.consolidated_shape": _OF_CURRENT_LINE,
    "silver.consolidated_span": _OF_CURRENT_LINE,
    "silver.consolidated_mask": _OF_CURRENT_LINE,
    "silver.gold_item": """SELECT * FROM {rows} QUALIFY row_number() OVER
        (PARTITION BY asset_id, layer ORDER BY revision DESC) = 1""",
    "silver.job": """SELECT * FROM {rows} QUALIFY row_number() OVER
        (PARTITION BY job_name ORDER BY modified_at DESC, landed_at DESC) = 1""",
    "silver.consolidated": """SELECT * FROM {rows} QUALIFY row_number() OVER
        (PARTITION BY job_name, object_id ORDER BY observed_at DESC, landed_at DESC, line_hash) = 1""",
}
"""Table -> its current rows; any other table is shown whole."""

READABLE = tuple(name for name in TABLES if not name.startswith("restricted."))
"""The tables that readers see."""

DUCK: dict[pa.DataType, str] = {
    pa.string(): "VARCHAR",
    pa.int32(): "INTEGER",
    pa.int64(): "BIGINT",
    pa.float64(): "DOUBLE",
    pa.bool_(): "BOOLEAN",
    pa.date32(): "DATE",
    pa.timestamp("us", tz="UTC"): "TIMESTAMP WITH TIME ZONE",
}


def duck_type(kind: pa.DataType) -> str:
    """DuckDB's name of a column's type."""
    if isinstance(kind, pa.MapType):
        return f"MAP({duck_type(kind.key_type)}, {duck_type(kind.item_type)})"
    if isinstance(kind, pa.ListType):
        return f"{duck_type(kind.value_type)}[]"
    if isinstance(kind, pa.StructType):
        return f"STRUCT({', '.join(f'{f.name} {duck_type(f.type)}' for f in kind)})"
    return DUCK[kind]


def view(name: str, rows: str) -> str:
    """The statement that makes the view of a table over a relation with its rows."""
    return f"CREATE OR REPLACE VIEW {name} AS {CURRENT.get(name, 'SELECT * FROM {rows}').format(rows=rows)}"


def words(name: str) -> set[str]:
    """Every word of a table's view: the columns that it is made with are among them."""
    return set(re.findall(r"\w+", CURRENT.get(name, "")))


def reads(name: str) -> set[str]:
    """The other tables that a table's view reads."""
    return set(re.findall(r"silver\.\w+", CURRENT.get(name, "")))


def with_reads(names: Iterable[str]) -> set[str]:
    """The names, and the tables that their views read."""
    return {n for name in names for n in (name, *reads(name))}


def in_order(names: Iterable[str]) -> list[str]:
    """The names, each after the view that it reads."""
    return sorted(names, key=lambda n: (bool(reads(n)), n))


def empty_rows(name: str) -> str:
    """A relation with the columns of a table and no row."""
    columns = ", ".join(f'NULL::{duck_type(f.type)} AS "{f.name}"' for f in TABLES[name].arrow)
    return f"(SELECT {columns} WHERE false)"


def literal(value: str) -> str:
    """A text as SQL has it."""
    return "'" + value.replace("'", "''") + "'"


def read_parquet(files: Sequence[str], name: str, schema: Schema, columns: Collection[str] | None = None) -> str:
    """`read_parquet` of a table's files, columns (all where None) by field id; one it never had is NULL."""
    ids = {field.name: field.field_id for field in schema.fields}
    wanted = [c for c in TABLES[name].columns if columns is None or c.name in columns]
    given = [
        f"{ids[c.name]}: {{name: {literal(c.name)}, type: '{duck_type(c.type)}', default_value: NULL}}"
        for c in wanted
        if c.name in ids
    ]
    listed = ", ".join(map(literal, files))
    source = f"read_parquet([{listed}], hive_partitioning = false, schema = MAP {{{', '.join(given)}}})"
    missing = [f'NULL::{duck_type(c.type)} AS "{c.name}"' for c in wanted if c.name not in ids]
    return f"(SELECT {', '.join(['*', *missing])} FROM {source})"
