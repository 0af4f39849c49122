"""Stretches of time on which every annotator of an object keeps to one label, and what each of them says there.

The ground for worker skill on segments and for the queue of disputes. Label 0 is "nothing"; any other code is one
more than in `Tracks`. Objects are taken in parts, so that memory stays flat.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from transforms.encode import Flags, Floats, Ints, moments_within
from transforms.intervals import ranges
from transforms.tracks import Tracks

ITEMS_AT_ONCE = 20_000
SHORTEST_S = 1e-6
_MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Spans:
    """Stretches sorted by item and time; the votes on stretch k are `vote[first[k] : first[k] + n[k]]`, by worker."""

    item: Ints
    start: Floats
    end: Floats
    first: Ints
    n: Ints
    vote: Ints
    track: Ints

    @property
    def length(self) -> Floats:
        return self.end - self.start


def fingerprint(number: Ints) -> npt.NDArray[np.uint64]:
    """A number for each number (not negative) whose sums tell sets apart: not linear, so that 1 + 4 is not 2 + 3."""
    mixed = (number.astype(np.uint64) + np.uint64(1)) * _MIX
    mixed ^= mixed >> np.uint64(31)
    return np.asarray(mixed * _MIX, dtype=np.uint64)


def spans(found: Tracks, used: Flags | None = None) -> Iterator[Spans]:
    """Stretches of the items (those used) with two annotators or more, some items at a time, in order."""
    several = (found.n_annotators >= 2) & (found.duration_s > 0)
    wanted = np.flatnonzero(several if used is None else several & used)
    for start in range(0, len(wanted), ITEMS_AT_ONCE):
        yield _spans(found, wanted[start : start + ITEMS_AT_ONCE])


def _spans(found: Tracks, items: Ints) -> Spans:
    place = np.full(found.n_items, -1, dtype=np.int64)
    place[items] = np.arange(len(items))
    of_track = place[found.track_item]
    here = of_track[found.pieces.track] >= 0
    track, label = found.pieces.track[here], found.pieces.label[here]
    start, end = found.pieces.start[here], found.pieces.end[here]
    item = of_track[track]
    duration = found.duration_s[items]

    owner = np.r_[item, item, np.arange(len(items)), np.arange(len(items))]
    cut_item, cut_time, at = moments_within(owner, np.r_[start, end, np.zeros(len(items)), duration])

    count = found.n_annotators[items]
    first_track = (np.cumsum(found.n_annotators) - found.n_annotators)[items]
    n = count[cut_item]  # the last cut of an item opens no stretch; its votes are dropped below
    first = np.cumsum(n) - n
    which, cut = ranges(at[: len(start)], at[len(start) : 2 * len(start)])
    vote = np.zeros(int(n.sum()), dtype=np.int64)
    vote[first[cut] + track[which] - first_track[cut_item[cut]]] = label[which] + 1
    until = np.r_[cut_time[1:], 0.0]
    kept = np.r_[cut_item[1:] == cut_item[:-1], False] & (until - cut_time > SHORTEST_S)
    owner_of_vote, source = ranges(first[kept], first[kept] + n[kept])
    voter = first_track[cut_item[kept]][owner_of_vote] + source - first[kept][owner_of_vote]
    n_kept = n[kept]
    return Spans(
        items[cut_item[kept]], cut_time[kept], until[kept], np.cumsum(n_kept) - n_kept, n_kept, vote[source], voter
    )
