"""Signed boundary offset of each annotator: who marks late, who early, and by how much.

For every two annotators of an object the starts (and, apart from them, the ends) of their segments are matched as
mutual nearest neighbours inside of a window, after the offsets found so far are taken off. The differences are then
explained by one offset an annotator; each annotator has a spread of their own, and far-off differences count little
(Student t, fitted by expectation and maximisation). Matching and fitting take turns.

Differences leave the zero open: 0 is the middle of the annotators, their median refined by a biweight mean, where one
whose offset is uncertain counts less and one far off does not pull. How to read it: 0.3 is a third of a second late,
from a slow player for example. Not when only two annotators share objects: then only their difference is known, and
each gets half of it. Of an annotator with many objects a sample is looked at (see `transforms.sample`): the offset is
then known to about a hundredth of a second, and `n_boundaries` counts those of the sample.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from transforms import intervals
from transforms.encode import Floats, Ints, summed
from transforms.intervals import ranges
from transforms.sample import sampled
from transforms.tracks import Tracks

WINDOW_S = 1.5
MAX_ROUNDS = 12
SWEEPS = 25
FREEDOM = 5.0  # of the Student t
LEAST_SPREAD_S = 0.01  # a smaller spread is not told apart from none
SETTLED_S = 1e-4
REACH_S = 0.2  # an annotator this far from the middle has no say in where it is
LEAST_ERROR_S = 0.03  # no annotator is so certain that the others have no say


@dataclass(frozen=True, slots=True)
class Offsets:
    """Offset of each cell (see `cells`), NaN where nothing matched, and the matched boundaries behind it."""

    offset_s: Floats
    n_boundaries: Ints


def cells(found: Tracks) -> Ints:
    """The cell of each track: one worker in one layer of one job."""
    item = found.track_item
    layer = found.item_job[item] * max(1, len(found.layers)) + found.item_layer[item]
    return np.asarray(layer * max(1, len(found.workers)) + found.track_worker, dtype=np.int64)


def boundary_offsets(found: Tracks) -> Offsets:
    """Offsets of all cells; those that share no object with others, directly or through others, have their own zero."""
    n_cells = len(found.jobs) * len(found.layers) * len(found.workers)
    found = sampled(found, cells(found))
    cell = cells(found)
    _, left, right = found.pairs()
    offset, count = np.full(n_cells, np.nan), np.zeros(n_cells, dtype=np.int64)
    if not len(left):
        return Offsets(offset, count)
    together = sparse.coo_matrix((np.ones(len(left)), (cell[left], cell[right])), shape=(n_cells, n_cells))
    _, group = csgraph.connected_components(together, directed=False)
    kinds = [found.moments(ends=False), found.moments(starts=False)]
    order = np.argsort(group[cell[left]], kind="stable")
    for chosen in np.split(order, np.flatnonzero(np.diff(group[cell[left]][order])) + 1):
        members, to = np.unique(np.r_[cell[left[chosen]], cell[right[chosen]]], return_inverse=True)
        local = np.zeros(len(found.track_item), dtype=np.int64)
        local[np.r_[left[chosen], right[chosen]]] = to
        value, matched = _estimate(kinds, local, left[chosen], right[chosen], len(members))
        offset[members] = np.where(matched > 0, value, np.nan)
        count[members] = matched
    return Offsets(offset, count)


def _estimate(kinds: list[tuple[Ints, Floats]], member: Ints, left: Ints, right: Ints, n: int) -> tuple[Floats, Ints]:
    """Offsets and matched boundaries of the n members of one group; `member` gives each track's."""
    offset, spread = np.zeros(n), np.full(n, WINDOW_S / 3)
    count = np.zeros(n, dtype=np.int64)
    for _ in range(MAX_ROUNDS):
        ends = [
            (track, when, *mutual_nearest(track, when - offset[member[track]], left, right, WINDOW_S)[1:])
            for track, when in kinds
        ]
        a = np.concatenate([member[track[i]] for track, _, i, _ in ends])
        b = np.concatenate([member[track[j]] for track, _, _, j in ends])
        apart = np.concatenate([when[i] - when[j] for _, when, i, j in ends])
        before, count = offset, np.bincount(a, minlength=n) + np.bincount(b, minlength=n)
        if not len(a):
            break
        offset, spread = _fit(a, b, apart, offset, spread)
        offset = offset - _zero(offset, spread, count)
        if np.abs(offset - before).max() < SETTLED_S:
            break
    return offset, count


def _fit(a: Ints, b: Ints, apart: Floats, offset: Floats, spread: Floats) -> tuple[Floats, Floats]:
    """Offsets (up to a constant) and spreads from differences `apart` of members a and b.

    Differences of the same two members stand together, so that a sweep reads them once and in order.
    """
    n = len(offset)
    seen = np.bincount(a, minlength=n) + np.bincount(b, minlength=n)
    order = np.argsort(a * n + b, kind="stable")
    apart = apart[order]
    first = np.flatnonzero(np.r_[True, (np.diff(a[order]) != 0) | (np.diff(b[order]) != 0)])
    a, b, count = a[order[first]], b[order[first]], np.diff(np.r_[first, len(apart)])
    for _ in range(SWEEPS):
        own = spread**2
        both = own[a] + own[b]
        rest = apart - np.repeat(offset[a] - offset[b], count)
        squared = rest**2
        trust = (FREEDOM + 1) / (FREEDOM + squared / np.repeat(both, count))
        weight, pulled, tried = (np.add.reduceat(x, first) for x in (trust, trust * apart, trust * squared))
        ties = summed(a * n + b, weight / both, n * n).reshape(n, n)
        ties = ties + ties.T
        matrix = np.diag(ties.sum(axis=1)) - ties
        pull = summed(a, pulled / both, n) - summed(b, pulled / both, n)
        before, offset = offset, np.asarray(np.linalg.lstsq(matrix, pull, rcond=1e-10)[0], dtype=np.float64)
        total = np.zeros(n)
        for end in (a, b):
            share = own[end] / both
            total += summed(end, count * own[end] * (1 - share) + share**2 * tried, n)
        was, spread = spread, np.sqrt(np.divide(total, seen, out=own.copy(), where=seen > 0))
        spread = np.maximum(spread, LEAST_SPREAD_S)
        if max(np.ptp(offset - before), np.abs(spread - was).max()) < SETTLED_S / 10:
            break
    return offset, spread


def _zero(offset: Floats, spread: Floats, count: Ints) -> float:
    """The middle of the offsets: a weighted median, moved to the biweight mean of the majority around it."""
    seen = count > 0
    if np.count_nonzero(seen) == 2:
        return float(offset[seen].mean())
    value, error = offset[seen], spread[seen] / np.sqrt(count[seen])
    middle = _weighted_median(value, np.minimum(1.0, (np.median(error) / error) ** 2))
    for _ in range(10):
        near = np.maximum(0.0, 1.0 - ((value - middle) / REACH_S) ** 2) ** 2 / (error**2 + LEAST_ERROR_S**2)
        if 2 * np.count_nonzero(near > 0) <= len(value):
            break
        middle = float((near * value).sum() / near.sum())
    return middle


def _weighted_median(value: Floats, weight: Floats) -> float:
    """The value with half of the weight on either side; the mean of two where the weight splits between them."""
    order = np.argsort(value, kind="stable")
    value, reached = value[order], np.cumsum(weight[order])
    half = reached[-1] / 2.0
    lower = int(np.searchsorted(reached, half * (1 - 1e-9)))
    upper = int(np.searchsorted(reached, half * (1 + 1e-9)))
    return float((value[lower] + value[min(upper, len(value) - 1)]) / 2.0)


def mutual_nearest(track: Ints, when: Floats, left: Ints, right: Ints, window_s: float) -> tuple[Ints, Ints, Ints]:
    """Moments of left and right tracks that are each other's nearest and at most `window_s` apart: pair, left, right.

    `when` ascends inside of a track. Of two that are equally near, the earlier is the nearest. Short tracks are held
    against each other whole, long ones are searched.
    """
    sizes = intervals.sizes(track, left, right)
    rows = [_search(track, when, (left, right), intervals.long_pairs(*sizes), window_s)]
    for pair, width in intervals.blocks_of_pairs(*sizes):
        i, _, moment = intervals.padded(when, when, sizes[0][0][pair], sizes[0][1][pair], width[0])
        j, _, other = intervals.padded(when, -when, sizes[1][0][pair], sizes[1][1][pair], width[1])
        apart = np.abs(moment[:, :, None] + other[:, None, :])
        nearest, back = apart.argmin(axis=2), apart.argmin(axis=1)
        mutual = np.take_along_axis(back, nearest, axis=1) == np.arange(width[0])
        mutual &= np.take_along_axis(apart, nearest[:, :, None], axis=2)[:, :, 0] <= window_s
        of, place = np.nonzero(mutual)
        rows.append((pair[of], i[of, place], j[of, nearest[of, place]]))
    pair, i, j = (np.concatenate(part) for part in zip(*rows, strict=True))
    order = np.argsort(pair, kind="stable")
    return pair[order], i[order], j[order]


def _search(
    track: Ints, when: Floats, sides: tuple[Ints, Ints], chosen: Ints, window_s: float
) -> tuple[Ints, Ints, Ints]:
    """`mutual_nearest` of the chosen pairs by search."""
    if not len(chosen):
        return chosen, chosen, chosen
    left, right = sides[0][chosen], sides[1][chosen]
    pointer = np.searchsorted(track, np.arange(int(max(left.max(), right.max())) + 2))
    rank = np.unique(when, return_inverse=True)[1].ravel()
    pair, i, j = _nearest(track, when, pointer, left, right, rank=rank)
    back_pair, back_j, back_i = _nearest(track, when, pointer, right, left, rank=rank)
    first_back = np.searchsorted(back_pair, np.arange(len(left)))
    mutual = back_i[first_back[pair] + j - back_j[first_back[pair]]] == i
    mutual &= np.abs(when[i] - when[j]) <= window_s
    return chosen[pair[mutual]], i[mutual], j[mutual]


def _nearest(track: Ints, when: Floats, pointer: Ints, of: Ints, to: Ints, *, rank: Ints) -> tuple[Ints, Ints, Ints]:
    """For each moment of the tracks `of` the nearest moment of the tracks `to`: pair, moment, nearest.

    `rank` is that of each moment among all times. Pairs whose other track has no moments are left out.
    """
    both = (pointer[of] < pointer[of + 1]) & (pointer[to] < pointer[to + 1])
    pair, moment = ranges(np.where(both, pointer[of], 0), np.where(both, pointer[of + 1], 0))
    width = len(when) + 1
    low, high = pointer[to][pair], pointer[to + 1][pair] - 1
    after = np.clip(np.searchsorted(track * width + rank, to[pair] * width + rank[moment]), low, high)
    before = np.maximum(after - 1, low)
    earlier = np.abs(when[before] - when[moment]) <= np.abs(when[after] - when[moment])
    return pair, moment, np.where(earlier, before, after)
