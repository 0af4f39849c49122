"""`lake.duckdb`: one release in a file that any DuckDB 2 client opens, without an extension and without Annolake.

Where the warehouse is local it holds views pinned to the release's data files, by absolute paths: small, made in
seconds, readable from any folder of the same machine. A lease keeps those files from maintenance for some days; after
that DuckDB says which file is gone, and the export is made anew. With `copy`, and always on S3, it holds the rows
themselves and needs nothing else.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import duckdb

from annolake.config import Settings
from annolake.errors import LakeError
from annolake.lake.catalog import open_lake
from annolake.lake.leases import take_lease
from annolake.lake.reader import ReleaseReader
from annolake.lake.release import Release
from annolake.lake.views import READABLE, literal

ABOUT = """CREATE TABLE about AS SELECT {release_id} AS release_id, {released_at}::TIMESTAMPTZ AS released_at,
    {holds} AS holds, {hint} AS hint"""
COPIED = "This file holds the rows themselves."
PINNED = "The views read the release's files where they are; make the file anew with: annolake export duckdb"


def export_duckdb(
    settings: Settings, path: Path, *, release_id: int | None = None, copy: bool = False, keep_days: float = 30
) -> Release:
    """Write the latest release (or the one named) to `path`, in the place of what is there; returns the release.

    Tables are under their own names (`gold.agreement_job`); `about` says what the file is. `keep_days` is how long the
    files behind the views are kept. Raises `LakeError` where there is no release, where it has delete files of another
    engine, and where `path` is something other than a DuckDB file.
    """
    copy = copy or settings.warehouse_url.startswith("s3://")
    if path.exists() and not _is_duckdb(path):
        raise LakeError(
            f"{path} is there and is no DuckDB file.", hint="Name another: annolake export duckdb --out FILE"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_name(f".{path.name}.new")
    made.unlink(missing_ok=True)
    try:
        with ReleaseReader(settings, release_id) as reader:
            if reader.release is None:
                raise LakeError("There is no release to export.", hint="Land a job first: annolake land")
            (_copy if copy else _pin)(reader, made)
            _about(made, reader.release, copy)
            if not copy:
                with open_lake(settings) as lake:
                    take_lease(lake, reader.release.release_id, timedelta(days=keep_days))
            made.replace(path)
            return reader.release
    finally:
        made.unlink(missing_ok=True)


def _pin(reader: ReleaseReader, path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        for statement in reader.statements:
            connection.execute(statement)


def _copy(reader: ReleaseReader, path: Path) -> None:
    reader.connection.execute(f"ATTACH {literal(str(path))} AS exported")
    for name in READABLE:
        layer, topic = name.split(".")
        reader.connection.execute(f"CREATE SCHEMA IF NOT EXISTS exported.{layer}")
        reader.connection.execute(f"CREATE TABLE exported.{layer}.{topic} AS SELECT * FROM memory.{name}")
    reader.connection.execute("DETACH exported")


def _about(path: Path, release: Release, copy: bool) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            ABOUT.format(
                release_id=release.release_id,
                released_at=literal(release.released_at.isoformat()),
                holds=literal("rows" if copy else "views"),
                hint=literal(COPIED if copy else PINNED),
            )
        )


def _is_duckdb(path: Path) -> bool:
    """Whether a file has DuckDB's mark after its first checksum."""
    with path.open("rb") as opened:
        return opened.read(12)[8:] == b"DUCK"
