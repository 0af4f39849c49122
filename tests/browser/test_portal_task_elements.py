"""The elements of a whole task in Chromium: several classes, images, boxes, polygons, keypoints, text; and layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from tests.browser.conftest import OpenTask
from tests.browser.portal_lab import Lab

pytestmark = pytest.mark.browser

LOADER = '<script src="https://assets.crowd.aws/crowd-html-elements.js"></script>'
LABELS = """labels="['Boat', 'Tree']" """
SRC = 'src="{{ task.input.source-ref | grant_read_access }}"'


def form(inside: str) -> str:
    return f"{LOADER}<crowd-form>{inside}</crowd-form>"


def drawing(element: str, more: str = "") -> str:
    return form(
        f'<{element} name="drawn" header="Mark boats and trees" {LABELS} {SRC} {more}>'
        "<short-instructions>Keep close to the edges.</short-instructions>"
        f"<full-instructions><p>Everything that floats is a boat.</p></full-instructions></{element}>"
    )


def drag(page: Page, frame: FrameLocator, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag between two places that are shares of the picture's width and height."""
    box = frame.locator("svg").first.bounding_box()
    assert box is not None
    at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, end)]
    page.mouse.move(*at[0])
    page.mouse.down()
    page.mouse.move((at[0][0] + at[1][0]) / 2, (at[0][1] + at[1][1]) / 2)
    page.mouse.move(*at[1])
    page.mouse.up()


def click(page: Page, frame: FrameLocator, x: float, y: float) -> None:
    drag(page, frame, (x, y), (x, y))


def submit(page: Page, frame: FrameLocator) -> None:
    frame.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("heading", name="No task for you right now")).to_be_visible()


def near(value: dict[str, Any], **expected: float) -> bool:
    return all(abs(value[name] - number) <= 4 for name, number in expected.items())


def test_boxes_are_drawn_moved_relabeled_and_taken_back(
    lab: Lab, page: Page, open_task: OpenTask, lake_png: dict[str, str], screenshots: Path | None
) -> None:
    job = lab.make_job("boxes", [lake_png], drawing("crowd-bounding-box"))
    frame = open_task(job)
    expect(frame.locator("svg")).to_be_visible()
    frame.get_by_role("button", name="Submit").click()
    expect(frame.get_by_role("alert").first).to_contain_text("Draw at least one box")
    drag(page, frame, (0.15, 0.25), (0.40, 0.725))
    page.keyboard.press("2")  # what was just drawn is a tree, then a boat again
    page.keyboard.press("1")
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    drag(page, frame, (0.97, 0.65), (0.73, 0.2))
    drag(page, frame, (0.97, 0.65), (0.895, 0.65))  # its corner
    drag(page, frame, (0.5, 0.8), (0.6, 0.9))
    expect(frame.get_by_role("heading", name="3 boxes")).to_be_visible()
    page.keyboard.press("Delete")
    expect(frame.get_by_role("heading", name="2 boxes")).to_be_visible()
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+Shift+z")
    if screenshots:
        frame.get_by_role("button", name="Tree", exact=True).click()
        page.screenshot(path=screenshots / "portal-boxes.png")
    expect(page.get_by_text("Draft saved")).to_be_visible()
    page.reload()
    expect(frame.get_by_role("heading", name="2 boxes")).to_be_visible()
    submit(page, frame)
    (answer,) = lab.answers(job)
    boat, tree = answer["drawn"]["boundingBoxes"]
    assert answer["drawn"]["inputImageProperties"] == {"height": 400, "width": 800}
    assert (boat["label"], tree["label"]) == ("Boat", "Tree")
    assert near(boat, left=120, top=100, width=200, height=190)
    assert near(tree, left=584, top=80, width=132, height=180)
    assert "initialValueModified" not in answer["drawn"]


@pytest.mark.parametrize("is_changed", [False, True])
def test_boxes_of_an_earlier_job_are_put_right(
    lab: Lab, page: Page, open_task: OpenTask, lake_png: dict[str, str], is_changed: bool
) -> None:
    before = '[{"label": "Boat", "left": 100, "top": 100, "width": 200, "height": 100}]'
    job = lab.make_job(f"adjust-{is_changed}", [lake_png], drawing("crowd-bounding-box", f"initial-value='{before}'"))
    frame = open_task(job)
    expect(frame.get_by_role("heading", name="1 box")).to_be_visible()
    if is_changed:
        frame.get_by_role("button", name="Boat", exact=True).click()
        page.keyboard.press("Shift+ArrowRight")
        page.keyboard.press("ArrowUp")
    submit(page, frame)
    (answer,) = lab.answers(job)
    left, top = (110, 99) if is_changed else (100, 100)
    assert answer["drawn"]["boundingBoxes"] == [
        {"label": "Boat", "left": left, "top": top, "width": 200, "height": 100}
    ]
    assert answer["drawn"]["initialValueModified"] is is_changed


def test_nothing_to_label_is_said_on_purpose(
    lab: Lab, page: Page, open_task: OpenTask, lake_png: dict[str, str]
) -> None:
    job = lab.make_job("no-boxes", [lake_png], drawing("crowd-bounding-box"))
    frame = open_task(job)
    frame.get_by_label("Nothing to label").check()
    submit(page, frame)
    assert lab.answers(job)[0]["drawn"]["boundingBoxes"] == []


@pytest.mark.parametrize("key", ["polygons", "polylines"])
def test_points_make_a_line(lab: Lab, page: Page, open_task: OpenTask, lake_png: dict[str, str], key: str) -> None:
    corners = [(0.15, 0.6), (0.4, 0.6), (0.36, 0.72)]
    job = lab.make_job(key, [lake_png], drawing(f"crowd-{key.removesuffix('s')}"))
    frame = open_task(job)
    expect(frame.locator("svg")).to_be_visible()
    for corner in (*corners, (0.9, 0.9)):
        click(page, frame, *corner)
    page.keyboard.press("Backspace")
    page.keyboard.press("Enter")
    submit(page, frame)
    (shape,) = lab.answers(job)[0]["drawn"][key]
    assert shape["label"] == "Boat" and len(shape["vertices"]) == 3
    assert all(near(v, x=x * 800, y=y * 400) for v, (x, y) in zip(shape["vertices"], corners, strict=True))


def test_keypoints(lab: Lab, page: Page, open_task: OpenTask, lake_png: dict[str, str]) -> None:
    job = lab.make_job("keypoints", [lake_png], drawing("crowd-keypoint"))
    frame = open_task(job)
    expect(frame.locator("svg")).to_be_visible()
    click(page, frame, 0.25, 0.25)
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    click(page, frame, 0.8, 0.2)
    submit(page, frame)
    boat, tree = lab.answers(job)[0]["drawn"]["keypoints"]
    assert (boat["label"], tree["label"]) == ("Boat", "Tree")
    assert near(boat, x=200, y=100) and near(tree, x=640, y=80)


def test_several_classes_of_an_image(
    lab: Lab, page: Page, open_task: OpenTask, lake_png: dict[str, str], screenshots: Path | None
) -> None:
    text = form(
        f"""<crowd-image-classifier-multi-select name="seen" header="What do you see?" {SRC}
        categories="['Boat', 'Tree', 'House']" exclusion-category="{{ text: 'None of the above' }}">
        <short-instructions>All that you see.</short-instructions></crowd-image-classifier-multi-select>"""
    )
    job = lab.make_job("multi", [lake_png], text)
    frame = open_task(job)
    frame.get_by_role("button", name="Submit").click()
    expect(frame.get_by_role("alert").first).to_contain_text("Choose at least one")
    frame.get_by_label("None of the above").check()
    frame.get_by_label("Tree").check()
    expect(frame.get_by_label("None of the above")).not_to_be_checked()
    page.keyboard.press("1")
    if screenshots:
        page.screenshot(path=screenshots / "portal-classes.png")
    submit(page, frame)
    assert lab.answers(job)[0] == {"seen": {"labels": ["Boat", "Tree"]}}


def test_an_image_is_verified_with_a_comment(
    lab: Lab, page: Page, open_task: OpenTask, lake_png: dict[str, str]
) -> None:
    text = form(
        f"""<crowd-image-classifier name="right" {SRC} categories="['good', 'bad']">
        <worker-comment><p>Anything to remark?</p></worker-comment></crowd-image-classifier>"""
    )
    job = lab.make_job("verify", [lake_png], text)
    frame = open_task(job)
    page.keyboard.press("2")
    frame.get_by_label("bad").check()
    frame.get_by_label("Comment").fill("too wide")
    submit(page, frame)
    assert lab.answers(job)[0] == {"right": {"label": "bad", "workerComment": "too wide"}}


def test_text_is_marked_in_code_points(lab: Lab, page: Page, open_task: OpenTask, screenshots: Path | None) -> None:
    text = form(
        """<crowd-entity-annotation name="found" header="Mark people and places" labels="['Person', 'Place']"
        text="{{ task.input.source }}"><short-instructions>Names only.</short-instructions></crowd-entity-annotation>"""
    )
    source = "🏔 Ada walked from Bern to Uri."
    job = lab.make_job("entities", [{"source": source}], text)
    frame = open_task(job)
    choose = """(node, [from, to]) => {
        const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
        const range = document.createRange();
        while (walker.nextNode()) {
            const place = walker.currentNode.data.indexOf(from);
            if (place >= 0) {
                range.setStart(walker.currentNode, place);
                range.setEnd(walker.currentNode, place + to);
                break;
            }
        }
        getSelection().removeAllRanges();
        getSelection().addRange(range);
        node.dispatchEvent(new MouseEvent("mouseup", {bubbles: true}));
    }"""
    page_of_text = frame.locator("[slot=text]")
    page_of_text.evaluate(choose, ["Ada ", 4])
    frame.get_by_label("Place").check()
    page_of_text.evaluate(choose, ["Bern", 4])
    page_of_text.evaluate(choose, ["Uri", 3])
    expect(frame.locator("mark")).to_have_count(3)
    frame.locator("mark", has_text="Uri").click()
    expect(frame.locator("mark")).to_have_count(2)
    if screenshots:
        page.screenshot(path=screenshots / "portal-entities.png")
    submit(page, frame)
    assert lab.answers(job)[0]["found"]["entities"] == [
        {"label": "Person", "startOffset": 2, "endOffset": 5},
        {"label": "Place", "startOffset": 18, "endOffset": 22},
    ]


def test_switches_sliders_tabs_and_other_layout(
    lab: Lab, page: Page, open_task: OpenTask, screenshots: Path | None
) -> None:
    text = form(
        """<crowd-alert type="warning" dismissible>The sound is faint in this set.</crowd-alert>
        <crowd-card heading="About the clip"><p>Recorded <crowd-badge label="2"></crowd-badge> times.</p></crowd-card>
        <crowd-tabs>
          <crowd-tab header="Quality"><p>How clear is it?</p>
            <crowd-slider name="clear" min="0" max="10" value="5" required></crowd-slider></crowd-tab>
          <crowd-tab header="Content"><crowd-toggle-button name="noise" value="loud">Loud noise</crowd-toggle-button>
          </crowd-tab>
        </crowd-tabs>
        <crowd-modal link-text="Examples"><p>Nothing yet.</p></crowd-modal>"""
    )
    job = lab.make_job("layout", [{"source": "a"}], text)
    frame = open_task(job)
    frame.get_by_role("button", name="Submit").click()
    expect(frame.get_by_role("alert").first).to_contain_text("please set a value")
    frame.get_by_role("slider").focus()
    page.keyboard.press("ArrowRight")
    if screenshots:
        page.screenshot(path=screenshots / "portal-layout.png")
    frame.get_by_role("tab", name="Content").click()
    frame.get_by_text("Loud noise").click()
    frame.get_by_role("button", name="Dismiss").click()
    frame.get_by_role("button", name="Examples").click()
    expect(frame.get_by_text("Nothing yet.")).to_be_visible()
    page.keyboard.press("Escape")
    submit(page, frame)
    assert lab.answers(job)[0] == {"clear": 6, "noise": {"loud": True}}
