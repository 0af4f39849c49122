"""How each annotator stands once it is known which objects were hard, and whether that changed over time.

An annotator's agreement on an object is the share on which they and each co-annotator say the same. It is low where
the object is hard and where the co-annotators are poor, so it is explained by one effect an object and one an
annotator: on an object with n annotators the agreement, times (n - 1) / (n - 2), differs between annotators only by
their own quality. Two annotators of an object always have the same agreement: such objects say nothing here.

*Residual*: the annotator's effect; 0 is the median annotator of the layer. *Drift*: the residuals in order of
submission, summed from their mean and scaled to a Brownian bridge; the greatest height tells how far the first part
lies over the rest. A steady annotator passes 1.517 with probability exp(-2 * 1.517^2) = 1 %: that is the alarm, for
falls only, as the colleagues of somebody who falls seem to rise. The scale comes from successive differences, so that
a fall does not hide itself. R. L. Brown, J. Durbin, J. M. Evans (1975), doi:10.1111/j.2517-6161.1975.tb01532.x.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from scipy import stats

from transforms.encode import Floats, Ints, codes, distinct, reals, stacked
from transforms.schemas import MEASURE_WORKER_ITEM, require

ALARM = 1.517
COMPARED = ("job_name", "object_id", "layer", "worker_id", "n_others", "mass", "agree")
LEAST_FOR_DRIFT = 20
LEAST_FOR_INTERVAL = 3
WEIGHT = 0.2
ROUNDS = 300
SETTLED = 1e-9

_TIMES: dict[str, pa.DataType] = {name: pa.string() for name in ("job_name", "object_id", "worker_id")}
SUBMITTED = pa.schema(_TIMES | {"submitted_at": pa.timestamp("us", tz="UTC")})
STANDING = (
    "residual", "residual_lo", "residual_hi", "n_residual", "drift_ewma", "drift_cusum", "drift_at", "is_drifting",
)  # fmt: skip


def standings(items: pa.Table, submitted: pa.Table) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Figures by (job, layer, worker) from `measure.worker_item` rows and the times of submission."""
    items = require(items, MEASURE_WORKER_ITEM, columns=COMPARED)
    items = items.filter(pa.array(items["n_others"].to_numpy() >= 2))
    if not items.num_rows:
        return {}
    layers, of_layer, workers, cell, item = _codes(items)
    others = reals(items["n_others"])
    score = reals(items["agree"]) / reals(items["mass"]) * others / (others - 1)
    own, of_item = _effects(score, cell, item)
    used = distinct(cell)
    middle = np.zeros(len(layers))
    for layer in distinct(of_layer):
        middle[layer] = np.median(own[used[used // len(workers) == layer]])
    rest = score - of_item[item] - own[cell]
    spread = rest**2 * (others + 1) / others  # an object's own effect takes part of the variation with it
    deviation = score - of_item[item] - middle[of_layer]
    when = _times(items, submitted)
    found = {}
    order = np.lexsort((item, when, cell))  # submitted at once: by object, in whatever order the rows came
    for here in np.split(order, np.flatnonzero(np.diff(cell[order])) + 1):
        one = int(cell[here[0]])
        job, layer_name = layers[one // len(workers)]
        value = float(own[one] - middle[one // len(workers)])
        found[job, layer_name, workers[one % len(workers)]] = _interval(value, spread[here]) | _drift(
            deviation[here], when[here]
        )
    return found


def _codes(items: pa.Table) -> tuple[list[tuple[str, str]], Ints, list[str], Ints, Ints]:
    jobs, job = codes(items["job_name"])
    names, layer = codes(items["layer"])
    objects, obj = codes(items["object_id"])
    workers, worker = codes(items["worker_id"])
    at, of_layer = np.unique(job * len(names) + layer, return_inverse=True)
    of_layer = of_layer.ravel()
    _, item = np.unique(of_layer * len(objects) + obj, return_inverse=True)
    layers = [(jobs[k // len(names)], names[k % len(names)]) for k in at]
    return layers, of_layer, workers, of_layer * len(workers) + worker, item.ravel()


def _effects(score: Floats, cell: Ints, item: Ints) -> tuple[Floats, Floats]:
    """Least squares of score = item + annotator, by turns."""
    n_cell, n_item = np.bincount(cell), np.bincount(item)
    own = np.zeros(len(n_cell))
    of_item = np.zeros(len(n_item))
    for _ in range(ROUNDS):
        of_item = np.bincount(item, weights=score - own[cell]) / np.maximum(n_item, 1)
        before, own = own, np.bincount(cell, weights=score - of_item[item]) / np.maximum(n_cell, 1)
        if np.abs(own - before).max() < SETTLED:
            break
    return own, of_item


def _times(items: pa.Table, submitted: pa.Table) -> Ints:
    """Time of submission of each row in microseconds; 0 where it is unknown."""
    submitted = require(submitted, SUBMITTED)
    n = items.num_rows
    parts = [codes(stacked(items[name], submitted[name])) for name in _TIMES]
    key = np.zeros(n + submitted.num_rows, dtype=np.int64)
    for names, at in parts:
        key = np.unique(key * len(names) + at, return_inverse=True)[1].ravel()
    when = np.nan_to_num(reals(submitted["submitted_at"].cast(pa.int64()))).astype(np.int64)
    latest = np.zeros(int(key.max(initial=0)) + 1, dtype=np.int64)
    np.maximum.at(latest, key[n:], when)
    return np.asarray(latest[key[:n]], dtype=np.int64)


def _interval(value: float, spread: Floats) -> dict[str, Any]:
    n = len(spread)
    se = float(np.sqrt(spread.sum() / (n - 1) / n)) if n >= LEAST_FOR_INTERVAL else 0.0
    reach = float(stats.t.ppf(0.975, n - 1)) * se if se > SETTLED else None
    return {
        "residual": value,
        "residual_lo": None if reach is None else value - reach,
        "residual_hi": None if reach is None else value + reach,
        "n_residual": n,
    }


def _drift(values: Floats, when: Ints) -> dict[str, Any]:
    """Level lately, greatest fall, its time and the alarm, from residuals in order of time."""
    n = len(values)
    nothing = {"drift_ewma": None, "drift_cusum": None, "drift_at": None, "is_drifting": None}
    if n < LEAST_FOR_DRIFT:
        return nothing
    fading = (1.0 - WEIGHT) ** np.arange(n - 1, -1, -1)
    lately = float(WEIGHT * (fading * values).sum() + (1.0 - WEIGHT) ** n * values.mean())
    spread = float(np.sqrt((np.diff(values) ** 2).sum() / 2.0 / (n - 1)))
    if spread <= SETTLED:
        return nothing | {"drift_ewma": lately, "drift_cusum": 0.0, "is_drifting": False}
    height = np.cumsum(values - values.mean()) / spread / np.sqrt(n)
    top = int(np.argmax(height))
    is_drifting = bool(height[top] >= ALARM)
    at = int(when[top]) if is_drifting and when[top] else None
    return {"drift_ewma": lately, "drift_cusum": float(height[top]), "drift_at": at, "is_drifting": is_drifting}
