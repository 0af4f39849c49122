"""Reading a release with DuckDB: a view of every table, pinned to the files of its snapshot.

Columns are read by field id, so files from before a column was added or renamed stay readable. Files of
`restricted.*` are never part of it. Before the first release every table is there, empty.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb
import pyarrow as pa

from annolake.config import Settings
from annolake.errors import LakeError
from annolake.lake.catalog import Lake, open_lake
from annolake.lake.leases import take_lease
from annolake.lake.release import ABOUT_RELEASES, BUILT, Release, read_releases
from annolake.lake.views import READABLE, empty_rows, in_order, literal, read_parquet, view
from transforms.schemas import TABLES

KEPT = ("gold.", "meta.", "silver.job")
SEARCH_PATH = "gold,silver,bronze,measure,meta"


class ReleaseReader:
    """A DuckDB connection with the views of one release (the latest that is not held, where none is named).

    `connection` is the caller's to use, a cursor for each thread. `statements` made its views, over `files`: run on
    another connection they make the same ones. With `materialised` tables are copied into memory instead, for a
    warehouse that DuckDB cannot reach by itself; the views are then over `sources`. With `keep_bytes`, for a reader
    that asks the same tables again and again, those of gold, releases and jobs whose files are together no larger are
    read into memory once, compressed: opening hundreds of files takes longer than most questions.
    """

    def __init__(
        self,
        settings: Settings,
        release_id: int | None = None,
        *,
        materialised: frozenset[str] | None = None,
        keep_bytes: int = 0,
    ) -> None:
        self.connection = duckdb.connect(config={"python_enable_replacements": False})
        self.connection.execute("SET TimeZone = 'UTC'")
        self.files: list[str] = []
        self.sources: dict[str, pa.Table] = {}
        self._materialised = materialised
        self._keep_bytes = keep_bytes
        if keep_bytes:
            self.connection.execute("ATTACH ':memory:' AS kept (COMPRESS)")
        with open_lake(settings) as lake:
            known = read_releases(lake)
            self.release = _choose(known, release_id)
            self._lease = take_lease(lake, self.release.release_id) if self.release else None
            if settings.warehouse_url.startswith("s3://") and materialised is None and self.release:
                self._reach_s3(settings)
            layers = dict.fromkeys(name.split(".")[0] for name in READABLE)
            self.statements = [
                *(f"CREATE SCHEMA IF NOT EXISTS {layer}" for layer in layers),
                *(view(name, self._rows(lake, name)) for name in in_order(READABLE)),
                f"SET search_path = '{SEARCH_PATH}'",
            ]
        for statement in self.statements:
            self.connection.execute(statement)
        if keep_bytes:
            self.connection.execute("SET GLOBAL parquet_metadata_cache = true")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self.connection.close()
        if self._lease:
            self._lease.end()

    def _rows(self, lake: Lake, name: str) -> str:
        """The rows of a table as a relation of SQL: its files, without what the release does not show."""
        is_now = name in ABOUT_RELEASES
        snapshot_id = lake.snapshot(name) if is_now else self.release.snapshots.get(name) if self.release else None
        if snapshot_id is None or self.release is None:
            return empty_rows(name)
        if name.startswith(BUILT):
            kept = self.release.kept_back.get(name, {})
            parts = [self._source(lake, name, snapshot_id) + _where("job_name NOT IN", kept)]
            for earlier in sorted(set(kept.values()) - {0}):
                its_jobs = [job for job, at in kept.items() if at == earlier]
                parts.append(self._source(lake, name, earlier) + _where("job_name IN", its_jobs))
            return f"({' UNION ALL '.join(parts)})"
        has_landing = "landing_id" in TABLES[name].arrow.names
        hidden = self.release.pending if has_landing else ()
        return f"({self._source(lake, name, snapshot_id)}{_where('landing_id NOT IN', hidden)})"

    def _source(self, lake: Lake, name: str, snapshot_id: int) -> str:
        """A SELECT of all rows of one snapshot."""
        table = lake.find(name)
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
            self.sources[source] = lake.scan(name, snapshot_id=snapshot_id)
            self.connection.register(source, self.sources[source])
            return f"SELECT * FROM {source}"
        files = lake.files(name, snapshot_id)
        self.files += files
        if not files:
            return f"SELECT * FROM {empty_rows(name)}"
        rows = f"SELECT * FROM {read_parquet(files, name, table.schema())}"
        return self._kept(name, snapshot_id, rows) if self._is_kept(name, files) else rows

    def _is_kept(self, name: str, files: list[str]) -> bool:
        if not self._keep_bytes or not (name.startswith(KEPT) or name in KEPT) or "://" in files[0]:
            return False
        return sum(Path(file).stat().st_size for file in files) <= self._keep_bytes

    def _kept(self, name: str, snapshot_id: int, rows: str) -> str:
        """A SELECT of rows that were read into memory."""
        own = f"kept.{name.replace('.', '__')}__{snapshot_id}"
        self.connection.execute(f"CREATE TABLE IF NOT EXISTS {own} AS {rows}")
        return f"SELECT * FROM {own}"

    def _reach_s3(self, settings: Settings) -> None:
        import s3fs

        endpoint = settings.s3_endpoint_url
        keys = {"key": settings.access_key, "secret": settings.secret_key} if endpoint else {}
        self.connection.register_filesystem(
            s3fs.S3FileSystem(endpoint_url=endpoint, client_kwargs={"region_name": settings.region}, **keys)
        )


def _where(condition: str, values: Iterable[str]) -> str:
    """A WHERE of one condition on a list of texts; nothing where the list is empty."""
    listed = ", ".join(map(literal, sorted(values)))
    return f" WHERE {condition} ({listed})" if listed else ""


def _choose(known: list[Release], release_id: int | None) -> Release | None:
    if release_id is None:
        return next((r for r in known if r.state == "current"), None)
    found = next((r for r in known if r.release_id == release_id), None)
    if found is None:
        raise LakeError(f"There is no release {release_id}.", hint="List them: annolake lake release list")
    return found
