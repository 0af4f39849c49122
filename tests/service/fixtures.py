"""Fixtures of the service's tests; other folders import what they use."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from annolake.config import Settings
from annolake.service import clock
from tests.conftest import free_port
from tests.service.lab import Clock, Lab, open_lab


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One service for the tests of a module; each test takes names of its own."""
    folder = tmp_path_factory.mktemp("service")
    database = os.environ.get("TEST_SERVICE_DATABASE", "")  # an empty PostgreSQL instead of SQLite, for one module
    flags = {
        "home": folder / "home",
        "service_port": free_port(),
        "more_buckets": "spare",
        "service_database": database,
    }
    with open_lab(Settings.load(flags, environ={}, file=folder / "none.toml")) as lab:
        yield lab


@pytest.fixture
def time_machine(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The service's clock, to be moved."""
    machine = Clock()
    monkeypatch.setattr(clock, "now_us", machine.now_us)
    return machine
