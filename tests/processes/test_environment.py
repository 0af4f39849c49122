"""What the processes of a local Annolake find in their environment."""

from __future__ import annotations

import json
import sqlite3
import stat

import pytest

from annolake.airflow import environment
from annolake.config import Settings
from annolake.labeling.batch import announce_media


def test_children_see_our_settings_and_nobody_elses(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "postgresql://production")
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", "secret")
    monkeypatch.setenv("ANNOLAKE_WORKTEAM", "others")
    monkeypatch.setenv("NO_PROXY", "intranet,localhost")
    seen = environment.child_environment(settings)
    assert seen["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == f"sqlite:///{settings.home}/airflow/airflow.db?timeout=60"
    server = environment.server_environment(settings)["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]
    assert server == f"sqlite:///{settings.home}/airflow/airflow.db?timeout=10", "or it may wait for itself a minute"
    assert "AIRFLOW_CONN_WAREHOUSE" not in seen
    assert seen["NO_PROXY"] == "intranet,localhost,127.0.0.1,::1"
    loaded = Settings.load(environ=seen, file=settings.home / "none.toml")
    assert loaded.model_dump() == settings.model_dump()


def test_airflow_is_local_and_small(settings: Settings) -> None:
    values = environment.airflow_environment(settings)
    assert values["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert values["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == f"{settings.airflow_url}/execution/"
    assert values["AIRFLOW__CORE__PARALLELISM"] == "3"
    assert values["AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK"] == "False"
    assert environment.dags_folder().joinpath("label_batch.py").is_file()


def test_passwords_are_for_the_owner(settings: Settings) -> None:
    environment.write_passwords(settings)
    path = environment.passwords_file(settings)
    assert json.loads(path.read_text()) == {"admin": settings.airflow_password}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_a_killed_run_held_is_let_go(settings: Settings) -> None:
    assert not environment.is_migrated(settings)
    database = environment.airflow_home(settings) / "airflow.db"
    database.parent.mkdir(parents=True)
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE job (state TEXT, latest_heartbeat TEXT, end_date TEXT)")
        connection.execute("INSERT INTO job VALUES ('running', 'then', NULL), ('success', 'before', 'before')")
    connection.close()
    environment.make_ready(settings)
    assert environment.is_migrated(settings)
    connection = sqlite3.connect(database)
    assert connection.execute("SELECT * FROM job").fetchall() == [
        ("failed", "then", "then"),
        ("success", "before", "before"),
    ]
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_announcing_without_airflow_says_what_to_do(settings: Settings) -> None:
    told = announce_media(settings)
    assert told.startswith("Nobody was asked to label them yet: Airflow does not answer at ")
    assert "annolake up" in told
