"""Airflow's own settings for a local Annolake, as environment variables; nothing here imports Airflow."""

from __future__ import annotations

import json
import os
import sqlite3
from importlib.metadata import version
from pathlib import Path

import annolake
from annolake.config import Settings

USER = "admin"
PARALLELISM = 3
"""Workers of the LocalExecutor; it forks all of them at once, 32 by default."""


def dags_folder() -> Path:
    """The DAG files: beside the sources in a checkout, inside the package in a wheel."""
    package = Path(annolake.__file__).parent
    checkout = package.parents[1] / "dags"
    return checkout if checkout.is_dir() else package / "_dags"


def airflow_home(settings: Settings) -> Path:
    """Folder of Airflow's database, logs and generated configuration."""
    return settings.home / "airflow"


def passwords_file(settings: Settings) -> Path:
    """JSON file of the local user's password, as SimpleAuthManager reads it."""
    return airflow_home(settings) / "passwords.json"


def airflow_environment(settings: Settings) -> dict[str, str]:
    """The variables that make Airflow local, small, quiet and private: SQLite, LocalExecutor, loopback."""
    home = airflow_home(settings)
    values = {
        "CORE__DAGS_FOLDER": dags_folder(),
        "CORE__LOAD_EXAMPLES": False,
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": False,  # assets are to wake them from the first start on
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": PARALLELISM,
        "CORE__AUTH_MANAGER": "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager",
        "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": passwords_file(settings),
        # Tasks talk to the server at this address; its default is port 8080, whatever the server's port is.
        "CORE__EXECUTION_API_SERVER_URL": f"{settings.airflow_url}/execution/",
        "API__HOST": settings.host,
        "API__PORT": settings.airflow_port,
        "API__BASE_URL": settings.airflow_url,
        "API__WORKERS": 1,
        "API__SECRET_KEY": settings.airflow_jwt_secret,  # one value for all components
        "API_AUTH__JWT_SECRET": settings.airflow_jwt_secret,
        # SQLite has one writer at a time; the others wait up to a minute for it.
        "DATABASE__SQL_ALCHEMY_CONN": _database(settings, wait_s=60),
        "DATABASE__EXTERNAL_DB_MANAGERS": "",
        "DAG_PROCESSOR__REFRESH_INTERVAL": 10,
        "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": 120,  # DAG files seldom change; reading them takes a core
        "SCHEDULER__SCHEDULER_HEARTBEAT_SEC": 2,
        "SCHEDULER__ENABLE_HEALTH_CHECK": False,  # it would listen on one more port, on every address
        # A worker may notice the end of its task only at the next heartbeat, 5 s by default.
        "WORKERS__MIN_HEARTBEAT_INTERVAL": 1,
        "USAGE_DATA_COLLECTION__ENABLED": False,
        "LOGGING__BASE_LOG_FOLDER": home / "logs",
    }
    return {"AIRFLOW_HOME": str(home), **{f"AIRFLOW__{name}": str(value) for name, value in values.items()}}


def server_environment(settings: Settings) -> dict[str, str]:
    """What Airflow's API server finds otherwise: it waits ten seconds for the database.

    The loop that ends transactions of its requests is also where some requests write: such a write may wait for a
    transaction that only it keeps from ending, and everybody else with it. Who is refused then asks again.
    """
    return {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": _database(settings, wait_s=10)}


def _database(settings: Settings, *, wait_s: int) -> str:
    return f"sqlite:///{airflow_home(settings) / 'airflow.db'}?timeout={wait_s}"


def child_environment(settings: Settings) -> dict[str, str]:
    """This process's environment for children: our settings instead of any Airflow's or Annolake's that is there."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "ANNOLAKE_"))}
    own = ("127.0.0.1", "localhost", "::1")
    for name in ("NO_PROXY", "no_proxy"):  # a company's proxy is no way to our own ports
        kept[name] = ",".join(dict.fromkeys([*filter(None, kept.get(name, "").split(",")), *own]))
    return {
        **kept,
        **settings.environment(),
        **airflow_environment(settings),
        "GX_ANALYTICS_ENABLED": "False",
        "PYTHONUNBUFFERED": "1",
    }


def write_passwords(settings: Settings) -> None:
    """Give Airflow's local user the password of the settings; readable by the owner only."""
    path = passwords_file(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps({USER: settings.airflow_password}))


def is_migrated(settings: Settings) -> bool:
    """Whether the installed Airflow's tables are there already; looking costs milliseconds, migrating seconds."""
    stamp = _stamp(settings)
    return (airflow_home(settings) / "airflow.db").is_file() and stamp.is_file() and stamp.read_text() == _version()


def make_ready(settings: Settings) -> None:
    """Finish the migrated database: readers do not wait for its writer, and what a killed run held is let go.

    The caller holds the state folder, so every component that stands as running there is dead. Airflow finds that out
    by itself after minutes only; until then the tasks and triggers of a killed run would wait.
    """
    connection = sqlite3.connect(airflow_home(settings) / "airflow.db", timeout=30)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("UPDATE job SET state = 'failed', end_date = latest_heartbeat WHERE state = 'running'")
        connection.commit()
    finally:
        connection.close()
    _stamp(settings).write_text(_version())


def _stamp(settings: Settings) -> Path:
    return airflow_home(settings) / "migrated"


def _version() -> str:
    return version("apache-airflow-core")
