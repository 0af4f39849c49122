"""The command line as people meet it: help, exit codes, errors in words, no secret on the screen."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from annolake.config import Settings


def annolake(tmp_path: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "annolake", *arguments]
    env = {**os.environ, "ANNOLAKE_HOME": str(tmp_path / "home"), "COLUMNS": "120", "TERM": "dumb", **environ}
    return subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=120)


def test_help_names_every_command(tmp_path: Path) -> None:
    shown = annolake(tmp_path, "--help")
    assert shown.returncode == 0
    for command in ("demo", "up", "serve", "ingest", "land", "sql", "jobs", "quarantine", "lake", "config"):
        assert f" {command} " in shown.stdout


def test_wrong_use_ends_with_2_and_a_suggestion(tmp_path: Path) -> None:
    shown = annolake(tmp_path, "ingset", "x")
    assert shown.returncode == 2
    assert "ingest" in shown.stderr


def test_a_wrong_setting_ends_with_1_in_words_without_a_trace(tmp_path: Path) -> None:
    shown = annolake(tmp_path, "config", "show", ANNOLAKE_SERVICE_PROT="1")
    assert shown.returncode == 1
    assert "service_prot" in shown.stderr
    assert "Traceback" not in shown.stderr


def test_config_show_masks_secrets(tmp_path: Path) -> None:
    shown = annolake(tmp_path, "config", "show", ANNOLAKE_CATALOG_URI="postgresql://me:hunter2@db/lake", COLUMNS="200")
    assert shown.returncode == 0
    settings = Settings.load({"home": tmp_path / "home"}, environ={}, file=tmp_path / "none")
    for secret in ("hunter2", settings.secret_key, settings.pseudonym_key, settings.airflow_password):
        assert secret
        assert secret not in shown.stdout


def test_ingest_without_the_service_says_what_to_start(tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "a.wav").write_bytes(b"RIFF")
    shown = annolake(tmp_path, "ingest", str(tmp_path / "media"), ANNOLAKE_SERVICE_PORT="1")
    assert shown.returncode == 1
    assert "annolake up" in shown.stderr
    assert "Traceback" not in shown.stderr


@pytest.mark.parametrize("source", ["missing", "s3://"])
def test_ingest_of_nothing_names_the_source(tmp_path: Path, source: str) -> None:
    shown = annolake(tmp_path, "ingest", source)
    assert shown.returncode == 1
    assert source in shown.stderr
    assert "Traceback" not in shown.stderr


def test_sql_before_any_release_says_so(tmp_path: Path) -> None:
    shown = annolake(tmp_path, "sql", "select count(*) as n from gold.agreement_job", "--format", "csv")
    assert (shown.returncode, shown.stdout.split()) == (0, ["n", "0"]), shown.stderr


@pytest.mark.parametrize(
    "statement",
    ["select * from read_text('/etc/passwd')", "drop table gold.agreement_job", "select 1; select 2", "selekt"],
)
def test_sql_refuses_what_is_not_one_read_only_select(tmp_path: Path, statement: str) -> None:
    shown = annolake(tmp_path, "sql", statement)
    assert shown.returncode == 1
    assert "Traceback" not in shown.stderr
    assert "root:" not in shown.stdout


def test_quarantine_and_releases_of_an_empty_lake(tmp_path: Path) -> None:
    for command, says in (
        ("quarantine list", "Nothing is in quarantine."),
        ("quarantine show it's", "No row broke the rule it's."),
        ("lake release list", "Nothing was released yet."),
    ):
        empty = annolake(tmp_path, *command.split(" "))
        assert empty.returncode == 0 and says in empty.stdout
    rolled = annolake(tmp_path, "lake", "release", "rollback", "7")
    assert rolled.returncode == 1
    assert "7" in rolled.stderr
