"""Boxes of many annotators on images and frames: coded, sorted; the ground for their agreement and fusion.

A *sheet* is what one annotator drew in one layer of one object, all frames. An annotator who answered and drew nothing
in a layer has an empty sheet there; a layer exists for a job when anyone of the job drew in it. Boxes are compared on
the same frame only. Boxes without a label or without area are left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from transforms import intervals
from transforms.encode import Flags, Floats, Ints, codes, reals, stacked
from transforms.schemas import BOX, require

_KEY = ("job_name", "object_id", "worker_id")
SIDES = ("left_px", "top_px", "width_px", "height_px")
BOXES = pa.schema([BOX.arrow.field(n) for n in (*_KEY, "layer", "frame_no", "track_id", "label", *SIDES)])
ANNOTATORS = pa.schema([(name, pa.string()) for name in _KEY])
ROUNDING = 1e-9  # an IoU this near to a threshold reaches it


@dataclass(frozen=True, slots=True)
class Boxes:
    """Items (object x layer) in ascending order, the annotators' sheets by worker, boxes by sheet, frame and place."""

    jobs: list[str]
    objects: list[str]
    layers: list[str]
    workers: list[str]
    labels: list[str]
    item_job: Ints
    item_object: Ints
    item_layer: Ints
    sheet_item: Ints
    sheet_worker: Ints
    sheet: Ints
    frame: Ints
    label: Ints
    track: Ints  # -1 without one; tracks of different sheets have different numbers
    corners: Floats  # boxes x (left, top, right, bottom)

    @property
    def n_items(self) -> int:
        return len(self.item_job)

    @property
    def n_annotators(self) -> Ints:
        return np.bincount(self.sheet_item, minlength=self.n_items)

    def pairs(self) -> tuple[Ints, Ints, Ints]:
        """Every two annotators of an item: item, left sheet, right sheet."""
        count = self.n_annotators
        return intervals.all_pairs(np.cumsum(count) - count, count)


@dataclass(frozen=True, slots=True)
class Meetings:
    """Boxes of two sheets on one frame that share area, sorted by pair, left and right; `iou` > 0."""

    pair: Ints
    left: Ints
    right: Ints
    iou: Floats

    def where(self, kept: Flags | Ints) -> Meetings:
        return Meetings(self.pair[kept], self.left[kept], self.right[kept], self.iou[kept])


def boxes(table: pa.Table, annotators: pa.Table) -> Boxes:
    """Boxes of all jobs in `table` (see `BOXES`) by those who answered; who drew counts as an annotator."""
    table, annotators = require(table, BOXES), require(annotators, ANNOTATORS)
    (jobs, job), (objects, obj), (workers, worker) = (codes(stacked(table[n], annotators[n])) for n in _KEY)
    layers, layer = codes(table["layer"])
    labels, label = codes(table["label"])
    tracks, track = codes(table["track_id"])
    n, n_layers, n_workers = table.num_rows, max(1, len(layers)), max(1, len(workers))

    media, of = np.unique(job * max(1, len(objects)) + obj, return_inverse=True)
    media_job = media // max(1, len(objects))
    job_layer = np.unique(job[:n] * n_layers + layer)
    of_job = np.searchsorted(job_layer, np.arange(len(jobs) + 1) * n_layers)
    item_media, at = intervals.ranges(of_job[media_job], of_job[media_job + 1])
    answered = np.unique(of.ravel() * n_workers + worker)
    of_media = np.searchsorted(answered, np.arange(len(media) + 1) * n_workers)
    sheet_item, place = intervals.ranges(of_media[item_media], of_media[item_media + 1])
    sheet_worker = answered[place] % n_workers

    item = np.searchsorted(item_media * n_layers + job_layer[at] % n_layers, of.ravel()[:n] * n_layers + layer)
    sheet = np.searchsorted(sheet_item * n_workers + sheet_worker, item * n_workers + worker[:n])
    left, top, width, height = (reals(table[name]) for name in SIDES)
    corners = np.stack([left, top, left + width, top + height], axis=1)
    frame = reals(table["frame_no"]).astype(np.int64)
    kept = np.flatnonzero((label >= 0) & (width > 0) & (height > 0))
    order = kept[np.lexsort((*corners[kept].T[::-1], label[kept], frame[kept], sheet[kept]))]
    own = np.where(track >= 0, sheet * max(1, len(tracks)) + track, -1)
    return Boxes(
        jobs, objects, layers, workers, labels,
        media_job[item_media], media[item_media] % max(1, len(objects)), job_layer[at] % n_layers,
        sheet_item, sheet_worker, sheet[order], frame[order], label[order], own[order], corners[order],
    )  # fmt: skip


def iou(one: Floats, other: Floats) -> Floats:
    """Intersection over union of boxes given as rows (left, top, right, bottom).

    >>> iou(np.array([[0.0, 0, 2, 2]]), np.array([[1.0, 0, 3, 2]]))
    array([0.33333333])
    """
    lo, hi = np.maximum(one[:, :2], other[:, :2]), np.minimum(one[:, 2:], other[:, 2:])
    shared = np.prod(np.maximum(hi - lo, 0.0), axis=1)
    areas = np.prod(one[:, 2:] - one[:, :2], axis=1) + np.prod(other[:, 2:] - other[:, :2], axis=1)
    return np.asarray(shared / (areas - shared), dtype=np.float64)


def meetings(found: Boxes, left_sheet: Ints, right_sheet: Ints, *, same_label: bool = True) -> Meetings:
    """Every two boxes of a pair's sheets on one frame (with the same label) that share area."""
    n_labels = max(1, len(found.labels))
    frames, frame = np.unique(found.frame, return_inverse=True)
    place = frame.ravel() * n_labels + found.label if same_label else frame.ravel()
    width = max(1, len(frames)) * n_labels
    key = found.sheet * width + place  # ascending, as boxes are sorted
    pointer = np.searchsorted(found.sheet, np.arange(len(found.sheet_item) + 1))
    pair, left = intervals.ranges(pointer[left_sheet], pointer[left_sheet + 1])
    wanted = right_sheet[pair] * width + place[left]
    row, right = intervals.ranges(np.searchsorted(key, wanted), np.searchsorted(key, wanted, side="right"))
    pair, left = pair[row], left[row]
    shared = iou(found.corners[left], found.corners[right])
    return Meetings(pair, left, right, shared).where(shared > 0)


def best_matches(found: Meetings, weight: Floats) -> Ints:
    """Rows of a one-to-one matching of greatest total weight; weights are positive.

    Most boxes meet one box alone; only the rest is an assignment problem, solved for each knot of boxes that meet.
    """
    n = int(max(found.left.max(initial=-1), found.right.max(initial=-1))) + 1
    left, right = found.pair * n + found.left, found.pair * n + found.right
    _, i, i_count = np.unique(left, return_inverse=True, return_counts=True)
    _, j, j_count = np.unique(right, return_inverse=True, return_counts=True)
    alone = (i_count[i] == 1) & (j_count[j] == 1)
    chosen = [np.flatnonzero(alone)]
    rest = np.flatnonzero(~alone)
    for knot in _knots(i[rest], j[rest]):
        rows = rest[knot]
        _, a = np.unique(i[rows], return_inverse=True)
        _, b = np.unique(j[rows], return_inverse=True)
        gain = np.zeros((int(a.max()) + 1, int(b.max()) + 1))
        at = np.full(gain.shape, -1)
        gain[a, b], at[a, b] = weight[rows], rows
        matched = at[linear_sum_assignment(gain, maximize=True)]
        chosen.append(matched[matched >= 0])
    return np.sort(np.concatenate(chosen))


def _knots(i: Ints, j: Ints) -> list[Ints]:
    """Rows by connected component of the graph with these edges."""
    if not len(i):
        return []
    size, other = int(i.max()) + 1, int(j.max()) + 1
    graph = coo_matrix((np.ones(len(i)), (i, j + size)), shape=(size + other, size + other))
    _, part = connected_components(graph, directed=False)
    order = np.argsort(part[i], kind="stable")
    return list(np.split(order, np.flatnonzero(np.diff(part[i][order])) + 1))
