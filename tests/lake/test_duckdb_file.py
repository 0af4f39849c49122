"""lake.duckdb: a release that any DuckDB client reads, without Annolake, from any folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from annolake.config import Settings
from annolake.errors import LakeError
from annolake.lake.catalog import open_lake
from annolake.lake.duckdb_file import export_duckdb
from annolake.lake.leases import leased_releases
from annolake.lake.sql import query
from transforms.schemas import TABLES

ASK = """
import duckdb, sys
with duckdb.connect(sys.argv[1], read_only=True) as connection:
    print(connection.sql("select count(*) from silver.segment").fetchall()[0][0],
          connection.sql("select round(value, 6) from gold.agreement_job where job_name = 'clips-1' "
                         "and measure = 'alpha'").fetchall()[0][0], connection.sql("from about").fetchall()[0][2],
          connection.sql("select count(*) from duckdb_views() where not internal").fetchall()[0][0])
"""


def asked(path: Path, folder: Path) -> list[str]:
    """What another process finds in the file, from another folder, without our packages on its path."""
    ran = subprocess.run(
        [sys.executable, "-c", ASK, str(path)], cwd=folder, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.split()


@pytest.mark.parametrize("copy", [False, True])
def test_another_process_reads_it(small_lake: Settings, tmp_path: Path, copy: bool) -> None:
    path = tmp_path / "given" / "lake.duckdb"
    release = export_duckdb(small_lake, path, copy=copy)
    assert release.release_id == 1
    segments = query(small_lake, "select count(*) as n from silver.segment")["n"][0].as_py()
    alpha = query(
        small_lake,
        "select round(value, 6) as a from gold.agreement_job where job_name = 'clips-1' and measure = 'alpha'",
    )["a"][0].as_py()
    n_views = 0 if copy else sum(not n.startswith("restricted.") for n in TABLES)
    assert asked(path, Path("/")) == [str(segments), str(alpha), "rows" if copy else "views", str(n_views)]
    with duckdb.connect(str(path), read_only=True) as connection, pytest.raises(duckdb.Error):
        connection.sql("from restricted.worker")


def test_the_file_is_replaced_and_nothing_else_is(small_lake: Settings, tmp_path: Path) -> None:
    path = tmp_path / "lake.duckdb"
    export_duckdb(small_lake, path)
    export_duckdb(small_lake, path, keep_days=5)
    assert [p.name for p in tmp_path.iterdir()] == ["lake.duckdb"]
    (tmp_path / "notes.txt").write_text("mine, and nobody else's")
    with pytest.raises(LakeError, match="no DuckDB file"):
        export_duckdb(small_lake, tmp_path / "notes.txt")
    with pytest.raises(LakeError, match="no release 9"):
        export_duckdb(small_lake, path, release_id=9)
    assert asked(path, tmp_path)


def test_the_files_behind_the_views_are_leased(small_lake: Settings, tmp_path: Path) -> None:
    from datetime import UTC, datetime, timedelta

    export_duckdb(small_lake, tmp_path / "lake.duckdb", keep_days=10)
    with open_lake(small_lake) as lake:
        assert 1 in leased_releases(lake, datetime.now(UTC) + timedelta(days=9))


def test_without_a_release_there_is_nothing_to_export(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(LakeError, match="no release"):
        export_duckdb(settings, tmp_path / "lake.duckdb")
    assert not (tmp_path / "lake.duckdb").exists()
