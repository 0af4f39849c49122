"""Which labels stand for each other: among all pairs of annotators of a job, and against the consensus.

Among pairs (scope `pair`) each ordered pair of an object's n annotators weighs 1 / (n - 1), as in Krippendorff's
coincidence matrix: the row of a label sums to the mass of the label, and the whole to what was compared. Against the
consensus (scope `consensus`) a row is a label of the fused answer and a column what each annotator said there; an
annotator's own answer is part of the consensus, so agreement is a little high where few answered. Objects on which
somebody labels a moment twice are left out there. Sums of squares by object are kept beside, so that a share of a row
has an interval with objects as clusters.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.agreement.pairs import Cells
from transforms.answers import Answers
from transforms.confusion import LEAST_S, PAIRS_AT_ONCE, shared_labels
from transforms.encode import Floats, Ints, codes, grouped, names_at, reals, summed, tabulate
from transforms.schemas import MEASURE_CONFUSION
from transforms.tracks import Stretches, Tracks

PAIR, CONSENSUS = "pair", "consensus"
METHOD = "ground_truth"
"""The consensus of labels that answers are held against."""


def confusions(found: Tracks | Answers, cells: Cells) -> pa.Table:
    """`measure.confusion` rows of scope `pair`: one for every two labels that met, in both orders."""
    width = max(1, len(cells.names))
    weight = cells.mass / np.maximum(found.n_annotators[cells.item[cells.pair]] - 1, 1)
    low, high = np.minimum(cells.a, cells.b), np.maximum(cells.a, cells.b)
    item, low, high, mass = _by_item(cells.item[cells.pair], low, high, weight, width=width, n_items=found.n_items)
    mass = np.where(low == high, 2.0 * mass, mass)  # both orders
    apart = low != high
    item, mass = np.r_[item, item[apart]], np.r_[mass, mass[apart]]
    return _rows(found, PAIR, cells.names, (item, np.r_[low, high[apart]], np.r_[high, low[apart]], mass))


def against_labels(found: Answers, consensus: pa.Table) -> pa.Table:
    """Rows of scope `consensus` from `measure.consensus_label` rows as `fuse_answers` gives them."""
    chosen = consensus.filter(pc.field("method") == METHOD)["label"]
    place = {name: k for k, name in enumerate(found.labels)}
    names, at = codes(chosen)
    label = np.empty(found.n_items, dtype=np.int64)
    layer = found.item_job * max(1, len(found.layers)) + found.item_layer
    label[np.argsort(layer, kind="stable")] = np.array([place[name] for name in names], dtype=np.int64)[at]
    several = found.n_annotators[found.vote_item] >= 2
    item, vote = found.vote_item[several], found.vote[several]
    width = max(1, len(found.labels))
    made = _by_item(item, label[item], vote, np.ones(len(item)), width=width, n_items=found.n_items)
    return _rows(found, CONSENSUS, found.labels, made)


def against_segments(found: Tracks, consensus: pa.Table) -> pa.Table:
    """Rows of scope `consensus` from `measure.consensus_segment` rows."""
    places = [
        {name: k for k, name in enumerate(known)} for known in (found.jobs, found.objects, found.layers, found.labels)
    ]
    job, obj, layer, label = (
        _positions(consensus[name], known)
        for name, known in zip(("job_name", "object_id", "layer", "label"), places, strict=True)
    )
    key = (found.item_job * len(found.objects) + found.item_object) * len(found.layers) + found.item_layer
    item = np.searchsorted(key, (job * len(found.objects) + obj) * len(found.layers) + layer)
    n_tracks = len(found.track_item)
    fused = Stretches(n_tracks + item, reals(consensus["start_s"]), reals(consensus["end_s"]), label)
    both = [np.concatenate([getattr(found.pieces, n), getattr(fused, n)]) for n in ("track", "start", "end", "label")]
    beside = replace(
        found, pieces=Stretches(*both), track_item=np.r_[found.track_item, np.arange(found.n_items)],
        track_worker=np.r_[found.track_worker, np.full(found.n_items, -1)],
    )  # fmt: skip
    crossing = np.zeros(found.n_items, dtype=np.bool_)
    crossing[found.track_item[found.has_overlap]] = True
    right = np.flatnonzero((found.n_annotators >= 2)[found.track_item] & ~crossing[found.track_item])
    width, parts = len(found.labels) + 1, [(np.empty(0, dtype=np.int64),) * 3 + (np.empty(0),)]
    for first in range(0, len(right), PAIRS_AT_ONCE):
        some = right[first : first + PAIRS_AT_ONCE]
        pair, a, b, seconds = shared_labels(beside, n_tracks + found.track_item[some], some)
        parts.append(_by_item(found.track_item[some][pair], a, b, seconds, width=width, n_items=found.n_items))
    item, a, b, mass = (np.concatenate(part) for part in zip(*parts, strict=True))
    real = mass > LEAST_S
    return _rows(found, CONSENSUS, ["", *found.labels], (item[real], a[real], b[real], mass[real]))


def _positions(column: pa.ChunkedArray[pa.StringScalar], place: dict[str, int]) -> Ints:
    names, at = codes(column)
    return np.array([place[name] for name in names], dtype=np.int64)[at]


def _rows(
    found: Tracks | Answers, scope: str, names: list[str], masses: tuple[Ints, Ints, Ints, Floats]
) -> pa.Table:  # fmt: skip
    """The table from mass by item, first and second label."""
    item, first, second, mass = masses
    width = max(1, len(names))
    row_key, row = grouped(item * width + first, found.n_items * width)
    of_label = summed(row, mass, len(row_key))[row]
    layer = found.item_job * max(1, len(found.layers)) + found.item_layer
    n_layers = max(1, len(found.jobs)) * max(1, len(found.layers))
    labels, of = grouped(layer[row_key // width] * width + row_key % width, n_layers * width)
    n_items = np.bincount(of, minlength=len(labels))
    key, at = grouped((layer[item] * width + first) * width + second, n_layers * width**2)
    job_layer = key // width**2
    return tabulate(
        MEASURE_CONFUSION,
        {
            "job_name": names_at(found.jobs, job_layer // max(1, len(found.layers))),
            "layer": names_at(found.layers, job_layer % max(1, len(found.layers))),
            "scope": [scope] * len(key),
            "label_a": names_at(names, key // width % width),
            "label_b": names_at(names, key % width),
            "mass": summed(at, mass, len(key)),
            "n_items": np.bincount(at, minlength=len(key)),
            "n_label_items": n_items[np.searchsorted(labels, key // width)],
            "mass_squares": summed(at, mass**2, len(key)),
            "mass_cross": summed(at, mass * of_label, len(key)),
        },
    )


def _by_item(
    item: Ints, first: Ints, second: Ints, mass: Floats, *, width: int, n_items: int
) -> tuple[Ints, Ints, Ints, Floats]:
    key, at = grouped((item * width + first) * width + second, n_items * width**2)
    return key // width**2, key // width % width, key % width, summed(at, mass, len(key))
