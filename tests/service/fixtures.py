"""Fixtures of the service's tests; other folders import what they use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from annolake.config import Settings
from annolake.service import clock
from tests.conftest import free_port
from tests.postgres import new_database
from tests.service.lab import Clock, Lab, open_lab

STORELESS = ("test_s3", "test_signatures", "test_render", "test_frame", "test_frame_browser", "test_objects")
"""Modules whose matter is not in the store: once is enough for them. All others run on each database."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what uses the service on SQLite and on PostgreSQL."""
    if "service_database" in metafunc.fixturenames:
        is_storeless = metafunc.module.__name__.rpartition(".")[2] in STORELESS
        databases = ["sqlite"] if is_storeless else ["sqlite", "postgres"]
        metafunc.parametrize("service_database", databases, indirect=True, scope="module")


@pytest.fixture(scope="module")
def service_database(request: pytest.FixtureRequest) -> str:
    """The setting `service_database`: the embedded SQLite, or an empty PostgreSQL."""
    return "" if request.param == "sqlite" else new_database(request.getfixturevalue("postgres"))


@pytest.fixture(scope="module")
def lab(service_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One service for the tests of a module; each test takes names of its own."""
    folder = tmp_path_factory.mktemp("service")
    flags = {
        "home": folder / "home",
        "service_port": free_port(),
        "more_buckets": "spare",
        "service_database": service_database,
    }
    with open_lab(Settings.load(flags, environ={}, file=folder / "none.toml")) as lab:
        yield lab


@pytest.fixture
def time_machine(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The service's clock, to be moved."""
    machine = Clock()
    monkeypatch.setattr(clock, "now_us", machine.now_us)
    return machine
