"""Boxes of workers, manifest lines and label files, row by row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.lake.said import reasons, rows, silver_of

SIDES = ("left_px", "top_px", "width_px", "height_px")
SIZE = {"inputImageProperties": {"width": 640, "height": 432}}


def box(label: str, *sides: float, **more: Any) -> dict[str, Any]:
    return {"label": label, **dict(zip(("left", "top", "width", "height"), sides, strict=True)), **more}


def test_boxes_of_a_worker() -> None:
    drawn = {"boundingBoxes": [box("Red", 116, 283, 137, 128), box("Green", 418.5, 281, 138, 141, worn=True)], **SIZE}
    found = silver_of(
        answers=[
            (0, "w_1", {"annotatedResult": drawn}), (0, "w_2", {"crowd-bounding-box": {"boundingBoxes": [], **SIZE}}),
        ],
        labels={"class": ["Red", "Green"]}, task_type="bounding_box",
    )  # fmt: skip
    assert reasons(found) == set()
    assert rows(found, "silver.box", "worker_id", "layer", "frame_no", "box_no", "label", *SIDES) == [
        {"worker_id": "w_1", "layer": "class", "frame_no": 0, "box_no": 0, "label": "Red",
         "left_px": 116.0, "top_px": 283.0, "width_px": 137.0, "height_px": 128.0},
        {"worker_id": "w_1", "layer": "class", "frame_no": 0, "box_no": 1, "label": "Green",
         "left_px": 418.5, "top_px": 281.0, "width_px": 138.0, "height_px": 141.0},
    ]  # fmt: skip
    rest = rows(
        found, "silver.box", "picture_width_px", "picture_height_px", "frame", "time_s", "track_id", "attributes"
    )
    assert rest[1] == {
        "picture_width_px": 640, "picture_height_px": 432, "frame": None, "time_s": None, "track_id": None,
        "attributes": '{"worn":true}',
    }  # fmt: skip
    assert len(rows(found, "silver.annotation")) == 2  # who drew nothing answered all the same


def test_boxes_of_frames_of_a_worker() -> None:
    def frame(number: Any, *boxes: dict[str, Any]) -> dict[str, Any]:
        return {"frameNumber": number, "frame": f"{number}.jpg", "boundingBoxes": list(boxes), "frameAttributes": {}}

    car = box("Car", 1, 2, 3, 4, objectId="a-b", objectName="Car:1", labelCategoryAttributes={"hidden": "no"})
    found = silver_of(
        answers=[(0, "w_1", {"trackingAnnotations": [frame("0", car), frame(50, car, box("Car", 9, 9, 9, 9))]})],
        task_type="video_object_tracking",
        media={0: {"fps": 25.0, "duration_s": 4.0, "width_px": 100, "height_px": 90}},
    )  # fmt: skip
    got = rows(
        found, "silver.box", "frame_no", "frame", "time_s", "box_no", "track_id", "track_name", "picture_width_px"
    )
    assert [tuple(r.values()) for r in got] == [
        (0, "0.jpg", 0.0, 0, "a-b", "Car:1", 100), (50, "50.jpg", 2.0, 0, "a-b", "Car:1", 100),
        (50, "50.jpg", 2.0, 1, None, None, 100),
    ]  # fmt: skip
    assert rows(found, "silver.box", "attributes")[0] == {"attributes": '{"labelCategoryAttributes":{"hidden":"no"}}'}
    assert reasons(found) == set()


def line(*boxes: Any, **metadata: Any) -> dict[str, Any]:
    said = {"image_size": [{"width": 500, "height": 400, "depth": 3}], "annotations": list(boxes)}
    about = {"class-map": {"0": "dog", "5": "bone"}, "objects": [{"confidence": 0.8}, {"confidence": 0.9}]}
    return {"source-ref": "s3://x/a.png", "said": said, "said-metadata": {**about, **metadata}}


def at(class_id: Any, *sides: float, **more: Any) -> dict[str, Any]:
    return {"class_id": class_id, **dict(zip(("left", "top", "width", "height"), sides, strict=True)), **more}


def test_consolidated_boxes_of_images() -> None:
    found = silver_of(lines=[line(at(0, 111, 134, 61, 128), at("5", 161, 250, 30, 30.5, seen="half")), line()])
    assert reasons(found) == set()
    columns = ("object_id", "box_no", "label", "class_no", *SIDES, "confidence", "picture_width_px", "attributes")
    assert [tuple(r.values()) for r in rows(found, "silver.consolidated_box", *columns)] == [
        ("0", 0, "dog", 0, 111.0, 134.0, 61.0, 128.0, 0.8, 500, None),
        ("0", 1, "bone", 5, 161.0, 250.0, 30.0, 30.5, 0.9, 500, '{"seen":"half"}'),
    ]
    hashes = {r["object_id"]: r["line_hash"] for r in rows(found, "silver.consolidated", "object_id", "line_hash")}
    assert {r["line_hash"] for r in rows(found, "silver.consolidated_box", "line_hash")} == {hashes["0"]}


BROKEN = {
    "has_area": box("Red", 1, 1, 0, 5),
    "in_picture": box("Red", 600, 1, 60, 5),
    "known_label": box("Blue", 1, 1, 5, 5),
    "left_px_not_null": {**box("Red", 1, 1, 5, 5), "left": "far left"},
    "label_not_null": {k: v for k, v in box("Red", 1, 1, 5, 5).items() if k != "label"},
}


@pytest.mark.parametrize("rule", BROKEN)
def test_a_box_that_breaks_a_rule_is_quarantined_alone(rule: str) -> None:
    drawn = {"annotatedResult": {"boundingBoxes": [box("Red", 1, 1, 5, 5), BROKEN[rule]], **SIZE}}
    found = silver_of(answers=[(0, "w_1", drawn)], labels={"class": ["Red"]}, task_type="bounding_box")
    assert reasons(found) == {("silver.box", rule)}
    assert [r["box_no"] for r in rows(found, "silver.box", "box_no")] == [0]


LINES = {
    "known_class": at(7, 1, 1, 5, 5),
    "has_area": at(0, 1, 1, 5, -5),
    "in_picture": at(0, 1, 398, 5, 9),
    "top_px_not_null": {k: v for k, v in at(0, 1, 1, 5, 5).items() if k != "top"},
}


@pytest.mark.parametrize("rule", LINES)
def test_a_consolidated_box_that_breaks_a_rule_is_quarantined_alone(rule: str) -> None:
    found = silver_of(lines=[line(at(0, 1, 1, 5, 5), LINES[rule])])
    assert ("silver.consolidated_box", rule) in reasons(found)
    assert [r["box_no"] for r in rows(found, "silver.consolidated_box", "box_no")] == [0]


def test_confidence_out_of_range() -> None:
    found = silver_of(lines=[line(at(0, 1, 1, 5, 5), objects=[{"confidence": 1.5}])])
    assert reasons(found) == {("silver.consolidated_box", "confidence_in_range")}


def test_frames_that_cannot_be() -> None:
    sequence = {
        "tracking-annotations": [{"frame-no": n, "annotations": [at("0", 1, 1, 5, 5)]} for n in (0, 0, 900, "x")]
    }
    about = {"said-ref": "s3://x/0/SeqLabel.json", "said-ref-metadata": {"class-map": {"0": "dog"}}}
    found = silver_of(
        lines=[{"source-ref": "s3://x", **about}], files={0: sequence}, media={0: {"fps": 25.0, "duration_s": 2.0}}
    )
    name = "silver.consolidated_frame"
    assert reasons(found) == {(name, "frame_once"), (name, "frame_known"), (name, "frame_no_not_null")}
    assert [r["frame_no"] for r in rows(found, "silver.consolidated_box", "frame_no")] == [0]


def test_a_real_sequence(shared_data: Path) -> None:
    sequence = json.loads((shared_data / "ground_truth/video_object_tracking/SeqLabel.json").read_text())
    about = {"class-map": {"2": "Vehicle"}, "type": "groundtruth/video-object-tracking"}
    lines = [{"source-ref": "s3://x/seq.json", "said-ref": "s3://x/0/SeqLabel.json", "said-ref-metadata": about}]
    found = silver_of(lines=lines, files={0: sequence}, media={0: {"fps": 10.0}})
    boxes = rows(found, "silver.consolidated_box")
    expected = [(f, b) for f in sequence["tracking-annotations"] for b in f["annotations"]]
    assert len(boxes) == len(expected) == 890 and reasons(found) == set()
    assert len(rows(found, "silver.consolidated_frame")) == 300
    for got, (frame, wanted) in zip(boxes, expected, strict=True):
        assert (got["frame_no"], got["frame"], got["time_s"]) == (int(frame["frame-no"]), frame["frame"], int(frame["frame-no"]) / 10)  # fmt: skip  # noqa: E501
        assert (got["track_id"], got["track_name"]) == (wanted["object-id"], wanted["object-name"])
        assert [got[s] for s in SIDES] == [wanted[s] for s in ("left", "top", "width", "height")]
        assert json.loads(got["attributes"]) == {"label-category-attributes": wanted["label-category-attributes"]}
    without = silver_of(lines=lines)  # the file has not come yet
    assert rows(without, "silver.consolidated_box") == []
    assert rows(without, "silver.consolidated", "outcome", "ref_uri") == [
        {"outcome": "labeled", "ref_uri": "s3://x/0/SeqLabel.json"}
    ]
    assert rows(without, "silver.consolidated", "line_hash") != rows(found, "silver.consolidated", "line_hash")


def test_cuboids_are_no_boxes() -> None:
    cuboid = {"center-x": -2.3, "center-y": 103.7, "center-z": 0.4, "length": 4, "width": 2, "height": 2, "class-id": 0}
    sequence = {"tracking-annotations": [{"frame-number": 3, "frame-name": "3.pcd", "annotations": [cuboid]}]}
    about = {"class-map": {"0": "Car"}}
    ref = {"source-ref": "s3://x", "said-ref": "s3://x/0/SeqLabel.json", "said-ref-metadata": about}
    inside = {"source-ref": "s3://x", "said": {"annotations": [cuboid]}, "said-metadata": about}
    found = silver_of(lines=[ref, inside], files={0: sequence})
    assert reasons(found) == set() and rows(found, "silver.consolidated_box") == []
    assert rows(found, "silver.consolidated_frame", "frame_no", "frame") == [{"frame_no": 3, "frame": "3.pcd"}]
    assert json.loads(rows(found, "silver.consolidated", "value")[1]["value"]) == inside["said"]
