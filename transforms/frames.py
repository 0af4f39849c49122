"""Worker responses of video frame jobs: a file a frame, in a folder a worker; together they are one answer.

Ground Truth writes `worker-response/iteration-<n>/<object>/<worker>/<frame>.json`, where the worker is a hash of 40 hex
digits. A file holds `{"trackingAnnotations": {...}}` or `{"detectionAnnotations": {...}}`, bare or as the
`answerContent` of a list of answers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from transforms import strict_json
from transforms.ground_truth import Fault

FRAME_PATH = re.compile(r"^(.*/annotations/worker-response/iteration-\d+/([^/]+)/([^/]+))/[^/]+\.json$")
ELEMENTS = ("trackingAnnotations", "detectionAnnotations")


class Folder(NamedTuple):
    """Where one worker's frames of one object are."""

    uri: str
    object_id: str
    worker: str


def folder_of_frame(uri: str) -> Folder | None:
    """The folder of a frame's worker response; None for any other path.

    >>> folder_of_frame("s3://b/job/annotations/worker-response/iteration-1/0/2ae5/frame_7.json").worker
    '2ae5'
    >>> folder_of_frame("s3://b/job/annotations/worker-response/iteration-1/0/2020-01-01_00:00:00.json") is None
    True
    """
    found = FRAME_PATH.match(uri)
    return Folder(*found.groups()) if found else None


def join_frames(files: Iterable[tuple[str, bytes]]) -> tuple[str | None, dict[str, Fault]]:
    """One answer of (uri, content) of frames as JSON text, frames in their order; and a fault for each bad file.

    None where no file can be used.
    """
    frames: dict[str, list[dict[str, Any]]] = {}
    faults: dict[str, Fault] = {}
    for uri, raw in files:
        try:
            element, frame = _frame(strict_json.load(raw))
        except ValueError as error:
            faults[uri] = Fault(0, "no_frame", f"The worker response of a frame cannot be used: {error}.")
            continue
        frames.setdefault(element, []).append(frame)
    ordered = {element: sorted(frames[element], key=_place) for element in sorted(frames)}
    return strict_json.dump(ordered) if ordered else None, faults


def _frame(document: Any) -> tuple[str, dict[str, Any]]:
    answers = document.get("answers") if isinstance(document, dict) else None
    if isinstance(answers, list) and len(answers) == 1 and isinstance(answers[0], dict):
        document = answers[0].get("answerContent")
    if isinstance(document, dict):
        for element in ELEMENTS:
            if isinstance(document.get(element), dict):
                return element, document[element]
    raise ValueError(f"it has no object {' or '.join(ELEMENTS)}")


def _place(frame: dict[str, Any]) -> tuple[float, str]:
    number = str(frame.get("frameNumber", frame.get("frame-no")))
    return float(number) if number.isdecimal() else math.inf, str(frame.get("frame"))  # what is no number comes last
