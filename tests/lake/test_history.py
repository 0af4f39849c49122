"""What the lake says about its tables, by the commands that operators use."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from annolake.cli import app
from annolake.config import Settings
from annolake.errors import ConfigError, LakeError
from annolake.lake.catalog import open_lake
from annolake.lake.compact import compact
from annolake.lake.history import history, status
from annolake.lake.release import publish
from tests.lake.test_maintain import TABLE, asked, land


@pytest.fixture
def filled(settings: Settings) -> Settings:
    with open_lake(settings) as lake:
        for number in range(4):
            land(lake, "A", 3 * number)
        land(lake, "B", 100)
        publish(settings, ["A", "B"])
        compact(lake, TABLE)
        lake.replace(TABLE, asked("B", 200, 2), ["B"], build_id="build-1")
    return settings


def test_state_of_each_table(filled: Settings) -> None:
    states = {state.table: state for state in status(filled)}
    assert set(states) == {TABLE, "meta.release"}
    state = states[TABLE]
    assert (state.rows, state.files, state.small_files, state.partitions, state.delete_files) == (14, 2, 2, 2, 0)
    assert state.snapshots == 7 and state.last_writer == "build-1" and state.release == 1 and state.bytes > 0
    assert state.orphans is None
    counted = {s.table: s.orphans for s in status(filled, grace=timedelta(0))}
    assert counted[TABLE] == 0  # every snapshot is there still


def test_commits_of_a_table(filled: Settings) -> None:
    commits = history(filled, TABLE)
    assert [c.writer for c in commits] == ["build-1", "compaction", "l100", "l9", "l6", "l3", "l0"]
    compacted, landed = commits[1], commits[2]
    assert (compacted.rows_added, compacted.rows_deleted, compacted.rows) == (12, 12, 15)
    assert (compacted.files_added, compacted.files_deleted) == (1, 4)
    assert (landed.job_name, landed.rows_added, landed.releases) == ("B", 3, "release-1")
    assert len(history(filled, TABLE, limit=2)) == 2
    with pytest.raises(LakeError, match="Nothing was ever written"):
        history(filled, "silver.segment")


def run(settings: Settings, *arguments: str) -> str:
    done = CliRunner().invoke(app, ["--home", str(settings.home), *arguments])
    assert done.exit_code == 0, done.output
    return done.output


def test_commands(filled: Settings) -> None:
    states = json.loads(run(filled, "lake", "status", "--orphans", "--output", "json"))
    assert {s["table"]: s["rows"] for s in states}[TABLE] == 14
    assert "compaction" in run(filled, "lake", "history", TABLE)
    dry = json.loads(run(filled, "lake", "maintain", "--dry-run", "--output", "json", "--older-than", "0h"))
    assert {m["table"] for m in dry} == {TABLE, "meta.release"} and dry[0]["orphans"] == []
    assert "Nothing to do." in run(filled, "lake", "maintain", "--table", "meta.release")
    assert "Release 2 shows release 1 again." in run(filled, "lake", "rollback", "1")
    wrong = CliRunner().invoke(app, ["--home", str(filled.home), "lake", "maintain", "--grace", "soon"])
    assert isinstance(wrong.exception, ConfigError) and "72h, 7d" in str(wrong.exception)
