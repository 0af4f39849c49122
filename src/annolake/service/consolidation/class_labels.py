"""Any number of classes an object: each class is a question of its own, yes or no, weighed as a single class is."""

from __future__ import annotations

from typing import Any

from annolake.service.consolidation.class_label import weigh
from annolake.service.consolidation.label import Given, Label

ELEMENT = "multi-select"
NO, YES = "no", "yes"


def read(value: dict[str, Any], labels: list[str]) -> list[str] | None:
    """The labels that were chosen, in the job's order; none at all is an answer too.

    >>> read({"labels": ["dog", "cat"]}, ["cat", "dog", "cow"])
    ['cat', 'dog']
    """
    chosen = value.get("labels")
    if not isinstance(chosen, list) or not all(isinstance(label, str) and label in labels for label in chosen):
        return None
    return [label for label in labels if label in chosen]


def consolidate(given: list[Given], labels: list[str]) -> dict[int, Label]:
    """Every class that a worker or more chose, with the confidence that it is there (contract, section 3.4)."""
    shown: dict[int, dict[str, float | int]] = {g.object_no: {} for g in given}
    for label in labels:
        votes = [(g.object_no, g.subject, YES if label in g.value else NO) for g in given]
        chosen = {g.object_no for g in given if label in g.value}
        for object_no, (answer, sure) in weigh(votes, [NO, YES]).items() if chosen else ():
            if object_no in chosen:
                shown[object_no][label] = sure if answer == YES or not sure else round(1 - sure, 2)
    index = {label: place for place, label in enumerate(labels)}
    return {
        object_no: Label(
            [index[label] for label in sure],
            {
                "job-name": "",
                "class-map": {str(index[label]): label for label in sure},
                "confidence-map": {str(index[label]): value for label, value in sure.items()},
            },
        )
        for object_no, sure in shown.items()
    }
