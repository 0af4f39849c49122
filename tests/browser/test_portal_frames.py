"""The editor of video frames in Chromium: draw, go on, follow, undo, submit; what comes back is a SeqLabel.json."""

from __future__ import annotations

import io
import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import FrameLocator, Page, expect

from tests.browser.conftest import OpenTask
from tests.browser.portal_lab import Lab
from tests.browser.test_portal_task_elements import drag, near, submit

pytestmark = pytest.mark.browser

N_FRAMES = 24
UI = "arn:aws:sagemaker:us-east-1:394669845002:human-task-ui/"
CATEGORIES = {
    "documentVersion": "2020-03-01",
    "labels": [
        {"label": "Car", "categoryAttributes": [{"name": "colour", "type": "string", "enum": ["red", "blue"]}]},
        {"label": "Van"},
    ],
    "frameAttributes": [{"name": "weather", "type": "string", "enum": ["sun", "rain"], "description": "Of the sky"}],
    "instructions": {
        "shortInstruction": "Every vehicle, as far as it can be seen.",
        "fullInstruction": "<p>Parked ones too.</p>",
    },
}


def car_left(frame: int) -> int:
    """Where the red car of 120 x 50 pixels is."""
    return 40 + 20 * frame


def scene(frame: int) -> bytes:
    """A street of 800 x 450 pixels with a car that drives and a van that stands."""
    picture = Image.new("RGB", (800, 450), "#bcd3e2")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 190, 800, 240), fill="#8fae7c")
    draw.rectangle((0, 240, 800, 450), fill="#6d7278")
    for x in range(-40, 800, 120):
        draw.rectangle((x, 338, x + 60, 344), fill="#d8d8cf")
    draw.rounded_rectangle((560, 215, 700, 295), 8, fill="#e9e5d8")
    left = car_left(frame)
    draw.rounded_rectangle((left, 350, left + 120, 400), 10, fill="#b1372f")
    for x in (left + 15, left + 80):
        draw.ellipse((x, 385, x + 26, 411), fill="#26292c")
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=85)
    return out.getvalue()


@pytest.fixture(scope="module")
def street(lab: Lab) -> str:
    """Address of the sequence file."""
    bucket = lab.settings.media_bucket
    for n in range(N_FRAMES):
        lab.s3.put_object(Bucket=bucket, Key=f"street/{n:04}.jpg", Body=scene(n))
    frames = [{"frame-no": n, "frame": f"{n:04}.jpg"} for n in range(N_FRAMES)]
    sequence = {"seq-no": 1, "prefix": f"s3://{bucket}/street/", "number-of-frames": N_FRAMES, "frames": frames}
    return lab.put("sequences/street.json", json.dumps(sequence))


def make(lab: Lab, name: str, kind: str, line: dict[str, Any], **changes: Any) -> str:
    arn = "arn:aws:lambda:us-east-1:432418664414:function:"
    lab.sagemaker.create_labeling_job(
        LabelingJobName=name,
        LabelAttributeName=f"{name}-ref",
        InputConfig={
            "DataSource": {"S3DataSource": {"ManifestS3Uri": lab.put(f"manifests/{name}.manifest", json.dumps(line))}}
        },
        OutputConfig={"S3OutputPath": f"s3://{lab.settings.labeling_bucket}/output"},
        RoleArn=lab.settings.role_arn,
        LabelCategoryConfigS3Uri=lab.put(f"categories/{name}.json", json.dumps(CATEGORIES | changes)),
        HumanTaskConfig={
            "WorkteamArn": lab.settings.workteam_arn,
            "UiConfig": {"HumanTaskUiArn": UI + kind.removeprefix("Adjustment")},
            "PreHumanTaskLambdaArn": f"{arn}PRE-{kind}",
            "AnnotationConsolidationConfig": {"AnnotationConsolidationLambdaArn": f"{arn}ACS-{kind}"},
            "TaskTitle": "Vehicles in a street",
            "TaskDescription": "Draw a box around every vehicle.",
            "NumberOfHumanWorkersPerDataObject": 1,
            "TaskTimeLimitInSeconds": 3600,
        },
    )
    return name


def label_of(lab: Lab, name: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """(output line, its frames) of a job with one sequence, when it is over."""
    deadline = time.monotonic() + 20
    while lab.status(name) != "Completed":
        assert time.monotonic() < deadline, lab.status(name)
        time.sleep(0.05)
    bucket = lab.settings.labeling_bucket

    def read(key: str) -> Any:
        return json.loads(lab.s3.get_object(Bucket=bucket, Key=key)["Body"].read())

    line = read(f"output/{name}/manifests/output/output.manifest")
    ((_, frames),) = read(line[f"{name}-ref"].removeprefix(f"s3://{bucket}/")).items()
    return line, frames


def at_frame(frame: FrameLocator, number: int) -> None:
    expect(frame.locator("output.frame")).to_have_text(f"Frame {number} of {N_FRAMES}")
    expect(frame.locator("img")).to_have_attribute("src", re.compile(rf"{number - 1:04}\.jpg"))


def car(frame: int) -> tuple[tuple[float, float], tuple[float, float]]:
    left = car_left(frame)
    return (left / 800, 350 / 450), ((left + 120) / 800, 411 / 450)


def test_objects_are_followed(lab: Lab, page: Page, open_task: OpenTask, street: str, screenshots: Path | None) -> None:
    job = make(lab, "follow", "VideoObjectTracking", {"source-ref": street})
    frame = open_task(job)
    at_frame(frame, 1)
    drag(page, frame, *car(0))
    frame.get_by_label("colour").select_option("red")
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    drag(page, frame, (555 / 800, 210 / 450), (705 / 800, 300 / 450))
    expect(frame.get_by_role("heading", name="2 boxes")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Shift+C")  # the van stands; the car is put right after ten frames
    page.keyboard.press("Shift+ArrowRight")
    at_frame(frame, 11)
    page.keyboard.press("End")
    at_frame(frame, N_FRAMES)
    drag(page, frame, ((car_left(0) + 60) / 800, 380 / 450), ((car_left(23) + 60) / 800, 380 / 450))
    page.keyboard.press("Shift+ArrowLeft")
    at_frame(frame, 14)
    expect(frame.locator(".tag")).to_have_text(["Car:1", "Van:1"])
    if screenshots:
        page.screenshot(path=screenshots / "portal-frames.png")
    page.keyboard.press("e")  # gone: the car left the picture here
    expect(frame.get_by_role("heading", name="1 box")).to_be_visible()
    page.keyboard.press("Control+z")
    expect(frame.get_by_role("heading", name="2 boxes")).to_be_visible()
    frame.get_by_label("weather").select_option("rain")
    frame.get_by_role("button", name="Same from here to the end").click()
    expect(page.get_by_text("Draft saved")).to_be_visible()
    page.reload()
    at_frame(frame, 14)
    expect(frame.get_by_role("heading", name="2 boxes")).to_be_visible()
    submit(page, frame)

    line, frames = label_of(lab, job)
    assert line["follow-ref-metadata"]["class-map"] == {"0": "Car", "1": "Van"}
    assert [f["frame-no"] for f in frames] == [str(n) for n in range(N_FRAMES)]
    assert [f["frame-attributes"] for f in frames] == [{}] * 13 + [{"weather": "rain"}] * (N_FRAMES - 13)
    for n, one in enumerate(frames):
        driven, standing = one["annotations"]
        assert near(driven, left=car_left(n), top=350, width=120, height=61)
        assert near(standing, left=555, top=210, width=150, height=90)
        assert (driven["object-name"], standing["object-name"]) == ("Car:1", "Van:1")
        assert driven["label-category-attributes"] == {"colour": "red"}
    assert len({one["annotations"][0]["object-id"] for one in frames}) == 1


def test_a_value_that_is_missing_is_shown_where_it_is(lab: Lab, page: Page, open_task: OpenTask, street: str) -> None:
    colour = {"name": "colour", "type": "string", "enum": ["red", "blue"], "isRequired": True}
    job = make(lab, "missing-value", "VideoObjectTracking", {"source-ref": street}, categoryGlobalAttributes=[colour])
    frame = open_task(job)
    at_frame(frame, 1)
    frame.get_by_role("radio", name="Van").check()
    drag(page, frame, (555 / 800, 210 / 450), (705 / 800, 300 / 450))
    page.keyboard.press("c")
    at_frame(frame, 2)
    page.keyboard.press("End")
    at_frame(frame, N_FRAMES)
    expect(frame.locator(".tag.guess")).to_have_text(["Van:1"])
    frame.get_by_role("button", name="Submit").click()
    expect(frame.get_by_role("alert").first).to_contain_text("Frame 1: Van:1 needs a value for colour.")
    at_frame(frame, 1)
    page.keyboard.press("ArrowRight")
    at_frame(frame, 2)
    frame.get_by_label("colour").select_option("blue")  # it had none before, so it has it there too
    submit(page, frame)
    _, frames = label_of(lab, job)
    assert [f["annotations"][0]["label-category-attributes"] for f in frames] == [{"colour": "blue"}] * 2


def test_objects_are_found_frame_by_frame(lab: Lab, page: Page, open_task: OpenTask, street: str) -> None:
    job = make(lab, "found", "VideoObjectDetection", {"source-ref": street}, annotationType="Polygon")
    frame = open_task(job)
    at_frame(frame, 1)
    corners = [(0.2, 0.5), (0.4, 0.5), (0.3, 0.7)]
    for x, y in [*corners, corners[0]]:
        drag(page, frame, (x, y), (x, y))
    page.keyboard.press("c")
    at_frame(frame, 2)
    expect(frame.get_by_role("heading", name="1 polygon")).to_be_visible()
    page.keyboard.press("ArrowRight")
    at_frame(frame, 3)
    expect(frame.get_by_role("heading", name="0 polygons")).to_be_visible()
    frame.get_by_role("button", name="Play").click()
    at_frame(frame, N_FRAMES)
    frame.get_by_label("Frame", exact=True).fill("1")
    at_frame(frame, 2)
    submit(page, frame)
    _, frames = label_of(lab, job)
    assert [f["frame"] for f in frames] == ["0000.jpg", "0001.jpg"]
    (first,), (second,) = (f["polygons"] for f in frames)
    assert first == second and "object-id" not in first and first["class-id"] == "0"
    assert all(
        abs(v["x"] - 800 * x) <= 3 and abs(v["y"] - 450 * y) <= 3
        for v, (x, y) in zip(first["vertices"], corners, strict=True)
    )


@pytest.mark.parametrize("is_changed", [False, True])
def test_an_earlier_label_is_checked_and_put_right(
    lab: Lab, page: Page, open_task: OpenTask, street: str, is_changed: bool
) -> None:
    box = {"height": 61, "width": 120, "top": 350, "left": 40, "class-id": "0", "label-category-attributes": {}}
    known = {"object-id": "1d-2", "object-name": "Car:7"}
    frames = [
        {"annotations": [box | known], "frame-no": "0", "frame": "0000.jpg", "frame-attributes": {"weather": "sun"}},
        {"annotations": [box | known], "frame-no": "5", "frame": "0005.jpg", "frame-attributes": {}},
    ]
    ref = lab.put("earlier/SeqLabel.json", json.dumps({"tracking-annotations": frames}))
    name = f"audit-{is_changed}".lower()
    line = {"source-ref": street, "old-ref": ref, "old-ref-metadata": {"class-map": {"0": "Car"}}}
    closed = [{"label": "Car", "editsAllowed": "any" if is_changed else "none"}, {"label": "Van"}]
    job = make(lab, name, "AdjustmentVideoObjectTracking", line, auditLabelAttributeName="old-ref", labels=closed)
    frame = open_task(job)
    at_frame(frame, 1)
    expect(frame.locator(".tag")).to_have_text(["Car:7"])
    (x, y), _ = car(0)
    drag(page, frame, (x + 0.05, y + 0.05), (x + 0.15, y + 0.05))  # a closed label does not move
    page.keyboard.press("ArrowRight")
    at_frame(frame, 2)
    expect(frame.locator(".tag")).to_have_count(0)
    submit(page, frame)
    out, found = label_of(lab, job)
    assert out[f"{name}-ref-metadata"]["adjustment-status"] == ("adjusted" if is_changed else "unadjusted")
    if is_changed:
        assert near(found[0]["annotations"][0], left=120, top=350, width=120, height=61)
        assert found[1:] == frames[1:]
    else:
        assert found == frames


def test_a_real_label_file_comes_back_unchanged(lab: Lab, page: Page, open_task: OpenTask, shared_data: Path) -> None:
    file = (shared_data / "ground_truth/video_object_tracking/SeqLabel.json").read_text()
    real = json.loads(file)["tracking-annotations"]
    bucket = lab.settings.media_bucket
    picture = scene(0)
    for one in real:
        lab.s3.put_object(Bucket=bucket, Key=f"real/{one['frame']}", Body=picture)
    names = [{"frame-no": int(one["frame-no"]), "frame": one["frame"]} for one in real]
    sequence = {"seq-no": 1, "prefix": f"s3://{bucket}/real/", "number-of-frames": len(names), "frames": names}
    line = {"source-ref": lab.put("sequences/real.json", json.dumps(sequence)), "old-ref": lab.put("real.json", file)}
    labels = [{"label": "Person"}, {"label": "Cyclist"}, {"label": "Vehicle"}]
    job = make(lab, "real", "AdjustmentVideoObjectTracking", line, auditLabelAttributeName="old-ref", labels=labels)
    frame = open_task(job)
    expect(frame.locator(".tag")).to_have_count(len(real[0]["annotations"]))
    submit(page, frame)
    out, found = label_of(lab, job)
    assert out["real-ref-metadata"]["adjustment-status"] == "unadjusted"

    def by_object(frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [f | {"annotations": sorted(f["annotations"], key=lambda box: box["object-id"])} for f in frames]

    assert by_object(found) == by_object(real)
