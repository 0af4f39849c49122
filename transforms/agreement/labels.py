"""Agreement on labels of whole objects: the sums from which alpha, observed agreement and AC1 follow.

Any number of annotators an object, missing values allowed; an object with one vote carries no information about
agreement and gets reason_code `one_annotator`. Krippendorff, "Content Analysis" (2018), chapter 12.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from transforms.answers import Answers, answers
from transforms.encode import masses, names_at, tabulate
from transforms.schemas import MEASURE_ITEM

REASONS = (None, "one_annotator")
SEGMENT_ONLY = (
    "duration_s", "mass_presence", "d_obs_presence", "present_mass", "n_boundaries", "boundary_hits_500ms",
    "boundary_hits_3s", "boundary_abs_dev_s", "n_units", "unit_hits_iou50", "unit_hits_iou50_label", "sum_iou_matched",
    "boundary_hits_250ms", "boundary_hits_more", "units_fewer", "units_more", "rand_shared", "rand_own", "rand_chance",
    "d_obs_together", "together_mass",
)  # fmt: skip


def score_items(labels: pa.Table, annotators: pa.Table | None = None) -> pa.Table:
    """`measure.item` rows of all layers; for the inputs see `transforms.answers`."""
    return score_answers(answers(labels, annotators))


def score_answers(found: Answers) -> pa.Table:
    """`measure.item` rows of all items, in ascending order of job, object and layer; mass counts annotators."""
    n = found.n_annotators
    several = n >= 2
    item, label, count = tally(found)
    squares = np.bincount(item, weights=count.astype(np.float64) ** 2, minlength=found.n_items)
    kept = several[item]
    columns: dict[str, Any] = {
        "job_name": names_at(found.jobs, found.item_job),
        "object_id": names_at(found.objects, found.item_object),
        "layer": names_at(found.layers, found.item_layer),
        "n_annotators": n.astype(np.int32),
        "n_pairs": (n * (n - 1) // 2).astype(np.int32),
        "mass": np.where(several, n, 0).astype(np.float64),
        "d_obs": np.where(several, (n**2 - squares) / np.maximum(n - 1, 1), 0.0),
        "label_mass": masses(item[kept], found.labels, label[kept], count[kept].astype(np.float64), found.n_items),
        "reason_code": names_at(REASONS, np.where(several, 0, 1)),
    }
    columns |= {name: pa.nulls(found.n_items) for name in SEGMENT_ONLY}
    return tabulate(MEASURE_ITEM, columns)


def tally(found: Answers) -> tuple[Any, Any, Any]:
    """Item, label code and number of votes, one row for each label of an item."""
    width = max(1, len(found.labels))
    cell, count = np.unique(found.vote_item * width + found.vote, return_counts=True)
    return cell // width, cell % width, count
