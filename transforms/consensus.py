"""One label from the labels of several workers: majority, Dawid-Skene, and Ground Truth's modified Dawid-Skene.

Input of every function: a table with the string columns `object_id`, `worker_id`, `label`, one row for a label that a
worker gave. Output: one row an object, in ascending order of `object_id`. The order of the input's rows never matters.
NULL labels say nothing; an object that has only those gets label NULL and confidence 0.

Ties, everywhere: the higher score, then more votes on the object, then the earlier of `categories` (ascending labels
where none are given).

Sources: A. P. Dawid, A. M. Skene (1979), "Maximum Likelihood Estimation of Observer Error-Rates Using the EM
Algorithm", Applied Statistics 28(1), doi:10.2307/2346806; Amazon SageMaker Ground Truth's published description of its
consolidation of class labels (amazon-sagemaker-examples, Apache-2.0).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy import sparse

from transforms.encode import Floats, Ints, codes, tabulate
from transforms.schemas import require

_FIELDS: dict[str, pa.DataType] = {
    "object_id": pa.string(),
    "worker_id": pa.string(),
    "label": pa.string(),
    "confidence": pa.float64(),
}
LABELS = pa.schema([(name, _FIELDS[name]) for name in ("object_id", "worker_id", "label")])
CONSENSUS = pa.schema([(name, _FIELDS[name]) for name in ("object_id", "label", "confidence")])

WORKER_PRIOR = 0.7
MAX_EPOCHS = 20
MIN_RELATIVE_CHANGE = 1e-8
CONFIDENCE_CAP = 0.95
TIE = 1e-9  # posteriors closer than this are a tie, so that rounding never decides


@dataclass(frozen=True, slots=True)
class Votes:
    """Labels as a sparse count matrix: row = object, column = worker * n_classes + label given."""

    objects: list[str]
    workers: list[str]
    classes: list[str]
    counts: sparse.csr_matrix
    shares: Floats  # objects x classes: number of votes
    n_workers: Ints  # distinct workers of each object


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


def majority(labels: pa.Table, categories: Sequence[str] | None = None) -> pa.Table:
    """The most frequent label of each object; confidence is its share of the votes.

    A worker who gave the same label twice counts once.

    >>> rows = [{"object_id": "1", "worker_id": w, "label": x} for w, x in [("a", "cat"), ("b", "dog"), ("c", "dog")]]
    >>> majority(pa.Table.from_pylist(rows)).to_pylist()
    [{'object_id': '1', 'label': 'dog', 'confidence': 0.6666666666666666}]
    """
    votes = count_votes(labels, categories, once=True)
    total = votes.shares.sum(axis=1)
    share = np.divide(votes.shares, total[:, None], out=np.zeros_like(votes.shares), where=total[:, None] > 0)
    return _consensus(votes, share, share.max(axis=1, initial=0.0))


def ground_truth_dawid_skene(labels: pa.Table, categories: Sequence[str] | None = None) -> pa.Table:
    """Ground Truth's consolidation of class labels: a Dawid-Skene EM that starts from workers 70 % right.

    Each worker's confusion matrix is smoothed towards the worker's own accuracy and half as much towards the mean
    accuracy; at most 20 epochs; ends when the log-likelihood changes by less than 1e-8 of itself. `categories` is the
    job's whole label set: labels that nobody used count, as errors are spread over all of them.

    Confidence is the posterior rounded to two places, at most 0.95, and 0.0 for an object with one worker, whose label
    then stands as given.
    """
    votes = count_votes(labels, categories, once=True)
    posterior = _smoothed(votes).posterior
    confidence = np.minimum(np.round(posterior.max(axis=1, initial=0.0), 2), CONFIDENCE_CAP)
    alone = votes.n_workers <= 1
    return _consensus(votes, np.where(alone[:, None], votes.shares, posterior), np.where(alone, 0.0, confidence))


def smoothed_dawid_skene(labels: pa.Table, categories: Sequence[str] | None = None) -> DawidSkene:
    """The estimates behind `ground_truth_dawid_skene`: steadier than `dawid_skene` where labels are few."""
    return _smoothed(count_votes(labels, categories, once=True))


def _smoothed(votes: Votes) -> DawidSkene:
    n_classes, n_workers = len(votes.classes), len(votes.workers)
    posterior = np.zeros((len(votes.objects), n_classes))
    marginals, confusion = np.zeros(n_classes), np.zeros((n_workers, n_classes, n_classes))
    answered = votes.n_workers > 0
    likelihood, epoch = 0.0, 0
    if answered.any():
        posterior[answered] = 1.0 / n_classes
        confusion = np.repeat(_prior(n_classes, np.array([WORKER_PRIOR])), n_workers, axis=0)
        mean_accuracy = WORKER_PRIOR
        while epoch < MAX_EPOCHS:
            epoch += 1
            marginals = posterior[answered].mean(axis=0)
            before, (posterior, likelihood) = likelihood, _expect(votes, marginals, confusion)
            confusion, accuracy = _smoothed_confusion(votes, posterior, mean_accuracy)
            if epoch > 1 and abs(likelihood - before) < MIN_RELATIVE_CHANGE * abs(before):
                break
            mean_accuracy = float(accuracy.mean())
    return DawidSkene(votes.objects, votes.workers, votes.classes, posterior, marginals, confusion, likelihood, epoch)


def _smoothed_confusion(votes: Votes, posterior: Floats, mean_accuracy: float) -> tuple[Floats, Floats]:
    """Each worker's confusion matrix, smoothed towards own and mean accuracy, and the workers' accuracies."""
    given = _given(votes, posterior)
    n_labels = given.sum(axis=(1, 2))
    right = np.trace(given, axis1=1, axis2=2)
    accuracy = np.divide(right, n_labels, out=np.full(len(right), mean_accuracy), where=n_labels > 0)
    n_classes = given.shape[1]
    own, shared = _prior(n_classes, accuracy), _prior(n_classes, np.array([mean_accuracy]))
    return _rows_to_one(given + n_labels[:, None, None] * (own + shared / 2.0)), accuracy


def dawid_skene(
    labels: pa.Table, categories: Sequence[str] | None = None, *, max_iterations: int = 1000, tolerance: float = 1e-12
) -> DawidSkene:
    """Maximum-likelihood Dawid-Skene from vote shares, without smoothing; ends at a change of `tolerance`, relative.

    Every row counts, so a worker may answer twice on one object (two readings). How to read it: `confusion` tells what
    a worker says when the truth is known; with few shared objects the classes may swap, so look at it before trusting.
    """
    votes = count_votes(labels, categories, once=False)
    n_classes, n_workers = len(votes.classes), len(votes.workers)
    total = votes.shares.sum(axis=1, keepdims=True)
    posterior = np.divide(votes.shares, total, out=np.zeros_like(votes.shares), where=total > 0)
    marginals, confusion = np.zeros(n_classes), np.zeros((n_workers, n_classes, n_classes))
    before = -np.inf
    answered = votes.n_workers > 0
    if not answered.any():
        return DawidSkene(votes.objects, votes.workers, votes.classes, posterior, marginals, confusion, 0.0, 0)
    n_iterations = 0
    while n_iterations < max_iterations:
        n_iterations += 1
        marginals = posterior[answered].mean(axis=0)
        confusion = _rows_to_one(_given(votes, posterior))
        posterior, likelihood = _expect(votes, marginals, confusion)
        done = abs(likelihood - before) <= tolerance * max(1.0, abs(likelihood))
        before = likelihood
        if done:
            break
    return DawidSkene(
        votes.objects, votes.workers, votes.classes, posterior, marginals, confusion, float(before), n_iterations
    )


def count_votes(labels: pa.Table, categories: Sequence[str] | None, *, once: bool) -> Votes:
    """The votes as counts; with `once`, a worker's repeated label on an object counts once."""
    table = require(labels, LABELS)
    objects, at = codes(table["object_id"])
    workers, worker = codes(table["worker_id"])
    found, label = codes(table["label"])
    classes, given = _classes(found, label, categories)
    kept = (given >= 0) & (worker >= 0) & (at >= 0)
    at, worker, given = at[kept], worker[kept], given[kept]
    width = len(workers) * len(classes)
    ones = np.ones(len(at))
    counts = sparse.csr_matrix((ones, (at, worker * len(classes) + given)), shape=(len(objects), width))
    counts.sum_duplicates()
    if once:
        counts.data[:] = 1.0
    shares = np.zeros((len(objects), len(classes)))
    rows = np.repeat(np.arange(len(objects)), np.diff(counts.indptr))
    np.add.at(shares, (rows, counts.indices % max(1, len(classes))), counts.data)
    pairs = np.unique(at * max(1, len(workers)) + worker)
    n_workers = np.bincount(pairs // max(1, len(workers)), minlength=len(objects))
    return Votes(objects, workers, classes, counts, shares, n_workers.astype(np.int64))


def _classes(found: list[str], label: Ints, categories: Sequence[str] | None) -> tuple[list[str], Ints]:
    """The classes in the order of `categories`, labels outside of it after them, and each row's class."""
    if categories is None:
        return found, label
    classes = list(dict.fromkeys(categories))
    classes += [x for x in found if x not in set(classes)]
    place = {x: i for i, x in enumerate(classes)}
    to = np.array([place[x] for x in found] + [-1], dtype=np.int64)
    return classes, to[label]


def _prior(n_classes: int, accuracy: Floats) -> Floats:
    """Confusion matrices with `accuracy` on the diagonal and the rest spread evenly, one for each accuracy."""
    if n_classes == 1:
        return np.ones((len(accuracy), 1, 1))
    rest = (1.0 - accuracy) / (n_classes - 1)
    same = np.eye(n_classes)
    return np.asarray(rest[:, None, None] * (1.0 - same) + accuracy[:, None, None] * same)


def _rows_to_one(matrices: Floats) -> Floats:
    """Each row over its sum; a row without mass becomes uniform."""
    total = matrices.sum(axis=2, keepdims=True)
    even = np.full_like(matrices, 1.0 / max(1, matrices.shape[2]))
    return np.asarray(np.divide(matrices, total, out=even, where=total > 0))


def _expect(votes: Votes, marginals: Floats, confusion: Floats) -> tuple[Floats, float]:
    """Posterior of each object's class, and the log-likelihood of all votes; objects without votes have zeros."""
    n_workers, n_classes, _ = confusion.shape
    with np.errstate(divide="ignore"):
        by_vote = np.log(np.swapaxes(confusion, 1, 2)).reshape(n_workers * n_classes, n_classes)
        joint = np.log(marginals) + votes.counts @ by_vote
    top = joint.max(axis=1, keepdims=True)
    weight = np.exp(joint - top)
    total = weight.sum(axis=1, keepdims=True)
    answered = votes.n_workers > 0
    likelihood = float((top + np.log(total))[answered].sum())
    return np.where(answered[:, None], weight / total, 0.0), likelihood


def _given(votes: Votes, posterior: Floats) -> Floats:
    """Expected counts of worker, true class, label given."""
    n_workers, n_classes = len(votes.workers), len(votes.classes)
    by_vote = np.asarray(votes.counts.T @ posterior).reshape(n_workers, n_classes, n_classes)
    return np.swapaxes(by_vote, 1, 2)


def _consensus(votes: Votes, score: Floats, confidence: Floats) -> pa.Table:
    """The class with the best score by the module's tie rule."""
    labels: list[str | None] = [None] * len(votes.objects)
    if votes.classes and votes.objects:
        best = score >= score.max(axis=1, keepdims=True) - TIE
        chosen = np.argmax(np.where(best, votes.shares, -1.0), axis=1)
        labels = [votes.classes[k] if n else None for k, n in zip(chosen, votes.n_workers, strict=True)]
    held = np.where(votes.n_workers > 0, confidence, 0.0)
    return tabulate(CONSENSUS, {"object_id": votes.objects, "label": labels, "confidence": held})
