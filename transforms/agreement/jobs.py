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

from transforms.agreement.box_tracks import hota
from transforms.agreement.coefficients import Estimate, alpha_from_sums, jackknife
from transforms.agreement.pairs import Cells, kappas
from transforms.answers import Answers
from transforms.encode import Floats, Ints, distinct, reals
from transforms.tracks import Tracks

RATIOS = {
    "boundary_f_250ms": ("boundary_hits_250ms", "n_boundaries"),
    "boundary_f_500ms": ("boundary_hits_500ms", "n_boundaries"),
    "boundary_f_3s": ("boundary_hits_3s", "n_boundaries"),
    "unit_f_iou50": ("unit_hits_iou50", "n_units"),
    "unit_f_iou50_label": ("unit_hits_iou50_label", "n_units"),
    "mean_iou": ("sum_iou_matched", "n_units"),
    "count_ratio": ("units_fewer", "units_more"),
    "pairwise_f": ("rand_shared", "rand_own"),
}
RAND = ("rand_shared", "rand_own", "rand_chance")
MORE = "boundary_hits_more"
SEGMENT_MEASURES = ("alpha", "alpha_presence", "observed_agreement", *RATIOS, "ari")
LABEL_MEASURES = ("alpha", "observed_agreement", "ac1", "fleiss_kappa")


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
        if self.is_count:
            return LABEL_MEASURES
        more = [name.replace("hits", "f", 1) for name in self.columns if name.startswith("boundary_hits_")]
        return (*SEGMENT_MEASURES, *(name for name in more if name not in RATIOS))

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
        if measure in ("ac1", "fleiss_kappa"):
            return self._beyond_chance(measure, kept)
        if measure == "ari":
            possible = total["rand_own"] - total["rand_chance"]
            shared = total["rand_shared"] - total["rand_chance"]
            return shared / possible if possible > 1e-9 * total["rand_own"] else float("nan")
        numerator, denominator = RATIOS.get(measure, (measure.replace("_f_", "_hits_"), "n_boundaries"))
        return total[numerator] / total[denominator] if total[denominator] > 0 else float("nan")

    def _beyond_chance(self, measure: str, kept: Any) -> float:
        mass = self.columns["mass"][kept]
        used = self.label_mass[kept]
        n_labels = int((used.sum(axis=0) > 0).sum())
        if n_labels < 2:
            return float("nan")
        observed = float((1.0 - self.columns["d_obs"][kept] / mass).mean())
        share = (used / mass[:, None]).mean(axis=0)
        by_chance = float((share**2).sum())
        expected = by_chance if measure == "fleiss_kappa" else (1.0 - by_chance) / (n_labels - 1)
        return (observed - expected) / (1.0 - expected)

    def estimate(self, measure: str) -> Estimate:
        """The measure with its delete-one-object jackknife interval."""
        return jackknife(self.n_items, lambda kept: self.value(measure, kept))


def layers(items: pa.Table) -> Iterator[tuple[str, str, Sums]]:
    """Job, layer and sums of every layer in `measure.item` rows."""
    for job, layer, mine in _of_layers(items):
        yield job, layer, sums(mine)


def sums(items: pa.Table) -> Sums:
    """The pairable objects of one layer of one job."""
    is_count = items["duration_s"].null_count == items.num_rows
    items = items.filter((pc.field("n_annotators") >= 2) & (pc.field("mass") > 0))
    rows = [dict(row or ()) for row in items["label_mass"].to_pylist()]
    names = sorted({name for row in rows for name in row})
    masses = np.array([[row.get(name, 0.0) for name in names] for row in rows], dtype=np.float64)
    wanted = {"mass", "d_obs", "d_obs_presence", "present_mass", *(c for pair in RATIOS.values() for c in pair), *RAND}
    columns = {name: np.nan_to_num(reals(items[name])) for name in wanted}
    more = [dict(row or ()) for row in items[MORE].to_pylist()]
    for window in sorted({name for row in more for name in row}):
        columns[f"boundary_hits_{window}"] = np.array([row.get(window, 0) for row in more], dtype=np.float64)
    return Sums(is_count, masses.reshape(len(rows), len(names)), columns)


@dataclass(frozen=True, slots=True)
class AlphaSums:
    """The sums of one further alpha of one layer of one job (`measure.item_alpha`), one row an object."""

    is_count: bool
    mass: Floats
    d_obs: Floats
    d_exp: Floats
    d_self: Floats

    def value(self, left_out: int | None = None) -> float:
        """The alpha of all objects, or of all but one; NaN where it is undefined."""
        total, observed, expected = (float(column.sum()) for column in (self.mass, self.d_obs, self.d_exp))
        if left_out is not None:
            k = left_out
            total, observed = total - float(self.mass[k]), observed - float(self.d_obs[k])
            expected += float(self.d_self[k] - 2.0 * self.d_exp[k])
        if expected <= 1e-9 * total**2:
            return float("nan")
        return 1.0 - (total - (1.0 if self.is_count else 0.0)) * observed / expected

    def estimate(self) -> Estimate:
        """The alpha with its delete-one-object jackknife interval."""
        n = len(self.mass)
        return jackknife(n, lambda kept: self.value(None if len(kept) == n else int(n * (n - 1) / 2 - kept.sum())))


def alphas(items: pa.Table, terms: pa.Table) -> Iterator[tuple[str, str, str, AlphaSums]]:
    """Job, layer, measure and sums of every further alpha; `items` tell which layers count answers."""
    counts = {(job, layer): found.is_count for job, layer, found in layers(items)}
    keys = ["job_name", "layer", "measure"]
    for key in sorted(terms.group_by(keys).aggregate([]).to_pylist(), key=lambda k: tuple(k[name] for name in keys)):
        mine = terms.filter(
            (pc.field("job_name") == key["job_name"])
            & (pc.field("layer") == key["layer"])
            & (pc.field("measure") == key["measure"])
        )
        columns = [reals(mine[name]) for name in ("mass", "d_obs", "d_exp", "d_self")]
        job, layer, measure = (key[name] for name in keys)
        yield job, layer, measure, AlphaSums(counts[job, layer], *columns)


BOX_RATIOS = {
    "box_f_iou50": ("hits_iou50", 1.0),
    "box_f_iou50_95": ("hits_iou50_95", 0.1),
    "box_mean_iou": ("sum_iou_matched", 1.0),
}
"""Numerator of each measure of boxes and what it is multiplied by; the denominator is `n_boxes`."""


def box_figures(items: pa.Table) -> Iterator[tuple[str, str, str, float]]:
    """Job, layer, measure and value of every layer in `measure.box_item` rows that anyone drew in twice."""
    for job, layer, mine in _of_layers(items):
        n = float(reals(mine["n_boxes"]).sum())
        for measure, (column, factor) in BOX_RATIOS.items():
            yield job, layer, measure, factor * float(reals(mine[column]).sum()) / n if n else float("nan")


def track_figures(items: pa.Table) -> Iterator[tuple[str, str, str, float]]:
    """The same of `measure.track_item` rows: idf1 and hota."""
    for job, layer, mine in _of_layers(items):
        n = float(reals(mine["n_boxes"]).sum())
        yield job, layer, "idf1", float(reals(mine["id_hits"]).sum()) / n if n else float("nan")
        hits, associated = (_by_threshold(mine[name]) for name in ("hota_hits", "hota_associated"))
        yield job, layer, "hota", hota(n, hits, associated)


def cohen_figures(found: Tracks | Answers, cells: Cells, worker: Ints) -> Iterator[tuple[str, str, str, float]]:
    """Job, layer, measure and value of cohen_kappa: the mean of the pairs' kappas; for the inputs see `pairs.kappas`.

    A pair weighs what it compared; pairs whose two used one and the same label throughout say nothing.
    """
    layer, kappa, mass = kappas(found, cells, worker)
    n_layers = max(1, len(found.layers))
    for one in distinct(layer).tolist():
        used = (layer == one) & ~np.isnan(kappa)
        value = float(np.average(kappa[used], weights=mass[used])) if used.any() else float("nan")
        yield found.jobs[one // n_layers], found.layers[one % n_layers], "cohen_kappa", value


def _by_threshold(column: pa.ChunkedArray[Any]) -> dict[str, float]:
    total: dict[str, float] = {}
    for row in column.to_pylist():
        for name, value in row or ():
            total[name] = total.get(name, 0.0) + value
    return total


def _of_layers(items: pa.Table) -> Iterator[tuple[str, str, pa.Table]]:
    keys = items.select(["job_name", "layer"]).group_by(["job_name", "layer"]).aggregate([])
    for key in sorted(keys.to_pylist(), key=lambda k: (k["job_name"], k["layer"])):
        mine = (pc.field("job_name") == key["job_name"]) & (pc.field("layer") == key["layer"])
        yield key["job_name"], key["layer"], items.filter(mine)
