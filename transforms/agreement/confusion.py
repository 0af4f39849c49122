"""Which labels stand for each other: the coincidences of labels over all pairs of annotators of a job.

Each ordered pair of an object's n annotators weighs 1 / (n - 1), as in Krippendorff's coincidence matrix: the row of a
label sums to the mass of the label, and the whole to what was compared. Sums of squares by object are kept beside, so
that a share of a row has an interval with objects as clusters.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from transforms.agreement.pairs import Cells
from transforms.answers import Answers
from transforms.encode import Floats, Ints, names_at, summed, tabulate
from transforms.schemas import MEASURE_CONFUSION
from transforms.tracks import Tracks


def confusions(found: Tracks | Answers, cells: Cells) -> pa.Table:
    """`measure.confusion` rows: one for every two labels that met, in both orders."""
    width = max(1, len(cells.names))
    weight = cells.mass / np.maximum(found.n_annotators[cells.item[cells.pair]] - 1, 1)
    low, high = np.minimum(cells.a, cells.b), np.maximum(cells.a, cells.b)
    item, low, high, mass = _by_item(cells.item[cells.pair], low, high, weight, width)
    mass = np.where(low == high, 2.0 * mass, mass)  # both orders
    apart = low != high
    item, mass = np.r_[item, item[apart]], np.r_[mass, mass[apart]]
    first, second = np.r_[low, high[apart]], np.r_[high, low[apart]]
    row_key, row = np.unique(item * width + first, return_inverse=True)
    of_label = summed(row.ravel(), mass, len(row_key))[row.ravel()]
    layer = (found.item_job * max(1, len(found.layers)) + found.item_layer)[item]
    key, at = np.unique((layer * width + first) * width + second, return_inverse=True)
    at = at.ravel()
    job_layer = key // width**2
    return tabulate(
        MEASURE_CONFUSION,
        {
            "job_name": names_at(found.jobs, job_layer // max(1, len(found.layers))),
            "layer": names_at(found.layers, job_layer % max(1, len(found.layers))),
            "label_a": names_at(cells.names, key // width % width),
            "label_b": names_at(cells.names, key % width),
            "mass": summed(at, mass, len(key)),
            "n_items": np.bincount(at, minlength=len(key)),
            "mass_squares": summed(at, mass**2, len(key)),
            "mass_cross": summed(at, mass * of_label, len(key)),
        },
    )


def _by_item(item: Ints, first: Ints, second: Ints, mass: Floats, width: int) -> tuple[Ints, Ints, Ints, Floats]:
    key, at = np.unique((item * width + first) * width + second, return_inverse=True)
    return key // width**2, key // width % width, key % width, summed(at.ravel(), mass, len(key))
