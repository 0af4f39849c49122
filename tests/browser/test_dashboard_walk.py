"""The walk of docs/dashboards.md: from "agreement fell last week" to the very seconds, in five clicks, with sound."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from annolake.config import Settings
from tests.browser.dashboards_lab import serving
from tests.browser.walk_lab import JOB, three_weeks
from tests.conftest import free_port

pytestmark = pytest.mark.browser

WIDEST = "marks => marks.map(m => m.getBoundingClientRect().width).reduce((b, w, i, all) => w > all[b] ? i : b, 0)"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The lake of three weeks, its service, and the dashboards over it."""
    folder = tmp_path_factory.mktemp("walk")
    flags = {"home": folder / "home", "service_port": free_port(), "dashboards_port": free_port()}
    settings = Settings.load(flags, environ={}, file=folder / "none.toml")
    with three_weeks(settings, folder), serving(settings, folder):
        yield settings


def settled(page: Page) -> None:
    """Wait until the page is drawn."""
    expect(page.get_by_text(re.compile(r"Release \d+ · published"))).to_be_visible()
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)


def picture(page: Page, folder: Path | None, name: str, *, height: int = 1000) -> None:
    """Keep a picture for the docs, where SCREENSHOTS names a folder."""
    if folder:
        page.set_viewport_size({"width": 1440, "height": height})
        page.wait_for_timeout(1500)
        page.screenshot(path=folder / f"{name}-{page.scheme}.png")  # type: ignore[attr-defined]
        page.set_viewport_size({"width": 1440, "height": 1000})
        page.wait_for_timeout(500)


def first_row(page: Page, name: str) -> None:
    """Click the first row of a table; its cells are drawn on a canvas."""
    table = page.locator(f".st-key-table-{name} canvas").first
    table.evaluate("canvas => canvas.scrollIntoView({block: 'center'})")
    page.wait_for_timeout(500)
    box = table.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 100, box["y"] + 54)


def sound(page: Page) -> dict[str, Any]:
    """Where the player is."""
    found: dict[str, Any] = page.locator("audio.media").evaluate(
        "a => ({at: a.currentTime, paused: a.paused, ready: a.readyState, heard: a.played.length})"
    )
    return found


def plays_only(page: Page, mark: Locator, start: float, end: float) -> None:
    """A click on `mark` plays from `start` and stops at `end`."""
    mark.click()
    page.wait_for_function(
        "end => { const a = document.querySelector('.st-key-player')?.querySelector('*');"
        " return [...document.querySelectorAll('*')].some(e => e.shadowRoot?.querySelector('audio.media')?.paused"
        " && Math.abs(e.shadowRoot.querySelector('audio.media').currentTime - end) < 0.12) }",
        arg=end,
    )
    assert sound(page)["at"] == pytest.approx(end, abs=0.12)
    assert end - start < 15


def seconds(label: str) -> tuple[float, float]:
    """`0:03.20 to 0:05.71` of an accessible name."""
    found = re.search(r"(\d+):([\d.]+) to (\d+):([\d.]+)", label)
    assert found is not None, label
    return 60 * int(found[1]) + float(found[2]), 60 * int(found[3]) + float(found[4])


def test_from_agreement_fell_to_the_very_seconds(lab: Settings, view: Page, screenshots: Path | None) -> None:
    view.goto(lab.dashboards_url)
    settled(view)
    alert = view.get_by_role("button", name=re.compile(f"Agreement on speaker of {JOB} fell by 0"))
    expect(alert).to_be_visible()
    picture(view, screenshots, "walk-1-overview", height=1250)

    alert.click()  # 1: what fell
    expect(view).to_have_url(re.compile(rf"/agreement\?(?=.*layer=speaker).*job={JOB}"))
    settled(view)
    expect(view.get_by_role("heading", name="On which objects do they disagree?")).to_be_visible()
    view.locator(".st-key-table-objects").scroll_into_view_if_needed()
    picture(view, screenshots, "walk-2-agreement")

    first_row(view, "objects")  # 2: the recording with the most disagreement
    expect(view).to_have_url(re.compile(rf"/item\?of={JOB}&item=\d+"))
    settled(view)
    marks = view.locator(".wave button.dispute.label:not([aria-label*=nothing])")  # two labels, not one and silence
    expect(marks.first).to_be_visible()
    widest = marks.nth(marks.evaluate_all(WIDEST))
    start, end = seconds(widest.get_attribute("aria-label") or "")
    assert end - start > 0.5

    plays_only(view, widest, start, end)  # 3: the seconds that are disputed
    picture(view, screenshots, "walk-3-item", height=1150)

    said = [
        (segment, text, *seconds(text))
        for segment in view.locator(".group .row:not(.consensus) button.segment").all()
        if (text := segment.get_attribute("aria-label") or "") and seconds(text)[0] < end and seconds(text)[1] > start
    ]
    one, another = different(said)
    plays_only(view, one[0], one[2], one[3])  # 4: what one annotator called it
    expect(view.locator(".bar .status")).to_contain_text(label_of(one[1]))
    plays_only(view, another[0], another[2], another[3])  # 5: what another one called it
    expect(view.locator(".bar .status")).to_contain_text(label_of(another[1]))
    assert label_of(one[1]) != label_of(another[1]) and one[1][-18:] != another[1][-18:]


def different(said: list[tuple[Any, ...]]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Two segments that overlap, of two annotators who gave different labels."""
    for one in said:
        for another in said:
            if one[1][-18:] != another[1][-18:] and label_of(one[1]) != label_of(another[1]) and one[2] < another[3]:
                return one, another
    pytest.fail(f"No two annotators differ there: {[s[1] for s in said]}")


def label_of(text: str) -> str:
    return text.removeprefix("Play ").split(",", maxsplit=1)[0]


def test_the_queue_leads_to_its_seconds_and_to_a_manifest(lab: Settings, view: Page, screenshots: Path | None) -> None:
    from annolake.manifest.read import line_problem

    view.goto(f"{lab.dashboards_url}/disputes?job={JOB}&layer=speaker")
    settled(view)
    expect(view.get_by_role("heading", name="What to look at first?")).to_be_visible()
    picture(view, screenshots, "dashboard-disputes", height=1750)
    with view.expect_download() as download:
        view.get_by_role("button", name=re.compile("Manifest of 10 objects")).click()
    lines = [json.loads(line) for line in Path(download.value.path()).read_text().splitlines()]
    assert len(lines) == 10 and not any(map(line_problem, lines))
    assert all(line["categories"]["speaker"] == ["Speaker A", "Speaker B"] and line["disputes"] for line in lines)

    view.reload()
    settled(view)
    first_row(view, "disputes")
    expect(view).to_have_url(re.compile(rf"/item\?of={JOB}&item=\d+&in=speaker&t=[\d.]+"))
    settled(view)
    expect(view.locator(".wave button.dispute.chosen")).to_have_count(1)
    at = float(re.search(r"t=([\d.]+)", view.url)[1])  # type: ignore[index]
    assert seconds(view.locator(".wave button.dispute.chosen").get_attribute("aria-label") or "")[0] == pytest.approx(
        at, abs=0.006
    )
    picture(view, screenshots, "dashboard-item", height=1900)


def test_a_link_opens_the_object_at_its_second_in_a_fresh_process(lab: Settings, view: Page) -> None:
    view.goto(f"{lab.dashboards_url}/item?job={JOB}&item=30&t=4.5")
    settled(view)
    expect(view.locator(".bar .clock")).to_contain_text("0:04.5 /")
    view.locator(".scroll").focus()
    view.keyboard.press("ArrowRight")
    expect(view.locator(".bar .clock")).to_contain_text("0:05.5 /")
    expect(view.get_by_role("link", name="Overview")).to_be_visible()


def test_without_the_media_the_timelines_are_complete(lab: Settings, view: Page) -> None:
    view.goto(f"{lab.dashboards_url}/item?job={JOB}&item=3")
    settled(view)
    expect(view.locator(".bar .status")).to_contain_text("not registered, so nothing can be played")
    expect(view.locator(".bar .play")).to_be_disabled()
    assert view.locator("button.segment").count() > 6
