"""Boxes on an image: the most similar ones of the workers joined and averaged (`transforms.consensus.boxes`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from annolake.service.consolidation.label import Given, Label
from annolake.service.consolidation.numbers import is_number, plain

ELEMENT = "bounding"
SIDES = ("left", "top", "width", "height")
DEPTH = 3
"""Colours of an image: nothing in an answer tells, and nearly every image has three."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """One worker's boxes and the size of the image as their browser had it."""

    boxes: tuple[tuple[str, float, float, float, float], ...]
    size: tuple[int, int] | None


def read(value: dict[str, Any], labels: list[str]) -> Drawn | None:
    """The boxes that were drawn; none at all is an answer too. A box without area or with a strange label is left."""
    drawn = value.get("boundingBoxes")
    if not isinstance(drawn, list):
        return None
    boxes = [
        (box["label"], *(float(box[side]) for side in SIDES))
        for box in drawn
        if isinstance(box, dict) and box.get("label") in labels and all(is_number(box.get(side)) for side in SIDES)
    ]
    image = value.get("inputImageProperties")
    size = (image.get("width"), image.get("height")) if isinstance(image, dict) else (None, None)
    is_size = all(is_number(side) and side > 0 for side in size)
    return Drawn(
        tuple(box for box in boxes if box[3] > 0 and box[4] > 0),
        (round(size[0]), round(size[1])) if is_size else None,  # type: ignore[arg-type]
    )


def consolidate(given: list[Given], labels: list[str]) -> dict[int, Label]:
    """The boxes that more than half of the workers drew (all of one worker's); confidence 0 where one answered."""
    from transforms.boxes import ANNOTATORS, BOXES
    from transforms.consensus import fuse_boxes

    drawn = [
        {"job_name": "", "object_id": str(g.object_no), "worker_id": g.subject, "layer": "", "frame_no": 0}
        | {"label": label, "left_px": left, "top_px": top, "width_px": width, "height_px": height}
        for g in given
        for label, left, top, width, height in g.value.boxes
    ]
    people = [{"job_name": "", "object_id": str(g.object_no), "worker_id": g.subject} for g in given]
    fused = fuse_boxes(
        pa.Table.from_pylist(drawn, schema=BOXES), pa.Table.from_pylist(people, schema=ANNOTATORS)
    ).to_pylist()
    kept: dict[int, list[dict[str, Any]]] = {g.object_no: [] for g in given}
    for box in fused:
        if box["is_accepted"]:
            kept[int(box["object_id"])].append(box)
    size = {g.object_no: g.value.size for g in reversed(given) if g.value.size}
    return {object_no: _label(found, size.get(object_no), labels) for object_no, found in kept.items()}


def _label(found: list[dict[str, Any]], size: tuple[int, int] | None, labels: list[str]) -> Label:
    index = {label: place for place, label in enumerate(labels)}
    annotations = [
        {"class_id": index[box["label"]]} | {side: plain(box[f"{side}_px"]) for side in SIDES} for box in found
    ]
    image = [{"width": size[0], "height": size[1], "depth": DEPTH}] if size else []
    used = sorted({index[box["label"]] for box in found})
    return Label(
        {"image_size": image, "annotations": annotations},
        {
            "objects": [{"confidence": round(box["confidence"], 2) or 0} for box in found],
            "class-map": {str(place): labels[place] for place in used},
        },
    )
