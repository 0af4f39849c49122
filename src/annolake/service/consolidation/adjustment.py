"""Boxes of an earlier job, put right: consolidated as boxes are, with word of whether anybody changed them."""

from __future__ import annotations

from typing import Any

from annolake.service.consolidation import boxes
from annolake.service.consolidation.label import Given, Label

ELEMENT = boxes.ELEMENT


def read(value: dict[str, Any], labels: list[str]) -> tuple[boxes.Drawn, bool] | None:
    """The boxes, and whether they were changed: yes where the template's element does not tell."""
    drawn = boxes.read(value, labels)
    return None if drawn is None else (drawn, value.get("initialValueModified") is not False)


def consolidate(given: list[Given], labels: list[str]) -> dict[int, Label]:
    """`adjustment-status` is `adjusted` where at least one worker changed a box (contract, section 3.9)."""
    changed = {g.object_no for g in given if g.value[1]}
    fused = boxes.consolidate([Given(g.object_no, g.subject, g.value[0]) for g in given], labels)
    return {
        object_no: Label(
            label.value,
            label.about | {"adjustment-status": "adjusted" if object_no in changed else "unadjusted"},
        )
        for object_no, label in fused.items()
    }
