"""Votes of whole layers for the models of `transforms.skill`: labels of objects, or stretches of recordings.

A stretch weighs its part of the recording, so that the effective number of answers is the number of recordings.
Stretches of a recording on which everybody says the same things are one; of a layer with more than `MOST_ITEMS`
recordings every k-th is used, evenly, which is plenty for a number a worker.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from transforms.answers import Answers
from transforms.encode import Flags, Floats, Ints, distinct, grouped, order_within
from transforms.offsets import cells
from transforms.skill import Ballot, one_coin, spam_probability
from transforms.spans import fingerprint, spans
from transforms.tracks import Tracks
from transforms.workers import answer_cells

MOST_ITEMS = 10_000


@dataclass(frozen=True, slots=True)
class Skills:
    """Figures of each cell (worker of a layer of a job), in ascending order of the cell; `n_labels` of each layer."""

    cell: Ints
    skill: Floats
    lo: Floats
    hi: Floats
    spam: Floats
    n_labels: Floats  # by job * number of layers + layer; 0 where nothing can be compared

    def of(self, cell: Ints) -> Floats:
        """The skill of these cells; NaN where it is unknown."""
        if not len(self.cell):
            return np.full(len(cell), np.nan)
        at = np.minimum(np.searchsorted(self.cell, cell), len(self.cell) - 1)
        return np.where(self.cell[at] == cell, self.skill[at], np.nan)


def skills_of_answers(found: Answers) -> Skills:
    """Skills in label layers, from objects with two answers or more."""
    several = found.n_annotators[found.vote_item] >= 2
    layer = found.item_job * max(1, len(found.layers)) + found.item_layer
    return _skills(
        found, answer_cells(found)[several], found.vote_item[several], found.vote[several],
        weight=np.ones(found.n_items), layer=layer[found.vote_item[several]],
    )  # fmt: skip


def skills_of_tracks(found: Tracks) -> Skills:
    """Skills in segment layers; "nothing" is a label."""
    cell = cells(found)
    layer = found.item_job * max(1, len(found.layers)) + found.item_layer
    used = _evenly(layer, found.n_annotators >= 2)
    items, votes, labels, weights = [], [], [], []
    n = 0
    for part in spans(found, used):
        kept = np.arange(len(part.item))
        place = np.repeat(np.arange(len(part.item)), part.n)
        mark = fingerprint(part.track * (len(found.labels) + 1) + part.vote)
        pattern = np.zeros(len(part.item), dtype=np.uint64)
        np.add.at(pattern, place, mark)  # wraps around: a fingerprint of who says what
        order = order_within(part.item[kept], pattern[kept])
        item, mark = part.item[kept][order], pattern[kept][order]
        fresh = np.r_[True, (item[1:] != item[:-1]) | (mark[1:] != mark[:-1])][: len(item)]
        one = order[fresh]
        weight = (part.length[kept] / found.duration_s[part.item[kept]])[order]
        weights.append(np.bincount(np.cumsum(fresh) - 1, weights=weight, minlength=len(one)))
        which = kept[one]
        owner = np.repeat(np.arange(len(which)), part.n[which])
        source = np.repeat(part.first[which] - (np.cumsum(part.n[which]) - part.n[which]), part.n[which])
        source += np.arange(len(owner))
        items.append(owner + n)
        votes.append(part.track[source])
        labels.append(part.vote[source])
        n += len(which)
    if not items:
        nothing = np.empty(0, dtype=np.int64)
        return _skills(found, nothing, nothing, nothing, weight=np.empty(0), layer=nothing)
    track = np.concatenate(votes)
    return _skills(
        found, cell[track], np.concatenate(items), np.concatenate(labels), weight=np.concatenate(weights),
        layer=layer[found.track_item[track]],
    )  # fmt: skip


def _evenly(layer: Ints, wanted: Flags) -> Flags:
    """At most `MOST_ITEMS` of the wanted items of each layer, every k-th."""
    used = np.zeros(len(layer), dtype=np.bool_)
    for one in distinct(layer):
        mine = np.flatnonzero(wanted & (layer == one))
        used[mine[:: max(1, -(-len(mine) // MOST_ITEMS))]] = True
    return used


def _skills(found: Answers | Tracks, cell: Ints, item: Ints, label: Ints, *, weight: Floats, layer: Ints) -> Skills:
    n_labels = np.zeros(max(1, len(found.jobs)) * max(1, len(found.layers)))
    every = distinct(cell)
    figures = np.full((4, len(every)), np.nan)
    for one in distinct(layer):
        here = np.flatnonzero(layer == one)
        places, at = grouped(item[here], len(weight))
        workers, who = grouped(cell[here], int(every[-1]) + 1)
        names, what = grouped(label[here], int(label.max()) + 1)
        votes = Ballot(at, who, what, weight[places], len(workers), len(names))
        fit, to = one_coin(votes), np.searchsorted(every, workers)
        n_labels[one] = len(names)
        figures[:, to] = fit.skill, fit.lo, fit.hi, spam_probability(votes)
    skill, lo, hi, spam = figures
    return Skills(every, skill, lo, hi, spam, n_labels)
