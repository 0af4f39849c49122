"""Ground Truth's modified Dawid-Skene: confusion matrices smoothed towards the workers' accuracies.

After Amazon SageMaker Ground Truth's published description of its consolidation of class labels
(amazon-sagemaker-examples, Apache-2.0).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from transforms.consensus.dawid_skene import DawidSkene
from transforms.consensus.em import Fit, class_shares, even_confusion, expect, expected_counts, rows_to_one
from transforms.consensus.votes import Choice, Votes, choose, count_votes, named
from transforms.encode import Floats

WORKER_PRIOR = 0.7
MAX_EPOCHS = 20
MIN_RELATIVE_CHANGE = 1e-8
CONFIDENCE_CAP = 0.95


def ground_truth_dawid_skene(labels: pa.Table, categories: Sequence[str] | None = None) -> pa.Table:
    """Ground Truth's consolidation of class labels: a Dawid-Skene EM that starts from workers 70 % right.

    Each worker's confusion matrix is smoothed towards the worker's own accuracy and half as much towards the mean
    accuracy; at most 20 epochs; ends when the log-likelihood changes by less than 1e-8 of itself. `categories` is the
    job's whole label set: labels that nobody used count, as errors are spread over all of them.

    Confidence is the posterior rounded to two places, at most 0.95, and 0.0 for an object with one worker, whose label
    then stands as given.
    """
    names, votes = count_votes(labels, categories, once=True)
    return named(names, ground_truth_choice(votes))


def ground_truth_choice(votes: Votes) -> Choice:
    """The same from votes as numbers."""
    posterior = fit_smoothed(votes).posterior
    confidence = np.minimum(np.round(posterior.max(axis=1, initial=0.0), 2), CONFIDENCE_CAP)
    alone = votes.n_workers <= 1
    return choose(votes, np.where(alone[:, None], votes.shares, posterior), np.where(alone, 0.0, confidence))


def smoothed_dawid_skene(labels: pa.Table, categories: Sequence[str] | None = None) -> DawidSkene:
    """The estimates behind `ground_truth_dawid_skene`: steadier than `dawid_skene` where labels are few."""
    names, votes = count_votes(labels, categories, once=True)
    return DawidSkene(*names, **fit_smoothed(votes)._asdict())


def fit_smoothed(votes: Votes) -> Fit:
    """The same from votes as numbers."""
    n_classes, n_workers = votes.n_classes, votes.n_voters
    posterior = np.zeros_like(votes.shares)
    marginals, confusion = np.zeros(n_classes), np.zeros((n_workers, n_classes, n_classes))
    likelihood, epoch = 0.0, 0
    if votes.answered.any():
        posterior[votes.answered] = 1.0 / n_classes
        confusion = np.repeat(even_confusion(n_classes, np.array([WORKER_PRIOR])), n_workers, axis=0)
        mean_accuracy = WORKER_PRIOR
        while epoch < MAX_EPOCHS:
            epoch += 1
            marginals = class_shares(votes, posterior)
            before, (posterior, likelihood) = likelihood, expect(votes, marginals, confusion)
            confusion, accuracy = _smoothed_confusion(votes, posterior, mean_accuracy)
            if epoch > 1 and abs(likelihood - before) < MIN_RELATIVE_CHANGE * abs(before):
                break
            mean_accuracy = float(accuracy.mean())
    return Fit(posterior, marginals, confusion, likelihood, epoch)


def _smoothed_confusion(votes: Votes, posterior: Floats, mean_accuracy: float) -> tuple[Floats, Floats]:
    """Each worker's confusion matrix, smoothed towards own and mean accuracy, and the workers' accuracies."""
    given = expected_counts(votes, posterior)
    n_labels = given.sum(axis=(1, 2))
    right = np.trace(given, axis1=1, axis2=2)
    accuracy = np.divide(right, n_labels, out=np.full(len(right), mean_accuracy), where=n_labels > 0)
    n_classes = given.shape[1]
    own, shared = even_confusion(n_classes, accuracy), even_confusion(n_classes, np.array([mean_accuracy]))
    return rows_to_one(given + n_labels[:, None, None] * (own + shared / 2.0)), accuracy
