"""One set of boxes from those of several annotators: clusters by overlap, averaged, as Ground Truth does.

On each frame boxes of different annotators join in order of their intersection over union, the highest first, down to
IoU .5. A cluster has one box an annotator at most, and two clusters join only where the mean IoU between their boxes
reaches .5, so that chains do not form. The fused box is the mean of the edges; its class is that of most of its boxes.
Ties: of two joins with equal IoU the one whose boxes lie more to the left, then higher; of two classes the one with
more boxes on the object, then the earlier by name.

A cluster that half of the annotators or fewer support is kept with `is_accepted` false: what most of them missed is
for an expert to see, not to drop. Confidence is the mean over all annotators of their box's IoU with the fused one, 0
for those without a box or with another class; 0 where one annotator answered.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa

from transforms.boxes import ROUNDING, Boxes, Meetings, boxes, iou, meetings
from transforms.encode import Flags, Ints, names_at, tabulate
from transforms.schemas import MEASURE_CONSENSUS_BOX

IOU = 0.5


def fuse_boxes(table: pa.Table, annotators: pa.Table) -> pa.Table:
    """`measure.consensus_box` rows: every cluster of every frame, by item, frame and place. See `transforms.boxes`."""
    return fuse(boxes(table, annotators))


def fuse(found: Boxes) -> pa.Table:
    """The same of boxes that are coded."""
    _, left, right = found.pairs()
    met = meetings(found, left, right, same_label=False)
    cluster = _clusters(found, met)
    n = int(cluster.max(initial=-1)) + 1
    size = np.bincount(cluster, minlength=n)
    corners = np.stack(
        [np.bincount(cluster, weights=edge, minlength=n) / size for edge in found.corners.T], axis=1
    )  # fmt: skip
    label = _labels(found, cluster, n)
    agrees = found.label == label[cluster]
    fit = np.where(agrees, iou(found.corners, corners[cluster]), 0.0)
    first = np.unique(cluster, return_index=True)[1]
    item, frame = found.sheet_item[found.sheet[first]], found.frame[first]
    annotators_of = found.n_annotators[item]
    support = np.bincount(cluster[agrees], minlength=n)
    confidence = np.bincount(cluster, weights=fit, minlength=n) / annotators_of
    order = np.lexsort((label, *corners.T[::-1], frame, item))
    columns: dict[str, Any] = {
        "job_name": names_at(found.jobs, found.item_job[item]),
        "object_id": names_at(found.objects, found.item_object[item]),
        "layer": names_at(found.layers, found.item_layer[item]),
        "frame_no": frame.astype(np.int32),
        "box_no": _numbers(item, frame, order).astype(np.int32),
        "label": names_at(found.labels, label),
        "left_px": corners[:, 0],
        "top_px": corners[:, 1],
        "width_px": corners[:, 2] - corners[:, 0],
        "height_px": corners[:, 3] - corners[:, 1],
        "n_annotators": annotators_of.astype(np.int32),
        "support": support.astype(np.int32),
        "is_accepted": 2 * support > annotators_of,
        "confidence": np.where(annotators_of > 1, np.minimum(confidence, 1.0), 0.0),
        "dissenters": _dissenters(found, cluster, agrees, item),
    }
    return tabulate(MEASURE_CONSENSUS_BOX, columns).take(order)


def _clusters(found: Boxes, met: Meetings) -> Ints:
    """The cluster of each box; clusters are numbered by their first box."""
    shared = dict(zip(zip(met.left.tolist(), met.right.tolist(), strict=True), met.iou.tolist(), strict=True))
    met = met.where(met.iou >= IOU - ROUNDING)
    lo = np.minimum(found.corners[met.left], found.corners[met.right])
    hi = np.maximum(found.corners[met.left], found.corners[met.right])
    order = np.lexsort((*hi.T[::-1], *lo.T[::-1], -np.round(met.iou, 9)))
    members: dict[int, list[int]] = {}
    home = list(range(len(found.sheet)))
    for i, j in zip(met.left[order].tolist(), met.right[order].tolist(), strict=True):
        one, other = members.get(home[i], [i]), members.get(home[j], [j])
        if home[i] == home[j] or {int(found.sheet[b]) for b in one} & {int(found.sheet[b]) for b in other}:
            continue
        between = [shared.get((min(a, b), max(a, b)), 0.0) for a in one for b in other]
        if sum(between) >= (IOU - ROUNDING) * len(between):
            kept = min(home[i], home[j])
            members[kept] = one + other
            for box in members[kept]:
                home[box] = kept
    return np.unique(np.array(home, dtype=np.int64), return_inverse=True)[1].ravel()


def _labels(found: Boxes, cluster: Ints, n: int) -> Ints:
    width = max(1, len(found.labels))
    key, votes = np.unique(cluster * width + found.label, return_counts=True)
    of_item = Counter(zip(found.sheet_item[found.sheet].tolist(), found.label.tolist(), strict=True))
    item = np.zeros(n, dtype=np.int64)
    item[cluster] = found.sheet_item[found.sheet]
    uses = np.array([of_item[int(item[k // width]), int(k % width)] for k in key], dtype=np.int64)
    order = np.lexsort((key % width, -uses, -votes, key // width))
    _, first = np.unique((key // width)[order], return_index=True)
    return np.asarray((key % width)[order][first], dtype=np.int64)


def _numbers(item: Ints, frame: Ints, order: Ints) -> Ints:
    """Position of each cluster among those of its frame."""
    fresh = np.r_[True, (np.diff(item[order]) != 0) | (np.diff(frame[order]) != 0)][: len(order)]
    at = np.arange(len(order))
    number = np.empty(len(order), dtype=np.int64)
    number[order] = at - np.maximum.accumulate(np.where(fresh, at, 0)) if len(order) else at
    return number


def _dissenters(found: Boxes, cluster: Ints, agrees: Flags, item: Ints) -> list[str]:
    everyone: list[list[int]] = [[] for _ in range(found.n_items)]
    for at, who in zip(found.sheet_item.tolist(), found.sheet_worker.tolist(), strict=True):
        everyone[at].append(who)
    said: list[set[int]] = [set() for _ in range(len(item))]
    for at, sheet in zip(cluster[agrees].tolist(), found.sheet[agrees].tolist(), strict=True):
        said[at].add(int(found.sheet_worker[sheet]))
    return [json.dumps([found.workers[w] for w in everyone[i] if w not in said[k]]) for k, i in enumerate(item)]
