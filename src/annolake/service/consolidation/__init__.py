"""Workers' answers to one label an object, by the task type's rule; a file a kind of label.

`read_answer` says what a stored answer gives for its task, None where it gives nothing that can be used: an object
with only such answers fails. `consolidate` weighs the answers of a whole job, so that what comes out depends on the
answers alone and not on the order in which they came.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from types import ModuleType
from typing import Any

from annolake.service.consolidation import (
    adjustment,
    boxes,
    class_label,
    class_labels,
    detections,
    entities,
    frames,
    masks,
    tracks,
    verification,
)
from annolake.service.consolidation.label import Given, Label

KINDS: dict[str, ModuleType] = {
    "class": class_label,
    "classes": class_labels,
    "boxes": boxes,
    "entities": entities,
    "verification": verification,
    "adjustment": adjustment,
}
FILES: dict[str, ModuleType] = {"detections": detections, "tracks": tracks, "mask": masks}
"""Kinds whose label is a file: each object for itself, so that no two of them are in memory at once."""
ALL = KINDS | FILES

__all__ = ["Label", "consolidate", "frame_responses", "label_file", "read_answer"]


def warm_up() -> None:
    """Load the libraries that weigh answers: it takes seconds, which nobody's first label is to wait for."""
    class_label.weigh([(0, "", "a")], ["a", "b"])


def read_answer(kind: str, answer: str | None, labels: list[str]) -> Any:
    """What an answer (JSON text) says of its object, for a task of this kind; None where nothing."""
    content = json.loads(answer or "{}")
    # The element that the task is about, before others of the same page; then by name, so that the choice is stated.
    elements = sorted(content.items(), key=lambda item: (ALL[kind].ELEMENT not in item[0], item[0]))
    values = (ALL[kind].read(value, labels) for _, value in elements if isinstance(value, dict))
    return next((value for value in values if value is not None), None)


def consolidate(kind: str, labels: list[str], rows: Iterable[Any]) -> dict[int, Label]:
    """Object number -> label, from rows (object_no, subject, answer) that are sorted by object and subject."""
    given = _given(kind, labels, rows)
    if kind in FILES:
        by_object = groupby(given, key=lambda g: g.object_no)
        return {object_no: FILES[kind].label(list(some), labels) for object_no, some in by_object}
    known = list(given)
    return dict(KINDS[kind].consolidate(known, labels)) if known else {}


def label_file(kind: str, labels: list[str], rows: Iterable[Any]) -> bytes:
    """The file that is the label of one object, from its rows in the order of their subjects."""
    content: bytes = FILES[kind].label_file(list(_given(kind, labels, rows)), labels)
    return content


def frame_responses(
    kind: str, labels: list[str], answer: str | None, names: dict[int, str]
) -> Iterator[tuple[str, bytes]]:
    """(name, content) of the files that a worker's answer on a sequence is; `names` are its frames by their numbers."""
    value: Any = read_answer(kind, answer, labels) or ([], None)
    return frames.responses(value, FILES[kind].ELEMENT, names)


def _given(kind: str, labels: list[str], rows: Iterable[Any]) -> Iterator[Given]:
    read = ((row, read_answer(kind, row.answer, labels)) for row in rows)
    return (Given(row.object_no, row.subject, value) for row, value in read if value is not None)
