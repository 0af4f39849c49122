"""Agreement on tracks of boxes: are the same things followed through the frames? IDF1 and HOTA, nobody the reference.

IDF1 (Ristani et al. 2016, doi:10.1007/978-3-319-48881-3_2) matches whole tracks one to one, so that as many boxes as
possible meet at IoU >= .5: 2 hits / boxes. HOTA (Luiten et al. 2021, doi:10.1007/s11263-020-01375-2) matches the boxes
of each frame, favouring tracks that go together over the whole sequence, and is the mean over the thresholds .05 to .95
of sqrt(DetA * AssA): found by both, times followed alike. HOTA's matching knows a reference where boxes tie; all sums
are means of both directions. MOTA is not here: it depends on who is the reference.

Classes are scored apart. Boxes without a track_id are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.optimize import linear_sum_assignment

from transforms.boxes import ROUNDING, Boxes, Meetings, best_matches, boxes, meetings
from transforms.encode import Floats, Ints, masses, names_at, tabulate
from transforms.intervals import ranges
from transforms.schemas import MEASURE_TRACK_ITEM

IOU = 0.5
THRESHOLDS = tuple(k / 100 for k in range(5, 100, 5))
NAMES = [f"{threshold:.2f}" for threshold in THRESHOLDS]


def score_items(table: pa.Table, annotators: pa.Table) -> pa.Table:
    """`measure.track_item` rows of the classes that anyone followed on an object. Inputs: `transforms.boxes`."""
    return score(boxes(table, annotators))


def score(found: Boxes) -> pa.Table:
    """The same of boxes that are coded."""
    found = _followed(found)
    width = max(1, len(found.labels))
    item, left, right = found.pairs()
    own, count = np.unique(found.sheet_item[found.sheet] * width + found.label, return_counts=True)
    n = found.n_annotators[own // width]
    id_total, hits, associated = np.zeros(len(own)), np.zeros((len(own), 19)), np.zeros((len(own), 19))
    met = meetings(found, left, right)
    group = met.pair * width + found.label[met.left]
    length = np.bincount(found.track, minlength=int(found.track.max(initial=-1)) + 1)
    for key in np.unique(group):
        here = met.where(group == key)
        at = np.searchsorted(own, item[key // width] * width + key % width)
        one, other = found.track[here.left], found.track[here.right]
        near = here.iou >= IOU - ROUNDING
        # once a frame: a track that has two boxes on one frame still is in one place
        once = np.unique(np.stack([found.frame[here.left], one, other])[:, near], axis=1)
        id_total[at] += 2 * identity_hits(once[1], once[2])
        for part in (here, _turned(here)):  # each direction counts for one side
            matched, score = _hota(found, part, length)
            hits[at] += matched
            associated[at] += score
    columns: dict[str, Any] = {
        "job_name": names_at(found.jobs, found.item_job[own // width]),
        "object_id": names_at(found.objects, found.item_object[own // width]),
        "layer": names_at(found.layers, found.item_layer[own // width]),
        "label": names_at(found.labels, own % width),
        "n_annotators": n.astype(np.int32),
        "n_pairs": (n * (n - 1) // 2).astype(np.int32),
        "n_boxes": np.maximum(n - 1, 0) * count,
        "id_hits": np.rint(id_total).astype(np.int64),
        "hota_hits": _by_threshold(hits),
        "hota_associated": _by_threshold(associated),
    }
    return tabulate(MEASURE_TRACK_ITEM, columns)


def hota(n_boxes: float, hits: Mapping[str, float], associated: Mapping[str, float]) -> float:
    """HOTA from sums over any objects, as in `measure.track_item`; NaN without boxes.

    >>> hota(20, {"0.50": 20.0}, {"0.50": 20.0}), hota(20, {"0.50": 10.0}, {"0.50": 5.0})
    (1.0, 0.408248290463863)
    """
    if n_boxes <= 0:
        return float("nan")
    detected = [hits[name] / (2 * n_boxes - hits[name]) for name in hits]  # TP / (TP + FN + FP), both sides
    alike = [associated[name] / hits[name] if hits[name] else 0.0 for name in hits]
    return float(np.mean(np.sqrt(np.multiply(detected, alike))))


def identity_hits(one: Ints, other: Ints) -> int:
    """Most meetings that a one-to-one matching of tracks keeps; `one` and `other` are the tracks of each meeting."""
    if not len(one):
        return 0
    _, i = np.unique(one, return_inverse=True)
    _, j = np.unique(other, return_inverse=True)
    together = np.zeros((int(i.max()) + 1, int(j.max()) + 1))
    np.add.at(together, (i.ravel(), j.ravel()), 1)
    return int(together[linear_sum_assignment(together, maximize=True)].sum())


def _followed(found: Boxes) -> Boxes:
    """The boxes with a track."""
    kept = found.track >= 0
    _, track = np.unique(found.track[kept], return_inverse=True)
    return Boxes(
        found.jobs, found.objects, found.layers, found.workers, found.labels,
        found.item_job, found.item_object, found.item_layer, found.sheet_item, found.sheet_worker,
        found.sheet[kept], found.frame[kept], found.label[kept], track.ravel(), found.corners[kept],
    )  # fmt: skip


def _turned(met: Meetings) -> Meetings:
    order = np.lexsort((met.left, met.right, met.pair))
    return Meetings(met.pair[order], met.right[order], met.left[order], met.iou[order])


def _hota(found: Boxes, met: Meetings, length: Ints) -> tuple[Floats, Floats]:
    """Matched boxes and the sum of their association scores at each threshold, in one direction."""
    one, other = found.track[met.left], found.track[met.right]
    width = len(length)
    pair, at = np.unique(one * width + other, return_inverse=True)
    at = at.ravel()
    size = length[pair // width] + length[pair % width]
    by_left = np.bincount(met.left, weights=met.iou)[met.left]
    by_right = np.bincount(met.right, weights=met.iou)[met.right]
    potential = np.bincount(at, weights=met.iou / (by_left + by_right - met.iou))
    alignment = potential / (size - potential)
    best = best_matches(met, alignment[at] * met.iou)
    matched, score = np.zeros(len(THRESHOLDS)), np.zeros(len(THRESHOLDS))
    for k, threshold in enumerate(THRESHOLDS):
        kept = at[best[met.iou[best] >= threshold - ROUNDING]]
        together = np.bincount(kept, minlength=len(pair))
        matched[k] = len(kept)
        score[k] = float((together * (together / (size - together))).sum())
    return matched, score


def _by_threshold(values: Floats) -> Any:
    """A MAP threshold -> value for each row."""
    owner, place = ranges(np.zeros(len(values), dtype=np.int64), np.full(len(values), len(NAMES)))
    return masses(owner, NAMES, place, values.ravel(), len(values))
