"""What labels alone tell of each annotator: one-coin skill with an interval, and the probability of spam.

Both are mixtures fitted by expectation and maximisation from the shares of votes: no random start, so the same votes
give the same figures. A vote may stand for less than one object: a stretch of a recording weighs its part of the
recording, so a recording counts once, however long and however finely it is cut.

*One coin* (Dawid and Skene with one number a worker): the right label with probability p, else any other label alike.
*Spam* after MACE (D. Hovy et al. 2013, "Learning Whom to Trust with MACE", NAACL): an annotator either looks and gives
the right label, or does not look and answers by a habit of their own, whatever the object; the share of answers
without a look is the probability of spam. Somebody who mostly gives the most frequent label looks good to the first
model and not to the second.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from transforms.encode import Floats, Ints, grouped, summed
from transforms.proportions import jeffreys

MAX_ROUNDS = 100
SETTLED = 1e-6
START_LOOKS = 0.7
LEAST = 1e-9


@dataclass(frozen=True, slots=True)
class Ballot:
    """Votes of one layer: item, worker and label of each; `weight` of each item."""

    item: Ints
    worker: Ints
    label: Ints
    weight: Floats
    n_workers: int
    n_labels: int

    @property
    def of_vote(self) -> Floats:
        """The weight of each vote."""
        return self.weight[self.item]

    def by_worker(self, values: Floats) -> Floats:
        """Sum over the votes of each worker."""
        return np.bincount(self.worker, weights=values, minlength=self.n_workers).astype(np.float64)

    @property
    def own(self) -> Ints:
        """Worker x label of each vote, as one number."""
        return self.worker * self.n_labels + self.label


@dataclass(frozen=True, slots=True)
class Posterior:
    """Probability of each label for each item, kept for the labels that the item was given.

    Any other label has the prior times `other` of the item: of many labels most are given to few items.
    """

    item: Ints  # of each label given to an item
    label: Ints
    p: Floats
    at: Ints  # of each vote: its label among them
    other: Floats  # of each item
    prior: Floats

    @classmethod
    def shares(cls, votes: Ballot) -> Posterior:
        """Shares of the votes."""
        n_items = len(votes.weight)
        cell, at = grouped(votes.item * votes.n_labels + votes.label, n_items * votes.n_labels)
        item, count = cell // votes.n_labels, np.bincount(at, minlength=len(cell))
        p = count / np.bincount(votes.item, minlength=n_items)[item]
        return cls(item, cell % votes.n_labels, p, at, np.zeros(n_items), np.zeros(votes.n_labels))

    def updated(self, weight: Floats, gain: Floats, pseudo_objects: float = 1.0) -> Posterior:
        """The next one, from the log-odds that each vote adds to its own label and the prior that this one tells."""
        prior = self._next_prior(weight, pseudo_objects)
        odds = summed(self.at, gain, len(self.p))
        top = np.zeros(len(weight))
        np.maximum.at(top, self.item, odds)
        p = prior[self.label] * np.exp(odds - top[self.item])
        unsaid = np.exp(-top)
        known = summed(self.item, prior[self.label], len(weight))
        total = summed(self.item, p, len(weight)) + np.maximum(1.0 - known, 0.0) * unsaid
        return replace(self, p=p / total[self.item], other=unsaid / total, prior=prior)

    def _next_prior(self, weight: Floats, pseudo_objects: float) -> Floats:
        """Share of each label, some objects spread over all of them added so that none is impossible."""
        n = len(self.prior)
        rest = weight * self.other
        mass = summed(self.label, weight[self.item] * self.p, n)
        mass += self.prior * (rest.sum() - summed(self.label, rest[self.item], n)) + pseudo_objects / n
        return np.asarray(mass / mass.sum(), dtype=np.float64)

    def dense(self) -> Floats:
        """Items x labels."""
        whole = self.other[:, None] * self.prior
        whole[self.item, self.label] = self.p
        return np.asarray(whole, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class OneCoin:
    """Skill of each worker with a 95 % interval, and the probability of each label for each item."""

    skill: Floats
    lo: Floats
    hi: Floats
    n: Floats
    posterior: Posterior


def one_coin(votes: Ballot) -> OneCoin:
    """Probability of the right label of each worker; NaN where there is one label or none.

    The interval is Jeffreys' with the number of answers that the fit is worth: Fisher information of the worker's
    number, less what is missing because the true label is only estimated (Louis 1982,
    doi:10.1111/j.2517-6161.1982.tb01203.x). It takes the other workers' numbers as known, so it is a little narrow
    where objects have two or three answers.
    """
    n = votes.by_worker(votes.of_vote)
    skill, posterior = fit_one_coin(votes)
    if votes.n_labels < 2:
        return OneCoin(skill, skill, skill, n, posterior)
    right, at = posterior.p[posterior.at], skill[votes.worker]
    known = right / at**2 + (1.0 - right) / (1.0 - at) ** 2
    missing = right * (1.0 - right) / (at * (1.0 - at)) ** 2
    information = votes.by_worker(votes.of_vote * (known - missing))
    worth = np.clip(information * skill * (1.0 - skill), LEAST, np.maximum(n, LEAST))
    lo, hi = jeffreys(skill * worth, worth)
    return OneCoin(skill, lo, hi, n, posterior)


def fit_one_coin(
    votes: Ballot, *, pseudo_labels: float = 1.0, pseudo_right: float = 0.5, pseudo_objects: float = 1.0,
    rounds: int = MAX_ROUNDS, settled: float = SETTLED,
) -> tuple[Floats, Posterior]:  # fmt: skip
    """Skill of each worker and the probability of each label for each item, by EM from vote shares.

    Every worker has `pseudo_labels` labels more, of which `pseudo_right` are right, and `pseudo_objects` objects more
    are spread evenly over the labels. Skill is NaN where there is one label or none.
    """
    weight = votes.of_vote
    n, posterior = votes.by_worker(weight), Posterior.shares(votes)
    if votes.n_labels < 2:
        return np.full(votes.n_workers, np.nan), posterior
    skill = np.full(votes.n_workers, START_LOOKS)
    for _ in range(rounds):
        right = votes.by_worker(weight * posterior.p[posterior.at])
        before, skill = skill, (right + pseudo_right) / (n + pseudo_labels)
        odds = np.log(skill) - np.log((1.0 - skill) / (votes.n_labels - 1))
        posterior = posterior.updated(votes.weight, odds[votes.worker], pseudo_objects)
        if np.abs(skill - before).max(initial=0.0) < settled:
            break
    return skill, posterior


def spam_probability(votes: Ballot) -> Floats:
    """Share of each worker's answers that were given without a look, 0 to 1; NaN where there is one label or none."""
    if votes.n_labels < 2:
        return np.full(votes.n_workers, np.nan)
    own, weight = votes.own, votes.of_vote
    shape = votes.n_workers, votes.n_labels
    mass = summed(own, weight, shape[0] * shape[1]).reshape(shape)
    n, habit = mass.sum(axis=1), _habits(mass)
    looks, posterior = np.full(votes.n_workers, START_LOOKS), Posterior.shares(votes)
    for _ in range(MAX_ROUNDS):
        right = summed(own, weight * posterior.p[posterior.at], mass.size).reshape(shape)
        looked = right * looks[:, None] / (looks[:, None] + (1.0 - looks[:, None]) * habit)
        before, looks = looks, (looked.sum(axis=1) + 0.5) / (n + 1.0)
        habit = _habits(mass - looked)
        blind = (1.0 - looks[:, None]) * habit
        gain = np.log((looks[:, None] + blind) / blind)
        posterior = posterior.updated(votes.weight, gain.ravel()[own])
        if np.abs(looks - before).max(initial=0.0) < SETTLED:
            break
    return np.asarray(1.0 - looks)


def _habits(mass: Floats) -> Floats:
    """Each worker's own shares of labels (workers x labels), one observation spread over all of them added."""
    table = mass + 1.0 / mass.shape[1]
    return np.asarray(table / table.sum(axis=1, keepdims=True))
