"""Frames of a video that one worker labeled, as SeqLabel.json has them (contract, section 3.8).

What the worker UI answers is `{"frames": [{"frameNumber", "frame", "boundingBoxes": [...], "frameAttributes"}]}`; the
lists of shapes are those of the drawing elements, with `labelCategoryAttributes` and, of tracks, `objectId` and
`objectName`. Frames on which nothing was labeled are not listed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from annolake.service.consolidation.label import Given, Label
from annolake.service.consolidation.numbers import is_number, plain

Frame = dict[str, Any]

SIDES = ("height", "width", "top", "left")
LISTS = {"boundingBoxes": "annotations", "polygons": "polygons", "polylines": "polylines", "keypoints": "keypoints"}
"""A list of the answer -> the list of the label file."""
LONGEST_NAME = 200
"""Bytes; file systems take 255."""
FEWEST = {"polygons": 3, "polylines": 2}


def read(value: dict[str, Any], labels: list[str], *, is_tracking: bool) -> tuple[list[Frame], bool | None] | None:
    """The labeled frames, and whether an earlier label was changed (None where there was none).

    None where there is no list of frames. A shape that has no place, or a label that is not the job's, is left out.
    """
    frames = value.get("frames")
    if not isinstance(frames, list):
        return None
    read = [_read_frame(frame, labels, is_tracking=is_tracking) for frame in frames if isinstance(frame, dict)]
    modified = value.get("initialValueModified")
    return [frame for frame in read if frame], modified if isinstance(modified, bool) else None


def _read_frame(frame: Frame, labels: list[str], *, is_tracking: bool) -> Frame | None:
    number, name = frame.get("frameNumber"), frame.get("frame")
    if type(number) is not int or not isinstance(name, str):
        return None
    known: Frame = {"frameNumber": number, "frame": name}
    for listed in LISTS:
        if isinstance(frame.get(listed), list):
            known[listed] = [
                shape for shape in frame[listed] if _is_shape(listed, shape, labels, is_tracking=is_tracking)
            ]
    known["frameAttributes"] = _attributes(frame.get("frameAttributes"))
    return known


def _is_shape(listed: str, shape: Any, labels: list[str], *, is_tracking: bool) -> bool:
    if not isinstance(shape, dict) or shape.get("label") not in labels:
        return False
    if is_tracking and not all(isinstance(shape.get(key), str) for key in ("objectId", "objectName")):
        return False
    if listed == "boundingBoxes":
        return all(is_number(shape.get(side)) for side in SIDES) and shape["width"] > 0 and shape["height"] > 0
    points = [shape] if listed == "keypoints" else shape.get("vertices")
    return (
        isinstance(points, list)
        and len(points) >= FEWEST.get(listed, 1)
        and all(isinstance(p, dict) and is_number(p.get("x")) and is_number(p.get("y")) for p in points)
    )


def _attributes(value: Any) -> dict[str, Any]:
    return (
        {str(k): v for k, v in value.items() if isinstance(v, str) or is_number(v)} if isinstance(value, dict) else {}
    )


def label(given: Given, labels: list[str]) -> Label:
    """What the manifest says of the sequence: the labels that are used, and after an audit whether it was changed."""
    frames, is_modified = given.value
    used = sorted({labels.index(s["label"]) for f in frames for listed in LISTS for s in f.get(listed, [])})
    about: dict[str, Any] = {"class-map": {str(place): labels[place] for place in used}}
    if is_modified is not None:
        about["adjustment-status"] = "adjusted" if is_modified else "unadjusted"
    return Label(None, about)


def label_file(given: Given, labels: list[str], top: str) -> bytes:
    """SeqLabel.json, with numbers of frames and classes as text, as real files have them."""
    frames, _ = given.value
    index = {label: str(place) for place, label in enumerate(labels)}
    return json.dumps({top: [_label_frame(f, index) for f in frames]}, separators=(",", ":")).encode()


def _label_frame(frame: Frame, index: dict[str, str]) -> Frame:
    shapes = {LISTS[k]: [_label_shape(k, s, index) for s in frame[k]] for k in LISTS if k in frame}
    place = {"frame-no": str(frame["frameNumber"]), "frame": frame["frame"]}
    return shapes | place | {"frame-attributes": frame["frameAttributes"]}


def _label_shape(listed: str, shape: dict[str, Any], index: dict[str, str]) -> dict[str, Any]:
    if listed == "boundingBoxes":
        where: dict[str, Any] = {side: plain(shape[side]) for side in SIDES}
    elif listed == "keypoints":
        where = {"x": plain(shape["x"]), "y": plain(shape["y"])}
    else:
        where = {"vertices": [{"x": plain(p["x"]), "y": plain(p["y"])} for p in shape["vertices"]]}
    where |= {"class-id": index[shape["label"]]}
    where |= {"label-category-attributes": _attributes(shape.get("labelCategoryAttributes"))}
    if "objectId" in shape:
        where |= {"object-id": shape["objectId"], "object-name": shape["objectName"]}
    return where


def responses(
    value: tuple[list[Frame], bool | None], element: str, names: dict[int, str]
) -> Iterator[tuple[str, bytes]]:
    """(name of the file, content) of a worker's response, a file a labeled frame; `names` are those of the sequence.

    Where nothing is labeled it is the first frame's, empty: an answer without a file would be none.
    """
    labeled = [frame for frame in value[0] if frame["frameNumber"] in names]
    first = next(iter(names))
    for frame in labeled or [{"frameNumber": first, "frame": names[first], "frameAttributes": {}}]:
        name = names[frame["frameNumber"]].replace("/", "_").encode()[:LONGEST_NAME].decode(errors="ignore")
        yield f"{name}.json", json.dumps({element: frame}, separators=(",", ":")).encode()
