"""Pages over gold tables in memory, in place of a release."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from annolake.config import Settings
from dashboards import access, panel, source
from tests.dashboards import gold_tables as gold

APP = Path(__file__).parents[2] / "dashboards" / "app.py"

OpenPage = Callable[..., AppTest]


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[OpenPage]:
    """Run a page of the app over the given rows, with URL parameters."""

    def open_page(
        rows: gold.Rows | duckdb.DuckDBPyConnection,
        page: str = "overview",
        settings: Mapping[str, object] | None = None,
        **query: str | list[str],
    ) -> AppTest:
        used = Settings.load({"home": tmp_path, **(settings or {})}, environ={}, file=tmp_path / "none.toml")
        connection = gold.connect(rows) if isinstance(rows, dict) else rows
        shown = source.Source(connection, 7, datetime.now(UTC) - timedelta(minutes=3), source.terms(used))
        known = {worker: f"name-{n}" for n, worker in enumerate(gold.WORKERS)}
        monkeypatch.setattr(source, "settings", lambda: used)
        monkeypatch.setattr(source, "current", lambda v: replace(shown, names=known) if v.sees_names else shown)
        monkeypatch.setattr(source, "latest_id", lambda: 7)
        monkeypatch.setattr(access, "is_loopback", lambda _: True)
        monkeypatch.setattr(panel, "is_checking", True)
        app = AppTest.from_file(str(APP), default_timeout=30)
        if page != "overview":
            app.switch_page(f"views/{page}.py")
        for name, value in query.items():
            app.query_params[name] = value
        app.run()
        return app

    yield open_page
    st.cache_data.clear()
    st.cache_resource.clear()
