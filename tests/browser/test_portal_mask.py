"""Semantic segmentation in Chromium: polygon, brush, eraser, undo; the mask that comes back, and putting it right."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from annolake.service.png import decode, encode_indexed
from tests.browser.conftest import OpenTask
from tests.browser.portal_lab import Lab
from tests.browser.test_portal_task_elements import LABELS, SRC, click, drag, form, submit

pytestmark = pytest.mark.browser


GREEN, BLUE = (0x2C, 0xA0, 0x2C), (0x1F, 0x77, 0xB4)
SHORT = "<short-instructions>Keep close to the edges.</short-instructions>"


def segmentation(more: str = "") -> str:
    return form(
        f'<crowd-semantic-segmentation name="painted" header="Paint boats and trees" {LABELS} {SRC} {more}>'
        f"{SHORT}</crowd-semantic-segmentation>"
    )


def mask_of(answer: dict[str, Any]) -> np.ndarray:
    """Classes of pixels: 0 nothing, 1 Boat, 2 Tree, 9 another colour."""
    pixels = decode(base64.b64decode(answer["painted"]["labeledImage"]["pngImageData"]))
    mask = np.full(pixels.shape[:2], 9)
    for value, color in enumerate(((255, 255, 255), GREEN, BLUE)):
        mask[(pixels == color).all(axis=2)] = value
    return mask


def test_areas_are_painted(
    lab: Lab,
    page: Page,
    open_task: OpenTask,
    lake_png: dict[str, str],
    screenshots: Path | None,
) -> None:
    job = lab.make_job("paint", [lake_png], segmentation(), title="Boats and trees", description="Paint them.")
    frame = open_task(job)
    expect(frame.locator("svg")).to_be_visible()
    frame.get_by_role("button", name="Submit").click()
    expect(frame.get_by_role("alert").first).to_contain_text("Paint something")
    for x, y in ((0.15, 0.6), (0.4, 0.6), (0.3625, 0.725), (0.1875, 0.725), (0.15, 0.6)):
        click(page, frame, x, y)
    expect(frame.locator(".shares")).to_contain_text("Boat")
    page.keyboard.press("2")
    page.keyboard.press("b")
    drag(page, frame, (0.78, 0.25), (0.85, 0.25))
    page.keyboard.press("e")
    drag(page, frame, (0.85, 0.25), (0.9, 0.25))
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+Shift+z")
    if screenshots:
        page.keyboard.press("b")
        frame.get_by_label("Brush", exact=True).fill("118")
        click(page, frame, 0.8125, 0.35)
        page.mouse.move(0, 0)
        page.screenshot(path=screenshots / "portal-mask.png")
        page.keyboard.press("Control+z")
        frame.get_by_label("Brush", exact=True).fill("16")
    frame.get_by_label("Paint only where nothing is yet").check()
    page.keyboard.press("b")
    drag(page, frame, (0.25, 0.66), (0.5, 0.66))  # beside the boat only
    expect(page.get_by_text("Draft saved")).to_be_visible()
    page.reload()
    expect(frame.get_by_text("Tree", exact=True)).to_have_count(2)  # the label and its share
    submit(page, frame)
    (answer,) = lab.answers(job)
    assert answer["painted"]["labelMappings"] == {"Boat": {"color": "#2ca02c"}, "Tree": {"color": "#1f77b4"}}
    assert answer["painted"]["inputImageProperties"] == {"height": 400, "width": 800}
    assert "initialValueModified" not in answer["painted"]
    mask = mask_of(answer)
    assert set(np.unique(mask)) == {0, 1, 2}
    boat = (mask == 1).sum()
    assert abs(boat - (200 + 140) / 2 * 50) < 250
    assert [mask[y, x] for x, y in ((200, 265), (320, 264), (390, 264), (620, 100), (690, 100))] == [1, 2, 2, 2, 0]


@pytest.mark.parametrize("is_changed", [False, True])
def test_an_earlier_mask_is_put_right(
    lab: Lab,
    page: Page,
    open_task: OpenTask,
    lake_png: dict[str, str],
    is_changed: bool,
) -> None:
    before = np.zeros((400, 800), np.uint8)
    before[100:200, 100:200] = 2
    key = f"earlier/mask-{is_changed}.png"
    lab.s3.put_object(
        Bucket=lab.settings.labeling_bucket, Key=key, Body=encode_indexed(before, [(255, 255, 255), GREEN, (9, 8, 7)])
    )
    line = lake_png | {"mask-ref": f"s3://{lab.settings.labeling_bucket}/{key}"}
    src = "{{ task.input.mask-ref | grant_read_access }}"
    initial = json.dumps({"src": src, "labelMappings": {"Tree": {"color": "#090807"}}})
    job = lab.make_job(f"mask-{is_changed}".lower(), [line], segmentation(f"initial-value='{initial}'"))
    frame = open_task(job)
    expect(frame.get_by_text("3.1 %")).to_be_visible()
    if is_changed:
        page.keyboard.press("e")
        drag(page, frame, (0.2, 0.3), (0.2, 0.4))
    submit(page, frame)
    (answer,) = lab.answers(job)
    assert answer["painted"]["initialValueModified"] is is_changed
    after = mask_of(answer)
    assert np.array_equal(after, before) is not is_changed
    assert after[150, 110] == 2 and after[140, 160] == (0 if is_changed else 2)


def test_an_earlier_label_lies_over_the_image_that_is_checked(
    lab: Lab, page: Page, open_task: OpenTask, lake_png: dict[str, str]
) -> None:
    bucket = lab.settings.labeling_bucket
    mask = encode_indexed(np.ones((400, 800), np.uint8), [(255, 255, 255), GREEN])
    lab.s3.put_object(Bucket=bucket, Key="earlier/all.png", Body=mask)
    over = {"semanticSegmentation": {"labels": ["Boat"], "src": "{{ task.input.mask-ref | grant_read_access }}"}}
    template = form(
        f"""<crowd-image-classifier name="checked" categories='["good", "bad"]' {SRC} overlay='{json.dumps(over)}'>
        </crowd-image-classifier>"""
    )
    job = lab.make_job("overlay", [lake_png | {"mask-ref": f"s3://{bucket}/earlier/all.png"}], template)
    frame = open_task(job)
    shown, under = frame.get_by_alt_text("The earlier mask"), frame.get_by_alt_text("What to classify")
    expect(shown).to_have_js_property("naturalWidth", 800)
    assert shown.bounding_box() == under.bounding_box()
    page.keyboard.press("1")
    submit(page, frame)
    assert lab.answers(job) == [{"checked": {"label": "good"}}]
