"""Labels of several workers as counts, and the choice of one label from scores: what all methods for labels share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

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


class Names(NamedTuple):
    """What the numbers of `Votes` stand for."""

    objects: list[str]
    workers: list[str]
    classes: list[str]


@dataclass(frozen=True, slots=True)
class Votes:
    """Labels as a sparse count matrix: row = object, column = worker * n_classes + label given."""

    counts: sparse.csr_matrix
    shares: Floats  # objects x classes: number of votes
    n_workers: Ints  # distinct workers of each object
    n_voters: int  # workers of all objects

    @property
    def n_classes(self) -> int:
        return int(self.shares.shape[1])

    @property
    def answered(self) -> np.ndarray:
        """Whether anybody said anything of an object."""
        return self.n_workers > 0

    def share(self) -> Floats:
        """Objects x classes: share of the votes; zeros where there are none."""
        total = self.shares.sum(axis=1, keepdims=True)
        return np.asarray(np.divide(self.shares, total, out=np.zeros_like(self.shares), where=total > 0))


def count_codes(item: Ints, worker: Ints, label: Ints, shape: tuple[int, ...], *, once: bool) -> Votes:
    """The votes given as numbers; `shape` is objects, workers, classes. For `once` see `count_votes`."""
    n_objects, n_voters, n_classes = shape
    column = worker * n_classes + label
    counts = sparse.csr_matrix((np.ones(len(item)), (item, column)), shape=(n_objects, n_voters * n_classes))
    counts.sum_duplicates()
    if once:
        counts.data[:] = 1.0
    by = counts.indices // max(1, n_classes)  # ascends inside of a row
    fresh = np.ones(len(by), dtype=np.bool_)
    fresh[1:] = by[1:] != by[:-1]
    fresh[counts.indptr[:-1][np.diff(counts.indptr) > 0]] = True
    n_workers = np.diff(np.r_[0, np.cumsum(fresh)][counts.indptr])
    shares = np.asarray(counts @ np.tile(np.eye(n_classes), (n_voters, 1)), dtype=np.float64)
    return Votes(counts, shares, n_workers.astype(np.int64), n_voters)


def count_votes(labels: pa.Table, categories: Sequence[str] | None, *, once: bool) -> tuple[Names, Votes]:
    """The votes of a table as counts; with `once`, a worker's repeated label on an object counts once."""
    table = require(labels, LABELS)
    objects, at = codes(table["object_id"])
    workers, worker = codes(table["worker_id"])
    found, label = codes(table["label"])
    classes, given = _classes(found, label, categories)
    kept = (given >= 0) & (worker >= 0) & (at >= 0)
    if not kept.all():
        at, worker, given = at[kept], worker[kept], given[kept]
    names = Names(objects, workers, classes)
    return names, count_codes(at, worker, given, (len(objects), len(workers), len(classes)), once=once)


def _classes(found: list[str], label: Ints, categories: Sequence[str] | None) -> tuple[list[str], Ints]:
    """The classes in the order of `categories`, labels outside of it after them, and each row's class."""
    if categories is None:
        return found, label
    classes = list(dict.fromkeys(categories))
    classes += [x for x in found if x not in set(classes)]
    place = {x: i for i, x in enumerate(classes)}
    to = np.array([place[x] for x in found] + [-1], dtype=np.int64)
    return classes, to[label]


class Choice(NamedTuple):
    """The class of each object (-1 where nobody said anything) and how sure that is, 0 to 1."""

    label: Ints
    confidence: Floats


def choose(votes: Votes, score: Floats, confidence: Floats) -> Choice:
    """The class with the best score by the tie rule of the package."""
    if not score.size:
        return Choice(np.full(len(score), -1), np.zeros(len(score)))
    best = score >= score.max(axis=1, keepdims=True) - TIE
    chosen = np.argmax(np.where(best, votes.shares, -1.0), axis=1)
    return Choice(np.where(votes.answered, chosen, -1), np.where(votes.answered, confidence, 0.0))


def named(names: Names, choice: Choice) -> pa.Table:
    """The choice as a table (`CONSENSUS`)."""
    labels = [names.classes[k] if k >= 0 else None for k in choice.label.tolist()]
    return tabulate(CONSENSUS, {"object_id": names.objects, "label": labels, "confidence": choice.confidence})


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
