"""Shapes, text spans, classes and masks of workers and of manifest lines, row by row."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.lake.said import reasons, rows, silver_of

SIZE = {"inputImageProperties": {"width": 100, "height": 80}}
TRIANGLE = [{"x": 1, "y": 2}, {"x": 30.5, "y": 2}, {"x": 9, "y": 40}]


def shape(label: str, vertices: Any, **more: Any) -> dict[str, Any]:
    return {"label": label, "vertices": vertices, **more}


def test_shapes_of_a_worker() -> None:
    answers: list[tuple[int, str, Any]] = [
        (0, "w_1", {"crowd-polygon": {"polygons": [shape("Roof", TRIANGLE), shape("Wall", TRIANGLE, odd=1)], **SIZE}}),
        (1, "w_1", {"crowd-polyline": {"polylines": [shape("Edge", TRIANGLE[:2])], **SIZE}}),
        (2, "w_1", {"crowd-line": {"lines": [shape("Edge", TRIANGLE[:2])]}}),
        (3, "w_1", {"crowd-keypoint": {"keypoints": [{"label": "Tip", "x": 7, "y": 8.5, "seen": True}], **SIZE}}),
    ]
    found = silver_of(answers=answers)
    assert reasons(found) == set()
    columns = ("object_id", "shape_no", "kind", "label", "vertices_px", "attributes")
    points = [{"x": 1.0, "y": 2.0}, {"x": 30.5, "y": 2.0}, {"x": 9.0, "y": 40.0}]
    assert [tuple(r.values()) for r in rows(found, "silver.shape", *columns)] == [
        ("0", 0, "polygon", "Roof", points, None), ("0", 1, "polygon", "Wall", points, '{"odd":1}'),
        ("1", 0, "polyline", "Edge", points[:2], None), ("2", 0, "line", "Edge", points[:2], None),
        ("3", 0, "keypoint", "Tip", [{"x": 7.0, "y": 8.5}], '{"seen":true}'),
    ]  # fmt: skip


BROKEN_SHAPES = {
    "enough_vertices": [
        shape("Roof", TRIANGLE[:2]), shape("Roof", []), shape("Roof", [*TRIANGLE, {"x": "left", "y": 1}]),
        shape("Roof", [*TRIANGLE, 3]),
    ],
    "vertices_px_not_null": [shape("Roof", "round"), shape("Roof", None)],
    "in_picture": [shape("Roof", [*TRIANGLE, {"x": 102, "y": 1}]), shape("Roof", [*TRIANGLE, {"x": 1, "y": -3}])],
    "known_label": [shape("Moon", TRIANGLE)],
    "label_not_null": [{"vertices": TRIANGLE}, 3],
}  # fmt: skip


@pytest.mark.parametrize("rule", BROKEN_SHAPES)
def test_a_shape_that_breaks_a_rule_is_quarantined_alone(rule: str) -> None:
    drawn = {"polygons": [shape("Roof", TRIANGLE), *BROKEN_SHAPES[rule]], **SIZE}
    found = silver_of(answers=[(0, "w_1", {"crowd-polygon": drawn})], labels={"class": ["Roof"]})
    assert [r["shape_no"] for r in rows(found, "silver.shape", "shape_no")] == [0]
    broken = [r["row_key"] for r in found.quarantined.to_pylist() if r["rule"] == rule]
    assert len(broken) == len(BROKEN_SHAPES[rule])


def in_class(class_id: str, **more: Any) -> dict[str, Any]:
    return {"class-id": class_id, "label-category-attributes": {}, **more}


def test_consolidated_shapes_of_every_kind() -> None:
    track = {"object-id": "u-1", "object-name": "Lane:1"}
    sequence = {
        "detection-annotations": [
            {"frame-no": 0, "frame": "a.jpg", "polylines": [in_class("0", vertices=TRIANGLE[:2], **track)],
             "frame-attributes": {"weather": "rain"}},
            {"frame-no": "5", "frame": "b.jpg", "polygons": [in_class("1", vertices=TRIANGLE)],
             "keypoints": [in_class("1", x=3, y=4), in_class("9", x=3, y=4)]},
        ]
    }  # fmt: skip
    about = {"class-map": {"0": "Lane", "1": "Car"}, "type": "groundtruth/video-object-detection"}
    lines = [
        {"source-ref": "s3://x/seq.json", "said-ref": "s3://x/0/SeqLabel.json", "said-ref-metadata": about},
        {"source-ref": "s3://x/a.png", "said": {"polygons": [shape("Car", TRIANGLE)], **SIZE}, "said-metadata": {}},
    ]
    found = silver_of(lines=lines, files={0: sequence})
    columns = ("object_id", "frame_no", "shape_no", "kind", "label", "class_no", "track_id", "track_name")
    assert [tuple(r.values()) for r in rows(found, "silver.consolidated_shape", *columns)] == [
        ("0", 0, 0, "polyline", "Lane", 0, "u-1", "Lane:1"), ("0", 5, 0, "keypoint", "Car", 1, None, None),
        ("0", 5, 2, "polygon", "Car", 1, None, None), ("1", 0, 0, "polygon", "Car", None, None, None),
    ]  # fmt: skip
    assert {r["rule"] for r in found.quarantined.to_pylist()} == {"known_class", "label_not_null"}
    frames = rows(found, "silver.consolidated_frame", "frame_no", "frame", "attributes")
    assert [tuple(r.values()) for r in frames] == [(0, "a.jpg", '{"weather":"rain"}'), (5, "b.jpg", None)]


TEXT = "Zürich 🏔 lies in Switzerland."


def test_spans_of_workers_and_lines() -> None:
    entities = [
        {"label": "City", "startOffset": 0, "endOffset": 6},
        {"label": "Land", "startOffset": 17, "endOffset": 28, "sure": 1},
    ]
    said = {"annotations": {"labels": [{"label": "City", "shortDisplayName": "c"}, "Land"], "entities": entities}}
    line = {
        "source": TEXT,
        "said": said,
        "said-metadata": {"entities": [{"confidence": 0.5}], "type": "groundtruth/text-span"},
    }
    found = silver_of(
        answers=[(0, "w_1", {"crowd-entity-annotation": {"entities": entities}})], lines=[line],
        labels={"class": ["City", "Land"]}, task_type="named_entity_recognition", media={0: {"source_text": TEXT}},
    )  # fmt: skip
    assert reasons(found) == set()
    columns = ("span_no", "label", "start_char", "end_char", "text", "attributes")
    expected = [(0, "City", 0, 6, "Zürich", None), (1, "Land", 17, 28, "Switzerland", '{"sure":1}')]
    for table in ("silver.text_span", "silver.consolidated_span"):
        assert [tuple(r.values()) for r in rows(found, table, *columns)] == expected
    assert [r["confidence"] for r in rows(found, "silver.consolidated_span", "confidence")] == [0.5, None]
    elsewhere = silver_of(answers=[(0, "w_1", {"crowd-entity-annotation": {"entities": entities}})])
    assert [r["text"] for r in rows(elsewhere, "silver.text_span", "text")] == [None, None]


@pytest.mark.parametrize(
    ("span", "rule"),
    [
        ({"label": "City", "startOffset": 5, "endOffset": 5}, "in_text"),
        ({"label": "City", "startOffset": -1, "endOffset": 5}, "in_text"),
        ({"label": "City", "startOffset": 0, "endOffset": len(TEXT) + 1}, "in_text"),
        ({"label": "City", "startOffset": "one", "endOffset": 2}, "start_char_not_null"),
        ({"label": "Moon", "startOffset": 0, "endOffset": 2}, "known_label"),
        ({"startOffset": 0, "endOffset": 2}, "label_not_null"),
    ],
)
def test_a_span_that_breaks_a_rule_is_quarantined_alone(span: dict[str, Any], rule: str) -> None:
    entities = [span, {"label": "City", "startOffset": 0, "endOffset": len(TEXT)}]
    line = {"source": TEXT, "said": {"annotations": {"labels": ["City"], "entities": entities}}, "said-metadata": {}}
    found = silver_of(
        answers=[(0, "w_1", {"crowd-entity-annotation": {"entities": entities}})], lines=[line],
        labels={"class": ["City"]}, media={0: {"source_text": TEXT}},
    )  # fmt: skip
    assert reasons(found) == {("silver.text_span", rule), ("silver.consolidated_span", rule)}
    assert [r["span_no"] for r in rows(found, "silver.text_span", "span_no")] == [1]
    assert [r["span_no"] for r in rows(found, "silver.consolidated_span", "span_no")] == [1]


def test_classes_of_lines() -> None:
    several = {"class-map": {"1": "bicycle", "0": "person"}, "confidence-map": {"1": 0.95, "0": 0.2}}
    verdict = {"class-name": "bad", "confidence": 0.93, "type": "groundtruth/label-verification"}
    feedback = [{"comment": "too wide"}, {"comment": "not labeled"}]
    lines = [
        {"source-ref": "s3://x/0", "said": 0, "said-metadata": {"class-name": "dog", "confidence": 0}},
        {"source": "hello", "said": "1", "said-metadata": {"class-name": "cat", "confidence": 0.95}},
        {"source-ref": "s3://x/2", "said": [1, 0, 8], "said-metadata": several},
        {"source-ref": "s3://x/3", "other": 1, "other-metadata": {"class-name": "x"}, "said": "1",
         "said-metadata": {**verdict, "worker-feedback": feedback}},
        {"source-ref": "s3://x/4", "said": 0, "said-metadata": {"class-name": "dog", "confidence": 2}},
        {"source-ref": "s3://x/5", "said": [], "said-metadata": {"class-map": {}, "confidence-map": {}}},
    ]  # fmt: skip
    found = silver_of(lines=lines)
    columns = ("object_id", "label", "class_no", "confidence")
    assert [tuple(r.values()) for r in rows(found, "silver.consolidated_class", *columns)] == [
        ("0", "dog", 0, 0.0), ("1", "cat", 1, 0.95), ("2", "bicycle", 1, 0.95), ("2", "person", 0, 0.2),
        ("3", "bad", 1, 0.93),
    ]  # fmt: skip
    assert reasons(found) == {
        ("silver.consolidated_class", "known_class"), ("silver.consolidated_class", "label_not_null"),
        ("silver.consolidated_class", "confidence_in_range"), ("silver.consolidated", "confidence_in_range"),
    }  # fmt: skip
    verified = rows(found, "silver.consolidated", "label", "label_type", "feedback")[3]
    assert verified == {
        "label": "bad",
        "label_type": "groundtruth/label-verification",
        "feedback": '["too wide","not labeled"]',
    }


def test_masks_of_lines() -> None:
    colors = {
        "0": {"class-name": "BACKGROUND", "hex-color": "#ffffff", "confidence": 0.9},
        "1": {"class-name": "road", "hex-color": "#f28333"},
    }
    about = {"internal-color-map": colors, "type": "groundtruth/semantic-segmentation", "adjustment-status": "adjusted"}
    found = silver_of(lines=[{"source-ref": "s3://x/0", "said-ref": "s3://x/0.png", "said-ref-metadata": about}])
    columns = ("class_no", "label", "hex_color", "confidence", "mask_uri")
    assert [tuple(r.values()) for r in rows(found, "silver.consolidated_mask", *columns)] == [
        (0, "BACKGROUND", "#ffffff", 0.9, "s3://x/0.png"), (1, "road", "#f28333", None, "s3://x/0.png"),
    ]  # fmt: skip
    assert rows(found, "silver.consolidated", "adjustment_status", "ref_uri", "outcome") == [
        {"adjustment_status": "adjusted", "ref_uri": "s3://x/0.png", "outcome": "labeled"}
    ]


DATES = {
    "2022-09-12T09:51:00.148118": "2022-09-12T09:51:00.148118+00:00",
    "2020-08-27T17:15:41.430Z": "2020-08-27T17:15:41.430000+00:00",
    "2019-10-27T10:35:45+0000": "2019-10-27T10:35:45+00:00",
    "Mon Aug 22 2022 13:52:52 GMT-0700 (Pacific Daylight Time)": "2022-08-22T20:52:52+00:00",
}


def test_metadata_of_custom_and_failed_objects() -> None:
    lines: list[dict[str, Any]] = [
        {"source-ref": f"s3://x/{n}", "said": {}, "said-metadata": {"creation-date": date, "human-annotated": "yes"}}
        for n, date in enumerate(DATES)
    ]
    ref = "s3://x/worker-response/iteration-1/4/a.json"
    failed = {"retry-count": 1, "failure-reason": "ClientError: expired", "human-annotated": "true"}
    by_model = {"human-annotated": "no", "creation-date": "once", "class-name": "a"}
    lines += [
        {"source-ref": "4", "said": {}, "said-metadata": {"worker-response-ref": ref, "type": "groundtruth/custom"}},
        {"source-ref": "5", "said-metadata": failed},
        {"source-ref": "6"},
        {"source-ref": "7", "said": {"annotation-ref": "s3://x/7"}, "said-metadata": {"creation_date": "2020-01-01"}},
        {"source-ref": "8", "said": 0, "said-metadata": by_model},
    ]
    found = rows(
        silver_of(lines=lines), "silver.consolidated", "outcome", "labeled_at", "is_human", "ref_uri", "failure_reason"
    )
    assert [r["labeled_at"].isoformat() for r in found[:4]] == list(DATES.values())
    assert found[4]["ref_uri"] == ref
    assert (found[5]["outcome"], found[5]["failure_reason"], found[5]["is_human"]) == (
        "failed",
        "ClientError: expired",
        True,
    )
    assert found[6]["outcome"] == "unlabeled"
    assert (found[7]["ref_uri"], found[7]["labeled_at"].year) == ("s3://x/7", 2020)
    assert (found[8]["is_human"], found[8]["labeled_at"]) == (False, None)


ONE = {"class": ["cat", "dog", "cow"]}
CHOICES: list[tuple[Any, dict[str, list[str]], set[tuple[str, str]]]] = [
    ({"crowd-image-classifier": {"label": "dog", "workerComment": "blurred"}}, ONE, {("class", "dog")}),
    ({"crowd-classifier-multi-select": {"labels": ["cow", "cat"]}}, ONE, {("class", "cow"), ("class", "cat")}),
    ({"crowd-classifier": {"labels": []}}, ONE, set()),
    ({"animal": {"label": "dog"}}, ONE, {("class", "dog")}),
    ({"animal": {"label": "dog"}}, {"animal": ["dog"], "colour": ["red"]}, {("animal", "dog")}),
    ({"category": {"labels": ["World"]}}, {}, {("class", "World")}),
    ({"category": "dog"}, ONE, {("class", "dog")}),
    ({"label": 1}, ONE, {("class", "dog")}),
    ({"label": [True, False, True]}, ONE, {("class", "cat"), ("class", "cow")}),
    ({"crowd-classifier": {"labels": [0, 2]}}, ONE, {("class", "cat"), ("class", "cow")}),
    ({"crowd-classifier": {"labels": [False, True, False]}}, ONE, {("class", "dog")}),
    ({"rate": {"1": False, "4": True}, "note": "dog"}, ONE, {("rate", "4")}),
    ({"animal": "dog"}, {"animal": ["dog"]}, {("animal", "dog")}),
    ({"crowd-classifier": json.dumps({"label": "cow"})}, ONE, {("class", "cow")}),
]


def test_choices_in_every_form() -> None:
    for content, labels, expected in CHOICES:
        found = silver_of(answers=[(0, "w_1", content)], labels=labels)
        got = {(r["layer"], r["label"]) for r in rows(found, "silver.classification", "layer", "label")}
        assert (got, reasons(found)) == (expected, set()), content


def test_a_class_that_the_job_does_not_have() -> None:
    found = silver_of(
        answers=[
            (n, "w_1", c) for n, c in enumerate([{"label": 7}, {"crowd-classifier": {"label": "fox"}}, {"n": "x"}])
        ],
        labels=ONE,
        task_type="image_classification",
    )
    assert reasons(found) == {("silver.classification", "known_label"), ("silver.annotation", "readable")}
    assert rows(found, "silver.classification") == []


MISFORMED = {
    "bounding_box": {"annotatedResult": {"boundingBoxes": "none"}},
    "adjustment_bounding_box": {"annotatedResult": {"polygons": []}},
    "verification_bounding_box": {"crowd-image-classifier": {}},
    "named_entity_recognition": {"crowd-entity-annotation": {"entities": {}}},
    "video_object_tracking": {"trackingAnnotations": {"frameNumber": 3}},
    "image_classification": {"crowd-image-classifier": {"workerComment": "dark"}},
}
WELL_FORMED: dict[str, Any] = {
    "bounding_box": {"annotatedResult": {"boundingBoxes": []}},
    "verification_bounding_box": {"crowd-image-classifier": {"label": "good"}},
    "named_entity_recognition": {"crowd-entity-annotation": {"entities": []}},
    "video_object_tracking": {"trackingAnnotations": {"frameNumber": 3, "polylines": []}},
    "adjustment_semantic_segmentation": {"crowd-semantic-segmentation": {"labeledImage": {"pngImageData": "iVBO"}}},
    "custom": {"anything": 1},
}


def test_an_answer_has_the_form_that_its_task_asks_for() -> None:
    for task_type, content in MISFORMED.items():
        found = silver_of(answers=[(0, "w_1", content)], task_type=task_type)
        assert reasons(found) == {("silver.annotation", "readable")}, task_type
        assert rows(found, "silver.annotation") == []
    for task_type, content in WELL_FORMED.items():
        found = silver_of(answers=[(0, "w_1", content)], task_type=task_type)
        assert (reasons(found), len(rows(found, "silver.annotation"))) == (set(), 1), task_type


def test_the_text_beside_segments_is_no_class() -> None:
    segments = json.dumps({"streams": {"speaker": [{"id": "A", "start": 0, "end": 1, "text": "good day"}]}})
    said = {"annotations": segments, "label": "good day", "rate": {"4": True, "5": False}}
    found = silver_of(answers=[(0, "w_1", said), (1, "w_1", {"label": "dog"})])
    columns = ("object_id", "layer", "label")
    assert [tuple(r.values()) for r in rows(found, "silver.classification", *columns)] == [
        ("0", "rate", "4"),
        ("1", "class", "dog"),
    ]


def test_segments_of_an_answer_that_stands_twice_are_counted_as_doubled() -> None:
    told = {"annotations": json.dumps({"streams": {"sound": [{"id": "speech", "start": 0, "end": 1}]}})}
    silver = silver_of(
        answers=[(0, "anna", told), (0, "anna", told), (1, "anna", told)], task_type="audio_segmentation", revision=7
    )
    assert len(silver.rows["silver.segment"]) == 3
    assert silver.n_doubled["silver.annotation"] == silver.n_doubled["silver.segment"] == 1
