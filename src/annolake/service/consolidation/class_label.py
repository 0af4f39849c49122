"""One class an object (image, text, video; verification): the modified Dawid-Skene that Ground Truth published."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from annolake.service.consolidation.label import Given, Label

ELEMENT = "classifier"
VOTES = pa.schema([(name, pa.string()) for name in ("object_id", "worker_id", "label")])


def read(value: dict[str, Any], labels: list[str]) -> str | None:
    """The label that was chosen, if it is one of the job's.

    >>> read({"label": "cat"}, ["cat", "dog"])
    'cat'
    """
    label = value.get("label")
    return label if isinstance(label, str) and label in labels else None


def consolidate(given: list[Given], labels: list[str]) -> dict[int, Label]:
    """The most probable class; confidence at most .95, and 0 where one worker answered."""
    index = {label: place for place, label in enumerate(labels)}
    weighed = weigh([(g.object_no, g.subject, g.value) for g in given], labels)
    return {
        object_no: Label(index[label], {"confidence": sure, "job-name": "", "class-name": label})
        for object_no, (label, sure) in weighed.items()
    }


def weigh(votes: list[tuple[int, str, str]], labels: list[str]) -> dict[int, tuple[str, float | int]]:
    """Object number -> (class, confidence) from (object number, worker, class)."""
    from transforms.consensus import ground_truth_dawid_skene

    rows = [{"object_id": str(object_no), "worker_id": subject, "label": label} for object_no, subject, label in votes]
    result = ground_truth_dawid_skene(pa.Table.from_pylist(rows, schema=VOTES), labels)
    found = zip(*(result[name].to_pylist() for name in ("object_id", "label", "confidence")), strict=True)
    return {int(o): (label, round(float(sure), 2) or 0) for o, label, sure in found}
