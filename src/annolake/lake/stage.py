"""Rows of a landing on their way into a table: Parquet files that DuckDB writes, registered by one commit at the end.

A file stands where the table's data stands before anybody sees it; killed in between it is an orphan, which
maintenance removes. Rows that are in the table already, from a landing that was killed later than this step or that
runs beside this one, are left out when the files are registered: only the key columns of files that may hold such
rows are read, by Iceberg's column bounds.
"""

from __future__ import annotations

import itertools
import secrets
import shutil
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
from pyiceberg.expressions import AlwaysTrue, And, BooleanExpression, EqualTo, GreaterThanOrEqual, LessThanOrEqual
from pyiceberg.io.pyarrow import (
    compute_statistics_plan,
    data_file_statistics_from_parquet_metadata,
    parquet_path_to_id_mapping,
)
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.table import Table as IcebergTable

from annolake.lake.catalog import JOB_PROPERTY, LANDING_PROPERTY, Lake, local_path
from annolake.lake.views import duck_type, literal, read_parquet
from transforms.schemas import TABLES, Table

ROW_GROUP = 122_880
COMPRESSION = "COMPRESSION zstd, COMPRESSION_LEVEL {level}, DICTIONARY_SIZE_LIMIT 1000"
"""A column of more distinct values is written as it is: a larger dictionary takes longer and saves no byte."""
RAW_TEXT = frozenset({"bronze.manifest_line", "bronze.worker_response"})
"""Written with the cheapest level: long text, seldom read."""
FEW_FILES = 4
"""So many are looked up in the table together: their bounds are hardly wider than those of one."""
TEXT_ROW_GROUP = 8_192
"""Some ten megabytes of it: a row group is in memory until it is written."""


class Stage:
    """The staged files of one landing. Use it as a context: files that were not registered are removed.

    All rows are of its landing and of its job, whatever they say themselves.
    """

    def __init__(self, lake: Lake, landing_id: str, job_name: str, connection: duckdb.DuckDBPyConnection) -> None:
        self.lake, self.landing_id, self.job_name, self.connection = lake, landing_id, job_name, connection
        self.files: dict[str, list[Path]] = {}
        self._same = {"job_name": _one_value(job_name), "landing_id": _one_value(landing_id)}
        self._name = f"{landing_id}-{secrets.token_hex(4)}"  # a landing has several stages
        self._number = itertools.count(1)
        self._lock = threading.Lock()
        self._tables: dict[str, IcebergTable] = {}
        self._scratch: Path | None = None

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, *_: object) -> None:
        for paths in self.files.values():
            for path in paths:
                path.unlink(missing_ok=True)
        if self._scratch:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def write(self, name: str, rows: str, connection: duckdb.DuckDBPyConnection | None = None) -> int:
        """Stage the rows of a relation that has at least the columns of the table; returns how many there are.

        The relation is of the stage's connection, or of another one of a thread that writes beside it.
        """
        path = self._path(name)
        n = self._copy(connection or self.connection, TABLES[name], self._table(name), rows, path)
        if n:
            self.files.setdefault(name, []).append(path)
        else:
            path.unlink(missing_ok=True)
        return n

    def commit(self, name: str) -> int:
        """Register the staged files of a table, without the rows that it has already; returns the rows added."""
        paths = self.files.pop(name, [])
        if not paths:
            return 0

        def attempt(table: IcebergTable) -> int:
            nonlocal paths
            paths = self._absent(table, TABLES[name], paths)
            added = [_data_file(table, path, self._uploaded(table, path)) for path in paths]
            if added:
                properties = {LANDING_PROPERTY: self.landing_id, JOB_PROPERTY: self.job_name}
                with table.transaction() as change, change.update_snapshot(properties).fast_append() as append:
                    for file in added:
                        append.append_data_file(file)
            return sum(file.record_count for file in added)

        return self.lake.commit(name, attempt)

    def _table(self, name: str) -> IcebergTable:
        """The table as it was when this stage first wrote to it: where it is and what its columns are, not its rows."""
        with self._lock:
            if name not in self._tables:
                self._tables[name] = self.lake.table(name)
            return self._tables[name]

    def _path(self, name: str) -> Path:
        file = f"{self._name}-{next(self._number):05d}.parquet"
        location = self._table(name).location()
        if location.startswith("file://"):
            folder = Path(local_path(location)) / "data"
            folder.mkdir(parents=True, exist_ok=True)
            return folder / file
        with self._lock:
            if self._scratch is None:
                self._scratch = Path(tempfile.mkdtemp(prefix="annolake-stage-"))
            return self._scratch / file

    def _uploaded(self, table: IcebergTable, path: Path) -> str:
        """Where Iceberg finds the file; put there first if the warehouse is not on this machine."""
        uri = f"{table.location()}/data/{path.name}"
        if uri.startswith("file://"):
            return uri
        with path.open("rb") as source, table.io.new_output(uri).create(overwrite=True) as target:
            shutil.copyfileobj(source, target, 1 << 20)
        return uri

    def _copy(
        self, connection: duckdb.DuckDBPyConnection, spec: Table, table: IcebergTable, rows: str, path: Path
    ) -> int:
        given = {c.name: f'CAST("{c.name}" AS {duck_type(c.type)})' for c in spec.columns}
        columns = ", ".join(f'{self._same.get(name, value)} AS "{name}"' for name, value in given.items())
        ids = ", ".join(f'"{c.name}": {table.schema().find_field(c.name).field_id}' for c in spec.columns)
        level, row_group = (1, TEXT_ROW_GROUP) if spec.name in RAW_TEXT else (3, ROW_GROUP)
        done = connection.execute(
            f"COPY (SELECT {columns} FROM {rows}) TO {literal(str(path))} (FORMAT parquet, ROW_GROUP_SIZE {row_group}, "
            f"{COMPRESSION.format(level=level)}, FIELD_IDS {{{ids}}})"
        ).fetchall()
        return int(done[0][0])

    def _absent(self, table: IcebergTable, spec: Table, paths: list[Path]) -> list[Path]:
        """The staged files, those anew that have a row which the table has."""
        if 1 < len(paths) <= FEW_FILES and not self._common(table, spec, paths)[0]:
            return paths
        kept: list[Path] = []
        for path in paths:
            is_common, rest = self._common(table, spec, [path])
            if not is_common:
                kept.append(path)
                continue
            anew = self._path(spec.name)
            if self._copy(self.connection, spec, table, rest, anew):
                kept.append(anew)
            else:
                anew.unlink(missing_ok=True)
            path.unlink()
        return kept

    def _common(self, table: IcebergTable, spec: Table, paths: list[Path]) -> tuple[bool, str]:
        """Whether any row of staged files is in the table, and the others as a relation."""
        ours = f"read_parquet([{', '.join(literal(str(path)) for path in paths)}])"
        there = _there(self.connection, self.lake, table, ours)
        keys = " AND ".join(f'ours."{k}" = there."{k}"' for k in spec.key)
        among = f"{ours} AS ours SEMI JOIN {there} AS there ON {keys}"
        is_common = bool(there) and bool(self.connection.sql(f"SELECT 1 FROM {among} LIMIT 1").fetchall())
        return is_common, f"{ours} AS ours ANTI JOIN {there} AS there ON {keys}"


def _there(connection: duckdb.DuckDBPyConnection, lake: Lake, table: IcebergTable, ours: str) -> str:
    """The keys in the table that may be among ours, as a relation; empty where no file can have one."""
    if table.current_snapshot() is None:
        return ""
    spec = TABLES[".".join(table.name())]
    narrow = [c for c in (*spec.partition, *spec.key[:2]) if str(spec.arrow.field(c).type) == "string"]
    bounds = ", ".join(f'min("{c}"), max("{c}")' for c in narrow)
    found = connection.sql(f"SELECT {bounds} FROM {ours}").fetchall()[0]
    among: BooleanExpression | None = None
    for column, low, high in zip(narrow, found[::2], found[1::2], strict=True):
        here = (
            EqualTo(column, low) if low == high else And(GreaterThanOrEqual(column, low), LessThanOrEqual(column, high))
        )
        among = here if among is None else And(among, here)
    within = " AND ".join(
        f'"{c}" BETWEEN {literal(low)} AND {literal(high)}'
        for c, low, high in zip(narrow, found[::2], found[1::2], strict=True)
    )
    rows = rows_of(connection, lake, table, tuple(dict.fromkeys((*spec.key, *narrow))), among)
    return f"(SELECT * FROM {rows} WHERE {within or 'true'})" if rows else ""


def rows_of(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    table: IcebergTable,
    columns: Sequence[str],
    among: BooleanExpression | None = None,
) -> str:
    """Columns of the files of a table that may have rows of some kind, as a relation; empty where there is no file."""
    where = among if among is not None else AlwaysTrue()
    tasks = lake.plan(table, where)
    files = [local_path(str(task.file.file_path)) for task in tasks]
    if not files:
        return ""
    if any(task.delete_files for task in tasks) or any("://" in file for file in files):
        name = f"rows_of_{table.name()[-1]}"
        connection.register(name, table.scan(where, selected_fields=tuple(columns)).to_arrow())
        return name
    if len(table.schemas()) > 1:
        return read_parquet(files, ".".join(table.name()), table.schema(), columns)
    # All files have the same columns: by their names, joins look at row groups that may have a match alone.
    listed, wanted = ", ".join(map(literal, files)), ", ".join(f'"{c}"' for c in columns)
    return f"(SELECT {wanted} FROM read_parquet([{listed}], hive_partitioning = false))"


def _one_value(text: str) -> str:
    """A text that all rows have: of an ENUM DuckDB writes the numbers, without a look at each row's text."""
    return f"{literal(text)}::ENUM({literal(text)})"


def _data_file(table: IcebergTable, path: Path, uri: str) -> DataFile:
    """The file as Iceberg's metadata has it, with its column bounds.

    Like `add_files`, but files keep their field ids, and a column may be optional in a file where the table requires
    it: DuckDB writes none otherwise, and the gate has seen to it that nothing is missing.
    """
    schema = table.schema()
    found = pq.read_metadata(path)
    statistics = data_file_statistics_from_parquet_metadata(
        parquet_metadata=found,
        stats_columns=compute_statistics_plan(schema, table.properties),
        parquet_column_mapping=parquet_path_to_id_mapping(schema),
    )
    return DataFile.from_args(
        content=DataFileContent.DATA,
        file_path=uri,
        file_format=FileFormat.PARQUET,
        partition=statistics.partition(table.spec(), schema),
        file_size_in_bytes=path.stat().st_size,
        sort_order_id=None,
        spec_id=table.metadata.default_spec_id,
        equality_ids=None,
        key_metadata=None,
        **statistics.to_serialized_dict(),
    )
