"""`annolake template preview`: faults by line and column, and the real page in Chromium with a local file."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from annolake.config import Settings
from annolake.errors import AnnolakeError
from annolake.service.templates import TemplateFault
from annolake.template.task import Trial, read_labels

BOXES = """<script src="https://assets.crowd.aws/crowd-html-elements.js"></script>
<crowd-form><crowd-bounding-box name="boxes" labels="{{ task.input.labels | to_json | escape }}"
src="{{ task.input.taskObject | grant_read_access }}"></crowd-bounding-box></crowd-form>"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Image.new("RGB", (400, 200), "#88aacc").save(tmp_path / "sea.png")
    lines = [{"source-ref": "sea.png"}, {"source-ref": "none.png"}, {"source-ref": "s3://annolake-media/a.png"}]
    (tmp_path / "in.manifest").write_text("".join(json.dumps(line) + "\n" for line in lines) + "[1]\n{nope\n")
    (tmp_path / "boxes.html").write_text(BOXES)
    return tmp_path


def trial(settings: Settings, folder: Path, text: str = BOXES, line: int = 1) -> Trial:
    (folder / "t.html").write_text(text)
    return Trial(settings, folder / "t.html", folder / "in.manifest", line, ["Boat"])


def test_faults_say_where(settings: Settings, folder: Path) -> None:
    with pytest.raises(TemplateFault, match=r"line 2, column"):
        trial(settings, folder, "<p>\n{{ x | nonsense }} and more").render("http://here")
    with pytest.raises(TemplateFault, match=r"none\.png"):
        trial(settings, folder, line=2).render("http://here")
    for line, words in ((4, "object"), (5, "JSON"), (9, "5 lines")):
        with pytest.raises(AnnolakeError, match=words):
            trial(settings, folder, line=line).render("http://here")


def test_only_the_sources_of_the_task_are_granted(settings: Settings, folder: Path) -> None:
    with pytest.raises(TemplateFault, match="does not stand"):
        trial(settings, folder, "{{ '/etc/passwd' | grant_read_access }}").render("http://here")
    assert "X-Amz-Signature" in trial(settings, folder, line=3).render("http://here")


def test_labels_come_from_a_list_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "labels.json").write_text('{"labels": [{"label": "a"}, {"label": "b"}]}')
    assert read_labels(str(tmp_path / "labels.json")) == read_labels(" a, b") == ["a", "b"]
    assert read_labels("") == []
    (tmp_path / "labels.json").write_text("[]")
    with pytest.raises(AnnolakeError, match="label category"):
        read_labels(str(tmp_path / "labels.json"))


@pytest.fixture
def address(settings: Settings, folder: Path) -> Iterator[str]:
    """The command itself, running."""
    arguments = ["boxes.html", "--manifest", "in.manifest", "--labels", "Boat,Tree", "--no-browser"]
    command = [sys.executable, "-m", "annolake", "--home", str(settings.home), "template", "preview", *arguments]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+/", process.stdout.readline())
        assert found
        yield found.group()
        process.terminate()


@pytest.mark.browser
def test_the_answer_is_shown_and_not_sent(chromium: Browser, address: str, folder: Path) -> None:
    page = chromium.new_page(viewport={"width": 1300, "height": 700})
    page.goto(address)
    frame = page.frame_locator("iframe")
    expect(frame.locator("svg")).to_be_visible()
    box = frame.locator("svg").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 4)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.up()
    frame.get_by_role("button", name="Submit").click()
    expect(page.locator("#answer")).to_contain_text("boundingBoxes")
    answer = json.loads(page.locator("#answer").inner_text())["boxes"]
    assert answer["inputImageProperties"] == {"height": 200, "width": 400}
    assert [(b["label"], round(b["left"], -1), round(b["width"], -1)) for b in answer["boundingBoxes"]] == [
        ("Boat", 100, 100)
    ]
    expect(frame.get_by_text("nothing was submitted").first).to_be_visible()
    if pictures := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(pictures) / "template-preview.png")
    (folder / "boxes.html").write_text("<p>{{ task.input.labels | nonsense }}</p>")
    page.get_by_role("button", name="Reload").click()
    expect(frame.get_by_role("alert")).to_contain_text("nonsense")
    page.close()


def test_check_ends_with_1_and_the_place(settings: Settings, folder: Path) -> None:
    (folder / "bad.html").write_text("<p>{{ task.input | nonsense }} and more")
    command = [sys.executable, "-m", "annolake", "--home", str(settings.home), "template", "preview", "--check"]
    bad = subprocess.run([*command, "bad.html"], cwd=folder, capture_output=True, text=True, check=False)
    assert bad.returncode == 1 and "line 1" in bad.stderr
    good = [*command, "boxes.html", "--manifest", "in.manifest", "--labels", "Boat"]
    assert subprocess.run(good, cwd=folder, capture_output=True, check=False).returncode == 0
