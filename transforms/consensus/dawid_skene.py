"""Dawid and Skene's model: each worker has a confusion matrix; truth and matrices are estimated together.

A. P. Dawid, A. M. Skene (1979), "Maximum Likelihood Estimation of Observer Error-Rates Using the EM Algorithm",
Applied Statistics 28(1), doi:10.2307/2346806.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from transforms.consensus.em import Fit, class_shares, expect, expected_counts, rows_to_one
from transforms.consensus.votes import TIE, Votes, count_votes
from transforms.encode import Floats


@dataclass(frozen=True, slots=True)
class DawidSkene:
    """Estimates of `dawid_skene`; `confusion[w, true, given]` has rows that sum to 1."""

    objects: list[str]
    workers: list[str]
    classes: list[str]
    posterior: Floats
    marginals: Floats
    confusion: Floats
    log_likelihood: float
    iterations: int

    def labels(self) -> list[str | None]:
        """The most probable class of each object; the first of equals; None where nobody said anything."""
        best = np.argmax(self.posterior >= self.posterior.max(axis=1, keepdims=True) - TIE, axis=1)
        return [self.classes[k] if p.any() else None for k, p in zip(best, self.posterior, strict=True)]


def dawid_skene(
    labels: pa.Table, categories: Sequence[str] | None = None, *, max_iterations: int = 1000, tolerance: float = 1e-12
) -> DawidSkene:
    """Maximum-likelihood Dawid-Skene from vote shares, without smoothing; ends at a change of `tolerance`, relative.

    Every row counts, so a worker may answer twice on one object (two readings). How to read it: `confusion` tells what
    a worker says when the truth is known; with few shared objects the classes may swap, so look at it before trusting.
    """
    names, votes = count_votes(labels, categories, once=False)
    return DawidSkene(*names, **fit_dawid_skene(votes, max_iterations=max_iterations, tolerance=tolerance)._asdict())


def fit_dawid_skene(votes: Votes, *, max_iterations: int = 1000, tolerance: float = 1e-12) -> Fit:
    """The estimates behind `dawid_skene`, from votes as numbers (`votes.count_codes`)."""
    n_classes, posterior = votes.n_classes, votes.share()
    marginals, confusion = np.zeros(n_classes), np.zeros((votes.n_voters, n_classes, n_classes))
    if not votes.answered.any():
        return Fit(posterior, marginals, confusion, 0.0, 0)
    before, n_iterations = -np.inf, 0
    while n_iterations < max_iterations:
        n_iterations += 1
        marginals = class_shares(votes, posterior)
        confusion = rows_to_one(expected_counts(votes, posterior))
        posterior, likelihood = expect(votes, marginals, confusion)
        done = abs(likelihood - before) <= tolerance * max(1.0, abs(likelihood))
        before = likelihood
        if done:
            break
    return Fit(posterior, marginals, confusion, float(before), n_iterations)
