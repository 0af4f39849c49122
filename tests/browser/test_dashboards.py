"""The dashboards in a real browser, over a lake with a release: as `annolake up` starts them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from annolake.config import Settings
from annolake.lake.catalog import open_lake
from annolake.lake.release import publish
from dashboards import words
from tests.conftest import ROOT, free_port
from tests.dashboards import gold_tables as gold
from transforms.schemas import TABLES

pytestmark = pytest.mark.browser

JOBS = (gold.AUDIO, gold.VIDEO)
PATIENCE_MS = 30_000
OWN_404 = re.compile(r"/_stcore/(health|host-config)$")
"""Streamlit asks for these below the page's own path first, and then where they are."""


def release(settings: Settings, rows: gold.Rows) -> None:
    """Put rows into the lake, as if their last day were today, and publish them."""
    rows = gold.with_summaries(gold.until(rows, datetime.now(UTC).date()))
    for check in rows.get("meta.check_result", []):
        check["severity"] = "fail" if check["is_ok"] else "warn"  # one that fails would hold the release
    with open_lake(settings) as lake:
        for name, of_table in rows.items():
            table = gold.as_table(TABLES[name], of_table)
            if name.startswith("gold."):
                lake.replace(name, table, {r["job_name"] for r in of_table})
            else:
                lake.append_new(name, table)
    publish(settings, JOBS)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, str]]:
    """The dashboards over an empty state folder: settings and address."""
    folder = tmp_path_factory.mktemp("dashboards")
    flags = {"home": folder / "home", "dashboards_port": free_port(), "data_docs_url": "https://docs.lab.example/gx"}
    settings = Settings.load(flags, environ={}, file=folder / "none.toml")
    options = {"server.address": settings.host, "server.port": settings.dashboards_port}
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-P", str(ROOT / "dashboards/serve.py"), "run", str(ROOT / "dashboards/app.py")]
            + [f"--{name}={value}" for name, value in options.items()],
            cwd=folder,
            env={**os.environ, **settings.environment()},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait(f"{settings.dashboards_url}/_stcore/health", process, log)
            yield settings, settings.dashboards_url
        finally:
            process.kill()
            process.wait()


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(url, trust_env=False).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    pytest.fail(f"The dashboards did not start: {log.read_text()[-2000:]}")


@pytest.fixture(params=["light", "dark"])
def view(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[Page]:
    """A page in either theme; asks nobody but this machine, and nothing fails in it."""
    context = chromium.new_context(color_scheme=request.param, viewport={"width": 1440, "height": 1000})
    context.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)  # the first page imports the lake's libraries
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda r: "127.0.0.1" in r.url or r.url.startswith(("data:", "blob:")) or wrong.append(r.url))
    page.on("response", lambda r: r.status < 400 or OWN_404.search(r.url) or wrong.append(f"{r.status} {r.url}"))
    page.scheme = request.param  # type: ignore[attr-defined]
    yield page
    context.close()
    assert not wrong


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
