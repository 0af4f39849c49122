"""Steps of an EM over confusion matrices, shared by the variants of Dawid and Skene."""

from __future__ import annotations

import numpy as np

from transforms.consensus.votes import Votes
from transforms.encode import Floats


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
        joint = np.asarray(votes.counts @ by_vote)
        joint += np.log(marginals)
    top = joint.max(axis=1, keepdims=True)
    joint -= top  # in place from here on: the arrays are as large as the job
    weight = np.exp(joint, out=joint)
    total = weight @ np.ones((n_classes, 1))
    silent = votes.n_workers == 0
    weight /= total
    weight[silent] = 0.0
    likelihood = float((top + np.log(total))[~silent].sum())
    return weight, likelihood


def expected_counts(votes: Votes, posterior: Floats) -> Floats:
    """Expected counts of worker, true class, label given."""
    n_workers, n_classes = len(votes.workers), len(votes.classes)
    by_vote = np.asarray(votes.counts.T @ posterior).reshape(n_workers, n_classes, n_classes)
    return np.swapaxes(by_vote, 1, 2)
