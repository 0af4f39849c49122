"""Annotators against the truth over all objects of a job: shares right, with intervals, and what they mix up."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import stats

from transforms.confusion import GOLD, LEAST_S
from transforms.encode import Floats, codes, flat, reals, summed, tabulate
from transforms.proportions import jeffreys
from transforms.schemas import MEASURE_GOLD_ITEM, MEASURE_WORKER_CONFUSION, MEASURE_WORKER_GOLD, require

_KEY = ["job_name", "layer", "worker_id"]
READ = (
    *_KEY, "mass", "agree", "n_boundaries", "boundary_hits_500ms",
    "true_labels", "given_labels", "label_masses", "offsets_s",
)  # fmt: skip


def worker_scores(items: pa.Table) -> pa.Table:
    """`measure.worker_gold` rows from `measure.gold_item` rows (the columns `READ`).

    Labels: share right with Jeffreys' interval. Segments: share of time right with a delete-one-object jackknife, NULL
    under three objects or where all say the same; kappa and boundary F have the latter in both.
    """
    items = require(items, MEASURE_GOLD_ITEM, columns=READ)
    items = items.append_column("expected", pa.array(_expected(items)))
    return pa.Table.from_pylist([_scores(one) for one in _groups(items)], MEASURE_WORKER_GOLD.arrow)


def confusion(items: pa.Table) -> pa.Table:
    """`measure.worker_confusion` rows of scope `gold`; what comes to nothing is left out."""
    n, true = flat(items["true_labels"])
    rows = items.select(_KEY).take(pa.array(np.repeat(np.arange(len(n)), n), pa.int64()))
    labels = {"true_label": true, "given_label": flat(items["given_labels"])[1]}
    for name, column in {**labels, "mass": flat(items["label_masses"])[1]}.items():
        rows = rows.append_column(name, column)
    keys = [*_KEY, *labels]
    found = rows.group_by(keys).aggregate([("mass", "sum")])
    found = found.filter(pc.field("mass_sum") > LEAST_S)
    made: dict[str, Any] = {name: found[name] for name in keys}
    return tabulate(MEASURE_WORKER_CONFUSION, made | {"scope": [GOLD] * found.num_rows, "mass": found["mass_sum"]})


def _expected(items: pa.Table) -> Floats:
    """What chance would give: the masses of the worker's labels times their shares in the truth of the layer.

    Objects count as often as they were answered: the chance of a hit for these very answers.
    """
    (n, true_name), (_, given_name), (_, mass) = (
        flat(items[name]) for name in ("true_labels", "given_labels", "label_masses")
    )
    names, label = codes(pa.concat_arrays([true_name, given_name]))
    true, given, mass = label[: len(true_name)], label[len(true_name) :], reals(mass)
    (_, job), (layers, layer) = codes(items["job_name"]), codes(items["layer"])
    of, row, width = job * max(1, len(layers)) + layer, np.repeat(np.arange(len(n)), n), max(1, len(names))
    size = (int(of.max(initial=0)) + 1) * width
    of_truth = summed(of[row] * width + true, mass, size).reshape(-1, width)
    share = of_truth / np.maximum(of_truth.sum(axis=1, keepdims=True), 1e-300)
    return summed(row, mass * share[of[row], given], len(n))


def _scores(mine: pa.Table) -> dict[str, Any]:
    """The row of one worker in one layer."""
    mass, agree, expected = (reals(mine[name]) for name in ("mass", "agree", "expected"))
    boundaries, hits = (np.nan_to_num(reals(mine[name])) for name in ("n_boundaries", "boundary_hits_500ms"))
    is_label = mine["n_boundaries"].null_count == mine.num_rows
    offsets = reals(flat(mine["offsets_s"])[1])
    possible, n_boundaries = float((mass - expected).sum()), float(boundaries.sum())
    if is_label:
        lo, hi = (float(end[0]) for end in jeffreys(np.array([agree.sum()]), np.array([mass.sum()])))
    else:
        lo, hi = _jackknife(agree, mass)
    kappa_lo, kappa_hi = _jackknife(agree - expected, mass - expected, least=-1.0)
    f_lo, f_hi = _jackknife(hits, boundaries)
    return {name: mine[name][0].as_py() for name in _KEY} | {
        "gold_n": mine.num_rows,
        "gold_correct": round(float(agree.sum())) if is_label else None,
        "gold_acc": float(agree.sum() / mass.sum()) if mass.sum() > 0 else None,
        "gold_lo": _known_or_none(lo),
        "gold_hi": _known_or_none(hi),
        "gold_kappa": float((agree - expected).sum()) / possible if possible > 1e-9 * mass.sum() else None,
        "gold_kappa_lo": _known_or_none(kappa_lo),
        "gold_kappa_hi": _known_or_none(kappa_hi),
        "gold_boundary_f": float(hits.sum()) / n_boundaries if n_boundaries else None,
        "gold_boundary_f_lo": _known_or_none(f_lo),
        "gold_boundary_f_hi": _known_or_none(f_hi),
        "gold_offset_s": float(np.median(offsets)) if len(offsets) else None,
        "gold_n_boundaries": None if is_label else len(offsets),
    }


def _known_or_none(end: float) -> float | None:
    return None if np.isnan(end) else float(end)


def _jackknife(above: Floats, below: Floats, least: float = 0.0) -> tuple[float, float]:
    """95 % interval of the ratio of sums from leaving out one object at a time, cut to `least` and 1.

    NaN under three objects, where all say the same, and where the ratio is undefined without one of them.
    """
    n, total = len(below), float(below.sum())
    rest = total - below
    if n < 3 or total <= 0.0 or rest.min() <= 1e-9 * total:
        return float("nan"), float("nan")
    without, value = (above.sum() - above) / rest, float(above.sum()) / total
    se = float(np.sqrt((n - 1) * without.var()))
    if se <= 1e-9:
        return float("nan"), float("nan")
    reach = float(stats.t.ppf(0.975, n - 1)) * se
    return (max(least, value - reach) if value >= least else value - reach), min(1.0, value + reach)


def _groups(items: pa.Table) -> list[pa.Table]:
    """The rows of each worker in each layer."""
    if not items.num_rows:
        return []
    items = items.sort_by([(name, "ascending") for name in _KEY])
    keys = list(zip(*(items[name].to_pylist() for name in _KEY), strict=True))
    cuts = [0, *(k for k in range(1, len(keys)) if keys[k] != keys[k - 1]), len(keys)]
    return [items.slice(a, b - a) for a, b in itertools.pairwise(cuts)]
