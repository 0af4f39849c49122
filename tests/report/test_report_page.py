"""The report in a browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from annolake.report.facts import Facts
from annolake.report.page import report_html


@pytest.mark.browser
@pytest.mark.parametrize("width", [375, 1000])
def test_it_fits_a_phone_and_a_page(found: Facts, chromium: Browser, tmp_path: Path, width: int) -> None:
    path = tmp_path / "report.html"
    path.write_text(report_html(found, dashboards_url="http://127.0.0.1:8703"))
    page = chromium.new_page(viewport={"width": width, "height": 700})
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url))
    page.goto(path.as_uri())
    assert asked == [path.as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    dots = page.locator("svg.interval circle")
    assert dots.count() >= 8
    assert page.locator("svg.interval").first.get_attribute("aria-label")
    assert len(page.pdf(format="A4")) > 20_000
    page.close()
