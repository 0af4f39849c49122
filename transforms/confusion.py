"""What one annotator says where another, or the truth, says a label: seconds or objects by both labels."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import pyarrow as pa

from transforms import intervals
from transforms.agreement.pairs import Cells, cells_of_tracks
from transforms.answers import Answers
from transforms.encode import Floats, Ints, grouped, names_at, summed, tabulate
from transforms.offsets import cells
from transforms.schemas import MEASURE_WORKER_CONFUSION
from transforms.tracks import Tracks
from transforms.workers import answer_cells

PAIRS_AT_ONCE = 100_000
LEAST_S = 1e-6
GOLD, OTHERS = "gold", "others"

Masses: TypeAlias = tuple[Ints, Ints, Ints, Floats]
"""Cell (worker of a layer of a job), label expected, label given, and how much of it; rows of a kind add up."""


def confusion_of_tracks(found: Tracks) -> pa.Table:
    """`measure.worker_confusion` rows against the co-annotators of segment layers; each object's others count 1."""
    parts = [_both_ways(some, cells_of_tracks(some)) for _, _, some in found.blocks()]
    return confusion_rows(found, OTHERS, ["", *found.labels], _stacked(parts))


def confusion_of_answers(found: Answers) -> pa.Table:
    """The same for labels of whole objects; mass counts objects."""
    count = found.n_annotators
    item, left, right = intervals.all_pairs(np.cumsum(count) - count, count)
    weight = 1.0 / np.maximum(count[item] - 1, 1)
    cell = answer_cells(found)
    return confusion_rows(
        found, OTHERS, found.labels,
        (
            np.r_[cell[left], cell[right]],
            np.r_[found.vote[right], found.vote[left]],
            np.r_[found.vote[left], found.vote[right]],
            np.r_[weight, weight],
        ),
    )  # fmt: skip


def confusion_rows(found: Tracks | Answers, scope: str, names: list[str], masses: Masses) -> pa.Table:
    """Rows from cells (worker of a layer of a job) and codes of `names`; what comes to nothing is left out."""
    cell, true, given, mass = masses
    width = max(1, len(names))
    key, at = np.unique((cell * width + true) * width + given, return_inverse=True)
    total = np.bincount(at.ravel(), weights=mass, minlength=len(key))
    key, total = key[total > LEAST_S], total[total > LEAST_S]
    n_workers, n_layers = max(1, len(found.workers)), max(1, len(found.layers))
    cell = key // width // width
    columns = {
        "job_name": names_at(found.jobs, cell // n_workers // n_layers),
        "layer": names_at(found.layers, cell // n_workers % n_layers),
        "worker_id": names_at(found.workers, cell % n_workers),
        "scope": [scope] * len(key),
        "true_label": names_at(names, key // width % width),
        "given_label": names_at(names, key % width),
        "mass": total.astype(np.float64),
    }
    return tabulate(MEASURE_WORKER_CONFUSION, columns)


def shared_labels(found: Tracks, left: Ints, right: Ints) -> tuple[Ints, Ints, Ints, Floats]:
    """Pair, label of the left and of the right track (0 is nothing) and seconds; rows of a kind add up."""
    pieces = found.pieces
    shared = intervals.overlaps(pieces.track, pieces.start, pieces.end, left, right)
    pointer = np.searchsorted(pieces.track, np.arange(len(found.track_item) + 1))
    of_left, at_left = intervals.ranges(pointer[left], pointer[left + 1])
    of_right, at_right = intervals.ranges(pointer[right], pointer[right + 1])
    a, b = pieces.label[shared.left] + 1, pieces.label[shared.right] + 1
    nothing, silence = np.zeros_like(a), np.zeros(len(left), dtype=np.int64)
    n = len(left)
    covered = [
        np.bincount(of, weights=pieces.length[at], minlength=n) for of, at in ((of_left, at_left), (of_right, at_right))
    ]
    both = np.bincount(shared.pair, weights=shared.shared_s, minlength=n)
    neither = np.maximum(found.duration_s[found.track_item[left]] - covered[0] - covered[1] + both, 0.0)
    return (
        np.r_[shared.pair, of_left, shared.pair, of_right, shared.pair, np.arange(n)],
        np.r_[a, pieces.label[at_left] + 1, a, np.zeros_like(at_right), nothing, silence],
        np.r_[b, np.zeros_like(at_left), nothing, pieces.label[at_right] + 1, b, silence],
        np.r_[
            shared.shared_s,
            pieces.length[at_left],
            -shared.shared_s,
            pieces.length[at_right],
            -shared.shared_s,
            neither,
        ],
    )


def _both_ways(found: Tracks, shared: Cells) -> Masses:
    """Cell, label of the other, own label and seconds, summed over the pairs of some objects."""
    cell, width = cells(found), max(1, len(shared.names))
    mass = shared.mass / np.maximum(found.n_annotators[shared.item] - 1, 1)[shared.pair]
    left, right = cell[shared.left][shared.pair], cell[shared.right][shared.pair]
    key = np.r_[(left * width + shared.b) * width + shared.a, (right * width + shared.a) * width + shared.b]
    key, at = grouped(key, int(cell.max(initial=0) + 1) * width**2)
    total = summed(at, np.r_[mass, mass], len(key))
    return key // width // width, key // width % width, key % width, total


def _stacked(parts: list[Masses]) -> Masses:
    cell, true, given, mass = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return cell, true, given, mass
