"""How probable each label is, by the one-coin skills of those who answered.

An answer adds log(p (K - 1) / (1 - p)) to its label among the K labels of the layer, where p is the skill behind it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from transforms.encode import Floats, Ints, grouped, summed

SKILL_RANGE = (0.02, 0.98)  # nobody settles a dispute alone
UNKNOWN = 0.7  # the skill of somebody of whom nothing is known


@dataclass(frozen=True, slots=True)
class Said:
    """Votes on stretches or objects: the vote's place and label, and what it adds to the label's log-odds."""

    place: Ints
    label: Ints
    odds: Floats


def log_odds(skill: Floats, n_labels: Floats) -> Floats:
    """What an answer of this skill adds to its label; unknown skill counts as `UNKNOWN`."""
    p = np.clip(np.where(np.isnan(skill), UNKNOWN, skill), *SKILL_RANGE)
    return np.asarray(np.log(p) - np.log((1.0 - p) / np.maximum(n_labels - 1.0, 1.0)))


def probabilities(said: Said, n_labels: Floats) -> tuple[Ints, Ints, Floats]:
    """Place, label and probability of every label that was given; labels that nobody gave share the rest."""
    width = int(said.label.max(initial=0)) + 1
    n = len(n_labels)
    cell, at = grouped(said.place * width + said.label, n * width)
    score = summed(at, said.odds, len(cell))
    place = cell // width
    top = np.zeros(n)
    np.maximum.at(top, place, score)
    weight = np.exp(score - top[place])
    unsaid = np.maximum(n_labels - np.bincount(place, minlength=n), 0.0) * np.exp(-top)
    total = np.bincount(place, weights=weight, minlength=n) + unsaid
    return place, cell % width, weight / total[place]


def doubt(place: Ints, p: Floats, n_places: int) -> Floats:
    """1 - the probability of the most probable label of each place."""
    best = np.zeros(n_places)
    np.maximum.at(best, place, p)
    return np.asarray(1.0 - best)
