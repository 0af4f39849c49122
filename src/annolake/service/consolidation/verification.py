"""Is an earlier label right? One class an object, as in `class_label`, with what the workers remarked."""

from __future__ import annotations

from typing import Any

from annolake.service.consolidation import class_label
from annolake.service.consolidation.label import Given, Label

ELEMENT = class_label.ELEMENT


def read(value: dict[str, Any], labels: list[str]) -> tuple[str, str] | None:
    """The label that was chosen and the comment, which may be empty."""
    label, comment = class_label.read(value, labels), value.get("workerComment")
    return None if label is None else (label, comment.strip() if isinstance(comment, str) else "")


def consolidate(given: list[Given], labels: list[str]) -> dict[int, Label]:
    """The most probable class; `worker-feedback` holds the comments, and is left out where there is none."""
    comments: dict[int, list[dict[str, str]]] = {}
    for g in given:
        if g.value[1]:
            comments.setdefault(g.object_no, []).append({"comment": g.value[1]})
    chosen = class_label.consolidate([Given(g.object_no, g.subject, g.value[0]) for g in given], labels)
    return {
        object_no: Label(label.value, label.about | {"worker-feedback": comments[object_no]})
        if object_no in comments
        else label
        for object_no, label in chosen.items()
    }
