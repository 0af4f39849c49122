"""Which objects with boxes an expert should look at first: those with the most boxes that are wrong, by expectation.

Each annotator of an object speaks for a fused box (has one of its class in its place) or against it. There is no model
of skill for boxes, so every answer counts as that of somebody unknown (`odds.UNKNOWN`): of n annotators with s for
the box it stands with the log-odds (2 s - n) log(p / (1 - p)). *Expected gain* is the sum of (1 - probability of the
more probable side) over the boxes on which both was said, so it counts boxes; one row an object and layer.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.disputes import MOST
from transforms.encode import codes, first_within, reals
from transforms.odds import log_odds
from transforms.schemas import MEASURE_BOX_DISPUTE, MEASURE_CONSENSUS_BOX, MEASURE_DISPUTE, require

BOX = "box"
READ = ("job_name", "object_id", "layer", "label", "n_annotators", "support", "dissenters")
_ITEM = ["job_name", "layer", "object_id"]
_VOTE = float(log_odds(np.array([np.nan]), np.array([2.0]))[0])


def disputes_of_boxes(fused: pa.Table, annotators: pa.Table) -> pa.Table:
    """`measure.box_dispute` rows, at most `MOST` of a layer of a job.

    `fused` are rows of `measure.consensus_box`, `annotators` who answered which object.
    """
    fused = require(fused, MEASURE_CONSENSUS_BOX, columns=READ)
    disputed = fused.filter((pc.field("support") > 0) & (pc.field("support") < pc.field("n_annotators")))
    if not disputed.num_rows:  # most jobs have no boxes, and many annotators
        return MEASURE_BOX_DISPUTE.empty()
    n, support = reals(disputed["n_annotators"]), reals(disputed["support"])
    odds = (2.0 * support - n) * _VOTE
    figures = {
        "odds": odds,
        "gain": 1.0 / (1.0 + np.exp(np.abs(odds))),
        "severity": 2.0 * support * (n - support) / np.maximum(n * (n - 1.0), 1.0),
    }
    for name, values in figures.items():
        disputed = disputed.append_column(name, pa.array(values))
    items = _first_of_layers(disputed.group_by(_ITEM).aggregate([("gain", "sum")]), "gain_sum")
    chosen = disputed.join(items.select(_ITEM), keys=_ITEM, join_type="inner")
    boxes: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for box in chosen.sort_by([(name, "ascending") for name in (*_ITEM, "label")]).to_pylist():
        boxes.setdefault(tuple(box[name] for name in _ITEM), []).append(box)
    people = _people(annotators, {(job, obj) for job, _, obj in boxes})
    rows = [_row(key, some, people[key[0], key[2]]) for key, some in boxes.items()]
    return pa.Table.from_pylist(rows, MEASURE_BOX_DISPUTE.arrow)


def first_of_jobs(rows: pa.Table) -> pa.Table:
    """`measure.dispute` rows from those of parts: no part has kept less than `MOST`, so none is missed."""
    first = _first_of_layers(rows, "expected_gain")
    return require(first, MEASURE_DISPUTE)


def _first_of_layers(items: pa.Table, gain: str) -> pa.Table:
    """The objects with the greatest gain of each layer of a job, ties by object."""
    items = items.sort_by("object_id")
    (_, job), (layers, layer) = codes(items["job_name"]), codes(items["layer"])
    kept = first_within(job * max(1, len(layers)) + layer, reals(items[gain]), MOST)
    return items.take(pa.array(kept, pa.int64()))


def _people(annotators: pa.Table, objects: set[tuple[str, str]]) -> dict[tuple[str, str], list[str]]:
    """Who answered each of these objects."""
    found: dict[tuple[str, str], list[str]] = {one: [] for one in objects}
    columns = (annotators[name].to_pylist() for name in ("job_name", "object_id", "worker_id"))
    for job, obj, worker in zip(*columns, strict=True):
        if (job, obj) in found:
            found[job, obj].append(worker)
    return found


def _row(key: tuple[str, ...], boxes: list[dict[str, Any]], people: Iterable[str]) -> dict[str, Any]:
    job, layer, obj = key
    gain: Counter[str] = Counter()
    for box in boxes:
        gain[box["label"]] += box["gain"]
    labels = sorted(gain, key=lambda label: (-gain[label], label))
    stand = sum(box["odds"] for box in boxes) >= 0
    against = [set(json.loads(box["dissenters"])) for box in boxes]
    by_label: dict[str, list[str]] = {}
    for worker in sorted(set(people)):
        drawn = Counter(box["label"] for box, others in zip(boxes, against, strict=True) if worker not in others)
        by_label.setdefault(max(sorted(drawn), key=drawn.__getitem__) if drawn else "", []).append(worker)
    return {
        "job_name": job,
        "object_id": obj,
        "layer": layer,
        "asset_id": None,
        "t_start_s": 0.0,
        "t_end_s": None,
        "kind": BOX,
        "labels": json.dumps([*labels, ""] if stand else ["", *labels], ensure_ascii=False),
        "workers": json.dumps(by_label, ensure_ascii=False, sort_keys=True),
        "n_annotators": boxes[0]["n_annotators"],
        "severity": float(np.mean([box["severity"] for box in boxes])),
        "expected_gain": float(sum(box["gain"] for box in boxes)),
    }
