"""Steps of an EM over confusion matrices, shared by the variants of Dawid and Skene.

Both steps are products with the sparse matrix of counts: an answer is one addition for each class, and nothing of the
size of answers x classes is ever stored.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from transforms.consensus.votes import Votes
from transforms.encode import Floats

OBJECTS_AT_ONCE = 4096  # so that what is worked on stays in the processor's cache


class Fit(NamedTuple):
    """What an EM ends with; `confusion[worker, true, given]` has rows that sum to 1."""

    posterior: Floats  # objects x classes
    marginals: Floats
    confusion: Floats
    log_likelihood: float
    iterations: int


def even_confusion(n_classes: int, accuracy: Floats) -> Floats:
    """Confusion matrices with `accuracy` on the diagonal and the rest spread evenly, one for each accuracy."""
    if n_classes == 1:
        return np.ones((len(accuracy), 1, 1))
    rest = (1.0 - accuracy) / (n_classes - 1)
    same = np.eye(n_classes)
    return np.asarray(rest[:, None, None] * (1.0 - same) + accuracy[:, None, None] * same)


def rows_to_one(matrices: Floats) -> Floats:
    """Each row over its sum; a row without mass becomes uniform."""
    total = matrices.sum(axis=2, keepdims=True)
    even = np.full_like(matrices, 1.0 / max(1, matrices.shape[2]))
    return np.asarray(np.divide(matrices, total, out=even, where=total > 0))


def expect(votes: Votes, marginals: Floats, confusion: Floats) -> tuple[Floats, float]:
    """Posterior of each object's class, and the log-likelihood of all votes; objects without votes have zeros."""
    n_workers, n_classes, _ = confusion.shape
    with np.errstate(divide="ignore"):
        by_vote = np.log(np.swapaxes(confusion, 1, 2)).reshape(n_workers * n_classes, n_classes)
        prior = np.log(marginals)
    joint = np.asarray(votes.counts @ by_vote)
    answered, likelihood = votes.answered, 0.0
    for first in range(0, len(joint), OBJECTS_AT_ONCE):
        here = slice(first, first + OBJECTS_AT_ONCE)
        by_class = np.ascontiguousarray(joint[here].T)  # long rows, which the processor adds many at a time
        by_class += prior[:, None]
        top = by_class.max(axis=0)
        by_class -= top
        np.exp(by_class, out=by_class)
        total = by_class.sum(axis=0)
        by_class /= total
        joint[here] = by_class.T
        likelihood += float((top + np.log(total))[answered[here]].sum())
    if not answered.all():
        joint[~answered] = 0.0
    return joint, likelihood


def expected_counts(votes: Votes, posterior: Floats) -> Floats:
    """Expected counts of worker, true class, label given."""
    by_vote = np.asarray(votes.counts.T @ posterior).reshape(votes.n_voters, votes.n_classes, votes.n_classes)
    return np.swapaxes(by_vote, 1, 2)


def class_shares(votes: Votes, posterior: Floats) -> Floats:
    """Mean posterior of the objects with votes; zeros where there are none."""
    return np.asarray(np.ones(len(posterior)) @ posterior / max(1, int(votes.answered.sum())))
