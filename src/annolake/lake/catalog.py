"""The catalog and the two ways to write: append what is new, exactly once; replace the rows of some jobs.

Exactly once: `append_new` joins the keys of the incoming rows against those that are there and appends the rest.
Two writers at once: the catalog accepts the first commit and refuses the second, which reloads, joins again and
commits anew. Killed at any moment: either the commit is there, and a rerun finds every key, or it is not.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeVar, cast

import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import (
    CommitFailedException,
    NamespaceAlreadyExistsError,
    NoSuchTableError,
    TableAlreadyExistsError,
)
from pyiceberg.expressions import AlwaysTrue, And, BooleanExpression, In, Not
from pyiceberg.io.pyarrow import ArrowScan, _dataframe_to_data_files
from pyiceberg.manifest import DataFile
from pyiceberg.partitioning import PartitionSpec
from pyiceberg.table import FileScanTask
from pyiceberg.table import Table as IcebergTable
from pyiceberg.transforms import IdentityTransform
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from annolake.config import Settings
from annolake.errors import CommitConflict, LakeError
from annolake.lake.connection import connect
from annolake.lake.manifests import Manifests
from annolake.lake.tables import iceberg_schema, iceberg_type, partition_spec, properties
from transforms.schemas import TABLES, SchemaMismatch, Table

log = logging.getLogger(__name__)

ATTEMPTS = 30
LONGEST_PAUSE_S = 1.0
LANDING_PROPERTY = "annolake.landing-id"
JOB_PROPERTY = "annolake.job-name"
PRUNE_LIMIT = 200
"""Most values of the first key column that are worth a filter; Iceberg prunes files by at most that many."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class File:
    """One data file of a table."""

    path: str
    job_name: str | None
    """The one job that its rows are of; None where it may have rows of several, or of none."""
    size: int
    """Bytes."""


def open_lake(settings: Settings) -> Lake:
    """The lake that the settings name; its catalog is made where there is none."""
    return Lake(connect(settings))


class Lake:
    """Tables of `transforms.schemas`, made on first use. Close it, or use it as a context."""

    def __init__(self, catalog: SqlCatalog) -> None:
        self.catalog = catalog
        self._manifests = Manifests()
        self._planned: dict[tuple[str, ...], tuple[str, dict[str, list[FileScanTask]]]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self.catalog.engine.dispose()

    # -- tables --------------------------------------------------------------------------------------------------

    def find(self, name: str) -> IcebergTable | None:
        """The table as it is now; None where nothing was ever written to it."""
        _spec(name)
        try:
            return self.catalog.load_table(name)
        except NoSuchTableError:
            return None

    def table(self, name: str) -> IcebergTable:
        """The table as it is now, made or brought to what the schemas say now; its files stay as they are."""
        spec = _spec(name)
        found = self.find(name) or self._create(spec)
        have = {field.name: field for field in found.schema().fields}
        missing = [c for c in spec.columns if c.name not in have]
        needed = {c.name for c in spec.columns if not c.nullable}
        loose = [n for n, field in have.items() if field.required and n not in needed]
        parted = {field.name for field in found.spec().fields}
        finer = [n for n in spec.partition if n not in parted]
        if missing or loose or finer:
            try:
                with found.transaction() as change:
                    with change.update_schema() as update:
                        for column in missing:  # optional: old files have no value for it
                            update.add_column(column.name, iceberg_type(column.type), doc=column.meaning)
                        for column_name in loose:  # new rows may have no value for it
                            update.update_column(column_name, required=False)
                    with change.update_spec() as respec:
                        for column_name in finer:
                            respec.add_identity(column_name)
            except (CommitFailedException, ValueError):
                log.debug("%s was changed by another process", name)
            found = self.catalog.load_table(name)
        return found

    def _create(self, spec: Table) -> IcebergTable:
        namespace = spec.name.split(".")[0]
        try:
            self.catalog.create_namespace(namespace)
        except NamespaceAlreadyExistsError:
            pass
        except SQLAlchemyError:  # two at once: the second breaks the catalog's primary key
            if not self.catalog.namespace_exists(namespace):
                raise
        schema = iceberg_schema(spec)
        try:
            return self.catalog.create_table(
                spec.name,
                schema=schema,
                partition_spec=partition_spec(spec, schema),
                properties=properties(spec),
            )
        except TableAlreadyExistsError:
            return self.catalog.load_table(spec.name)

    def snapshot(self, name: str) -> int | None:
        """Id of the table's current snapshot; None while it has no rows."""
        table = self.find(name)
        current = table.current_snapshot() if table else None
        return current.snapshot_id if current else None

    # -- reading -------------------------------------------------------------------------------------------------

    def plan(self, table: IcebergTable, where: BooleanExpression) -> list[FileScanTask]:
        """The files that may hold the rows that `where` names; looked up once a version of the table."""
        at, known = self._planned.get(table.name(), ("", {}))
        if at != table.metadata_location:
            at, known = self._planned[table.name()] = (table.metadata_location, {})
        asked = repr(where)
        if asked not in known:
            known[asked] = self._manifests.plan(table, where)
        return known[asked]

    def scan(
        self,
        name: str,
        jobs: Iterable[str] | None = None,
        columns: Sequence[str] | None = None,
        snapshot_id: int | None = None,
        where: BooleanExpression | None = None,
    ) -> pa.Table:
        """Rows of some jobs (all where None) at a snapshot (the current one where None), typed as the schemas say."""
        spec = _spec(name)
        wanted = pa.schema([spec.arrow.field(c) for c in columns]) if columns is not None else spec.arrow
        table = self.find(name)
        if table is None or table.current_snapshot() is None:
            return wanted.empty_table()
        rows: BooleanExpression = where if where is not None else AlwaysTrue()
        if jobs is not None:
            jobs = sorted(set(jobs))
            if not jobs:
                return wanted.empty_table()
            rows = And(rows, In("job_name", jobs))
        schema = table.schema() if snapshot_id is None else table.scan(snapshot_id=snapshot_id).projection()
        present = tuple(c for c in wanted.names if c in schema.column_names)
        found = table.scan(row_filter=rows, selected_fields=present, snapshot_id=snapshot_id).to_arrow()
        return conform(found, wanted)

    def files(self, name: str, snapshot_id: int | None = None) -> list[str]:
        """Data files of a snapshot, as paths that DuckDB reads; refuses a snapshot with delete files."""
        return [file.path for file in self.data_files(name, snapshot_id)]

    def data_files(self, name: str, snapshot_id: int | None = None) -> list[File]:
        """The same with their jobs and sizes, by path."""
        table = self.find(name)
        if table is None or table.current_snapshot() is None:
            return []
        tasks = list(table.scan(snapshot_id=snapshot_id).plan_files())
        if any(task.delete_files for task in tasks):
            raise LakeError(
                f"{name} has delete files, written by another engine; reading its data files alone would show "
                "deleted rows.",
                hint="Rewrite the data files of the table (rewrite_data_files in Spark), then publish a release.",
            )
        specs = table.specs()
        files = [
            File(local_path(str(f.file_path)), _job_of(specs[f.spec_id], f), f.file_size_in_bytes)
            for f in (task.file for task in tasks)
        ]
        return sorted(files, key=lambda file: file.path)

    # -- writing -------------------------------------------------------------------------------------------------

    def append_new(
        self,
        name: str,
        rows: pa.Table,
        *,
        landing_id: str = "",
        job_name: str = "",
        key: Sequence[str] = (),
        within: BooleanExpression | None = None,
    ) -> int:
        """Append the rows whose key is not there yet, exactly once; returns how many that were.

        Of several incoming rows with one key the first is taken. `key` stands in for the table's own; `within`
        names the rows among which the keys can be. Landing and job are noted in the snapshot: a release shows the
        landings of the jobs that it was made for. Raises `CommitConflict` where other writers were faster more
        often than the bounded retries allow.
        """
        spec = _spec(name)
        key = tuple(key) or spec.key
        rows = first_by_key(conform(rows, spec.arrow), key)

        def attempt(table: IcebergTable) -> int:
            new = self._absent(table, spec, rows, key, within)
            if new.num_rows:
                table.append(new, snapshot_properties=_properties(landing_id, job_name))
            return new.num_rows

        return self.commit(name, attempt) if rows.num_rows else 0

    def replace(
        self,
        name: str,
        rows: pa.Table,
        jobs: Iterable[str],
        *,
        build_id: str = "",
        where: BooleanExpression | None = None,
    ) -> int:
        """Put `rows` in the place of everything that the table says of these jobs; returns the rows written.

        `where` names the rows of these jobs that make place, where not all of them do.
        """
        spec = _spec(name)
        jobs = sorted(set(jobs))
        rows = conform(rows, spec.arrow)
        if strangers := {str(job) for job in rows["job_name"].unique().to_pylist()} - set(jobs):
            raise LakeError(f"{name}: rows of {sorted(strangers)} came for jobs {jobs}.")

        def attempt(table: IcebergTable) -> int:
            rows_of_jobs: BooleanExpression = In("job_name", jobs)
            if where is not None:
                rows_of_jobs = And(rows_of_jobs, where)
            self.put(table, rows, rows_of_jobs, _properties(build_id))
            return rows.num_rows

        return self.commit(name, attempt) if jobs else 0

    def put(
        self, table: IcebergTable, rows: pa.Table, where: BooleanExpression, noted: dict[str, str] | None = None
    ) -> None:
        """Put `rows` in the place of those that `where` names, by one snapshot; for `commit`, which tries again."""
        old = self.plan(table, where)
        if any(task.delete_files for task in old):
            table.overwrite(rows, overwrite_filter=where, snapshot_properties=noted or {})
        elif old or rows.num_rows:
            if mixed := [task for task in old if task.residual != AlwaysTrue()]:
                rows = pa.concat_tables([conform(_others(table, mixed, where), rows.schema), rows])
            self._swap(table, [task.file for task in old], rows, noted or {})

    def _swap(self, table: IcebergTable, old: Sequence[DataFile], rows: pa.Table, noted: dict[str, str]) -> None:
        """Put rows in the place of whole files, by one snapshot where the library's `overwrite` makes two."""
        new = _dataframe_to_data_files(table.metadata, rows, table.io) if rows.num_rows else ()
        self._manifests.swap(table, old, new, noted)

    def commit(self, name: str, attempt: Callable[[IcebergTable], Result]) -> Result:
        """Call `attempt` with the table as it is now until no other writer was faster; bounded, with jitter."""
        for number in range(ATTEMPTS):
            try:
                return attempt(self.table(name))
            except CommitFailedException as conflict:
                log.debug("%s: attempt %d met another writer: %s", name, number + 1, conflict)
            except OperationalError as error:  # SQLite's lock, or a connection that broke in the commit
                if number == ATTEMPTS - 1 or not _may_pass(error):
                    raise
            time.sleep(random.uniform(0.2, 1) * min(LONGEST_PAUSE_S, 0.02 * 1.5**number))  # noqa: S311 - jitter
        raise CommitConflict(
            f"{name}: other writers committed first {ATTEMPTS} times in a row.", hint="Run the same command again."
        )

    def _absent(
        self, table: IcebergTable, spec: Table, rows: pa.Table, key: Sequence[str], within: BooleanExpression | None
    ) -> pa.Table:
        """The rows whose key the table does not have; reads key columns of touched partitions only."""
        if table.current_snapshot() is None:
            return rows
        touched: BooleanExpression = within if within is not None else AlwaysTrue()
        for column in dict.fromkeys((*spec.partition, *key[:2])):
            values = rows[column].unique().to_pylist()
            prunes = rows.schema.field(column).type == pa.string() and len(values) <= PRUNE_LIMIT
            if prunes or column in spec.partition:
                touched = And(touched, In(column, values))
        there = conform(table.scan(row_filter=touched, selected_fields=tuple(key)).to_arrow(), _only(spec, key))
        if not there.num_rows:
            return rows
        keys = rows.select(list(key)).append_column("__row", pa.array(range(rows.num_rows), pa.int64()))
        new = keys.join(there, keys=list(key), join_type="left anti")
        return rows.take(new["__row"].combine_chunks().sort())


def _others(table: IcebergTable, files: Sequence[FileScanTask], where: BooleanExpression) -> pa.Table:
    """The rows of these files that `where` does not name."""
    rows: pa.Table = ArrowScan(table.metadata, table.io, table.schema(), Not(where)).to_table(files)
    return rows


def conform(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """`rows` in the schema's order and types; a missing nullable column becomes NULL, a strange one is refused."""
    unknown = [n for n in rows.schema.names if n not in schema.names]
    missing = [f.name for f in schema if f.name not in rows.schema.names and not f.nullable]
    if unknown or missing:
        raise SchemaMismatch(f"rows do not fit: unknown {unknown or 'none'}; missing {missing or 'none'}")
    if rows.schema.equals(schema):
        return rows
    columns = [
        rows[f.name].cast(f.type) if f.name in rows.schema.names else pa.nulls(rows.num_rows, f.type) for f in schema
    ]
    if empty := [f.name for f, c in zip(schema, columns, strict=True) if not f.nullable and c.null_count]:
        raise SchemaMismatch(f"rows do not fit: NULL in {empty}")
    return pa.table(columns, schema=schema)


def first_by_key(rows: pa.Table, key: Sequence[str]) -> pa.Table:
    """The first row of each key, in order."""
    numbered = rows.select(list(key)).append_column("__row", pa.array(range(rows.num_rows), pa.int64()))
    firsts = numbered.group_by(list(key)).aggregate([("__row", "min")])["__row_min"]
    return rows if len(firsts) == rows.num_rows else rows.take(firsts.combine_chunks().sort())


def local_path(uri: str) -> str:
    """A file:// location as a path; any other location unchanged."""
    return uri.removeprefix("file://") if uri.startswith("file://") else uri


def _job_of(spec: PartitionSpec, file: DataFile) -> str | None:
    """The job whose partition a file is in."""
    for place, field in enumerate(spec.fields):
        if field.name == "job_name" and isinstance(field.transform, IdentityTransform):
            return cast("str | None", file.partition[place])
    return None


def _spec(name: str) -> Table:
    try:
        return TABLES[name]
    except KeyError:
        raise LakeError(f"No table is called {name}.", hint=f"The tables: {', '.join(TABLES)}") from None


def _only(spec: Table, columns: Sequence[str]) -> pa.Schema:
    return pa.schema([spec.arrow.field(c) for c in columns])


def _properties(landing_id: str, job_name: str = "") -> dict[str, str]:
    return {k: v for k, v in ((LANDING_PROPERTY, landing_id), (JOB_PROPERTY, job_name)) if v}


def _may_pass(error: OperationalError) -> bool:
    return error.connection_invalidated or "locked" in str(error).lower()
