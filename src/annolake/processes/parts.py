"""The parts of a local Annolake: what each starts, where it listens and how it says that it is ready."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import httpx

import annolake
from annolake.airflow import environment as airflow
from annolake.config import Settings
from annolake.errors import ProcessError
from annolake.processes.ports import Port
from annolake.processes.sign_in import secrets_file
from annolake.processes.stack import Command, Part

AIRFLOW_COMPONENTS = ("scheduler", "triggerer", "dag_processor")
LOOK_SECONDS = 5.0


def service_part(settings: Settings) -> Part:
    """The embedded labeling service."""
    return Part(
        name="service",
        title="labeling service",
        url=settings.service_url,
        ports=(Port(settings.host, settings.service_port, "labeling service", "service_port"),),
        commands=(Command("service", _python("annolake.service.run")),),
        missing=lambda: _answers(f"{settings.service_url}/healthz"),
        environment=airflow.child_environment(settings),
    )


def airflow_part(settings: Settings) -> Part:
    """Airflow's four components on SQLite."""
    _require("airflow", "airflow", "Airflow")
    migrated = airflow.is_migrated(settings)
    return Part(
        name="airflow",
        title="Airflow",
        url=settings.airflow_url,
        ports=(Port(settings.host, settings.airflow_port, "Airflow", "airflow_port"),),
        before=lambda: airflow.write_passwords(settings),
        prepare=() if migrated else (Command("airflow-migrate", _python("airflow", "db", "migrate")),),
        after_prepare=lambda: airflow.make_ready(settings),
        commands=(
            Command("airflow-api-server", _python("airflow", "api-server"), airflow.server_environment(settings)),
            Command("airflow-scheduler", _python("airflow", "scheduler", "--skip-serve-logs")),
            Command("airflow-dag-processor", _python("airflow", "dag-processor")),
            Command("airflow-triggerer", _python("airflow", "triggerer", "--skip-serve-logs")),
        ),
        missing=lambda: _airflow_missing(settings),
        environment=airflow.child_environment(settings),
        patience_s=240.0,
    )


def dashboards_part(settings: Settings) -> Part:
    """The Streamlit dashboards."""
    _require("streamlit", "dashboards", "Streamlit")
    app = dashboards_app()
    options = {
        "server.address": settings.host,
        "server.port": settings.dashboards_port,
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
        "runner.magicEnabled": "false",
    }
    if secrets := secrets_file(settings):
        options["secrets.files"] = str(secrets)
    flags = tuple(f"--{name}={value}" for name, value in options.items())
    return Part(
        name="dashboards",
        title="dashboards",
        url=settings.dashboards_url,
        ports=(Port(settings.host, settings.dashboards_port, "dashboards", "dashboards_port"),),
        commands=(
            Command("dashboards", (sys.executable, "-P", str(app.with_name("serve.py")), "run", str(app), *flags)),
        ),
        missing=lambda: _answers(f"{settings.dashboards_url}/_stcore/health"),
        environment=airflow.child_environment(settings),
    )


def dashboards_app() -> Path:
    """The dashboards' entry file: beside the sources in a checkout, inside the package in a wheel."""
    package = Path(annolake.__file__).parent
    checkout = package.parents[1] / "dashboards" / "app.py"
    return checkout if checkout.is_file() else package / "_dashboards" / "app.py"


def _python(module: str, *arguments: str) -> tuple[str, ...]:
    # -P: a file in the current folder must not stand in for a module
    return (sys.executable, "-P", "-m", module, *arguments)


def _require(module: str, extra: str, title: str) -> None:
    if importlib.util.find_spec(module) is None:
        raise ProcessError(f"{title} is not installed.", hint=f"pip install 'annolake[{extra}]'")


def _answers(url: str) -> str | None:
    try:
        response = httpx.get(url, timeout=LOOK_SECONDS, trust_env=False)
    except httpx.HTTPError:
        return "does not answer yet"
    return None if response.is_success else f"answers with status {response.status_code}"


def _airflow_missing(settings: Settings) -> str | None:
    try:
        response = httpx.get(f"{settings.airflow_url}/api/v2/monitor/health", timeout=LOOK_SECONDS, trust_env=False)
        health = response.raise_for_status().json()
    except (httpx.HTTPError, ValueError):
        return "its web server does not answer yet"
    waiting = [c for c in AIRFLOW_COMPONENTS if (health.get(c) or {}).get("status") != "healthy"]
    return f"waiting for {', '.join(waiting)}" if waiting else None
