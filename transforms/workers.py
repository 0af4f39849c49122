"""Each annotator against the others, and estimates of each annotator from all answers of a job.

Leave-one-out agreement: on every object the annotator is compared with each other annotator. `agree` is what both
said the same of; what the annotator's own use of labels would hit by chance in the labels that the *others* gave
anywhere in the job follows from `label_mass` (sql/measure/worker_compared.sql). (agree - expected) / (mass -
expected), summed over objects, is 1 for full agreement and 0 for an annotator who answers without looking, whatever
label they prefer; it is the kappa of one annotator against the rest. It is not accuracy: among careless colleagues a
careful annotator has a low figure too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from transforms import intervals
from transforms.agreement.labels import tally
from transforms.answers import Answers
from transforms.consensus import count_codes, fit_smoothed
from transforms.encode import Floats, Ints, distinct, masses, names_at, summed, tabulate
from transforms.offsets import boundary_offsets, cells
from transforms.schemas import MEASURE_WORKER, MEASURE_WORKER_ITEM
from transforms.tracks import Tracks


def worker_items_of_tracks(found: Tracks) -> pa.Table:
    """`measure.worker_item` rows of all tracks that can be compared; masses are seconds."""
    item, left, right = found.pairs()
    pieces = found.pieces
    n_tracks = len(found.track_item)
    covered = np.bincount(pieces.track, weights=pieces.length, minlength=n_tracks)
    one_column = np.zeros_like(pieces.label), 1
    both, alike = intervals.agreements(
        pieces.track, pieces.start, pieces.end, pieces.label, (left, right), column=one_column
    )
    neither = np.maximum(found.duration_s[item] - covered[left] - covered[right] + both, 0.0)
    agree = _both_sides(left, right, alike[:, 0] + neither, n_tracks)

    others = found.n_annotators[found.track_item] - 1
    duration = found.duration_s[found.track_item]
    units = np.bincount(found.units.track, minlength=n_tracks)
    of_item = np.bincount(found.track_item, weights=units, minlength=found.n_items)[found.track_item]
    mean_units = np.divide(of_item - units, others, out=np.zeros(n_tracks), where=others > 0)
    cut_left, cut_right = splits(found, left, right)
    split = np.bincount(right, weights=cut_left, minlength=n_tracks) + np.bincount(
        left, weights=cut_right, minlength=n_tracks
    )
    merged = np.bincount(left, weights=cut_left, minlength=n_tracks) + np.bincount(
        right, weights=cut_right, minlength=n_tracks
    )
    several = np.maximum(others, 1)
    return _rows(
        found, found.track_item, found.track_worker,
        n_others=others, mass=duration * others, agree=agree, label_mass=_track_masses(found, covered),
        n_units=units.astype(np.float64), n_units_others=mean_units,
        n_split=split / several, n_merged=merged / several,
    )  # fmt: skip


def splits(found: Tracks, left: Ints, right: Ints) -> tuple[Ints, Ints]:
    """For each pair of tracks, how many segments of the left one hold two or more of the right one's, and vice versa.

    One holds another where at least half of the other lies inside of it, whatever the labels; where a track overlaps
    itself (two speak at once), only under the same label.
    """
    counts = np.zeros((2, len(left)), dtype=np.int64)
    crossing = found.has_overlap[left] | found.has_overlap[right]
    units = found.units
    for find, chosen in (
        (intervals.overlaps, np.flatnonzero(~crossing)),
        (intervals.crossing_overlaps, np.flatnonzero(crossing)),
    ):
        shared = find(units.track, units.start, units.end, left[chosen], right[chosen])
        for side, (holder, held) in enumerate(((shared.left, shared.right), (shared.right, shared.left))):
            inside = shared.shared_s >= units.length[held] / 2.0
            inside &= ~crossing[chosen][shared.pair] | (units.label[holder] == units.label[held])
            key, n = np.unique(shared.pair[inside] * len(units.track) + holder[inside], return_counts=True)
            pair = key[n >= 2] // max(1, len(units.track))
            counts[side, chosen] = np.bincount(pair, minlength=len(chosen))
    return counts[0], counts[1]


def worker_items_of_answers(found: Answers) -> pa.Table:
    """`measure.worker_item` rows of all votes that can be compared; a vote has mass 1 for each other vote."""
    item, label, count = tally(found)
    width = max(1, len(found.labels))
    same = count[np.searchsorted(item * width + label, found.vote_item * width + found.vote)] - 1
    others = found.n_annotators[found.vote_item] - 1
    n = len(found.vote)
    nothing = np.full(n, np.nan)
    return _rows(
        found, found.vote_item, found.vote_worker,
        n_others=others, mass=others.astype(np.float64), agree=same.astype(np.float64),
        label_mass=masses(np.arange(n), found.labels, found.vote, np.ones(n), n),
        n_units=nothing, n_units_others=nothing, n_split=nothing, n_merged=nothing,
    )  # fmt: skip


def answer_cells(found: Answers) -> Ints:
    """The cell of each vote: one worker in one layer of one job."""
    layer = found.item_job * max(1, len(found.layers)) + found.item_layer
    return np.asarray(layer[found.vote_item] * max(1, len(found.workers)) + found.vote_worker, dtype=np.int64)


def _track_masses(found: Tracks, covered: Any) -> Any:
    """MAP label -> seconds of each track, '' for what it leaves unlabeled."""
    n, width = len(found.track_item), len(found.labels) + 1
    nothing = np.maximum(found.duration_s[found.track_item] - covered, 0.0)
    silent = np.flatnonzero(nothing > 0)
    key, at = np.unique(np.r_[silent * width, found.pieces.track * width + found.pieces.label + 1], return_inverse=True)
    mass = summed(at.ravel(), np.r_[nothing[silent], found.pieces.length], len(key))
    return masses(key // width, ["", *found.labels], key % width, mass, n)


def _both_sides(left: Ints, right: Ints, by_pair: Floats, n: int) -> Floats:
    total = np.bincount(left, weights=by_pair, minlength=n) + np.bincount(right, weights=by_pair, minlength=n)
    return np.asarray(total, dtype=np.float64)


def _rows(found: Tracks | Answers, item: Ints, worker: Ints, **figures: Any) -> pa.Table:
    """`measure.worker_item` rows of those that were compared with anyone."""
    kept = np.flatnonzero(figures["mass"] > 0)
    columns = {
        "job_name": names_at(found.jobs, found.item_job[item[kept]]),
        "object_id": names_at(found.objects, found.item_object[item[kept]]),
        "layer": names_at(found.layers, found.item_layer[item[kept]]),
        "worker_id": names_at(found.workers, worker[kept]),
    }
    rows = pa.array(kept, pa.int64())
    taken = {name: v.take(rows) if isinstance(v, pa.Array) else v[kept] for name, v in figures.items()}
    return tabulate(MEASURE_WORKER_ITEM, columns | taken)


def workers_of_tracks(found: Tracks) -> pa.Table:
    """`measure.worker` rows of all annotators of segment layers: their boundary offsets."""
    estimate = boundary_offsets(found)
    every = distinct(cells(found))
    return _worker_rows(
        found, every,
        offset_s=estimate.offset_s[every], n_boundaries=estimate.n_boundaries[every].astype(np.float64),
        skill_ds=np.full(len(every), np.nan),
    )  # fmt: skip


def workers_of_answers(found: Answers) -> pa.Table:
    """`measure.worker` rows of all annotators of label layers: Dawid-Skene skill, estimated layer by layer."""
    cell = answer_cells(found)
    every = distinct(cell)
    skill = np.full(len(every), np.nan)
    n_workers = max(1, len(found.workers))
    several = found.n_annotators[found.vote_item] >= 2
    for layer in distinct(cell[several] // n_workers):
        here = np.flatnonzero(several & (cell // n_workers == layer))
        parts = (found.vote_item[here], found.vote_worker[here], found.vote[here])
        names, at = zip(*(np.unique(part, return_inverse=True) for part in parts), strict=True)
        item, worker, label = (place.ravel() for place in at)
        fit = fit_smoothed(count_codes(item, worker, label, tuple(len(part) for part in names), once=True))
        right = np.einsum("k,wkk->w", fit.marginals, fit.confusion)
        skill[np.searchsorted(every, layer * n_workers + names[1])] = right
    nothing = np.full(len(every), np.nan)
    return _worker_rows(found, every, offset_s=nothing, n_boundaries=nothing, skill_ds=skill)


def _worker_rows(found: Tracks | Answers, cell: Ints, **figures: Floats) -> pa.Table:
    n_workers, n_layers = max(1, len(found.workers)), max(1, len(found.layers))
    columns = {
        "job_name": names_at(found.jobs, cell // n_workers // n_layers),
        "layer": names_at(found.layers, cell // n_workers % n_layers),
        "worker_id": names_at(found.workers, cell % n_workers),
    }
    return tabulate(MEASURE_WORKER, columns | figures)
