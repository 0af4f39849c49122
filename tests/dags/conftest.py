"""Airflow in a home of its own, its database made once: the variables must stand before Airflow is imported."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from annolake.airflow.environment import airflow_environment
from annolake.config import Settings
from tests.report.conftest import post

__all__ = ["airflow_database", "post"]

HOME = Path(tempfile.mkdtemp(prefix="annolake-airflow-"))
SETTINGS = Settings.load({"home": HOME}, environ={}, file=HOME / "none.toml")

if "airflow" not in sys.modules:
    os.environ.update(airflow_environment(SETTINGS))


@pytest.fixture(scope="session")
def airflow_database() -> Iterator[None]:
    """Airflow's tables in the test home."""
    import shutil
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Airflow's own deprecations
        from airflow.utils.db import initdb

        initdb()
    yield
    shutil.rmtree(HOME, ignore_errors=True)
