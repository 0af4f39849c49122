"""From rows back to the JSON of Ground Truth: the inverse of the silver models, for round trips."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import groupby
from typing import Any

Row = dict[str, Any]


def without_null(said: Row) -> Row:
    return {key: value for key, value in said.items() if value is not None}


def rest(row: Row) -> Row:
    """The keys that have no column."""
    return json.loads(row["attributes"]) if row["attributes"] else {}


def sides(row: Row) -> Row:
    return {side: row[f"{side}_px"] for side in ("left", "top", "width", "height")}


def points(row: Row) -> Row:
    """Vertices as their kind has them."""
    return row["vertices_px"][0] if row["kind"] == "keypoint" else {"vertices": row["vertices_px"]}


def drawing(boxes: list[Row], shapes: list[Row]) -> Row:
    """The value of a crowd element: boundingBoxes, polygons, ..., by the kind of what was drawn."""
    drawn: Row = {"boundingBoxes": [{"label": b["label"], **sides(b), **rest(b)} for b in boxes]} if boxes else {}
    for kind, some in groupby(shapes, key=lambda row: row["kind"]):
        drawn[f"{kind}s"] = [{"label": s["label"], **points(s), **rest(s)} for s in some]
    one = (boxes or shapes)[0]
    return drawn | {"inputImageProperties": {"width": one["picture_width_px"], "height": one["picture_height_px"]}}


def image_boxes(boxes: list[Row]) -> tuple[Row, Row]:
    """(value, metadata) of a bounding box job."""
    size = {"width": boxes[0]["picture_width_px"], "height": boxes[0]["picture_height_px"]}
    annotations = [{"class_id": b["class_no"], **sides(b), **rest(b)} for b in boxes]
    names = {str(b["class_no"]): b["label"] for b in boxes}
    objects = [without_null({"confidence": b["confidence"]}) for b in boxes]
    return {"image_size": [size], "annotations": annotations}, {"class-map": names, "objects": objects}


def sequence(frames: list[Row], boxes: list[Row], shapes: list[Row]) -> Row:
    """A SeqLabel.json."""

    def within(frame: Row, some: list[Row], its: Callable[[Row], Row]) -> list[Row]:
        return [
            without_null({"object-id": s["track_id"], "object-name": s["track_name"]})
            | {"class-id": str(s["class_no"]), **its(s), **rest(s)}
            for s in some
            if s["frame_no"] == frame["frame_no"]
        ]

    listed = []
    for frame in frames:
        drawn = {"annotations": within(frame, boxes, sides)}
        for kind in ("polygon", "polyline", "keypoint"):
            drawn[f"{kind}s"] = within(frame, [s for s in shapes if s["kind"] == kind], points)
        listed.append(
            {"frame-no": str(frame["frame_no"]), "frame": frame["frame"], **{k: v for k, v in drawn.items() if v}}
            | ({"frame-attributes": json.loads(frame["attributes"])} if frame["attributes"] else {})
        )
    return {"tracking-annotations": listed}


def entities(spans: list[Row]) -> list[Row]:
    return [{"label": s["label"], "startOffset": s["start_char"], "endOffset": s["end_char"], **rest(s)} for s in spans]


def several_classes(classes: list[Row]) -> tuple[list[int], Row]:
    """(value, metadata) of a job of several labels."""
    names = {str(c["class_no"]): c["label"] for c in classes}
    confidences = {str(c["class_no"]): c["confidence"] for c in classes}
    return [c["class_no"] for c in classes], {"class-map": names, "confidence-map": confidences}


def color_map(masks: list[Row]) -> tuple[str, Row]:
    """(reference, metadata) of a semantic segmentation."""
    colors = {
        str(m["class_no"]): without_null(
            {"class-name": m["label"], "hex-color": m["hex_color"], "confidence": m["confidence"]}
        )
        for m in masks
    }
    return masks[0]["mask_uri"], {"internal-color-map": colors}
