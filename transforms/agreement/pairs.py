"""Two annotators on one object: what each said where, and every figure that compares two.

The ground is the contingency of a pair: for every label of one and every label of the other the seconds (or, for
labels of whole objects, the answers) that they share. It is exact, and all measures of "what label at each moment"
follow from it: observed agreement, kappa, the pairwise F score and the adjusted Rand index. Code 0 is the label ''.

Pairwise scores: Levy and Sandler (2008, doi:10.1109/TASL.2007.910781); adjusted Rand index: Hubert and Arabie (1985,
doi:10.1007/BF01908075), with durations for counts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from transforms import intervals
from transforms.answers import Answers
from transforms.encode import Flags, Floats, Ints, grouped, names_at, summed, tabulate
from transforms.offsets import mutual_nearest
from transforms.schemas import MEASURE_PAIR_ITEM
from transforms.tracks import Tracks

WINDOWS_S = {"250ms": 0.25, "500ms": 0.5, "3s": 3.0}
OFFSET_WINDOW_S = 1.5
IOU = 0.5
ROUNDING = 1e-9  # an IoU this near to the threshold reaches it; seconds this few are none
DENSE = 16  # cells for each entry up to which full tables are faster than sorting
BLOCK = 2_000_000  # cells of full tables at once


@dataclass(frozen=True, slots=True)
class Cells:
    """The contingency of every pair, in order of the pairs; `left` and `right` are tracks, or votes."""

    item: Ints  # of each pair
    left: Ints
    right: Ints
    total: Floats  # seconds (or 1) compared by each pair
    names: list[str]
    pair: Ints  # of each cell
    a: Ints
    b: Ints
    mass: Floats

    @property
    def n_pairs(self) -> int:
        return len(self.item)

    def margin(self, label: Ints) -> tuple[Ints, Ints, Floats]:
        """Pair, label and mass of one side (`self.a` or `self.b`)."""
        width = len(self.names)
        key, at = grouped(self.pair * width + label, self.n_pairs * width)
        return key // width, key % width, summed(at, self.mass, len(key))

    def sum(self, weights: Floats) -> Floats:
        return summed(self.pair, weights, self.n_pairs)


def cells_of_tracks(found: Tracks) -> Cells:
    """Seconds shared by every two labels of every two annotators; time that one left unlabeled is ''."""
    item, left, right = found.pairs()
    pieces, width = found.pieces, len(found.labels) + 1
    pointer = np.searchsorted(pieces.track, np.arange(len(found.track_item) + 1))
    shared = intervals.overlaps(pieces.track, pieces.start, pieces.end, left, right)
    a, b = pieces.label[shared.left] + 1, pieces.label[shared.right] + 1
    pair_a, at_a = intervals.ranges(pointer[left], pointer[left + 1])
    pair_b, at_b = intervals.ranges(pointer[right], pointer[right + 1])
    n, total = len(item), found.duration_s[item]
    both = summed(shared.pair, shared.shared_s, n)
    said_a, said_b = summed(pair_a, pieces.length[at_a], n), summed(pair_b, pieces.length[at_b], n)
    every = np.arange(n)
    parts = [  # what one said less what it shares with the other is what it said alone
        ((shared.pair * width + a) * width + b, shared.shared_s),
        ((pair_a * width + pieces.label[at_a] + 1) * width, pieces.length[at_a]),
        ((shared.pair * width + a) * width, -shared.shared_s),
        (pair_b * width * width + pieces.label[at_b] + 1, pieces.length[at_b]),
        (shared.pair * width * width + b, -shared.shared_s),
        (every * width * width, np.maximum(total - said_a - said_b + both, 0.0)),
    ]
    key, mass = _summed(parts, width, n)
    names = ["", *found.labels]
    return Cells(item, left, right, total, names, key // width**2, key // width % width, key % width, mass)


def _summed(parts: list[tuple[Ints, Floats]], width: int, n_pairs: int) -> tuple[Ints, Floats]:
    """Distinct cells in ascending order and their sums, without those that are nothing; each part ascends by pair.

    Few labels are counted in full tables, some pairs at a time; with many labels most cells are empty: they are sorted.
    """
    n_cells = n_pairs * width**2
    is_dense = n_cells <= DENSE * sum(len(key) for key, _ in parts)
    step = max(1, (BLOCK if is_dense else n_cells) // width**2)
    keys, sums = [np.empty(0, dtype=np.int64)], [np.empty(0)]
    for first in range(0, n_pairs, step):
        low, high = first * width**2, min(first + step, n_pairs) * width**2
        ranges = [slice(*np.searchsorted(key // width**2, [first, first + step])) for key, _ in parts]
        key = np.concatenate([key[at] for (key, _), at in zip(parts, ranges, strict=True)])
        mass = np.concatenate([mass[at] for (_, mass), at in zip(parts, ranges, strict=True)])
        if is_dense:
            total = summed(key - low, mass, high - low)
            found = np.arange(low, high)
        else:
            found, at = np.unique(key, return_inverse=True)
            total = summed(at.ravel(), mass, len(found))
        keys.append(found[total > ROUNDING])
        sums.append(total[total > ROUNDING])
    return np.concatenate(keys), np.concatenate(sums)


def disagreement(cells: Cells, differ: Flags, n_annotators: Ints) -> Floats:
    """Observed disagreement mass of each item: what pairs differ in (`differ` of each cell), each pair twice.

    At a moment n annotators give labels c times each, and (n^2 - sum c^2) / (n - 1) is 2 / (n - 1) for every pair that
    differs. Items with fewer than two annotators have 0.
    """
    apart = np.where(differ, cells.mass, 0.0)
    return 2.0 * summed(cells.item[cells.pair], apart, len(n_annotators)) / np.maximum(n_annotators - 1, 1)


def cells_of_answers(found: Answers) -> Cells:
    """What every two annotators said of one object."""
    n = found.n_annotators
    item, left, right = intervals.all_pairs(np.cumsum(n) - n, n)
    one = np.ones(len(item))
    return Cells(item, left, right, one, found.labels, np.arange(len(item)), found.vote[left], found.vote[right], one)


@dataclass(frozen=True, slots=True)
class Compared:
    """Figures of every pair of tracks, each counted once a pair."""

    cells: Cells
    n_boundaries: Ints  # of each track
    n_units: Ints  # of each track
    hits: dict[str, Ints]  # matched boundaries by window
    apart: tuple[Ints, Floats]  # pair and |difference| of those within 0.5 s
    unit_hits: Ints
    unit_hits_label: Ints
    sum_iou: Floats
    offset_s: Floats  # median of right - left, NaN where no boundary matches
    n_offsets: Ints


def compare(found: Tracks, windows_s: dict[str, float] | None = None) -> Compared:
    """Everything that two tracks of an object can be compared by; `windows_s` are further boundary windows by name."""
    windows = WINDOWS_S | (windows_s or {})
    parts = [_compare(some, windows, low, first) for low, first, some in found.blocks()]
    cells = _joined([part.cells for part in parts])
    n = np.cumsum([0, *(part.cells.n_pairs for part in parts)])
    apart = [part.apart for part in parts]
    return Compared(
        cells,
        np.concatenate([part.n_boundaries for part in parts]),
        np.concatenate([part.n_units for part in parts]),
        {name: np.concatenate([part.hits[name] for part in parts]) for name in windows},
        (np.concatenate([p + k for (p, _), k in zip(apart, n, strict=False)]), np.concatenate([d for _, d in apart])),
        np.concatenate([part.unit_hits for part in parts]),
        np.concatenate([part.unit_hits_label for part in parts]),
        np.concatenate([part.sum_iou for part in parts]),
        np.concatenate([part.offset_s for part in parts]),
        np.concatenate([part.n_offsets for part in parts]),
    )


def _compare(found: Tracks, windows_s: dict[str, float], low: int, first: int) -> Compared:
    """The figures of some items, whose first item and track are `low` and `first` of the whole."""
    cells = cells_of_tracks(found)
    counts, hits, apart = boundaries(found, cells.left, cells.right, windows_s)
    same, alike, iou, _ = units(found, cells.left, cells.right)
    n_units = np.bincount(found.units.track, minlength=len(found.track_item))
    offset = _offsets(found, cells)
    moved = replace(cells, item=cells.item + low, left=cells.left + first, right=cells.right + first)
    return Compared(moved, counts, n_units, hits, apart, same, alike, iou, *offset)


def _joined(parts: list[Cells]) -> Cells:
    n = np.cumsum([0, *(part.n_pairs for part in parts)])
    whole = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("item", "left", "right", "total", "a", "b", "mass")
    }
    pair = np.concatenate([part.pair + k for part, k in zip(parts, n, strict=False)])
    return Cells(names=parts[0].names, pair=pair, **whole)


def boundaries(
    found: Tracks, left: Ints, right: Ints, windows_s: dict[str, float]
) -> tuple[Ints, dict[str, Ints], tuple[Ints, Floats]]:
    """Interior boundaries of each track, those matched by each pair in each window, and how far apart at 0.5 s."""
    track, when = found.moments()
    pointer = np.searchsorted(track, np.arange(len(found.track_item) + 1))
    hits: dict[str, Ints] = {}
    apart: tuple[Ints, Floats] = (np.empty(0, dtype=np.int64), np.empty(0))
    for name, window in windows_s.items():
        sides = (pointer[left], pointer[left + 1]), (pointer[right], pointer[right + 1])
        pair, i, j = intervals.match_within(when, *sides, window)
        hits[name] = np.bincount(pair, minlength=len(left))
        if name == "500ms":
            apart = pair, np.abs(when[i] - when[j])
    return np.diff(pointer), hits, apart


def units(found: Tracks, left: Ints, right: Ints) -> tuple[Ints, Ints, Floats, Floats]:
    """Units of each pair matched at IoU .5, the same with equal labels, the greatest sum of IoU of a matching, and the
    seconds that units share.

    Overlaps cross only where a track overlaps itself, and those pairs go the long way.
    """
    crossing = found.has_overlap[left] | found.has_overlap[right]
    ways = [
        (intervals.overlaps, intervals.best_matching, np.flatnonzero(~crossing)),
        (intervals.crossing_overlaps, intervals.best_assignment, np.flatnonzero(crossing)),
    ]
    sums = np.zeros((4, len(left)))
    drawn = found.units
    for find, match, chosen in ways:
        shared = find(drawn.track, drawn.start, drawn.end, left[chosen], right[chosen])
        iou = shared.shared_s / (drawn.length[shared.left] + drawn.length[shared.right] - shared.shared_s)
        near = iou >= IOU - ROUNDING
        same = near & (drawn.label[shared.left] == drawn.label[shared.right])
        for row, (kept, weight) in enumerate(((near, None), (same, None), (iou > 0, iou))):
            some = shared.where(kept)
            gain = np.ones(len(some.pair)) if weight is None else weight[kept]
            sums[row][chosen] = match(some, gain, len(chosen))
        sums[3][chosen] = summed(shared.pair, shared.shared_s, len(chosen))
    return np.rint(sums[0]).astype(np.int64), np.rint(sums[1]).astype(np.int64), sums[2], sums[3]


def squares(cells: Cells) -> tuple[Floats, Floats, Floats]:
    """Of each pair the sums of squared masses: of the cells, and of the labels of either side."""
    sides = []
    for label in (cells.a, cells.b):
        pair, _, mass = cells.margin(label)
        sides.append(summed(pair, mass**2, cells.n_pairs))
    return cells.sum(cells.mass**2), sides[0], sides[1]


def pair_items_of_tracks(found: Tracks, compared: Compared) -> pa.Table:
    """`measure.pair_item` rows of all pairs of tracks."""
    cells = compared.cells
    shared, own_a, own_b = squares(cells)
    return _rows(
        found, cells, found.track_worker, rand_shared=shared, rand_a=own_a, rand_b=own_b,
        n_boundaries_a=compared.n_boundaries[cells.left], n_boundaries_b=compared.n_boundaries[cells.right],
        **{f"boundary_hits_{name}": compared.hits[name] for name in WINDOWS_S},
        offset_s=compared.offset_s, n_offsets=compared.n_offsets,
        n_units_a=compared.n_units[cells.left], n_units_b=compared.n_units[cells.right],
        unit_hits_iou50=compared.unit_hits, unit_hits_iou50_label=compared.unit_hits_label,
        sum_iou_matched=compared.sum_iou,
    )  # fmt: skip


def pair_items_of_answers(found: Answers, cells: Cells) -> pa.Table:
    """`measure.pair_item` rows of all pairs of votes."""
    known = {"mass", "agree", "agree_chance", "part"}
    nothing: Any = pa.nulls(cells.n_pairs)
    named = {"job_name", "object_id", "layer", "worker_a", "worker_b"} | known
    return _rows(
        found, cells, found.vote_worker, **{c: nothing for c in MEASURE_PAIR_ITEM.arrow.names if c not in named}
    )


def _offsets(found: Tracks, cells: Cells) -> tuple[Floats, Ints]:
    """Median of b - a over the starts, and the ends, that are each other's nearest; and their number."""
    pairs, apart = [], []
    for track, when in (found.moments(ends=False), found.moments(starts=False)):
        pair, i, j = mutual_nearest(track, when, cells.left, cells.right, OFFSET_WINDOW_S)
        pairs.append(pair)
        apart.append(when[j] - when[i])
    of = np.concatenate(pairs)
    median = intervals.grouped_median(of, np.concatenate(apart), cells.n_pairs)
    return median, np.bincount(of, minlength=cells.n_pairs)


def _rows(found: Tracks | Answers, cells: Cells, worker: Ints, **figures: Any) -> pa.Table:
    inside = _chance(cells)
    columns = {
        "job_name": names_at(found.jobs, found.item_job[cells.item]),
        "object_id": names_at(found.objects, found.item_object[cells.item]),
        "layer": names_at(found.layers, found.item_layer[cells.item]),
        "worker_a": names_at(found.workers, worker[cells.left]),
        "worker_b": names_at(found.workers, worker[cells.right]),
        "mass": cells.total,
        "agree": cells.sum(np.where(cells.a == cells.b, cells.mass, 0.0)),
        "agree_chance": np.divide(inside, cells.total, out=np.zeros(cells.n_pairs), where=cells.total > 0),
    }
    return tabulate(MEASURE_PAIR_ITEM, columns | figures).filter(pa.array(cells.total > 0))


def _chance(cells: Cells) -> Floats:
    """Of each pair on each object the sum of a_k b_k: the same label by chance."""
    width = max(1, len(cells.names))
    (pair_a, label_a, mass_a), (pair_b, label_b, mass_b) = cells.margin(cells.a), cells.margin(cells.b)
    return summed(
        pair_a, mass_a * _looked_up(pair_a * width + label_a, pair_b * width + label_b, mass_b), cells.n_pairs
    )


def kappas(found: Tracks | Answers, cells: Cells, worker: Ints) -> tuple[Ints, Floats, Floats]:
    """Cohen's kappa of every two annotators of a layer over all their objects, and what they compared.

    Returns the layer of a job (job * number of layers + layer), the kappa (NaN where both used one and the same label
    throughout) and the mass; `worker` is that of each track or vote.
    """
    layer = found.item_job * max(1, len(found.layers)) + found.item_layer
    n_workers, width = max(1, len(found.workers)), max(1, len(cells.names))
    pair = (layer[cells.item] * n_workers + worker[cells.left]) * n_workers + worker[cells.right]
    who, at = np.unique(pair, return_inverse=True)
    of = at.ravel()[cells.pair]
    mass = summed(of, cells.mass, len(who))
    agree = summed(of, np.where(cells.a == cells.b, cells.mass, 0.0), len(who))
    side_a, side_b = (summed(of * width + side, cells.mass, len(who) * width) for side in (cells.a, cells.b))
    chance = (side_a * side_b).reshape(len(who), width).sum(axis=1)
    possible = mass**2 - chance
    used = possible > 1e-9 * mass**2
    kappa = np.divide(agree * mass - chance, possible, out=np.full(len(who), np.nan), where=used)
    return who // n_workers // n_workers, kappa, mass


def _looked_up(key: Ints, keys: Ints, values: Floats) -> Floats:
    """The values of these keys (`keys` ascend), 0 where there is none."""
    if not len(keys):
        return np.zeros(len(key))
    at = np.minimum(np.searchsorted(keys, key), len(keys) - 1)
    return np.where(keys[at] == key, values[at], 0.0)
