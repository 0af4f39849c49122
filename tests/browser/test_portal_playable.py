"""Media that browsers cannot play reaches the annotator as its copy; labels stay those of the original."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from annolake.lake.catalog import open_lake
from annolake.manifest.write import asset_line
from annolake.media.ingest import ingest
from tests.browser.conftest import OpenTask
from tests.browser.portal_lab import Lab, template_text
from tests.media.samples import click_file, flash_file

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def lines(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Manifest lines of an AIFF and an AVI, by name."""
    folder = tmp_path_factory.mktemp("unplayable")
    click_file(folder / "a.aiff", "pcm_s16be", seconds=3.0)
    flash_file(folder / "b.avi", "mpeg4", sound="pcm_s16le")
    ingest(lab.settings, str(folder))
    with open_lake(lab.settings) as lake:
        return {a["name"]: asset_line(a) for a in lake.scan("silver.asset").to_pylist()}


def plays(page: Page, frame: FrameLocator, what: str) -> bool:
    player = frame.locator(what)
    player.evaluate("v => v.play()")
    page.wait_for_timeout(600)
    return bool(player.evaluate("v => v.currentTime > 0.2 && v.error === null"))


def test_aiff_is_heard(lab: Lab, lines: dict[str, dict[str, Any]], page: Page, open_task: OpenTask) -> None:
    line = lines["a.aiff"]
    assert line["source-ref"].endswith(".aiff") and line["play-ref"].endswith(".m4a")
    frame = open_task(lab.make_job("aiff", [line], template_text("audio_segmentation")))
    expect(frame.get_by_role("button", name="Submit")).to_be_visible()
    assert plays(page, frame, "audio")
    page.keyboard.press("Shift+Digit1")
    page.wait_for_timeout(600)
    page.keyboard.press("Shift+Digit1")
    expect(frame.locator("tbody tr")).to_have_count(1)


def test_avi_is_seen(lab: Lab, lines: dict[str, dict[str, Any]], page: Page, open_task: OpenTask) -> None:
    template = template_text("video_classification")
    frame = open_task(lab.make_job("avi", [lines["b.avi"]], template, labels=["Walk", "Trot"]))
    expect(frame.get_by_role("radio")).to_have_count(2)
    assert plays(page, frame, "video")
    frame.get_by_text("Trot").click()
    frame.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("heading", name="No task for you right now")).to_be_visible()
    assert lab.answers("avi") == [{"crowd-classifier": {"label": "Trot"}}]
