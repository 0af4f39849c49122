"""Workers' answers to one label an object, by the task type's rule."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from annolake.service.answers import usable_label


@dataclass(frozen=True)
class Consolidated:
    """The label of one object."""

    class_index: int
    class_name: str
    confidence: float


def consolidate_classes(labels: list[str], answers: Iterable[Any]) -> dict[int, Consolidated]:
    """Object number -> label, from rows (object_no, subject, answer) that are sorted by object and subject.

    The answers of the whole job are weighed together (modified Dawid-Skene), so the result depends on the answers
    alone and not on the order in which they came.
    """
    import pyarrow as pa

    from transforms.consensus import ground_truth_dawid_skene

    columns: dict[str, list[str]] = {"object_id": [], "worker_id": [], "label": []}
    for row in answers:
        label = usable_label(row.answer, labels)
        if label is not None:
            columns["object_id"].append(str(row.object_no))
            columns["worker_id"].append(row.subject)
            columns["label"].append(label)
    if not columns["label"]:
        return {}
    table = pa.table(columns, schema=pa.schema([(name, pa.string()) for name in columns]))
    result = ground_truth_dawid_skene(table, labels)
    index = {label: place for place, label in enumerate(labels)}
    found = zip(*(result[name].to_pylist() for name in ("object_id", "label", "confidence")), strict=True)
    return {int(o): Consolidated(index[label], label, round(float(sure), 2)) for o, label, sure in found}
