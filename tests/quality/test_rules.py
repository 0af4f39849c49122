"""Every written rule has a row that breaks it, and the row lands in quarantine with the reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from annolake.lake.silver import Silver
from annolake.quality.rules import WRITTEN
from tests.lake.jobs import segments
from tests.lake.said import silver_of

SIZE = {"inputImageProperties": {"width": 100, "height": 80}}
SQUARE = [{"x": x, "y": y} for x, y in ((1, 1), (9, 1), (9, 9), (1, 9))]
BOX = {"label": "Car", "left": 1, "top": 1, "width": 5, "height": 5}
LABELS = {"class": ["Car"]}
VIDEO = {0: {"fps": 25.0, "duration_s": 2.0}}


def drawn(boxes: Any = (), polygons: Any = (), **more: Any) -> Silver:
    content = {"annotatedResult": {"boundingBoxes": list(boxes), "polygons": list(polygons), **SIZE, **more}}
    return silver_of(answers=[(0, "w_1", content)], labels=LABELS, media=VIDEO)


def heard(*parts: tuple[str, float, float], labels: Any = None, **more: Any) -> Silver:
    content = segments(*parts)
    return silver_of(
        answers=[(0, "w_1", content)], labels=labels or {"speaker": ["A", "B"]}, task_type="audio_segmentation",
        media={0: {"duration_s": 30.0}}, **more,
    )  # fmt: skip


def misformed(field: str, **element: Any) -> Silver:
    """An answer that its task does not take, with something in it all the same."""
    return silver_of(answers=[(0, "w_1", {field: element})], labels=LABELS, task_type="named_entity_recognition")


def span(label: str, start: int, end: int) -> Silver:
    said = {"crowd-entity-annotation": {"entities": [{"label": label, "startOffset": start, "endOffset": end}]}}
    return silver_of(answers=[(0, "w_1", said)], labels=LABELS)


def line(said: Any, about: Any, file: Any = None, source: str = "a text") -> Silver:
    lines = [{"source": source, "said": said, "said-metadata": about}]
    return silver_of(lines=lines, files={} if file is None else {0: file}, media=VIDEO)


def frames(*listed: Any) -> Silver:
    return line("s3://x/0/SeqLabel.json", {"class-map": {"0": "Car"}}, {"tracking-annotations": list(listed)})


def image(class_id: int, **sides: int) -> Silver:
    said = {"image_size": [{"width": 100, "height": 80}], "annotations": [{**BOX, "class_id": class_id, **sides}]}
    said["annotations"][0].pop("label")
    return line(said, {"class-map": {"0": "Car"}, "objects": [{"confidence": 0}]})


def shaped(vertices: Any) -> Silver:
    return line({"polygons": [{"label": "Car", "vertices": vertices}], **SIZE}, {})


def spans(label: str, end: int) -> Silver:
    entity = {"label": label, "startOffset": 0, "endOffset": end}
    return line({"annotations": {"labels": ["Car"], "entities": [entity]}}, {"entities": []})


BROKEN: dict[tuple[str, str], Callable[[], Silver]] = {
    ("silver.annotation", "readable"): lambda: misformed("crowd-entity-annotation", entities="none"),
    ("silver.annotation", "submitted_after_accepted"): lambda: silver_of(answers=[(0, "w_1", {})], submitted_s=-5),
    ("silver.annotation", "one_answer"): lambda: silver_of(answers=[(0, "w_1", {"a": n}) for n in "xy"], revision=7),
    ("silver.segment", "answer_accepted"): lambda: heard(("A", 0, 5), submitted_s=-5),
    ("silver.segment", "starts_in_media"): lambda: heard(("A", -1, 5)),
    ("silver.segment", "starts_before_end"): lambda: heard(("A", 5, 5)),
    ("silver.segment", "ends_in_media"): lambda: heard(("A", 5, 31)),
    ("silver.segment", "known_label"): lambda: heard(("C", 5, 9)),
    ("silver.segment", "no_overlap_in_track"): lambda: heard(("A", 5, 9), ("A", 8, 10)),
    ("silver.classification", "answer_accepted"): lambda: misformed("crowd-classifier", label="Car"),
    ("silver.classification", "known_label"): lambda: silver_of(answers=[(0, "w_1", {"label": "Bus"})], labels=LABELS),
    ("silver.box", "answer_accepted"): lambda: misformed("crowd-x", boundingBoxes=[BOX]),
    ("silver.box", "known_label"): lambda: drawn([BOX | {"label": "Bus"}]),
    ("silver.box", "frame_known"): lambda: drawn([BOX], frameNumber=900),
    ("silver.box", "has_area"): lambda: drawn([BOX | {"width": 0}]),
    ("silver.box", "in_picture"): lambda: drawn([BOX | {"width": 500}]),
    ("silver.shape", "answer_accepted"): lambda: misformed("crowd-x", polygons=[{"label": "Car", "vertices": SQUARE}]),
    ("silver.shape", "known_label"): lambda: drawn(polygons=[{"label": "Bus", "vertices": SQUARE}]),
    ("silver.shape", "frame_known"): lambda: drawn(polygons=[{"label": "Car", "vertices": SQUARE}], frameNumber=-1),
    ("silver.shape", "enough_vertices"): lambda: drawn(polygons=[{"label": "Car", "vertices": SQUARE[:2]}]),
    ("silver.shape", "in_picture"): lambda: drawn(
        polygons=[{"label": "Car", "vertices": [*SQUARE, {"x": 1, "y": 90}]}]
    ),
    ("silver.text_span", "answer_accepted"): lambda: silver_of(
        answers=[(0, "w_1", {"x": {"entities": [{"label": "Car", "startOffset": 0, "endOffset": 2}]}})],
        task_type="image_classification",
    ),
    ("silver.text_span", "known_label"): lambda: span("Bus", 0, 3),
    ("silver.text_span", "in_text"): lambda: span("Car", 3, 3),
    ("silver.consolidated_frame", "frame_known"): lambda: frames({"frame-no": "900"}),
    ("silver.consolidated_frame", "frame_once"): lambda: frames({"frame-no": "1"}, {"frame-no": 1}),
    ("silver.consolidated_class", "known_class"): lambda: line([3], {"class-map": {"0": "Car"}}),
    ("silver.consolidated_box", "known_class"): lambda: image(3),
    ("silver.consolidated_box", "has_area"): lambda: image(0, height=-5),
    ("silver.consolidated_box", "in_picture"): lambda: image(0, top=79),
    ("silver.consolidated_shape", "known_class"): lambda: line({"polygons": [{"vertices": SQUARE}]}, {}),
    ("silver.consolidated_shape", "enough_vertices"): lambda: shaped(SQUARE[:1]),
    ("silver.consolidated_shape", "in_picture"): lambda: shaped([*SQUARE, {"x": 200, "y": 1}]),
    ("silver.consolidated_span", "known_label"): lambda: spans("Bus", 3),
    ("silver.consolidated_span", "in_text"): lambda: spans("Car", 7),
}
WARNED: dict[tuple[str, str], Callable[[], Silver]] = {
    ("silver.annotation", "time_spent_within_task"): lambda: silver_of(answers=[(0, "w_1", {})], submitted_s=3),
    ("silver.segment", "no_overlap_in_layer"): lambda: heard(("A", 5, 9), ("B", 8, 10)),
    ("silver.consolidated", "adjustment_known"): lambda: line({}, {"adjustment-status": "perhaps"}),
}


def test_every_rule_is_broken_here() -> None:
    rules = {(rule.table, rule.name): rule.severity for rule in WRITTEN}
    assert {key for key, severity in rules.items() if severity == "fail"} == set(BROKEN)
    assert {key for key, severity in rules.items() if severity == "warn"} == set(WARNED)


@pytest.mark.parametrize("key", BROKEN, ids=".".join)
def test_a_row_that_breaks_a_rule_is_in_quarantine_with_the_reason(key: tuple[str, str]) -> None:
    table, name = key
    found = BROKEN[key]()
    rows = [r for r in found.quarantined.to_pylist() if (r["table_name"], r["rule"]) == key]
    assert len(rows) == 1 and rows[0]["reason"] != "broken" and len(rows[0]["reason"]) > 10
    counted = {(c.table, c.rule): c.n_failed for c in found.counts}
    assert counted[key] == 1
    if (table, name) != ("silver.annotation", "one_answer"):
        alone = {"no_overlap_in_track", "frame_once"}
        assert found.rows[table].num_rows == (1 if name in alone else 0)


@pytest.mark.parametrize("key", WARNED, ids=".".join)
def test_a_row_that_breaks_a_warning_is_counted_and_kept(key: tuple[str, str]) -> None:
    found = WARNED[key]()
    assert {(c.table, c.rule): c.n_failed for c in found.counts}[key] == 1
    assert found.rows[key[0]].num_rows > 0 and found.quarantined.num_rows == 0
