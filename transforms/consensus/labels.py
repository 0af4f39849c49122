"""The label of each object in each layer of a job, by every method for labels, with confidence and who disagreed.

The annotators of a layer of a job are weighed together. Several labels of one annotator are one value (see
`transforms.answers`), '' says "nothing of this".
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from transforms.answers import Answers
from transforms.consensus.ground_truth import ground_truth_choice
from transforms.consensus.majority import majority_choice
from transforms.consensus.one_coin import one_coin_choice
from transforms.consensus.votes import Choice, Votes, count_codes
from transforms.encode import Ints, names_at, tabulate
from transforms.schemas import MEASURE_CONSENSUS_LABEL

METHODS: dict[str, Callable[[Votes], Choice]] = {
    "majority": majority_choice,
    "one_coin": one_coin_choice,
    "ground_truth": ground_truth_choice,
}


def fuse_answers(found: Answers) -> pa.Table:
    """`measure.consensus_label` rows of all items, one a method."""
    parts = [MEASURE_CONSENSUS_LABEL.empty()]
    layer = (found.item_job * max(1, len(found.layers)) + found.item_layer)[found.vote_item]
    order = np.argsort(layer, kind="stable")
    for here in np.split(order, np.flatnonzero(np.diff(layer[order])) + 1):
        if len(here):
            parts += _fuse(found, here)
    return pa.concat_tables(parts)


def _fuse(found: Answers, votes: Ints) -> list[pa.Table]:
    parts = [np.unique(part[votes], return_inverse=True) for part in (found.vote_item, found.vote_worker, found.vote)]
    (items, item), (workers, worker), (labels, label) = ((names, at.ravel()) for names, at in parts)
    counted = count_codes(item, worker, label, (len(items), len(workers), len(labels)), once=True)
    choices = {method: choose(counted) for method, choose in METHODS.items()}
    return [
        _rows(found, votes, items, method, Choice(labels[chosen.label], chosen.confidence))
        for method, chosen in choices.items()
    ]


def _rows(found: Answers, votes: Ints, items: Ints, method: str, choice: Choice) -> pa.Table:
    """Rows of the chosen labels of these items, on which these votes were given."""
    item, label = np.searchsorted(items, found.vote_item[votes]), choice.label
    agrees = found.vote[votes] == label[item]
    others: list[list[str]] = [[] for _ in range(len(items))]
    for k, who in zip(item[~agrees].tolist(), found.vote_worker[votes][~agrees].tolist(), strict=True):
        others[k].append(found.workers[who])
    n = np.bincount(item, minlength=len(items))
    columns: dict[str, Any] = {
        "job_name": names_at(found.jobs, found.item_job[items]),
        "object_id": names_at(found.objects, found.item_object[items]),
        "layer": names_at(found.layers, found.item_layer[items]),
        "method": [method] * len(items),
        "label": names_at(found.labels, label),
        "n_annotators": n.astype(np.int32),
        "support": np.bincount(item[agrees], minlength=len(items)).astype(np.int32),
        "confidence": np.where(n > 1, choice.confidence, 0.0),
        "dissenters": [json.dumps(sorted(who)) if who else "[]" for who in others],
    }
    return tabulate(MEASURE_CONSENSUS_LABEL, columns)
