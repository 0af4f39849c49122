"""Agreement on segments: the sums by object and layer from which every figure for segments follows.

Three families, as no single number is enough: what label at each moment (time-weighted alpha; "nobody labeled it" is
the label ''), where the cuts are (boundary hits), whether the units are the same units (matches by intersection over
union). Counts run over all pairs of annotators and over both sides of a pair, so that a ratio of two sums is an F
score. Durations are exact; there is no grid.

Krippendorff, "Content Analysis" (2018), for alpha; Turnbull et al. (ISMIR 2007) for boundary hits, as in mir_eval.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from transforms import intervals
from transforms.agreement.pairs import ROUNDING, WINDOWS_S, Compared, compare, disagreement, squares
from transforms.agreement.presence import together
from transforms.encode import Flags, Ints, counted, grouped, masses, names_at, summed, tabulate
from transforms.schemas import MEASURE_ITEM
from transforms.tracks import Tracks, tracks

REASONS = (None, "one_annotator", "no_labels")


def score_items(segments: pa.Table, annotators: pa.Table) -> pa.Table:
    """`measure.item` rows of all segment layers; for the inputs see `transforms.tracks`."""
    return score_tracks(tracks(segments, annotators))


def score_tracks(found: Tracks, compared: Compared | None = None) -> pa.Table:
    """`measure.item` rows of all items, in ascending order of job, object and layer; `compared` where it is known."""
    compared = compare(found) if compared is None else compared
    n = found.n_annotators
    several = n >= 2
    pieces, piece_item = found.pieces, found.track_item[found.pieces.track]
    cells = compared.cells
    mass = np.where(several, n * found.duration_s, 0.0)
    present = np.bincount(piece_item, weights=pieces.length, minlength=found.n_items)
    sides = np.where(several, n - 1, 0)  # each annotator stands in n - 1 pairs
    columns: dict[str, Any] = {
        "job_name": names_at(found.jobs, found.item_job),
        "object_id": names_at(found.objects, found.item_object),
        "layer": names_at(found.layers, found.item_layer),
        "duration_s": found.duration_s,
        "n_annotators": n.astype(np.int32),
        "n_pairs": (n * (n - 1) // 2).astype(np.int32),
        "mass": mass,
        "d_obs": np.minimum(disagreement(cells, cells.a != cells.b, n), mass),
        "label_mass": label_masses(found, several),
        "mass_presence": mass,
        "d_obs_presence": np.minimum(disagreement(cells, (cells.a == 0) != (cells.b == 0), n), mass),
        "present_mass": np.where(several, present, 0.0),
        "n_units": sides * np.bincount(found.track_item[found.units.track], minlength=found.n_items),
        "reason_code": names_at(REASONS, np.where(several, np.where(mass > 0, 0, 2), 1)),
    }
    columns |= _together_columns(found) | _boundary_columns(found, sides, compared)
    columns |= _unit_columns(found, compared) | _rand_columns(found, compared)
    return tabulate(MEASURE_ITEM, columns)


def label_masses(found: Tracks, kept: Flags) -> Any:
    """MAP label -> seconds x annotators of each item, '' for what was left unlabeled; empty where not `kept`."""
    width = len(found.labels) + 1
    item, seconds = found.track_item[found.pieces.track], found.pieces.length
    cell, at = grouped(item * width + found.pieces.label + 1, found.n_items * width)
    total = np.bincount(at, weights=seconds, minlength=len(cell))
    present = np.bincount(item, weights=seconds, minlength=found.n_items)
    nothing = np.maximum(found.n_annotators * found.duration_s - present, 0.0)
    cell = np.r_[np.arange(found.n_items) * width, cell]
    total = np.r_[nothing, total]
    use = kept[cell // width] & (total > ROUNDING)
    cell, total = cell[use], total[use]
    order = np.argsort(cell, kind="stable")  # two parts in order: fast
    cell, total = cell[order], total[order]
    return masses(cell // width, ["", *found.labels], cell % width, total, found.n_items)


def _together_columns(found: Tracks) -> dict[str, Any]:
    """What alpha_given_presence is made of: the moments that two or more labeled."""
    apart, of, label, mass = together(found)
    return {"d_obs_together": apart, "together_mass": masses(of, found.labels, label, mass, found.n_items)}


def _boundary_columns(found: Tracks, sides: Ints, compared: Compared) -> dict[str, Any]:
    item = compared.cells.item
    of_item = counted(found.track_item, compared.n_boundaries, found.n_items)
    hits = {name: 2 * counted(item, found_, found.n_items) for name, found_ in compared.hits.items()}
    pair, apart = compared.apart
    more = [name for name in hits if name not in WINDOWS_S]
    return {
        "n_boundaries": sides * of_item,
        **{f"boundary_hits_{name}": hits[name] for name in WINDOWS_S},
        "boundary_hits_more": _hits_by_window({name: hits[name] for name in more}, found.n_items),
        "boundary_abs_dev_s": intervals.grouped_median(item[pair], apart, found.n_items),
    }


def _hits_by_window(hits: dict[str, Ints], n_items: int) -> Any:
    """MAP window -> hits of each item; NULL where there are no further windows."""
    if not hits:
        return pa.nulls(n_items)
    offsets: Any = pa.array(np.arange(n_items + 1) * len(hits), pa.int32())
    values = np.stack(list(hits.values()), axis=1).ravel()
    return pa.MapArray.from_arrays(offsets, pa.array([*hits] * n_items, pa.string()), pa.array(values, pa.int64()))


def _unit_columns(found: Tracks, compared: Compared) -> dict[str, Any]:
    """Sums of both sides of all pairs; a ratio of two of them is an F score."""
    cells, n = compared.cells, found.n_items
    of_a, of_b = compared.n_units[cells.left], compared.n_units[cells.right]
    return {
        "unit_hits_iou50": 2 * counted(cells.item, compared.unit_hits, n),
        "unit_hits_iou50_label": 2 * counted(cells.item, compared.unit_hits_label, n),
        "sum_iou_matched": 2.0 * summed(cells.item, compared.sum_iou, n),
        "units_fewer": counted(cells.item, np.minimum(of_a, of_b), n),
        "units_more": counted(cells.item, np.maximum(of_a, of_b), n),
    }


def _rand_columns(found: Tracks, compared: Compared) -> dict[str, Any]:
    """Label names aside: squared shares of the duration, so that a long object weighs no more than a short one."""
    cells = compared.cells
    shared, own_a, own_b = squares(cells)
    whole = np.where(cells.total > 0, cells.total, np.inf) ** 2

    return {
        "rand_shared": summed(cells.item, shared / whole, found.n_items),
        "rand_own": summed(cells.item, (own_a + own_b) / (2.0 * whole), found.n_items),
        "rand_chance": summed(cells.item, own_a / whole * (own_b / whole), found.n_items),
    }
