"""Labeled stretches of a text: clusters of the workers' by overlap (`transforms.consensus.entities`)."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from annolake.service.consolidation.label import Given, Label

ELEMENT = "entity"
Entity = tuple[str, int, int]


def read(value: dict[str, Any], labels: list[str]) -> tuple[Entity, ...] | None:
    """The stretches that were marked; none at all is an answer too. One that is empty or of a strange label is left."""
    marked = value.get("entities")
    if not isinstance(marked, list):
        return None
    entities = [
        (item["label"], item["startOffset"], item["endOffset"])
        for item in marked
        if isinstance(item, dict)
        and item.get("label") in labels
        and all(type(item.get(side)) is int for side in ("startOffset", "endOffset"))
    ]
    return tuple(entity for entity in entities if 0 <= entity[1] < entity[2])


def consolidate(given: list[Given], labels: list[str]) -> dict[int, Label]:
    """The stretches that more than half of the workers marked (all of one worker's)."""
    from transforms.consensus import fuse_entities
    from transforms.consensus.entities import ANNOTATORS, ENTITIES

    marked = [
        {"object_id": str(g.object_no), "worker_id": g.subject, "label": label, "start": start, "end": end}
        for g in given
        for label, start, end in g.value
    ]
    people = [{"object_id": str(g.object_no), "worker_id": g.subject} for g in given]
    fused = fuse_entities(
        pa.Table.from_pylist(marked, schema=ENTITIES), pa.Table.from_pylist(people, schema=ANNOTATORS)
    ).to_pylist()
    kept: dict[int, list[dict[str, Any]]] = {g.object_no: [] for g in given}
    for entity in fused:
        if entity["is_accepted"]:
            kept[int(entity["object_id"])].append(entity)
    return {object_no: _label(found, labels) for object_no, found in kept.items()}


def _label(found: list[dict[str, Any]], labels: list[str]) -> Label:
    entities = [{"label": e["label"], "startOffset": e["start"], "endOffset": e["end"]} for e in found]
    shown = {"labels": [{"label": label} for label in labels], "entities": entities}
    return Label({"annotations": shown}, {"entities": [{"confidence": round(e["confidence"], 2) or 0} for e in found]})
