"""Video: play, classify, submit; and segments of a video."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenTask
from tests.browser.portal_lab import Lab, template_text

pytestmark = pytest.mark.browser
LABELS = ["Indoor talk", "Street", "Nature", "Sport"]


def test_play_classify_submit(
    lab: Lab, scene: dict[str, str], page: Page, open_task: OpenTask, screenshots: Path | None
) -> None:
    template = template_text("video_classification")
    job = lab.make_job("clips", [scene, scene], template, labels=LABELS, title="What kind of scene is it?")
    frame = open_task(job)
    expect(frame.get_by_role("radio")).to_have_count(4)
    video = frame.locator("video")
    video.evaluate("v => v.play()")
    page.wait_for_timeout(800)
    assert video.evaluate("v => v.currentTime > 0.2 && v.error === null")

    frame.get_by_role("button", name="Submit").click()
    expect(frame.get_by_role("alert").filter(has_text="Choose a category first.").first).to_be_visible()
    page.keyboard.press("3")
    expect(frame.get_by_role("radio", name="Nature")).to_be_checked()
    frame.get_by_role("button", name="Full instructions").click()
    expect(frame.get_by_text("Where two categories fit")).to_be_visible()
    frame.get_by_role("button", name="Close").click()
    if screenshots:
        page.screenshot(path=screenshots / "portal-video.png")
    frame.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("Answer saved.")).to_be_visible()
    expect(page.get_by_text("1 of 2 answered by you")).to_be_visible()
    expect(frame.get_by_role("radio", name="Nature")).not_to_be_checked()

    frame.get_by_text("Sport").click()
    frame.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("heading", name="No task for you right now")).to_be_visible()
    assert lab.answers(job, 2) == [
        {"crowd-classifier": {"label": "Nature"}},
        {"crowd-classifier": {"label": "Sport"}},
    ]


def test_segments_of_a_video_without_sound(lab: Lab, scene: dict[str, str], page: Page, open_task: OpenTask) -> None:
    line = {**scene, "media": "video", "categories": {"Gait": ["Walk", "Trot"], "Dog": ["Dog #1"]}}
    job = lab.make_job("gaits", [line], template_text("audio_segmentation"))
    frame = open_task(job)
    expect(frame.get_by_text("The waveform of this recording cannot be drawn")).to_be_visible()
    page.keyboard.press("Shift+Digit3")
    page.wait_for_timeout(700)
    page.keyboard.press("Shift+Digit3")
    expect(frame.locator("tbody tr")).to_have_count(1)
    frame.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("heading", name="No task for you right now")).to_be_visible()
    streams = json.loads(lab.answers(job)[0]["annotations"])["streams"]
    assert list(streams) == ["Dog"]
    (segment,) = streams["Dog"]
    assert segment["id"] == "Dog #1"
    assert 0 <= segment["start"] < segment["end"] <= 3.0
