"""The dashboards in a real browser, over a lake with a release: as `annolake up` starts them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from annolake.config import Settings
from dashboards import words
from tests.browser.dashboards_lab import PATIENCE_MS, release, serving
from tests.conftest import free_port
from tests.dashboards import gold_tables as gold

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, str]]:
    """The dashboards over an empty state folder: settings and address."""
    folder = tmp_path_factory.mktemp("dashboards")
    flags = {"home": folder / "home", "dashboards_port": free_port(), "data_docs_url": "https://docs.lab.example/gx"}
    settings = Settings.load(flags, environ={}, file=folder / "none.toml")
    with serving(settings, folder) as url:
        yield settings, url


def picture(page: Page, folder: Path | None, name: str) -> None:
    """Keep a picture of the whole page for the docs, where SCREENSHOTS names a folder."""
    if folder:
        for _ in range(2):  # what comes into view may make the page longer
            height = page.get_by_test_id("stMain").evaluate("main => main.scrollHeight")
            page.set_viewport_size({"width": 1440, "height": height})
            page.wait_for_timeout(1500)
        page.screenshot(path=folder / f"dashboard-{name}-{page.scheme}.png")  # type: ignore[attr-defined]


def charts(page: Page) -> None:
    """Wait until every chart of the page is drawn, and what stands between them."""
    found = page.get_by_test_id("stVegaLiteChart")
    expect(found.first).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=PATIENCE_MS)
    for number in range(found.count()):
        expect(found.nth(number).locator("canvas, svg.marks").first).to_be_attached(timeout=PATIENCE_MS)
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0, timeout=PATIENCE_MS)


def test_without_a_lake_the_page_says_what_to_run_and_finds_the_first_release(
    served: tuple[Settings, str], view: Page
) -> None:
    settings, url = served
    view.goto(url)
    expect(view.get_by_text("No release has been published yet.")).to_be_visible()
    expect(view.get_by_text("make demo", exact=True)).to_be_visible()
    assert not (settings.home / "lake").exists(), "looking must not make a lake"
    if view.scheme == "dark":  # type: ignore[attr-defined]
        release(settings, gold.full())
        expect(view.get_by_role("heading", name="Is agreement holding?")).to_be_visible()


@pytest.fixture(scope="module")
def released(served: tuple[Settings, str]) -> str:
    settings, url = served
    release(settings, gold.full())
    return url


PAGES = {
    "Overview": ("Is agreement holding?", 2),
    "Agreement": ("How far do the annotators agree?", 6),
    "Workers": ("Who can be relied on?", 6),
    "Label distributions": ("Which labels are used?", 4),
    "Jobs": ("How far are the jobs?", 3),
    "Data quality": ("Which checks do not hold?", 2),
}
"""Page -> a heading of it, and how many charts it has."""


def test_every_page(released: str, view: Page, screenshots: Path | None) -> None:
    view.goto(released)
    for name, (heading, n_charts) in PAGES.items():
        view.set_viewport_size({"width": 1440, "height": 1000})
        view.get_by_role("link", name=name).click()
        expect(view.get_by_role("heading", name=heading)).to_be_visible()
        charts(view)
        expect(view.get_by_text(re.compile(r"Release \d+ · published"))).to_be_visible()
        expect(view.get_by_test_id("stVegaLiteChart")).to_have_count(n_charts)
        picture(view, screenshots, name.lower().replace(" ", "-"))


def test_a_filter_is_in_the_address_and_a_link_opens_the_same_view(released: str, view: Page) -> None:
    view.goto(f"{released}/agreement")
    view.get_by_role("combobox", name="Jobs").click()
    view.get_by_role("option", name=gold.VIDEO).click()
    expect(view).to_have_url(re.compile(rf"job={gold.VIDEO}"))
    view.goto(f"{released}/workers?workers_of={quote(words.scope(gold.AUDIO, 'speaker'))}&worker={gold.WORKERS[2]}")
    charts(view)
    expect(view.get_by_role("heading", name=f"What does {gold.WORKERS[2]} do differently?")).to_be_visible()
    expect(view.get_by_role("combobox", name="Worker", exact=True)).to_have_value(gold.WORKERS[2])


def test_figures_can_be_taken_away(released: str, view: Page) -> None:
    view.goto(f"{released}/agreement")
    charts(view)
    with view.expect_download() as download:
        view.get_by_test_id("stDownloadButton").first.get_by_role("button").click()
    assert download.value.suggested_filename == "alpha.csv"
    text = Path(download.value.path()).read_text()
    assert text.splitlines()[0].startswith('"job_name","layer","measure"')
    assert gold.AUDIO in text
    view.get_by_text("Show SQL").first.click()
    expect(view.get_by_text("from gold.agreement_job").first).to_be_visible()


def test_a_new_release_is_picked_up_by_itself(released: str, served: tuple[Settings, str], view: Page) -> None:
    settings, _ = served
    view.goto(released)
    line = view.get_by_text(re.compile(r"Release \d+ · published"))
    expect(line).to_be_visible()
    before = line.inner_text()
    rows = gold.full()
    rows["gold.agreement_item"] = rows["gold.agreement_item"][: 3 + int("dark" in str(view.scheme))]  # type: ignore[attr-defined]
    release(settings, rows)
    expect(line).not_to_have_text(re.compile(re.escape(before.split(" · ")[0]) + r"\b"), timeout=PATIENCE_MS)
