"""Agreement on segments: the sums by object and layer from which every figure for segments follows.

Three families, as no single number is enough: what label at each moment (time-weighted alpha; "nobody labeled it" is
the label ''), where the cuts are (boundary hits), whether the units are the same units (matches by intersection over
union). Counts run over all pairs of annotators and over both sides of a pair, so that a ratio of two sums is an F
score. Durations are exact; there is no grid.

Krippendorff, "Content Analysis" (2018), for alpha; Turnbull et al. (ISMIR 2007) for boundary hits, as in mir_eval.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from transforms import intervals
from transforms.encode import Flags, Ints, masses, names_at, tabulate
from transforms.schemas import MEASURE_ITEM
from transforms.tracks import Tracks, tracks

WINDOWS_S = {"500ms": 0.5, "3s": 3.0}
IOU = 0.5
REASONS = (None, "one_annotator", "no_labels")
ROUNDING = 1e-9  # an IoU this near to the threshold reaches it


def score_items(segments: pa.Table, annotators: pa.Table) -> pa.Table:
    """`measure.item` rows of all segment layers; for the inputs see `transforms.tracks`."""
    return score_tracks(tracks(segments, annotators))


def score_tracks(found: Tracks) -> pa.Table:
    """`measure.item` rows of all items, in ascending order of job, object and layer."""
    n = found.n_annotators
    several = n >= 2
    item, left, right = found.pairs()
    pieces, piece_item = found.pieces, found.track_item[found.pieces.track]
    over_labels, over_presence = intervals.disagreement(piece_item, pieces.start, pieces.end, pieces.label, n)
    mass = np.where(several, n * found.duration_s, 0.0)
    present = np.bincount(piece_item, weights=pieces.length, minlength=found.n_items)
    sides = np.where(several, n - 1, 0)  # each annotator stands in n - 1 pairs
    columns: dict[str, Any] = {
        "job_name": names_at(found.jobs, found.item_job),
        "object_id": names_at(found.objects, found.item_object),
        "layer": names_at(found.layers, found.item_layer),
        "duration_s": found.duration_s,
        "n_annotators": n.astype(np.int32),
        "n_pairs": (n * (n - 1) // 2).astype(np.int32),
        "mass": mass,
        "d_obs": over_labels,
        "label_mass": label_masses(found, several),
        "mass_presence": mass,
        "d_obs_presence": over_presence,
        "present_mass": np.where(several, present, 0.0),
        "n_units": sides * np.bincount(found.track_item[found.units.track], minlength=found.n_items),
        "reason_code": names_at(REASONS, np.where(several, np.where(mass > 0, 0, 2), 1)),
    }
    columns |= _boundary_columns(found, sides, item, left, right)
    columns |= _unit_columns(found, item, left, right)
    return tabulate(MEASURE_ITEM, columns)


def label_masses(found: Tracks, kept: Flags) -> Any:
    """MAP label -> seconds x annotators of each item, '' for what was left unlabeled; empty where not `kept`."""
    width = len(found.labels) + 1
    item, seconds = found.track_item[found.pieces.track], found.pieces.length
    cell, at = np.unique(item * width + found.pieces.label + 1, return_inverse=True)
    total = np.bincount(at.ravel(), weights=seconds, minlength=len(cell))
    present = np.bincount(item, weights=seconds, minlength=found.n_items)
    nothing = np.maximum(found.n_annotators * found.duration_s - present, 0.0)
    cell = np.r_[np.arange(found.n_items) * width, cell]
    total = np.r_[nothing, total]
    use = kept[cell // width] & (total > ROUNDING)
    cell, total = cell[use], total[use]
    order = np.argsort(cell)
    cell, total = cell[order], total[order]
    return masses(cell // width, ["", *found.labels], cell % width, total, found.n_items)


def _boundary_columns(found: Tracks, sides: Ints, item: Ints, left: Ints, right: Ints) -> dict[str, Any]:
    track, when = found.moments()
    pointer = np.searchsorted(track, np.arange(len(found.track_item) + 1))
    columns: dict[str, Any] = {
        "n_boundaries": sides * np.bincount(found.track_item[track], minlength=found.n_items),
    }
    for name, window in WINDOWS_S.items():
        pair, i, j = intervals.match_within(
            when, (pointer[left], pointer[left + 1]), (pointer[right], pointer[right + 1]), window
        )
        columns[f"boundary_hits_{name}"] = 2 * np.bincount(item[pair], minlength=found.n_items)
        if name == "500ms":
            apart = np.abs(when[i] - when[j])
            columns["boundary_abs_dev_s"] = intervals.grouped_median(item[pair], apart, found.n_items)
    return columns


def _unit_columns(found: Tracks, item: Ints, left: Ints, right: Ints) -> dict[str, Any]:
    """Units matched one to one; overlaps cross only where a track overlaps itself, and those pairs go the long way."""
    crossing = found.has_overlap[left] | found.has_overlap[right]
    ways = [
        (intervals.overlaps, intervals.best_matching, np.flatnonzero(~crossing)),
        (intervals.crossing_overlaps, intervals.best_assignment, np.flatnonzero(crossing)),
    ]
    sums = np.zeros((3, found.n_items))
    units = found.units
    for find, match, chosen in ways:
        shared = find(units.track, units.start, units.end, left[chosen], right[chosen])
        iou = shared.shared_s / (units.length[shared.left] + units.length[shared.right] - shared.shared_s)
        near = iou >= IOU - ROUNDING
        same = near & (units.label[shared.left] == units.label[shared.right])
        for row, (kept, weight) in enumerate(((near, None), (same, None), (iou > 0, iou))):
            some = shared.where(kept)
            gain = np.ones(len(some.pair)) if weight is None else weight[kept]
            both_sides = 2.0 * match(some, gain, len(chosen))
            sums[row] += np.bincount(item[chosen], weights=both_sides, minlength=found.n_items)
    return {
        "unit_hits_iou50": np.rint(sums[0]).astype(np.int64),
        "unit_hits_iou50_label": np.rint(sums[1]).astype(np.int64),
        "sum_iou_matched": sums[2],
    }
