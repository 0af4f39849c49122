"""Votes of whole layers for the models of `transforms.skill`: labels of objects, or stretches of recordings.

A stretch weighs its part of the recording, so that the effective number of answers is the number of recordings.
Objects and stretches on which the same annotators say the same things are one, with the weight of all: the models
cannot tell them apart. Of a layer with more than `MOST_ITEMS` recordings every k-th is used, evenly, which is plenty
for a number a worker; annotators of few recordings have `LEAST` of theirs among them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from transforms.answers import Answers
from transforms.encode import Flags, Floats, Ints, distinct, first_within, grouped
from transforms.offsets import cells
from transforms.skill import Ballot, one_coin, spam_probability
from transforms.spans import fingerprint, spans
from transforms.tracks import Tracks
from transforms.workers import answer_cells

MOST_ITEMS = 10_000
LEAST = 20


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
    used = _evenly(layer, found.n_annotators >= 2, cell, found.track_item)
    items, tracks, labels, weights = [], [], [], []
    n = 0
    for part in spans(found, used):
        items.append(np.repeat(np.arange(len(part.item)), part.n) + n)
        tracks.append(part.track)
        labels.append(part.vote)
        weights.append(part.length / found.duration_s[part.item])
        n += len(part.item)
    if not items:
        nothing = np.empty(0, dtype=np.int64)
        return _skills(found, nothing, nothing, nothing, weight=np.empty(0), layer=nothing)
    track = np.concatenate(tracks)
    return _skills(
        found, cell[track], np.concatenate(items), np.concatenate(labels), weight=np.concatenate(weights),
        layer=layer[found.track_item[track]],
    )  # fmt: skip


def _evenly(layer: Ints, wanted: Flags, cell: Ints, item: Ints) -> Flags:
    """At most `MOST_ITEMS` of the wanted items of each layer, every k-th, and `LEAST` of each cell that has as many.

    `cell` and `item` are those of each track.
    """
    used = np.zeros(len(layer), dtype=np.bool_)
    for one in distinct(layer):
        mine = np.flatnonzero(wanted & (layer == one))
        used[mine[:: max(1, -(-len(mine) // MOST_ITEMS))]] = True
    if (used != wanted).any():
        here = np.flatnonzero(wanted[item])
        used[item[here][first_within(cell[here], used[item[here]].astype(np.float64), LEAST)]] = True
    return used


def _skills(found: Answers | Tracks, cell: Ints, item: Ints, label: Ints, *, weight: Floats, layer: Ints) -> Skills:
    n_labels = np.zeros(max(1, len(found.jobs)) * max(1, len(found.layers)))
    every = distinct(cell)
    kept, item, weight = _alike(item, cell * (len(found.labels) + 1) + label, weight)
    cell, label, layer = cell[kept], label[kept], layer[kept]
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


def _alike(item: Ints, said: Ints, weight: Floats) -> tuple[Ints, Ints, Floats]:
    """The votes that are kept, and their items' new numbers and weights, where items with the same votes are one."""
    pattern = np.zeros(len(weight), dtype=np.uint64)
    np.add.at(pattern, item, fingerprint(said))  # wraps around: a fingerprint of who says what
    _, first, place = np.unique(pattern, return_index=True, return_inverse=True)
    alike = first[place.ravel()]  # the first item of each pattern, so that their order is that of the items
    kept = np.flatnonzero(alike[item] == item)
    return kept, item[kept], np.bincount(alike, weights=weight, minlength=len(weight)).astype(np.float64)
