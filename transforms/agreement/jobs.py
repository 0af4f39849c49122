"""Measures of a whole job from the sums by object: the definitions of `gold.agreement_job` in plain Python.

The SQL model computes the same for every job at once; this form is its reference and gives the chance floor. A ratio
of sums weighs each object by what it holds; nothing here is a mean of ratios but AC1's observed agreement, which Gwet
defines so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.agreement.coefficients import Estimate, alpha_from_sums, jackknife
from transforms.encode import Floats, reals

RATIOS = {
    "boundary_f_500ms": ("boundary_hits_500ms", "n_boundaries"),
    "boundary_f_3s": ("boundary_hits_3s", "n_boundaries"),
    "unit_f_iou50": ("unit_hits_iou50", "n_units"),
    "unit_f_iou50_label": ("unit_hits_iou50_label", "n_units"),
    "mean_iou": ("sum_iou_matched", "n_units"),
}
SEGMENT_MEASURES = ("alpha", "alpha_presence", "observed_agreement", *RATIOS)
LABEL_MEASURES = ("alpha", "observed_agreement", "ac1")


@dataclass(frozen=True, slots=True)
class Sums:
    """The sums of one layer of one job, one row an object with at least two annotators."""

    is_count: bool  # labels of whole objects; else time
    label_mass: Floats  # objects x labels
    columns: dict[str, Floats]

    @property
    def n_items(self) -> int:
        return len(self.label_mass)

    @property
    def measures(self) -> tuple[str, ...]:
        return LABEL_MEASURES if self.is_count else SEGMENT_MEASURES

    def value(self, measure: str, kept: Any = slice(None)) -> float:
        """One measure over the kept objects; NaN where it is undefined."""
        total = {name: float(column[kept].sum()) for name, column in self.columns.items()}
        if measure == "alpha":
            return alpha_from_sums(total["d_obs"], self.label_mass[kept].sum(axis=0), is_count=self.is_count)
        if measure == "alpha_presence":
            shares = np.array([total["present_mass"], total["mass"] - total["present_mass"]])
            return alpha_from_sums(total["d_obs_presence"], shares, is_count=False)
        if measure == "observed_agreement":
            return 1.0 - total["d_obs"] / total["mass"] if total["mass"] > 0 else float("nan")
        if measure == "ac1":
            return self._ac1(kept)
        numerator, denominator = RATIOS[measure]
        return total[numerator] / total[denominator] if total[denominator] > 0 else float("nan")

    def _ac1(self, kept: Any) -> float:
        mass = self.columns["mass"][kept]
        used = self.label_mass[kept]
        n_labels = int((used.sum(axis=0) > 0).sum())
        if n_labels < 2:
            return float("nan")
        observed = float((1.0 - self.columns["d_obs"][kept] / mass).mean())
        share = (used / mass[:, None]).mean(axis=0)
        expected = float((share * (1.0 - share)).sum()) / (n_labels - 1)
        return (observed - expected) / (1.0 - expected)

    def estimate(self, measure: str) -> Estimate:
        """The measure with its delete-one-object jackknife interval."""
        return jackknife(self.n_items, lambda kept: self.value(measure, kept))


def layers(items: pa.Table) -> Iterator[tuple[str, str, Sums]]:
    """Job, layer and sums of every layer in `measure.item` rows."""
    keys = items.select(["job_name", "layer"]).group_by(["job_name", "layer"]).aggregate([])
    for key in sorted(keys.to_pylist(), key=lambda k: (k["job_name"], k["layer"])):
        mine = (pc.field("job_name") == key["job_name"]) & (pc.field("layer") == key["layer"])
        yield key["job_name"], key["layer"], sums(items.filter(mine))


def sums(items: pa.Table) -> Sums:
    """The pairable objects of one layer of one job."""
    is_count = items["duration_s"].null_count == items.num_rows
    items = items.filter((pc.field("n_annotators") >= 2) & (pc.field("mass") > 0))
    rows = [dict(row or ()) for row in items["label_mass"].to_pylist()]
    names = sorted({name for row in rows for name in row})
    masses = np.array([[row.get(name, 0.0) for name in names] for row in rows], dtype=np.float64)
    wanted = ["mass", "d_obs", "d_obs_presence", "present_mass", *(c for pair in RATIOS.values() for c in pair)]
    columns = {name: np.nan_to_num(reals(items[name])) for name in wanted}
    return Sums(is_count, masses.reshape(len(rows), len(names)), columns)
