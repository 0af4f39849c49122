"""Exact arithmetic on labeled stretches of time, for many tracks at once and without a sampling grid.

A *track* is what one annotator drew in one layer of one object, in order of time. All functions take the stretches of
many tracks in flat arrays, sorted by track and start; a *pair* is two tracks of the same object that are compared.
Unless a function says otherwise, the stretches of one track do not overlap each other. Times are seconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from scipy.optimize import linear_sum_assignment

from transforms.encode import Flags, Floats, Ints, order_within, summed

SHORT = 64  # stretches of a track that is held against another whole
SIZES = np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, SHORT])
CELLS_AT_ONCE = 1 << 16
PAIRS_AT_ONCE = 1 << 14

BLOCK = 400_000  # stretches that are swept at once


@dataclass(frozen=True, slots=True)
class Overlaps:
    """Stretches that overlap, one row for two of them, sorted by pair, left and right; `shared_s` > 0."""

    pair: Ints
    left: Ints
    right: Ints
    shared_s: Floats

    def where(self, kept: Flags) -> Overlaps:
        return Overlaps(self.pair[kept], self.left[kept], self.right[kept], self.shared_s[kept])


def ranges(start: Ints, stop: Ints) -> tuple[Ints, Ints]:
    """All whole numbers of the half-open ranges, one after the other, and the range that each is from.

    >>> ranges(np.array([0, 5]), np.array([2, 6]))
    (array([0, 0, 1]), array([0, 1, 5]))
    """
    size = np.maximum(stop - start, 0)
    owner = np.repeat(np.arange(len(start)), size)
    first = np.cumsum(size) - size
    return owner, np.arange(int(size.sum())) - first[owner] + start[owner]


def all_pairs(first: Ints, count: Ints) -> tuple[Ints, Ints, Ints]:
    """Every two of the tracks `first[k] .. first[k] + count[k] - 1` of object k: object, left track, right track."""
    objects, lefts, rights = [], [], []
    for n in np.unique(count[count >= 2]):
        having = np.flatnonzero(count == n)
        a, b = np.triu_indices(int(n), k=1)
        objects.append(np.repeat(having, len(a)))
        lefts.append((first[having][:, None] + a).ravel())
        rights.append((first[having][:, None] + b).ravel())
    if not objects:
        empty = np.empty(0, dtype=np.int64)
        return empty, empty, empty
    whole = np.concatenate(objects)
    order = np.argsort(whole, kind="stable")
    return whole[order], np.concatenate(lefts)[order], np.concatenate(rights)[order]


def overlaps(track: Ints, start: Floats, end: Floats, left_track: Ints, right_track: Ints) -> Overlaps:
    """Every two stretches of a pair's tracks that share time.

    Short tracks are held against each other whole, in blocks that stay in the processor's cache; long ones are
    searched.
    """
    left, right = sizes(track, left_track, right_track)
    rows: list[Rows] = []
    for pair, width in blocks_of_pairs(left, right):
        i, starts, ends = padded(start, end, left[0][pair], left[1][pair], width[0])
        j, other_starts, other_ends = padded(start, end, right[0][pair], right[1][pair], width[1])
        shared = np.minimum(ends[:, :, None], other_ends[:, None, :])
        shared -= np.maximum(starts[:, :, None], other_starts[:, None, :])
        hit = np.flatnonzero(shared > 0)
        of = hit // (width[0] * width[1])
        rows.append((pair[of], i.ravel()[hit // width[1]], j.ravel()[of * width[1] + hit % width[1]],
                     shared.ravel()[hit]))  # fmt: skip
    rows.append(_long_overlaps(track, start, end, (left_track, right_track), long_pairs(left, right)))
    pair, i, j, shared = (np.concatenate(part) for part in zip(*rows, strict=True))
    if (pair[1:] < pair[:-1]).any():
        order = np.argsort(pair, kind="stable")
        pair, i, j, shared = pair[order], i[order], j[order], shared[order]
    return Overlaps(pair, i, j, shared)


def agreements(
    track: Ints, start: Floats, end: Floats, label: Ints, sides: tuple[Ints, Ints], *, column: tuple[Ints, int]
) -> tuple[Floats, Floats]:
    """Of each pair (left and right tracks, `sides`) the seconds that both labeled, and those that both gave one label.

    The latter are pairs x columns: `column` says where those of each left stretch belong, and how many columns there
    are. Less than `overlaps` tells, and faster: pairs stand side by side, so that the processor takes many at a time,
    and what is worked on stays in its cache.
    """
    left, right = sizes(track, *sides)
    belongs, n_columns = column
    both, alike = np.zeros(len(sides[0])), np.zeros((len(sides[0]), n_columns))
    names = label.astype(np.int32)  # narrower, so faster to compare
    room = np.empty((2, CELLS_AT_ONCE))  # taken anew for each block, memory would cost more than the arithmetic
    for pair, width in blocks_of_pairs(left, right):
        i, *drawn = padded(start, end, left[0][pair], left[1][pair], width[0], pairs_last=True)
        j, *other = padded(start, end, right[0][pair], right[1][pair], width[1], pairs_last=True)
        shared = _shared(drawn, other, room)
        both[pair] = shared.reshape(-1, len(pair)).sum(axis=0)
        shared *= names[i][:, None] == names[j]
        cell = belongs[i] + np.arange(0, len(pair) * n_columns, n_columns)
        alike[pair] = summed(cell.ravel(), shared.sum(axis=1).ravel(), len(pair) * n_columns).reshape(-1, n_columns)
    pair, i, j, seconds = _long_overlaps(track, start, end, sides, long_pairs(left, right))
    both += summed(pair, seconds, len(both))
    same = label[i] == label[j]
    np.add.at(alike, (pair[same], belongs[i[same]]), seconds[same])
    return both, alike


def _shared(left: list[Floats], right: list[Floats], room: Floats) -> Floats:
    """Seconds that stretches share, 0 where none: left x right x pairs, in `room`. Each side is starts and ends."""
    shape = len(left[0]), *right[0].shape
    begin, shared = room[:, : math.prod(shape)].reshape(2, *shape)
    np.maximum(left[0][:, None], right[0], out=begin)
    np.minimum(left[1][:, None], right[1], out=shared)
    np.maximum(shared, begin, out=shared)
    return np.asarray(np.subtract(shared, begin, out=shared), dtype=np.float64)


Rows: TypeAlias = tuple[Ints, Ints, Ints, Floats]


Sizes: TypeAlias = tuple[Ints, Ints]
"""First stretch and number of stretches of one side of each pair."""


def sizes(track: Ints, left_track: Ints, right_track: Ints) -> tuple[Sizes, Sizes]:
    """Where the stretches of both sides of each pair are."""
    lowest = int(min(left_track.min(initial=0), right_track.min(initial=0)))
    highest = int(max(left_track.max(initial=-1), right_track.max(initial=-1)))
    pointer = np.searchsorted(track, np.arange(lowest, highest + 2))
    size = np.diff(pointer)
    left, right = left_track - lowest, right_track - lowest
    return (pointer[left], size[left]), (pointer[right], size[right])


def long_pairs(left: Sizes, right: Sizes) -> Ints:
    """The pairs with a track of more than `SHORT` stretches."""
    return np.flatnonzero(np.maximum(left[1], right[1]) > SHORT)


def blocks_of_pairs(left: Sizes, right: Sizes) -> Iterator[tuple[Ints, tuple[int, int]]]:
    """Some other pairs of like size at once, and the sizes that hold them."""
    short = np.flatnonzero(np.maximum(left[1], right[1]) <= SHORT)
    shape = np.searchsorted(SIZES, left[1][short]) * len(SIZES) + np.searchsorted(SIZES, right[1][short])
    for one in np.flatnonzero(np.bincount(shape)):
        rows, columns = int(SIZES[one // len(SIZES)]), int(SIZES[one % len(SIZES)])
        if not rows * columns:
            continue
        alike = short[shape == one]
        at_once = max(1, CELLS_AT_ONCE // (rows * columns))
        for k in range(0, len(alike), at_once):
            yield alike[k : k + at_once], (rows, columns)


def padded(
    start: Floats, end: Floats, first: Ints, size: Ints, width: int, *, pairs_last: bool = False
) -> tuple[Ints, Floats, Floats]:
    """Places, starts and ends of the stretches of some tracks, `width` for each; what is too much never overlaps."""
    first, size, step = (first, size, np.arange(width)[:, None]) if pairs_last else (
        first[:, None], size[:, None], np.arange(width)
    )  # fmt: skip
    at = first + step
    if (size == width).all():
        return at, start[at], end[at]
    beyond = step >= size
    at[beyond] = 0
    ends = end[at]
    ends[beyond] = -np.inf
    return at, start[at], ends


def _long_overlaps(
    track: Ints, start: Floats, end: Floats, sides: tuple[Ints, Ints], chosen: Ints
) -> Rows:  # fmt: skip
    """Overlaps of the chosen pairs by search; times become ranks first, so that comparisons stay exact whatever the
    number of tracks."""
    if not len(chosen):
        return chosen, chosen, chosen, np.empty(0)
    moments = np.unique(np.concatenate([start, end]))
    width = len(moments) + 1
    from_rank, to_rank = np.searchsorted(moments, start), np.searchsorted(moments, end)
    of_left = sides[0][chosen]
    row, left = ranges(np.searchsorted(track, of_left), np.searchsorted(track, of_left, side="right"))
    pair = chosen[row]
    base = sides[1][pair] * width
    lo = np.searchsorted(track * width + to_rank, base + from_rank[left], side="right")
    hi = np.searchsorted(track * width + from_rank, base + to_rank[left], side="left")
    row, right = ranges(lo, hi)
    pair, left = pair[row], left[row]
    return pair, left, right, np.minimum(end[left], end[right]) - np.maximum(start[left], start[right])


def best_matching(found: Overlaps, weight: Floats, n_pairs: int) -> Floats:
    """Greatest total weight of a one-to-one matching along the overlaps, for each pair.

    Overlaps of two tracks never cross, so in their order those that exclude each other stand side by side, and the
    best choice is the one of weighted interval scheduling: exact, no assignment problem to solve.
    """
    n = len(found.pair)
    if not n:
        return np.zeros(n_pairs)
    at = np.arange(n)
    new_pair = np.r_[True, found.pair[1:] != found.pair[:-1]]
    new_left = new_pair | np.r_[True, found.left[1:] != found.left[:-1]]
    new_right = new_pair | np.r_[True, found.right[1:] != found.right[:-1]]
    clash = np.minimum(
        np.maximum.accumulate(np.where(new_left, at, 0)), np.maximum.accumulate(np.where(new_right, at, 0))
    )
    first = np.maximum.accumulate(np.where(new_left & new_right, at, 0))  # start of a run of overlaps that compete
    rank = at - first
    best = np.zeros(n)
    order = np.argsort(rank, kind="stable")
    stop = np.searchsorted(rank[order], np.arange(int(rank.max()) + 2))
    for r in range(len(stop) - 1):
        here = order[stop[r] : stop[r + 1]]
        without = best[here - 1] if r else 0.0
        before = clash[here]
        kept = np.where(before > first[here], best[before - 1], 0.0)
        best[here] = np.maximum(without, weight[here] + kept)
    last = np.r_[first[1:] != first[:-1], True]
    return np.asarray(np.bincount(found.pair[last], weights=best[last], minlength=n_pairs), dtype=np.float64)


def crossing_overlaps(track: Ints, start: Floats, end: Floats, left_track: Ints, right_track: Ints) -> Overlaps:
    """As `overlaps`, for tracks that may overlap themselves: every stretch against every other, so for few pairs."""
    n_tracks = int(max(left_track.max(initial=-1), right_track.max(initial=-1))) + 1
    pointer = np.searchsorted(track, np.arange(n_tracks + 1))
    pair, left = ranges(pointer[left_track], pointer[left_track + 1])
    row, right = ranges(pointer[right_track[pair]], pointer[right_track[pair] + 1])
    pair, left = pair[row], left[row]
    shared = np.minimum(end[left], end[right]) - np.maximum(start[left], start[right])
    return Overlaps(pair, left, right, shared).where(shared > 0)


def best_assignment(found: Overlaps, weight: Floats, n_pairs: int) -> Floats:
    """As `best_matching`, for overlaps that may cross: an assignment problem for each pair."""
    total = np.zeros(n_pairs)
    for here in np.split(np.arange(len(found.pair)), np.flatnonzero(np.diff(found.pair)) + 1):
        if not len(here):
            continue
        _, i = np.unique(found.left[here], return_inverse=True)
        _, j = np.unique(found.right[here], return_inverse=True)
        gain = np.zeros((int(i.max()) + 1, int(j.max()) + 1))
        gain[i, j] = weight[here]
        total[found.pair[here[0]]] = gain[linear_sum_assignment(gain, maximize=True)].sum()
    return total


def match_within(
    times: Floats, left: tuple[Ints, Ints], right: tuple[Ints, Ints], window_s: float
) -> tuple[Ints, Ints, Ints]:
    """A largest one-to-one matching of moments at most `window_s` apart: pair, index left, index right.

    `left` and `right` give each pair's half-open range of `times`, which ascend inside of a range. On a line a sweep
    with two pointers finds a largest matching; all pairs advance together.
    """
    rows = []
    for k in range(0, len(left[0]), PAIRS_AT_ONCE):
        here = slice(k, k + PAIRS_AT_ONCE)
        pair, i, j = _sweep(times, (left[0][here], left[1][here]), (right[0][here], right[1][here]), window_s)
        rows.append((pair + k, i, j))
    if not rows:
        empty = np.empty(0, dtype=np.int64)
        return empty, empty, empty
    pair, i, j = (np.concatenate(part) for part in zip(*rows, strict=True))
    return pair, i, j


def _sweep(
    times: Floats, left: tuple[Ints, Ints], right: tuple[Ints, Ints], window_s: float
) -> tuple[Ints, Ints, Ints]:
    """`match_within` for so few pairs that what is worked on stays in the processor's cache."""
    (p, p_end), (q, q_end) = left, right
    some = np.flatnonzero((p < p_end) & (q < q_end))
    who = some.astype(np.uint16)  # a type that numpy sorts by counting
    p, p_end, q, q_end = p[some], p_end[some], q[some], q_end[some]
    rows: list[tuple[Any, Ints, Ints]] = []
    while len(who):
        apart = times[p] - times[q]
        hit, behind = np.abs(apart) <= window_s, apart < 0
        rows.append((who[hit], p[hit], q[hit]))
        p, q = p + (hit | behind), q + (hit | ~behind)
        on = (p < p_end) & (q < q_end)
        if not on.all():
            who, p, p_end, q, q_end = who[on], p[on], p_end[on], q[on], q_end[on]
    if not rows:
        empty = np.empty(0, dtype=np.int64)
        return empty, empty, empty
    pair, i, j = (np.concatenate(part) for part in zip(*rows, strict=True))
    order = np.argsort(pair, kind="stable")  # in a pair the matches were found in order
    return pair[order].astype(np.int64), i[order], j[order]


@dataclass(frozen=True, slots=True)
class Events:
    """Starts and ends in order of item and time, and what holds from each of them until the next."""

    item: Ints
    stretch: Ints
    lasting: Floats
    sum_squares: Ints  # sum over labels of (annotators who hold it)^2
    present: Ints  # annotators who hold any


def events(item: Ints, start: Floats, end: Floats, label: Ints) -> Events:
    """The sweep over labeled stretches that the disagreements are made of."""
    n = len(item)
    where, what, stretch = np.r_[item, item], np.r_[label, label], np.r_[np.arange(n), np.arange(n)]
    when = np.r_[start, end]
    step = np.r_[np.ones(n, dtype=np.int64), -np.ones(n, dtype=np.int64)]
    order = order_within(where, when)  # what happens at one moment may do so in any order: nothing lasts between
    where, when, what, step = where[order], when[order], what[order], step[order]
    by_label = order_within(where, what)
    held = np.cumsum(step[by_label]) - step[by_label]  # before the event; every label returns to 0 inside its item
    squares = np.empty(len(what), dtype=np.int64)
    squares[by_label] = 2 * held * step[by_label] + 1
    lasting = np.r_[np.where(where[1:] == where[:-1], np.diff(when), 0.0), 0.0]
    return Events(where, stretch[order], lasting, np.cumsum(squares), np.cumsum(step))


def _blocks(item: Ints) -> Iterator[slice]:
    """Rows of whole items (`item` ascends), some at a time, so that sorting them needs little memory."""
    low = 0
    while low < len(item):
        high = len(item)
        if high - low > BLOCK:
            high = max(
                int(np.searchsorted(item, item[low + BLOCK])), int(np.searchsorted(item, item[low], side="right"))
            )
        yield slice(low, high)
        low = high


def shared_disagreement(item: Ints, start: Floats, end: Floats, label: Ints, n_items: int) -> tuple[Floats, Floats]:
    """Where two or more annotators hold a label: disagreement mass of each item, and of each stretch the time there.

    The mass is the integral of (p^2 - sum c^2) / (p - 1) over the moments with p >= 2 labeled annotators.
    """
    mass, within = np.zeros(n_items), np.zeros(len(item))
    for at in _blocks(item):
        found = events(item[at], start[at], end[at], label[at])
        p = found.present
        several = p >= 2
        weight = np.where(several, found.lasting / np.maximum(p - 1, 1), 0.0)
        mass += summed(found.item, weight * (p**2 - found.sum_squares), n_items)
        reached = np.cumsum(np.where(several, found.lasting, 0.0))
        reached = np.r_[0.0, reached[:-1]]  # shared time before each event
        begin = np.empty(at.stop - at.start)
        begin[found.stretch[::-1]] = reached[::-1]  # the first event of a stretch is written last
        within[at] = np.maximum(summed(found.stretch, reached, len(begin)) - 2.0 * begin, 0.0)
    return mass, within


def grouped_median(group: Ints, values: Floats, n_groups: int) -> Floats:
    """Median of the values of each group; NaN for a group without any."""
    order = order_within(group, values)
    values, size = values[order], np.bincount(group, minlength=n_groups)
    first = np.cumsum(size) - size
    medians = np.full(n_groups, np.nan)
    some = size > 0
    lower, upper = first[some] + (size[some] - 1) // 2, first[some] + size[some] // 2
    medians[some] = (values[lower] + values[upper]) / 2.0
    return medians
