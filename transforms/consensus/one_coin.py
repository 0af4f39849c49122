"""The one-coin model: each worker is right with one probability, and wrong in every way alike.

One number a worker, where Dawid and Skene's model has a matrix: it needs far fewer labels, and does not see that a
worker confuses two classes only. Yuchen Zhang et al. (2016), "Spectral Methods Meet EM", JMLR 17(102). The fit is that
of `transforms.skill`; here it chooses labels, so that a worker starts with `PSEUDO_LABELS` labels of which .7 were
right and no class is helped: one right answer makes nobody perfect.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from transforms.consensus.votes import Choice, Votes, choose, count_votes, named
from transforms.encode import Floats
from transforms.skill import START_LOOKS, Ballot, fit_one_coin

PSEUDO_LABELS = 2.0
MAX_ITERATIONS = 1000
SETTLED = 1e-8


@dataclass(frozen=True, slots=True)
class OneCoin:
    """Estimates of `one_coin`; `skill` is each worker's probability of the right label (NaN with one class)."""

    objects: list[str]
    workers: list[str]
    classes: list[str]
    posterior: Floats
    skill: Floats
    consensus: pa.Table
    """The labels, as `CONSENSUS`; confidence is the posterior, 0 where one worker answered."""


def one_coin(labels: pa.Table, categories: Sequence[str] | None = None) -> OneCoin:
    """EM from vote shares; ends where no skill changes by more than 1e-8. A skill under 1 / classes is below guessing.

    >>> rows = [(o, w, "xy"[(o in "13") ^ (w == "d")]) for o in "1234" for w in "abcd"]
    >>> found = one_coin(pa.table([list(c) for c in zip(*rows)], names=["object_id", "worker_id", "label"]))
    >>> found.workers[int(found.skill.argmin())], found.consensus["label"].to_pylist()
    ('d', ['y', 'x', 'y', 'x'])
    """
    names, votes = count_votes(labels, categories, once=True)
    skill, posterior = _fit(votes)
    return OneCoin(*names, posterior, skill, named(names, _choice(votes, posterior)))


def one_coin_choice(votes: Votes) -> Choice:
    """The labels of `one_coin` from votes as numbers."""
    return _choice(votes, _fit(votes)[1])


def _fit(votes: Votes) -> tuple[Floats, Floats]:
    column = votes.counts.indices.astype(np.int64)
    n_classes = max(1, votes.n_classes)
    item = np.repeat(np.arange(len(votes.shares)), np.diff(votes.counts.indptr))
    ballot = Ballot(
        item, column // n_classes, column % n_classes, votes.answered.astype(np.float64), votes.n_voters,
        votes.n_classes,
    )  # fmt: skip
    skill, posterior = fit_one_coin(
        ballot, pseudo_labels=PSEUDO_LABELS, pseudo_right=PSEUDO_LABELS * START_LOOKS, pseudo_objects=0.0,
        rounds=MAX_ITERATIONS, settled=SETTLED,
    )  # fmt: skip
    return skill, posterior.dense()


def _choice(votes: Votes, posterior: Floats) -> Choice:
    alone = votes.n_workers <= 1
    confidence = np.where(alone, 0.0, posterior.max(axis=1, initial=0.0))
    return choose(votes, np.where(alone[:, None], votes.shares, posterior), confidence)
