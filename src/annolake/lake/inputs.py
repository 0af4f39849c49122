"""What a model reads: views of tables in DuckDB, current revisions of some jobs.

Data files on local disk are read where they are, with the columns that a query names, so that nothing is copied into
memory before it is needed; rows of another warehouse, or of files with delete files, come through Arrow.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import duckdb
from pyiceberg.expressions import AlwaysTrue, BooleanExpression, In

from annolake.lake.catalog import Lake, local_path
from annolake.lake.views import empty_rows, in_order, literal, read_parquet, view, with_reads, words
from transforms.schemas import TABLES


def add_views(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    tables: Iterable[str],
    jobs: Sequence[str],
    names: Collection[str] | None,
) -> int:
    """A view of each table with the columns that are in `names` (all where None); returns the rows of the largest."""
    most = 0
    for name in in_order(with_reads(tables)):
        wanted = {*columns_of(name, names), *TABLES[name].key, *words(name)}
        relation, n_rows = _relation(connection, lake, name, jobs, [c for c in TABLES[name].arrow.names if c in wanted])
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {name.split('.')[0]}")
        connection.execute(view(name, relation))
        most = max(most, n_rows)
    return most


def columns_of(table: str, names: Collection[str] | None) -> list[str]:
    """The columns of a table that are in `names`; its key where none is."""
    spec = TABLES[table]
    return [c for c in spec.arrow.names if names is None or c in names] or list(spec.key)


def _relation(
    connection: duckdb.DuckDBPyConnection, lake: Lake, name: str, jobs: Sequence[str], columns: list[str]
) -> tuple[str, int]:
    """The rows of a table for these jobs as a relation of SQL, and how many there are at most."""
    table = lake.find(name)
    of_jobs = "job_name" in TABLES[name].arrow.names
    if table is None or table.current_snapshot() is None or (of_jobs and not jobs):
        return empty_rows(name), 0
    rows: BooleanExpression = In("job_name", sorted(set(jobs))) if of_jobs else AlwaysTrue()
    tasks = list(table.scan(row_filter=rows).plan_files())
    files = [local_path(str(task.file.file_path)) for task in tasks]
    if not files:
        return empty_rows(name), 0
    if any("://" in file for file in files) or any(task.delete_files for task in tasks):
        plain = name.replace(".", "__")
        found = lake.scan(name, jobs=jobs if of_jobs else None, columns=columns)
        connection.register(plain, found)
        return plain, found.num_rows
    where = f" WHERE job_name IN ({', '.join(map(literal, jobs))})" if of_jobs else ""
    source = f"(SELECT * FROM {read_parquet(files, name, table.schema(), columns)}{where})"
    return source, sum(task.file.record_count for task in tasks)
