"""Labels of several workers as counts, and the choice of one label from scores: what all methods for labels share."""

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
TIE = 1e-9  # scores closer than this are a tie, so that rounding never decides


@dataclass(frozen=True, slots=True)
class Votes:
    """Labels as a sparse count matrix: row = object, column = worker * n_classes + label given."""

    objects: list[str]
    workers: list[str]
    classes: list[str]
    counts: sparse.csr_matrix
    shares: Floats  # objects x classes: number of votes
    n_workers: Ints  # distinct workers of each object


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
    n_classes = max(1, len(classes))
    rows = np.repeat(np.arange(len(objects)), np.diff(counts.indptr))
    cells = rows * n_classes + counts.indices % n_classes
    shares = np.bincount(cells, counts.data, len(objects) * len(classes)).astype(np.float64)
    shares = shares.reshape(len(objects), len(classes))
    by = counts.indices // n_classes  # ascends inside of a row
    fresh = np.r_[True, (rows[1:] != rows[:-1]) | (by[1:] != by[:-1])][: len(by)]
    n_workers = np.bincount(rows[fresh], minlength=len(objects))
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


def choose(votes: Votes, score: Floats, confidence: Floats) -> pa.Table:
    """The class with the best score by the tie rule of the package."""
    labels: list[str | None] = [None] * len(votes.objects)
    if votes.classes and votes.objects:
        best = score >= score.max(axis=1, keepdims=True) - TIE
        chosen = np.argmax(np.where(best, votes.shares, -1.0), axis=1)
        labels = [votes.classes[k] if n else None for k, n in zip(chosen, votes.n_workers, strict=True)]
    held = np.where(votes.n_workers > 0, confidence, 0.0)
    return tabulate(CONSENSUS, {"object_id": votes.objects, "label": labels, "confidence": held})


def dissenters(labels: pa.Table, consensus: pa.Table) -> list[list[str]]:
    """For each row of `consensus`: the workers who said something else of its object, in ascending order.

    A worker who gave several labels disagrees where none of them is the consensus.
    """
    said: dict[str, dict[str, set[str]]] = {}
    for row in require(labels, LABELS).to_pylist():
        if None not in row.values():
            said.setdefault(row["object_id"], {}).setdefault(row["worker_id"], set()).add(row["label"])
    return [
        sorted(worker for worker, given in said.get(row["object_id"], {}).items() if row["label"] not in given)
        for row in consensus.select(["object_id", "label"]).to_pylist()
    ]
