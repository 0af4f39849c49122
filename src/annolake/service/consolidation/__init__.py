"""Workers' answers to one label an object, by the task type's rule; a file a kind of label.

`read_answer` says what a stored answer gives for its task, None where it gives nothing that can be used: an object
with only such answers fails. `consolidate` weighs the answers of a whole job, so that what comes out depends on the
answers alone and not on the order in which they came.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from types import ModuleType
from typing import Any

from annolake.service.consolidation import adjustment, boxes, class_label, class_labels, entities, verification
from annolake.service.consolidation.label import Given, Label

KINDS: dict[str, ModuleType] = {
    "class": class_label,
    "classes": class_labels,
    "boxes": boxes,
    "entities": entities,
    "verification": verification,
    "adjustment": adjustment,
}

__all__ = ["Label", "consolidate", "read_answer"]


def read_answer(kind: str, answer: str | None, labels: list[str]) -> Any:
    """What an answer (JSON text) says of its object, for a task of this kind; None where nothing."""
    content = json.loads(answer or "{}")
    # The element that the task is about, before others of the same page; then by name, so that the choice is stated.
    elements = sorted(content.items(), key=lambda item: (KINDS[kind].ELEMENT not in item[0], item[0]))
    values = (KINDS[kind].read(value, labels) for _, value in elements if isinstance(value, dict))
    return next((value for value in values if value is not None), None)


def consolidate(kind: str, labels: list[str], rows: Iterable[Any]) -> dict[int, Label]:
    """Object number -> label, from rows (object_no, subject, answer) that are sorted by object and subject."""
    read = ((row, read_answer(kind, row.answer, labels)) for row in rows)
    given = [Given(row.object_no, row.subject, value) for row, value in read if value is not None]
    return dict(KINDS[kind].consolidate(given, labels)) if given else {}
