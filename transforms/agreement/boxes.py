"""Agreement on boxes: found by both, and drawn alike; one row of sums a class.

Boxes of two annotators on one frame are matched one to one where their intersection over union reaches a threshold, by
a largest matching; boxes of different classes never match. Nobody is the reference: what one annotator misses is extra
with the other, so F = hits / boxes with both counted on both sides. Annotators give no confidence, hence no average
precision; the thresholds .50 to .95 are COCO's (Lin et al. 2014, doi:10.1007/978-3-319-10602-1_48).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from transforms.boxes import ROUNDING, Boxes, best_matches, boxes, meetings
from transforms.encode import Floats, Ints, names_at, tabulate
from transforms.intervals import ranges
from transforms.schemas import MEASURE_BOX_ITEM, MEASURE_BOX_PAIR

THRESHOLDS = tuple(k / 100 for k in range(50, 100, 5))


def score_items(table: pa.Table, annotators: pa.Table) -> pa.Table:
    """`measure.box_item` rows; a class has a row on an object when anyone drew it there. Inputs: `transforms.boxes`."""
    return score(boxes(table, annotators))


def score(found: Boxes) -> pa.Table:
    """The same of boxes that are coded."""
    item, pair, label, sums = _compare(found)
    width = max(1, len(found.labels))
    own = found.sheet_item[found.sheet] * width + found.label
    cell = np.unique(own)
    n = found.n_annotators[cell // width]
    at = np.searchsorted(cell, item[pair] * width + label)

    def total(values: Ints | Floats) -> Floats:
        return np.bincount(at, weights=values, minlength=len(cell)).astype(np.float64)

    columns = _key(found, cell // width, cell % width) | {
        "n_annotators": n.astype(np.int32),
        "n_pairs": (n * (n - 1) // 2).astype(np.int32),
        "n_boxes": np.rint(total(sums["a"] + sums["b"])).astype(np.int64),
        "hits_iou50": np.rint(2 * total(sums["hits"])).astype(np.int64),
        "hits_iou50_95": np.rint(2 * total(sums["hits_all"])).astype(np.int64),
        "sum_iou_matched": 2 * total(sums["iou"]),
    }
    return tabulate(MEASURE_BOX_ITEM, columns)


def score_pairs(table: pa.Table, annotators: pa.Table) -> pa.Table:
    """`measure.box_pair` rows: who missed and who added how many, of the classes that either drew on the object."""
    return score_two(boxes(table, annotators))


def score_two(found: Boxes) -> pa.Table:
    """The same of boxes that are coded."""
    item, pair, label, sums = _compare(found)
    _, left, right = found.pairs()
    columns = _key(found, item[pair], label) | {
        "worker_a": names_at(found.workers, found.sheet_worker[left[pair]]),
        "worker_b": names_at(found.workers, found.sheet_worker[right[pair]]),
        "n_boxes_a": sums["a"].astype(np.int64),
        "n_boxes_b": sums["b"].astype(np.int64),
        "hits_iou50": sums["hits"].astype(np.int64),
        "hits_iou50_95": sums["hits_all"].astype(np.int64),
        "sum_iou_matched": sums["iou"],
    }
    return tabulate(MEASURE_BOX_PAIR, columns)


def _key(found: Boxes, item: Ints, label: Ints) -> dict[str, Any]:
    return {
        "job_name": names_at(found.jobs, found.item_job[item]),
        "object_id": names_at(found.objects, found.item_object[item]),
        "layer": names_at(found.layers, found.item_layer[item]),
        "label": names_at(found.labels, label),
    }


def _compare(found: Boxes) -> tuple[Ints, Ints, Ints, dict[str, Floats]]:
    """Item of each pair; then pair, label and sums, one row for a class that either of a pair drew."""
    item, left, right = found.pairs()
    width = max(1, len(found.labels))
    drawn, count = np.unique(found.sheet * width + found.label, return_counts=True)
    pointer = np.searchsorted(drawn, np.arange(len(found.sheet_item) + 1) * width)
    keys, counts = [], []
    for side in (left, right):
        pair, at = ranges(pointer[side], pointer[side + 1])
        keys.append(pair * width + drawn[at] % width)
        counts.append(count[at])
    cell, place = np.unique(np.concatenate(keys), return_inverse=True)
    n_left = len(keys[0])

    def total(at: Ints, values: Ints | Floats | None) -> Floats:
        return np.bincount(at, weights=values, minlength=len(cell)).astype(np.float64)

    met = meetings(found, left, right)
    row = np.searchsorted(cell, met.pair * width + found.label[met.left])
    hits = {}
    for threshold in THRESHOLDS:
        near = np.flatnonzero(met.iou >= threshold - ROUNDING)
        hits[threshold] = total(row[near[best_matches(met.where(near), np.ones(len(near)))]], None)
    best = best_matches(met, met.iou)
    sums = {
        "a": total(place.ravel()[:n_left], counts[0]),
        "b": total(place.ravel()[n_left:], counts[1]),
        "hits": hits[THRESHOLDS[0]],
        "hits_all": np.sum(list(hits.values()), axis=0),
        "iou": total(row[best], met.iou[best]),
    }
    return item, cell // width, cell % width, sums
