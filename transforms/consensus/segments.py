"""One track of segments from those of several annotators: a vote at every moment, without a sampling grid.

A moment is labeled where more than half of the annotators labeled it, with the label that most of them gave. So a
boundary comes to the median of the annotators' boundaries, an invented segment goes, and one that a minority missed
stays. Where annotators of an object label a moment twice in one layer (two people speak at once), each label of that
object is voted on by itself, and fused segments of different labels may overlap.

Ties, stretches on which the vote is undecided: cut in the middle between the winners before and after, so that with an
even number of annotators too the boundary is the median. A neighbour only wins what it is tied for; where none of them
is, nothing beats a label, and of labels the one with more seconds on the object wins, then the earlier by name.

Segments of one label that touch come out as one. An annotator supports a fused segment who gave its label for at least
half of it; all others dissent. Its confidence is the share of annotators who gave its label, averaged over its time;
0 where one annotator answered. It is a share of votes, not a probability of being right.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from transforms import intervals
from transforms.encode import Flags, Floats, Ints, grouped, moments_within, names_at, order_within, summed, tabulate
from transforms.schemas import MEASURE_CONSENSUS_SEGMENT
from transforms.tracks import Stretches, Tracks, tracks

NOTHING, UNDECIDED = -1, -2
SHORTEST_S = 0.001  # a fused segment under this is rounding
ITEMS_AT_ONCE = 20_000  # bounds the memory


@dataclass(frozen=True, slots=True)
class Vote:
    """Maximal stretches (cells) on which nobody's label changes; cells of a question follow each other."""

    start: Floats
    end: Floats
    question: Ints
    winner: Ints
    unit: Ints  # with `cell`: one row for a unit in a cell
    cell: Ints


@dataclass(frozen=True, slots=True)
class Question:
    """What is voted on: an item, or one label of an item whose annotators labeled moments twice."""

    item: Ints
    n_annotators: Ints
    units: Stretches
    of_unit: Ints


@dataclass(frozen=True, slots=True)
class Ballot:
    """Winners of the cells, and what may win those that are undecided."""

    winner: Ints
    fallback: Ints  # where no neighbour is tied for the cell
    may_be_nothing: Flags
    tied: Ints  # cell * width + label, for each label with the most votes of its cell
    width: int

    def allows(self, cell: Ints, wanted: Ints) -> Flags:
        return np.where(
            wanted >= 0, np.isin(cell * self.width + wanted, self.tied), self.may_be_nothing[cell]
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fused:
    """The fused segments."""

    item: Ints
    label: Ints
    start: Floats
    end: Floats
    length: Floats


def fuse_segments(segments: pa.Table, annotators: pa.Table) -> pa.Table:
    """`measure.consensus_segment` rows of all segment layers; for the inputs see `transforms.tracks`."""
    return fuse_tracks(tracks(segments, annotators))


def fuse_tracks(found: Tracks) -> pa.Table:
    """`measure.consensus_segment` rows: the fused segments of every item, by item, start and label."""
    pointer = np.searchsorted(found.track_item[found.units.track], np.arange(found.n_items + 1))
    parts = [MEASURE_CONSENSUS_SEGMENT.empty()]
    for first in range(0, found.n_items, ITEMS_AT_ONCE):
        last = min(first + ITEMS_AT_ONCE, found.n_items)
        here = slice(int(pointer[first]), int(pointer[last]))
        if here.stop > here.start:
            units = found.units
            parts.append(
                _fuse(found, Stretches(units.track[here], units.start[here], units.end[here], units.label[here]))
            )
    return pa.concat_tables(parts)


def _fuse(found: Tracks, units: Stretches) -> pa.Table:
    asked = _questions(found, units)
    vote = _settled(asked, _count(asked))
    winner, question = vote.winner, vote.question
    goes_on = np.r_[False, (winner[1:] == winner[:-1]) & (question[1:] == question[:-1])]
    segment = np.cumsum(~goes_on) - 1
    at = np.flatnonzero(~goes_on)
    length = np.bincount(segment, weights=vote.end - vote.start).astype(np.float64)
    start, end = vote.start[at], vote.end[np.r_[at[1:], len(segment)] - 1]
    kept = (winner[at] >= 0) & (length >= SHORTEST_S)
    number = np.cumsum(kept) - 1

    says = (asked.units.label[vote.unit] == winner[vote.cell]) & kept[segment[vote.cell]]
    track, cell = asked.units.track[vote.unit[says]], vote.cell[says]
    item, length = asked.item[question[at[kept]]], length[kept]
    first = np.cumsum(found.n_annotators) - found.n_annotators  # track of each item
    width = int(found.n_annotators.max(initial=1))
    place = track - first[found.track_item[track]]
    key, which = grouped(number[segment[cell]] * width + place, len(item) * width)
    seconds = summed(which, (vote.end - vote.start)[cell], len(key))
    fused = Fused(item, winner[at[kept]], start[kept], end[kept], length)
    return _rows(found, fused, key // width, first[item[key // width]] + key % width, seconds)


def _questions(found: Tracks, units: Stretches) -> Question:
    item = found.track_item[units.track]
    overlapping = np.zeros(found.n_items, dtype=np.bool_)
    overlapping[found.track_item[found.has_overlap]] = True
    width = len(found.labels) + 1
    asked, of_unit = grouped(item * width + np.where(overlapping[item], units.label + 1, 0), found.n_items * width)
    own = asked // width
    if overlapping[item].any():
        units, of_unit = _merged(units, of_unit)
    return Question(own, found.n_annotators[own], units, of_unit)


def _merged(units: Stretches, of_unit: Ints) -> tuple[Stretches, Ints]:
    """Units of one annotator in one question that overlap, as one: nobody votes twice at a moment."""
    order = np.lexsort((units.end, units.start, of_unit, units.track))
    track, start, end, label = units.track[order], units.start[order], units.end[order], units.label[order]
    of_unit = of_unit[order]
    moments = np.unique(np.r_[start, end])
    fresh = np.r_[True, (track[1:] != track[:-1]) | (of_unit[1:] != of_unit[:-1])]
    base = (np.cumsum(fresh) - 1) * (len(moments) + 1)
    reach = np.maximum.accumulate(base + np.searchsorted(moments, end))
    clash = np.r_[False, base[1:] + np.searchsorted(moments, start[1:]) < reach[:-1]]
    first = np.flatnonzero(~clash)
    last = np.r_[first[1:], len(start)] - 1
    end = moments[reach[last] - base[last]]
    return Stretches(track[first], start[first], end, label[first]), of_unit[first]


def _count(asked: Question) -> Vote:
    """The cells of every question, and which units are in them; nothing is decided yet."""
    units = asked.units
    n = len(units.start)
    question, when, cut = moments_within(np.r_[asked.of_unit, asked.of_unit], np.r_[units.start, units.end])
    unit, cell = intervals.ranges(cut[:n], cut[n:])
    inside = np.r_[question[1:] == question[:-1], False]  # the last cut of a question starts no cell
    renumbered = np.cumsum(inside) - 1
    at = np.flatnonzero(inside)
    winner = np.full(len(at), NOTHING)
    return Vote(when[at], when[at + 1], question[at], winner, unit, renumbered[cell])


def _settled(asked: Question, vote: Vote) -> Vote:
    """Each cell's winner; an undecided cell in which the middle of its stretch lies is cut there."""
    n_cells, width = len(vote.start), int(asked.units.label.max(initial=0)) + 1
    key, of_vote = grouped(vote.cell * width + asked.units.label[vote.unit], n_cells * width)
    votes = np.bincount(of_vote, minlength=len(key))
    cell, label = key // width, key % width
    n = asked.n_annotators[vote.question]
    present = np.bincount(cell, weights=votes, minlength=n_cells).astype(np.int64)
    top = np.zeros(n_cells, dtype=np.int64)
    np.maximum.at(top, cell, votes)
    best = votes == top[cell]
    n_best = np.bincount(cell[best], minlength=n_cells)
    winner = np.full(n_cells, NOTHING)
    winner[cell[best]] = label[best]
    winner[2 * present < n] = NOTHING
    winner[(2 * present == n) | ((2 * present > n) & (n_best > 1))] = UNDECIDED

    seconds = np.bincount(asked.of_unit * width + asked.units.label, weights=asked.units.length)
    used = np.where(best, seconds[vote.question[cell] * width + label], -1.0)
    most = np.zeros(n_cells)
    np.maximum.at(most, cell, used)
    longest = np.flatnonzero(used == most[cell])[::-1]
    fallback = np.full(n_cells, NOTHING)
    fallback[cell[longest]] = label[longest]  # the earliest by name is written last
    may_be_nothing = 2 * present == n
    fallback[may_be_nothing] = NOTHING
    return _resolved(vote, Ballot(winner, fallback, may_be_nothing, key[best], width))


def _resolved(vote: Vote, ballot: Ballot) -> Vote:
    """Undecided runs of cells go to their neighbours, each up to the middle."""
    winner = ballot.winner
    same = vote.question[1:] == vote.question[:-1]
    open_ = winner == UNDECIDED
    starts = open_ & ~np.r_[False, open_[:-1] & same]
    ends = open_ & ~np.r_[open_[1:] & same, False]
    first, last = np.flatnonzero(starts), np.flatnonzero(ends)
    before = np.where(np.r_[False, same][first], winner[first - 1], NOTHING)
    after = np.where(np.r_[same, False][last], winner[np.minimum(last + 1, len(winner) - 1)], NOTHING)
    middle = (vote.start[first] + vote.end[last]) / 2.0
    run, cell = intervals.ranges(first, last + 1)
    split = cell[(vote.start[cell] < middle[run]) & (middle[run] < vote.end[cell])]
    to = np.arange(len(winner)) + np.searchsorted(split, np.arange(len(winner)))  # cells move by the cuts before them
    old = np.insert(np.arange(len(winner)), split, split)
    start, end, winner = vote.start[old], vote.end[old], winner[old]
    cut = middle[run[np.searchsorted(cell, split)]]
    end[to[split]], start[to[split] + 1] = cut, cut

    run_of = np.full(len(vote.start), -1)
    run_of[cell] = run
    here = np.flatnonzero(winner == UNDECIDED)
    mine, r = old[here], run_of[old[here]]
    is_early = (start[here] + end[here]) / 2.0 < middle[r]
    near, far = np.where(is_early, before[r], after[r]), np.where(is_early, after[r], before[r])
    choice = ballot.fallback[mine]
    for wanted in (far, near):  # the nearer one is written last
        choice = np.where(ballot.allows(mine, wanted), wanted, choice)
    winner[here] = choice
    is_split = np.zeros(len(vote.start), dtype=np.int64)
    is_split[split] = 1
    row, cells = intervals.ranges(to[vote.cell], to[vote.cell] + 1 + is_split[vote.cell])
    return Vote(start, end, vote.question[old], winner, vote.unit[row], cells)


def _rows(found: Tracks, fused: Fused, segment: Ints, track: Ints, seconds: Floats) -> pa.Table:
    """The table; `segment`, `track`, `seconds`: for how long an annotator gave the segment's label in it."""
    order = order_within(fused.item, fused.start)  # labels of an item ascend where they are questions of their own
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    item, length, segment = fused.item[order], fused.length[order], place[segment]
    n = found.n_annotators[item]
    agrees = seconds >= length[segment] / 2.0 - 1e-9
    first_track = np.searchsorted(found.track_item, item)
    owner, asked = intervals.ranges(first_track, first_track + n)
    dissents = np.ones(len(owner), dtype=np.bool_)
    dissents[(np.cumsum(n) - n - first_track)[segment[agrees]] + track[agrees]] = False
    share = np.bincount(segment, weights=seconds, minlength=len(item)) / (n * length)
    is_new = np.r_[True, item[1:] != item[:-1]] if len(item) else np.empty(0, dtype=np.bool_)
    first = np.maximum.accumulate(np.where(is_new, np.arange(len(item)), 0))
    columns: dict[str, Any] = {
        "job_name": names_at(found.jobs, found.item_job[item]),
        "object_id": names_at(found.objects, found.item_object[item]),
        "layer": names_at(found.layers, found.item_layer[item]),
        "segment_no": (np.arange(len(item)) - first).astype(np.int32),
        "label": names_at(found.labels, fused.label[order]),
        "start_s": fused.start[order],
        "end_s": fused.end[order],
        "n_annotators": n.astype(np.int32),
        "support": np.bincount(segment[agrees], minlength=len(item)).astype(np.int32),
        "confidence": np.where(n > 1, np.minimum(share, 1.0), 0.0),
        "dissenters": _named(found, owner[dissents], found.track_worker[asked[dissents]], len(item)),
    }
    return tabulate(MEASURE_CONSENSUS_SEGMENT, columns)


def _named(found: Tracks, owner: Ints, worker: Ints, n_owners: int) -> Any:
    """The workers of each owner as a JSON list of names; `owner` ascends. Lists of none and of one are made once."""
    texts = ["[]", *(json.dumps([name]) for name in found.workers)]
    first = np.searchsorted(owner, np.arange(n_owners + 1))
    count = np.diff(first)
    at = np.zeros(n_owners, dtype=np.int64)
    at[count == 1] = worker[first[:-1][count == 1]] + 1
    for one in np.flatnonzero(count > 1).tolist():
        at[one] = len(texts)
        texts.append(json.dumps([found.workers[who] for who in worker[first[one] : first[one + 1]].tolist()]))
    return names_at(texts, at)
