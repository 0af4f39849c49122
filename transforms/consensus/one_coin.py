"""The one-coin model: each worker is right with one probability, and wrong in every way alike.

One number a worker, where Dawid and Skene's model has a matrix: it needs far fewer labels, and does not see that a
worker confuses two classes only. Yuchen Zhang et al. (2016), "Spectral Methods Meet EM", JMLR 17(102).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from transforms.consensus.em import even_confusion, expect, expected_counts
from transforms.consensus.votes import choose, count_votes
from transforms.encode import Floats


@dataclass(frozen=True, slots=True)
class OneCoin:
    """Estimates of `one_coin`; `skill` is each worker's probability of the right label."""

    objects: list[str]
    workers: list[str]
    classes: list[str]
    posterior: Floats
    marginals: Floats
    skill: Floats
    log_likelihood: float
    iterations: int
    consensus: pa.Table
    """The labels, as `CONSENSUS`; confidence is the posterior, 0 where one worker answered."""


def one_coin(
    labels: pa.Table,
    categories: Sequence[str] | None = None,
    *,
    pseudo_labels: float = 2.0,
    pseudo_skill: float = 0.7,
    max_iterations: int = 1000,
    tolerance: float = 1e-10,
) -> OneCoin:
    """EM from vote shares; ends where the log-likelihood changes by at most `tolerance`, relative.

    Each worker's skill is smoothed by `pseudo_labels` labels of which `pseudo_skill` were right (0 gives maximum
    likelihood), so that one right answer makes nobody perfect. A skill under 1 / classes is worse than guessing.

    >>> rows = [(o, w, "xy"[(o in "13") ^ (w == "d")]) for o in "1234" for w in "abcd"]
    >>> found = one_coin(pa.table([list(c) for c in zip(*rows)], names=["object_id", "worker_id", "label"]))
    >>> found.workers[int(found.skill.argmin())], found.consensus["label"].to_pylist()
    ('d', ['y', 'x', 'y', 'x'])
    """
    votes = count_votes(labels, categories, once=True)
    n_classes = len(votes.classes)
    total = votes.shares.sum(axis=1, keepdims=True)
    posterior = np.divide(votes.shares, total, out=np.zeros_like(votes.shares), where=total > 0)
    answered = votes.n_workers > 0
    marginals, skill = np.zeros(n_classes), np.full(len(votes.workers), pseudo_skill)
    likelihood, n_iterations = 0.0, 0
    while answered.any() and n_iterations < max_iterations:
        n_iterations += 1
        given = expected_counts(votes, posterior)
        n_labels = given.sum(axis=(1, 2)) + pseudo_labels
        right = np.trace(given, axis1=1, axis2=2) + pseudo_labels * pseudo_skill
        skill = np.divide(right, n_labels, out=skill.copy(), where=n_labels > 0)
        marginals = posterior[answered].mean(axis=0)
        before, (posterior, likelihood) = likelihood, expect(votes, marginals, even_confusion(n_classes, skill))
        if n_iterations > 1 and abs(likelihood - before) <= tolerance * max(1.0, abs(likelihood)):
            break
    confidence = np.where(votes.n_workers > 1, posterior.max(axis=1, initial=0.0), 0.0)
    alone = votes.n_workers <= 1
    consensus = choose(votes, np.where(alone[:, None], votes.shares, posterior), confidence)
    return OneCoin(
        votes.objects, votes.workers, votes.classes, posterior, marginals, skill, likelihood, n_iterations, consensus
    )
