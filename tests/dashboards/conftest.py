"""Pages over gold tables in memory, in place of a release."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboards import source
from tests.dashboards import gold_tables as gold

APP = Path(__file__).parents[2] / "dashboards" / "app.py"

OpenPage = Callable[..., AppTest]


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenPage]:
    """Run a page of the app over the given rows, with URL parameters."""

    def open_page(rows: gold.Rows, page: str = "agreement", **query: str | list[str]) -> AppTest:
        shown = source.Source(gold.connect(rows), 7, datetime.now(UTC) - timedelta(minutes=3))
        monkeypatch.setattr(source, "current", lambda: shown)
        monkeypatch.setattr(source, "latest_id", lambda: 7)
        app = AppTest.from_file(str(APP), default_timeout=30)
        if page != "agreement":
            app.run().switch_page(f"pages/{page}.py")
        for name, value in query.items():
            app.query_params[name] = value
        app.run()
        return app

    yield open_page
    st.cache_data.clear()
    st.cache_resource.clear()
