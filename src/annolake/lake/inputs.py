"""What a model reads: views of tables in DuckDB, current revisions of some jobs.

Data files on local disk are read where they are, with the columns that a query names, so that nothing is copied into
memory before it is needed; rows of another warehouse, or of files with delete files, come through Arrow.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import reduce

import duckdb
from pyiceberg.expressions import (
    AlwaysTrue,
    And,
    BooleanExpression,
    GreaterThanOrEqual,
    In,
    LessThanOrEqual,
    Or,
)
from pyiceberg.table import Table as IcebergTable

from annolake.lake.catalog import Lake, local_path
from annolake.lake.views import empty_rows, in_order, literal, read_parquet, view, with_reads, words
from transforms import parts as of_objects
from transforms.schemas import PART, TABLES

Parts = Mapping[str, Collection[int]]
"""Job -> parts of it."""
UNITS = {"unit": of_objects.unit_size, "fine_unit": of_objects.fine_unit_size}
"""Columns that tables of objects have where a model names them: what intervals leave out (see `transforms.parts`)."""


def add_views(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    tables: Iterable[str],
    jobs: Sequence[str],
    *,
    names: Collection[str] | None,
    parts: Parts | None = None,
    n_objects: Mapping[str, int] | None = None,
) -> dict[str, int]:
    """A view of each table with the columns that are in `names` (all where None); returns how many rows each may have.

    With `parts`, tables of objects have the rows of these parts only. Objects of silver have their part as a column;
    tables of objects have those of `UNITS` that are in `names`, by the number of objects that a job has.
    """
    found = {}
    for name in in_order(with_reads(tables)):
        wanted = {*columns_of(name, names), *TABLES[name].key, *words(name)}
        if parts is not None and PART.name in TABLES[name].arrow.names:
            wanted.add(PART.name)
        has_part = parts is not None or names is None or PART.name in names
        if has_part or UNITS.keys() & (names or ()):
            wanted.add("object_id")
        columns = [c for c in TABLES[name].arrow.names if c in wanted]
        relation, found[name] = _relation(connection, lake, name, jobs, columns=columns, parts=parts)
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {name.split('.')[0]}")
        relation = _with_units(name, relation, names or (), n_objects or {})
        if has_part:
            relation = _of_parts(name, relation, parts)
        connection.execute(view(name, relation))
    return found


def _with_units(name: str, relation: str, names: Collection[str], n_objects: Mapping[str, int]) -> str:
    """The rows of objects with their units, where these are named."""
    schema = TABLES[name].arrow.names
    wanted = [(unit, size) for unit, size in UNITS.items() if unit in names and unit not in schema]
    if not wanted or not {"job_name", "object_id"} <= set(schema):
        return relation
    sizes = [(unit, _of_job({job: size(n) for job, n in n_objects.items()})) for unit, size in wanted]
    return f"(SELECT *, {', '.join(f'{of_objects.unit_sql(size)} AS {unit}' for unit, size in sizes)} FROM {relation})"


def _of_job(size: Mapping[str, int]) -> str:
    """The number for each row's job, 1 where none is given."""
    cases = [f"WHEN {literal(job)} THEN {n}" for job, n in size.items() if n > 1]
    return f"(CASE job_name {' '.join(cases)} ELSE 1 END)" if cases else "1"


def _of_parts(name: str, relation: str, parts: Parts | None) -> str:
    """The rows of some parts, or of all; objects of silver get their part as a column."""
    schema = TABLES[name].arrow.names
    is_of_objects = {"job_name", "object_id"} <= set(schema)
    if not is_of_objects and PART.name not in schema:
        return relation
    if PART.name not in schema:
        relation = f"(SELECT *, CAST({of_objects.SQL} AS INTEGER) AS {PART.name} FROM {relation})"
    return relation if parts is None else f"(SELECT * FROM {relation} WHERE {within(parts)})"


def within(parts: Parts) -> str:
    """The condition that a row is of these parts of their jobs."""
    conditions = [
        f"job_name = {literal(job)} AND {PART.name} IN ({', '.join(map(str, sorted(numbers)))})"
        for job, numbers in parts.items()
        if numbers
    ]
    return f"(({') OR ('.join(conditions)}))" if conditions else "false"


def _may_hold(name: str, table: IcebergTable, numbers: Collection[int]) -> BooleanExpression:
    """A condition that files with rows of these parts meet: by the part, else by the names of their objects."""
    if PART.name in TABLES[name].arrow.names and PART.name in table.schema().column_names:
        return In(PART.name, sorted(numbers))
    ranges = _names_of(name, numbers)
    within = [And(GreaterThanOrEqual("object_id", low), LessThanOrEqual("object_id", high)) for low, high in ranges]
    return reduce(Or, within) if within else AlwaysTrue()


def _names_of(name: str, numbers: Collection[int]) -> list[tuple[str, str]]:
    """Ranges of names that hold every object of these parts; none where they may be anywhere."""
    return of_objects.name_ranges(numbers) if "object_id" in TABLES[name].arrow.names else []


def _where(name: str, jobs: Sequence[str], numbers: Collection[int]) -> str:
    """Rows of these jobs, and near these parts: the scan drops others before the part of each object is worked out."""
    columns = TABLES[name].arrow.names
    if "job_name" not in columns:
        return ""
    ranges = _names_of(name, numbers) if PART.name not in columns else []
    near = " OR ".join(f"object_id BETWEEN {literal(low)} AND {literal(high)}" for low, high in ranges)
    return f" WHERE job_name IN ({', '.join(map(literal, jobs))}){f' AND ({near})' if near else ''}"


def columns_of(table: str, names: Collection[str] | None) -> list[str]:
    """The columns of a table that are in `names`; its key where none is."""
    spec = TABLES[table]
    return [c for c in spec.arrow.names if names is None or c in names] or list(spec.key)


def _relation(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    name: str,
    jobs: Sequence[str],
    *,
    columns: list[str],
    parts: Parts | None,
) -> tuple[str, int]:
    """The rows of a table for these jobs as a relation of SQL, and how many there are at most."""
    table = lake.find(name)
    of_jobs = "job_name" in TABLES[name].arrow.names
    if table is None or table.current_snapshot() is None or (of_jobs and not jobs):
        return empty_rows(name), 0
    rows: BooleanExpression = In("job_name", sorted(set(jobs))) if of_jobs else AlwaysTrue()
    numbers = {part for of_job in (parts or {}).values() for part in of_job}
    if parts is not None and of_jobs:
        rows = And(rows, _may_hold(name, table, numbers))
    tasks = lake.plan(table, rows)
    files = [local_path(str(task.file.file_path)) for task in tasks]
    if not files:
        return empty_rows(name), 0
    if any("://" in file for file in files) or any(task.delete_files for task in tasks):
        plain = name.replace(".", "__")
        found = lake.scan(name, jobs=jobs if of_jobs else None, columns=columns)
        connection.register(plain, found)
        return plain, found.num_rows
    source = f"(SELECT * FROM {read_parquet(files, name, table.schema(), columns)}{_where(name, jobs, numbers)})"
    return source, sum(task.file.record_count for task in tasks)
