"""Exact arithmetic on labeled stretches of time, for many tracks at once and without a sampling grid.

A *track* is what one annotator drew in one layer of one object, in order of time. All functions take the stretches of
many tracks in flat arrays, sorted by track and start; a *pair* is two tracks of the same object that are compared.
Unless a function says otherwise, the stretches of one track do not overlap each other. Times are seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from transforms.encode import Flags, Floats, Ints


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

    Times become ranks first, so that comparisons stay exact whatever the number of tracks.
    """
    moments = np.unique(np.concatenate([start, end])) if len(start) else np.empty(0)
    width = len(moments) + 1
    from_rank, to_rank = np.searchsorted(moments, start), np.searchsorted(moments, end)
    n_tracks = int(max(track.max(initial=-1), left_track.max(initial=-1), right_track.max(initial=-1))) + 1
    pointer = np.searchsorted(track, np.arange(n_tracks + 1))
    pair, left = ranges(pointer[left_track], pointer[left_track + 1])
    base = right_track[pair] * width
    lo = np.searchsorted(track * width + to_rank, base + from_rank[left], side="right")
    hi = np.searchsorted(track * width + from_rank, base + to_rank[left], side="left")
    row, right = ranges(lo, hi)
    pair, left = pair[row], left[row]
    shared = np.minimum(end[left], end[right]) - np.maximum(start[left], start[right])
    return Overlaps(pair, left, right, shared)


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
    p, q = left[0].copy(), right[0].copy()
    active = np.flatnonzero((p < left[1]) & (q < right[1]))
    rows: list[tuple[Ints, Ints, Ints]] = []
    while active.size:
        x, y = times[p[active]], times[q[active]]
        hit = np.abs(x - y) <= window_s
        rows.append((active[hit], p[active[hit]], q[active[hit]]))
        p[active] += hit | (x < y)
        q[active] += hit | (x >= y)
        active = active[(p[active] < left[1][active]) & (q[active] < right[1][active])]
    if not rows:
        empty = np.empty(0, dtype=np.int64)
        return empty, empty, empty
    pair, i, j = (np.concatenate(part) for part in zip(*rows, strict=True))
    order = np.lexsort((i, pair))
    return pair[order], i[order], j[order]


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
    order = np.lexsort((step, when, where))
    where, when, what, step = where[order], when[order], what[order], step[order]
    by_label = np.lexsort((np.arange(len(what)), what, where))
    held = np.cumsum(step[by_label]) - step[by_label]  # before the event; every label returns to 0 inside its item
    squares = np.empty(len(what), dtype=np.int64)
    squares[by_label] = 2 * held * step[by_label] + 1
    lasting = np.r_[np.where(where[1:] == where[:-1], np.diff(when), 0.0), 0.0]
    return Events(where, stretch[order], lasting, np.cumsum(squares), np.cumsum(step))


def disagreement(item: Ints, start: Floats, end: Floats, label: Ints, n_annotators: Ints) -> tuple[Floats, Floats]:
    """Observed disagreement mass of each item over all labels, and over the question labeled or not.

    At every moment n annotators hold labels with counts c (the unlabeled ones hold "nothing"); the mass is the
    integral of (n^2 - sum c^2) / (n - 1) over time. Items with fewer than two annotators have 0.
    """
    n_items = len(n_annotators)
    if not len(item):
        return np.zeros(n_items), np.zeros(n_items)
    found = events(item, start, end, label)
    n = n_annotators[found.item]
    absent = (n - found.present) ** 2
    scale = np.where(n >= 2, found.lasting / np.maximum(n - 1, 1), 0.0)
    over_labels = np.bincount(found.item, weights=scale * (n**2 - found.sum_squares - absent), minlength=n_items)
    over_presence = np.bincount(found.item, weights=scale * (n**2 - found.present**2 - absent), minlength=n_items)
    return over_labels.astype(np.float64), over_presence.astype(np.float64)


def shared_disagreement(item: Ints, start: Floats, end: Floats, label: Ints, n_items: int) -> tuple[Floats, Floats]:
    """Where two or more annotators hold a label: disagreement mass of each item, and of each stretch the time there.

    The mass is the integral of (p^2 - sum c^2) / (p - 1) over the moments with p >= 2 labeled annotators.
    """
    if not len(item):
        return np.zeros(n_items), np.zeros(0)
    found = events(item, start, end, label)
    p = found.present
    several = p >= 2
    weight = np.where(several, found.lasting / np.maximum(p - 1, 1), 0.0)
    mass = np.bincount(found.item, weights=weight * (p**2 - found.sum_squares), minlength=n_items)
    reached = np.cumsum(np.where(several, found.lasting, 0.0))
    reached = np.r_[0.0, reached[:-1]]  # shared time before each event
    begin = reached[np.unique(found.stretch, return_index=True)[1]]
    within = np.bincount(found.stretch, weights=reached, minlength=len(item)) - 2.0 * begin
    return mass.astype(np.float64), np.maximum(within, 0.0)


def grouped_median(group: Ints, values: Floats, n_groups: int) -> Floats:
    """Median of the values of each group; NaN for a group without any."""
    order = np.lexsort((values, group))
    values, size = values[order], np.bincount(group, minlength=n_groups)
    first = np.cumsum(size) - size
    medians = np.full(n_groups, np.nan)
    some = size > 0
    lower, upper = first[some] + (size[some] - 1) // 2, first[some] + size[some] // 2
    medians[some] = (values[lower] + values[upper]) / 2.0
    return medians
