"""Reading a release again and again: a table is opened when a question names it, that of one job by itself.

A job's part of a table is in files of its own, so a question about one job of two hundred opens a two hundredth of
them; DuckDB, given all, asks each file's footer whether the job is in it. Small tables of gold are read into memory
once, compressed: opening hundreds of files takes longer than most questions.
"""

from __future__ import annotations

import os
import re
import tempfile
import threading

import duckdb
from pyiceberg.schema import Schema

from annolake.config import Settings
from annolake.lake.catalog import File
from annolake.lake.reader import SEARCH_PATH, ReleaseReader, of_files, schemas
from annolake.lake.views import READABLE, in_order, literal, view, with_reads

KEPT = ("gold.", "meta.", "silver.job")
"""What is kept in memory where it is small: what pages ask most, by the beginning of its name."""
KEEP_BYTES = 48_000_000
"""Tables with files up to this size together are kept."""
MEMORY = "1GB"
"""What DuckDB takes at most, in all threads; what does not fit is put aside on disk."""

NAMED = re.compile(r"\b([a-z]+\.[a-z_]+)\b", re.IGNORECASE)
OF_ALL = "memory"
"""DuckDB's name of the database that is there from the beginning."""


class OnDemandReader(ReleaseReader):
    """A reader whose `cursor` has the tables of one statement; threads may ask at the same time."""

    def __init__(self, settings: Settings, release_id: int | None = None) -> None:
        self._lock = threading.Lock()
        self._databases: dict[str | None, str] = {None: OF_ALL}
        self._made: set[tuple[str, str]] = set()
        self._files: dict[tuple[str, int], list[File]] = {}
        super().__init__(settings, release_id)

    def _make_views(self) -> None:
        for statement in (
            "ATTACH ':memory:' AS kept (COMPRESS)",
            f"SET GLOBAL memory_limit = '{MEMORY}'",
            f"SET GLOBAL temp_directory = {literal(f'{tempfile.gettempdir()}/annolake-duckdb-{os.getpid()}')}",
            "SET GLOBAL parquet_metadata_cache = true",
            "SET GLOBAL preserve_insertion_order = false",
            *schemas(),
        ):
            self.connection.execute(statement)

    def close(self) -> None:
        super().close()
        self._lake.close()

    def cursor(self, statement: str, job: str | None = None) -> duckdb.DuckDBPyConnection:
        """A cursor for one statement. With `job` it sees no rows of other jobs where that spares files."""
        with self._lock:
            database = self._database(job)
            named = {name.lower() for name in NAMED.findall(statement)}
            for name in in_order(with_reads(named & set(READABLE))):
                if (database, name) not in self._made:
                    self._make(database, name, job)
        cursor = self.connection.cursor()
        cursor.execute(f"SET TimeZone = 'UTC'; USE {database}.gold; SET search_path = '{_path(database)}'")
        return cursor

    def _database(self, job: str | None) -> str:
        """The name of the database with the views of one job."""
        if job not in self._databases:
            name = f"job_{len(self._databases)}"
            self.connection.execute(f"ATTACH ':memory:' AS {name}")
            with self.connection.cursor() as cursor:
                cursor.execute(f"USE {name}")
                for statement in schemas():
                    cursor.execute(statement)
            self._databases[job] = name
        return self._databases[job]

    def _make(self, database: str, name: str, job: str | None) -> None:
        rows = self._rows(name, job)
        with self.connection.cursor() as cursor:
            cursor.execute(f"USE {database}")
            cursor.execute(view(name, rows))
        self._made.add((database, name))

    def _of_files(self, name: str, snapshot_id: int, job: str | None, schema: Schema) -> str:
        files = self._known(name, snapshot_id)
        if self._is_kept(name, files):
            return self._kept(name, snapshot_id, of_files([file.path for file in files], name, schema))
        own = [file.path for file in files if job is None or file.job_name in (job, None)]
        return of_files(own, name, schema)

    def _known(self, name: str, snapshot_id: int) -> list[File]:
        at = (name, snapshot_id)
        if at not in self._files:
            self._files[at] = self._lake.data_files(name, snapshot_id)
        return self._files[at]

    def _is_kept(self, name: str, files: list[File]) -> bool:
        return bool(files) and name.startswith(KEPT) and sum(file.size for file in files) <= KEEP_BYTES

    def _kept(self, name: str, snapshot_id: int, rows: str) -> str:
        """A SELECT of rows that were read into memory."""
        own = f"kept.{name.replace('.', '__')}__{snapshot_id}"
        self.connection.execute(f"CREATE TABLE IF NOT EXISTS {own} AS {rows}")
        return f"SELECT * FROM {own}"


def _path(database: str) -> str:
    return ",".join(f"{database}.{layer}" for layer in SEARCH_PATH.split(","))
