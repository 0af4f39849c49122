"""What all tests share: settings in a fresh folder, free ports, the real data where it is present."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

for name in [n for n in os.environ if n.startswith("ANNOLAKE_")]:
    del os.environ[name]  # the tests' settings are their own
os.environ["GX_ANALYTICS_ENABLED"] = "False"

from annolake.config import Settings

ROOT = Path(__file__).parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"
LONG = ("integration/test_demo.py", "service/test_crash.py")
"""Files of one long test."""


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real annotation data that stands beside the checkout; tests that want it skip where it is not."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"no real data at {SHARED_DATA}")
    return SHARED_DATA


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with browser tests last, and those tests last in them: Playwright's event loop runs while it is open.

    Nothing else may start one then. With several workers (`-n`) a file stays together, so that what its tests share
    is made once; the longest files come first, so that no worker ends long after the others.
    """
    with_browser = {item.path for item in items if _has_browser(item)}
    long = [ROOT / "tests" / name for name in LONG]
    items.sort(key=lambda item: (item.path in with_browser, item.path not in long, str(item.path), _has_browser(item)))


def _has_browser(item: pytest.Item) -> bool:
    return "chromium" in getattr(item, "fixturenames", ())


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One Chromium for all browser tests."""
    from playwright.sync_api import sync_playwright

    from annolake.tools.browser import launch_options

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options())  # type: ignore[arg-type]
        yield browser
        browser.close()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """URL of a running PostgreSQL of the tests' own."""
    from tests.postgres import running_postgres

    with running_postgres(free_port()) as url:
        yield url


@pytest.fixture
def make_settings(tmp_path: Path) -> Callable[..., Settings]:
    """Settings under a fresh home on free ports; keyword arguments override."""

    def make(**flags: object) -> Settings:
        ports = {f"{part}_port": free_port() for part in ("service", "airflow", "dashboards")}
        return Settings.load({"home": tmp_path / "home", **ports, **flags}, environ={}, file=tmp_path / "none.toml")

    return make


@pytest.fixture
def settings(make_settings: Callable[..., Settings]) -> Iterator[Settings]:
    yield make_settings()


@pytest.fixture(scope="session")
def small_lake(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A released lake with planted facts, to read only: see `tests.small_lake`."""
    from tests.small_lake import make_small_lake

    home = tmp_path_factory.mktemp("small-lake") / "home"
    return make_small_lake(Settings.load({"home": home}, environ={}, file=home / "none.toml"))
