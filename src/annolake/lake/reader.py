"""Reading a release with DuckDB: a view of every table, pinned to the files of its snapshot.

Columns are read by field id, so files from before a column was added or renamed stay readable. Files of
`restricted.*` are never part of it. Before the first release every table is there, empty.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import Self

import duckdb
import pyarrow as pa
from pyiceberg.schema import Schema

from annolake.config import Settings
from annolake.errors import LakeError
from annolake.lake.catalog import open_lake
from annolake.lake.leases import take_lease
from annolake.lake.release import ABOUT_RELEASES, BUILT, Release, current_of, read_releases
from annolake.lake.views import READABLE, empty_rows, in_order, literal, read_parquet, view
from transforms.schemas import TABLES

SEARCH_PATH = "gold,silver,bronze,measure,meta"


class ReleaseReader:
    """A DuckDB connection with the views of one release (the latest that is not held, where none is named).

    `connection` is the caller's to use, a cursor for each thread. `statements` made its views, over `files`: run on
    another connection they make the same ones. With `materialised` tables are copied into memory instead, for a
    warehouse that DuckDB cannot reach by itself; the views are then over `sources`.
    """

    def __init__(
        self, settings: Settings, release_id: int | None = None, *, materialised: frozenset[str] | None = None
    ) -> None:
        self.connection = duckdb.connect(config={"python_enable_replacements": False})
        self.connection.execute("SET TimeZone = 'UTC'")
        self.files: list[str] = []
        self.sources: dict[str, pa.Table] = {}
        self.statements: list[str] = []
        self._materialised = materialised
        self._lake = open_lake(settings)
        try:
            known = read_releases(self._lake)
            self.release = _choose(known, release_id)
            self._lease = take_lease(self._lake, self.release.release_id) if self.release else None
            if settings.warehouse_url.startswith("s3://") and materialised is None and self.release:
                self._reach_s3(settings)
            self._make_views()
        except BaseException:
            self._lake.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self.connection.close()
        if self._lease:
            self._lease.end()

    def _make_views(self) -> None:
        """Make the views of all tables; the lake is not needed from then on."""
        self.statements = [
            *schemas(),
            *(view(name, self._rows(name)) for name in in_order(READABLE)),
            f"SET search_path = '{SEARCH_PATH}'",
        ]
        self._lake.close()
        for statement in self.statements:
            self.connection.execute(statement)

    def _rows(self, name: str, job: str | None = None) -> str:
        """The rows of a table as a relation of SQL: its files, without what the release does not show.

        With `job` those of one job, and those of none, where that spares files.
        """
        is_now = name in ABOUT_RELEASES
        snapshot_id = (
            self._lake.snapshot(name) if is_now else self.release.snapshots.get(name) if self.release else None
        )
        if snapshot_id is None or self.release is None:
            return empty_rows(name)
        if name.startswith(BUILT):
            kept = self.release.kept_back.get(name, {})
            parts = [self._source(name, snapshot_id, job) + _where("job_name NOT IN", kept)]
            for earlier in sorted(set(kept.values()) - {0}):
                its_jobs = [other for other, at in kept.items() if at == earlier]
                parts.append(self._source(name, earlier, job) + _where("job_name IN", its_jobs))
            return f"({' UNION ALL '.join(parts)})"
        has_landing = "landing_id" in TABLES[name].arrow.names
        hidden = self.release.pending if has_landing else ()
        return f"({self._source(name, snapshot_id, job)}{_where('landing_id NOT IN', hidden)})"

    def _source(self, name: str, snapshot_id: int, job: str | None) -> str:
        """A SELECT of all rows of one snapshot."""
        table = self._lake.find(name)
        is_wanted = self._materialised is None or name in self._materialised
        if table is None or not is_wanted:
            return f"SELECT * FROM {empty_rows(name)}"
        if self.release and table.snapshot_by_id(snapshot_id) is None:
            raise LakeError(
                f"What release {self.release.release_id} has of {name} has expired.",
                hint="List the releases: annolake lake release list",
            )
        if self._materialised is not None:
            source = f"{name.replace('.', '__')}__{snapshot_id}"
            self.sources[source] = self._lake.scan(name, snapshot_id=snapshot_id)
            self.connection.register(source, self.sources[source])
            return f"SELECT * FROM {source}"
        return self._of_files(name, snapshot_id, job, table.schema())

    def _of_files(self, name: str, snapshot_id: int, _: str | None, schema: Schema) -> str:
        """A SELECT of all rows in the files of one snapshot."""
        files = self._lake.files(name, snapshot_id)
        self.files += files
        return of_files(files, name, schema)

    def _reach_s3(self, settings: Settings) -> None:
        import s3fs

        endpoint = settings.s3_endpoint_url
        keys = {"key": settings.access_key, "secret": settings.secret_key} if endpoint else {}
        self.connection.register_filesystem(
            s3fs.S3FileSystem(endpoint_url=endpoint, client_kwargs={"region_name": settings.region}, **keys)
        )


def schemas() -> list[str]:
    """The statements that make the schemas of all tables."""
    return [f"CREATE SCHEMA IF NOT EXISTS {layer}" for layer in dict.fromkeys(name.split(".")[0] for name in READABLE)]


def of_files(files: list[str], name: str, schema: Schema) -> str:
    """A SELECT of the rows of a table in some of its files."""
    return f"SELECT * FROM {read_parquet(files, name, schema) if files else empty_rows(name)}"


def _where(condition: str, values: Iterable[str]) -> str:
    """A WHERE of one condition on a list of texts; nothing where the list is empty."""
    listed = ", ".join(map(literal, sorted(values)))
    return f" WHERE {condition} ({listed})" if listed else ""


def _choose(known: list[Release], release_id: int | None) -> Release | None:
    if release_id is None:
        return current_of(known)
    found = next((r for r in known if r.release_id == release_id), None)
    if found is None:
        raise LakeError(f"There is no release {release_id}.", hint="List them: annolake lake release list")
    return found
