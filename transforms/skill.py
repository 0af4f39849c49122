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

from dataclasses import dataclass

import numpy as np

from transforms.encode import Floats, Ints
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

    def shares(self) -> Floats:
        """Items x labels: share of the votes."""
        width = self.n_labels
        cell = self.item * width + self.label
        counts = np.bincount(cell, minlength=len(self.weight) * width).reshape(len(self.weight), width)
        return np.asarray(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0))

    def posterior(self, prior: Floats, gain: Floats) -> Floats:
        """Items x labels from the log-odds that each vote adds to its own label."""
        cell = self.item * self.n_labels + self.label
        sums = np.bincount(cell, weights=gain, minlength=len(self.weight) * self.n_labels)
        with np.errstate(divide="ignore"):
            joint = np.log(prior) + sums.reshape(-1, self.n_labels)
        weight = np.exp(joint - joint.max(axis=1, keepdims=True))
        return np.asarray(weight / weight.sum(axis=1, keepdims=True))


@dataclass(frozen=True, slots=True)
class OneCoin:
    """Skill of each worker with a 95 % interval, and the probability of each label for each item."""

    skill: Floats
    lo: Floats
    hi: Floats
    n: Floats
    posterior: Floats


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
    right, at = posterior[votes.item, votes.label], skill[votes.worker]
    known = right / at**2 + (1.0 - right) / (1.0 - at) ** 2
    missing = right * (1.0 - right) / (at * (1.0 - at)) ** 2
    information = votes.by_worker(votes.of_vote * (known - missing))
    worth = np.clip(information * skill * (1.0 - skill), LEAST, np.maximum(n, LEAST))
    lo, hi = jeffreys(skill * worth, worth)
    return OneCoin(skill, lo, hi, n, posterior)


def fit_one_coin(
    votes: Ballot, *, pseudo_labels: float = 1.0, pseudo_right: float = 0.5, pseudo_objects: float = 1.0,
    rounds: int = MAX_ROUNDS, settled: float = SETTLED,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Skill of each worker and items x labels posterior, by EM from vote shares.

    Every worker has `pseudo_labels` labels more, of which `pseudo_right` are right, and `pseudo_objects` objects more
    are spread evenly over the labels. Skill is NaN where there is one label or none.
    """
    n, posterior = votes.by_worker(votes.of_vote), votes.shares()
    if votes.n_labels < 2:
        return np.full(votes.n_workers, np.nan), posterior
    skill = np.full(votes.n_workers, START_LOOKS)
    for _ in range(rounds):
        right = posterior[votes.item, votes.label]
        before, skill = skill, (votes.by_worker(votes.of_vote * right) + pseudo_right) / (n + pseudo_labels)
        odds = np.log(skill) - np.log((1.0 - skill) / (votes.n_labels - 1))
        posterior = votes.posterior(_prior(votes, posterior, pseudo_objects), odds[votes.worker])
        if np.abs(skill - before).max(initial=0.0) < settled:
            break
    return skill, posterior


def spam_probability(votes: Ballot) -> Floats:
    """Share of each worker's answers that were given without a look, 0 to 1; NaN where there is one label or none."""
    if votes.n_labels < 2:
        return np.full(votes.n_workers, np.nan)
    width, weight = votes.n_labels, votes.of_vote
    own = votes.worker * width + votes.label
    n = votes.by_worker(weight)
    habit = _habits(votes, own, weight)
    looks, posterior = np.full(votes.n_workers, START_LOOKS), votes.shares()
    for _ in range(MAX_ROUNDS):
        blind = (1.0 - looks[votes.worker]) * habit[own]
        looked = posterior[votes.item, votes.label] * looks[votes.worker] / (looks[votes.worker] + blind)
        before, looks = looks, (votes.by_worker(weight * looked) + 0.5) / (n + 1.0)
        habit = _habits(votes, own, weight * (1.0 - looked))
        blind = (1.0 - looks[votes.worker]) * habit[own]
        gain = np.log((looks[votes.worker] + blind) / blind)
        posterior = votes.posterior(_prior(votes, posterior), gain)
        if np.abs(looks - before).max(initial=0.0) < SETTLED:
            break
    return np.asarray(1.0 - looks)


def _prior(votes: Ballot, posterior: Floats, pseudo_objects: float = 1.0) -> Floats:
    """Share of each label, some objects spread over all of them added so that none is impossible."""
    mass = votes.weight @ posterior + pseudo_objects / votes.n_labels
    return np.asarray(mass / mass.sum())


def _habits(votes: Ballot, own: Ints, weight: Floats) -> Floats:
    """Each worker's own shares of labels, one observation spread over all of them added; `own` is worker x label."""
    shape = votes.n_workers, votes.n_labels
    table = np.bincount(own, weights=weight, minlength=shape[0] * shape[1]).reshape(shape) + 1.0 / votes.n_labels
    return np.asarray((table / table.sum(axis=1, keepdims=True)).ravel())
