"""An audio task from sign-in to the stored answer, in a real browser."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from tests.browser.conftest import OpenTask
from tests.browser.portal_lab import DURATION_S, Lab, template_text

pytestmark = pytest.mark.browser


class Editor:
    """The segment editor as a person uses it: moments on the waveform, rows of the table."""

    WAVE_Y = 40
    LANE_Y = 104 + 18 + 15

    def __init__(self, page: Page, frame: FrameLocator) -> None:
        self.page = page
        self.frame = frame
        expect(frame.get_by_role("button", name="Play", exact=True)).to_be_enabled()
        self.frame.locator("#wave canvas").first.wait_for()

    def _at(self, seconds: float, y: float) -> tuple[float, float]:
        box = self.frame.locator("#wave").bounding_box()
        assert box
        return box["x"] + box["width"] * seconds / DURATION_S, box["y"] + y

    def drag(self, start: float, end: float, y: float = WAVE_Y) -> None:
        self.page.mouse.move(*self._at(start, y))
        self.page.mouse.down()
        self.page.mouse.move(*self._at((start + end) / 2, y))
        self.page.mouse.move(*self._at(end, y), steps=3)
        self.page.mouse.up()

    def seek(self, seconds: float) -> None:
        self.page.mouse.click(*self._at(seconds, self.WAVE_Y))

    def grab_handle(self, segment: int, edge: str, to: float) -> None:
        """Drag a segment's handle in its lane."""
        handle = self.frame.locator(f'[data-key="{segment}"][data-grip="{edge}"].handle')
        box = handle.bounding_box()
        assert box
        # the distance to what is held stays the same during a drag, so take the handle by the edge itself
        self.page.mouse.move(box["x"] + (box["width"] - 1 if edge == "end" else 1), box["y"] + box["height"] / 2)
        self.page.mouse.down()
        self.page.mouse.move(*self._at(to, self.LANE_Y), steps=4)
        self.page.mouse.up()

    def rows(self) -> list[tuple[float, float, str, str]]:
        """Start, end, label and text of every row."""
        return [
            (
                _seconds(row.get_by_label(re.compile("^Start")).input_value()),
                _seconds(row.get_by_label(re.compile("^End")).input_value()),
                row.get_by_label(re.compile("^Label")).locator("option:checked").inner_text(),
                row.get_by_label(re.compile("^Text")).input_value(),
            )
            for row in self.frame.locator("tbody tr").all()
        ]


def _seconds(text: str) -> float:
    minutes, seconds = text.split(":")
    return int(minutes) * 60 + float(seconds)


PIXEL_S = DURATION_S / 1000
"""A drag lands on a whole pixel; the waveform is more than 1000 wide."""


def near(seconds: float) -> Any:
    return pytest.approx(seconds, abs=2 * PIXEL_S)


def test_mark_edit_answer_submit(
    lab: Lab, speech: dict[str, str], page: Page, open_task: OpenTask, screenshots: Path | None
) -> None:
    line = {**speech, "categories": {"speaker": ["Customer", "Agent"]}, "transcription": "good morning"}
    job = lab.make_job("calls", [line, line], template_text("audio_segmentation"), title="Who speaks when?")
    frame = open_task(job)
    editor = Editor(page, frame)
    expect(page.get_by_text("0 of 2 answered by you")).to_be_visible()

    editor.drag(1, 3.3)
    editor.drag(7, 10)
    page.keyboard.press("2")
    editor.drag(3.5, 6)
    editor.drag(10.5, 11.5)
    assert [(near(a), near(b), c) for a, b, c, _ in editor.rows()] == [
        (1, 3.3, "Customer"),
        (3.5, 6, "Agent"),
        (7, 10, "Customer"),
        (10.5, 11.5, "Agent"),
    ]

    editor.grab_handle(1, "end", to=3.0)
    assert editor.rows()[0][1] == near(3.0)
    frame.get_by_label("Text of segment 1").fill("Good morning, I have a question about my bill.")
    frame.get_by_label("Text of segment 2").fill("Of course. Which month is it?")
    frame.get_by_label("Text of segment 3").fill("The one of March.")
    frame.get_by_label("Emotion of segment 1").select_option("Worried")

    frame.get_by_label("Delete segment 4").click()
    assert len(editor.rows()) == 3
    editor.seek(8)
    page.keyboard.press("Control+z")
    assert len(editor.rows()) == 4
    page.keyboard.press("Control+Shift+Z")
    assert len(editor.rows()) == 3
    if screenshots:
        page.keyboard.press("n")
        page.screenshot(path=screenshots / "portal-audio.png")

    frame.get_by_label("Speech", exact=True).check()
    frame.get_by_label("Music").check()
    frame.get_by_label("Female", exact=True).check()
    frame.get_by_label("4", exact=True).check()
    frame.get_by_label("Whole transcript").fill("good morning\nof course")
    # the last edit before the answer goes out must be in it
    frame.get_by_label("Text of segment 3").fill("The one of May.")
    frame.get_by_role("button", name="Submit").click()

    expect(page.get_by_text("Answer saved.")).to_be_visible()
    expect(page.get_by_text("1 of 2 answered by you")).to_be_visible()
    Editor(page, page.frame_locator("iframe"))  # the next task is there
    expect(frame.locator("tbody tr")).to_have_count(0)

    (answer,) = lab.answers(job)
    annotations = json.loads(answer.pop("annotations"))
    assert answer == {
        "speechNonSpeech": {"speech": True, "non-speech": False},
        "backgroundNoise": {"traffic": False, "music": True, "ambient": False},
        "speakerGender": {"male": False, "female": True},
        "environmentalSounds": {"doorbell": False, "footsteps": False, "birdsChirping": False},
        "rate": {"1": False, "2": False, "3": False, "4": True, "5": False},
        "textTranslationFinal": "good morning\nof course",
        "emotiontag": "Neutral",
        "label": "The one of May.",
    }
    assert annotations["categories"] == {"speaker": ["Customer", "Agent"]}
    assert annotations["streams"] == {
        "speaker": [
            {
                "id": "Customer",
                "start": near(1),
                "end": near(3),
                "text": "Good morning, I have a question about my bill.",
                "emotion": "Worried",
            },
            {
                "id": "Agent",
                "start": near(3.5),
                "end": near(6),
                "text": "Of course. Which month is it?",
                "emotion": "Neutral",
            },
            {"id": "Customer", "start": near(7), "end": near(10), "text": "The one of May.", "emotion": "Neutral"},
        ]
    }
    assert annotations["elapsedTime"] == annotations["endTimestamp"] - annotations["startTimestamp"] > 0
    assert annotations["startUTCTime"].endswith(" GMT") and annotations["endUTCTime"].endswith(" GMT")


def test_segments_of_one_label_stay_apart(lab: Lab, speech: dict[str, str], page: Page, open_task: OpenTask) -> None:
    editor = Editor(page, open_task(lab.make_job("apart", [speech], template_text("audio_segmentation"))))
    editor.drag(2, 4)
    editor.drag(6, 8)
    page.keyboard.press("Escape")
    editor.drag(5, 7)  # runs into the second one
    assert [(near(a), near(b)) for a, b, *_ in editor.rows()] == [(2, 4), (5, 6), (6, 8)]
    editor.grab_handle(1, "end", to=11)
    assert editor.rows()[0][1] == near(5)
    editor.drag(2.5, 3, y=Editor.LANE_Y)  # its middle moves it, but not through its neighbour
    assert [near(a) for a, *_ in editor.rows()] == [2, 5, 6]
    editor.frame.get_by_label("Label of segment 2").select_option(label="Speaker B")
    assert editor.rows()[1][2] == "Speaker B"
    editor.drag(6.2, 7.4, y=Editor.LANE_Y + 30)  # the other lane is free there
    assert [row[2] for row in editor.rows()] == ["Speaker A", "Speaker B", "Speaker A", "Speaker B"]
    editor.frame.get_by_label("Label of segment 4").select_option(label="Speaker A")
    expect(editor.frame.get_by_text("Speaker A already has a segment at that time.")).to_be_visible()
    assert editor.rows()[3][2] == "Speaker B"


def test_label_while_playing_and_by_keys(lab: Lab, speech: dict[str, str], page: Page, open_task: OpenTask) -> None:
    editor = Editor(page, open_task(lab.make_job("playing", [speech], template_text("audio_segmentation"))))
    frame = editor.frame
    editor.seek(2)
    page.keyboard.press("m")
    expect(frame.get_by_role("button", name="End segment")).to_be_visible()
    page.wait_for_timeout(1000)
    page.keyboard.press("m")
    ((start, end, label, _),) = editor.rows()
    assert (start, label) == (near(2), "Speaker A")
    assert 2.5 < end < 5
    page.keyboard.press("Space")
    expect(frame.get_by_role("button", name="Play", exact=True)).to_be_visible()

    page.keyboard.press("e")
    page.keyboard.press("w")
    assert editor.rows()[0][:2] == (pytest.approx(start + 0.05), pytest.approx(end - 0.05))
    editor.seek(11)
    page.keyboard.press("o")
    assert editor.rows()[0][1] == near(11)
    editor.seek(6)
    page.keyboard.press("s")
    assert [near(a) for a, *_ in editor.rows()] == [start + 0.05, 6]

    page.keyboard.press("Shift+Digit2")
    page.wait_for_timeout(400)
    page.keyboard.press("Shift+Digit2")
    assert {row[2] for row in editor.rows()} == {"Speaker A", "Speaker B"}

    page.keyboard.press("t")
    expect(frame.locator("tr.selected .text")).to_be_focused()
    page.keyboard.type("keys are words here: m s Delete")
    assert len(editor.rows()) == 3
    assert any(row[3] == "keys are words here: m s Delete" for row in editor.rows())
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(frame.get_by_role("heading", name="Keys and gestures")).to_be_visible()
    page.keyboard.press("Escape")
    for _ in range(4):
        page.keyboard.press("+")
    canvas = frame.locator("#wave").evaluate(
        "e => e.firstElementChild.shadowRoot.querySelector('.wrapper').scrollWidth"
    )
    assert canvas > 10_000


def test_play_selected_segment_stops_at_its_end(
    lab: Lab, speech: dict[str, str], page: Page, open_task: OpenTask
) -> None:
    editor = Editor(page, open_task(lab.make_job("play", [speech], template_text("audio_segmentation"))))
    editor.drag(1, 1.8)
    page.keyboard.press("Enter")
    expect(editor.frame.get_by_role("button", name="Pause")).to_be_visible()
    expect(editor.frame.get_by_role("button", name="Play", exact=True)).to_be_visible()
    end = editor.rows()[0][1]
    assert _seconds(editor.frame.locator("#now").inner_text()) == pytest.approx(end, abs=0.06)


def test_nothing_is_submitted_by_mistake(lab: Lab, speech: dict[str, str], page: Page, open_task: OpenTask) -> None:
    job = lab.make_job("silence", [speech], template_text("audio_segmentation"))
    editor = Editor(page, open_task(job))
    frame = editor.frame
    frame.get_by_role("button", name="Submit").click()
    expect(frame.get_by_role("alert").filter(has_text="Mark at least one segment")).to_be_visible()
    frame.get_by_label("There is nothing to mark in this recording").check()
    frame.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("heading", name="No task for you right now")).to_be_visible()
    annotations = json.loads(lab.answers(job)[0]["annotations"])
    assert (annotations["streams"], annotations["nothingToMark"]) == ({}, True)


def test_waveform_without_peaks_and_segments_to_start_from(
    lab: Lab, speech: dict[str, str], page: Page, open_task: OpenTask
) -> None:
    old = {"streams": {"speaker": [{"id": "Speaker B", "start": 7, "end": 9.5, "label": "an older answer"}]}}
    line = {"source-ref": speech["source-ref"], "annotations": json.dumps(old)}
    editor = Editor(page, open_task(lab.make_job("older", [line], template_text("audio_segmentation"))))
    assert editor.rows() == [(7, 9.5, "Speaker B", "an older answer")]
    drawn = editor.frame.locator("#wave").evaluate(
        """e => { const c = e.firstElementChild.shadowRoot.querySelector('canvas');
                  const d = c.getContext('2d').getImageData(0, 0, c.width, 12).data;
                  return d.some(v => v > 0) }"""
    )
    assert drawn, "loud parts reach the top of the waveform"


def test_missing_recording_is_told(lab: Lab, page: Page, open_task: OpenTask) -> None:
    line = {"source-ref": f"s3://{lab.settings.media_bucket}/none.wav"}
    frame = open_task(lab.make_job("missing", [line], template_text("audio_segmentation")))
    expect(frame.get_by_text("The recording cannot be played").first).to_be_visible()
    expect(frame.get_by_role("button", name="Try again")).to_be_visible()
