"""Each label on its own: there or not. The treatment that stays honest where several labels hold at once.

A label's tracks are the segments with that label alone, so that two speakers at once are two questions and not a
third label. A check box of a question is a label too: a person who ticked two boxes has both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from transforms import intervals
from transforms.agreement.pairs import WINDOWS_S, boundaries, units
from transforms.answers import Answers
from transforms.encode import Flags, Floats, Ints, counted, grouped, names_at, summed, tabulate
from transforms.schemas import MEASURE_ITEM_ALPHA, MEASURE_ITEM_LABEL
from transforms.tracks import Stretches, Tracks

WINDOW = "500ms"


@dataclass(frozen=True, slots=True)
class Used:
    """Labels that were used on items: how much, and the disagreement about each; others are not listed."""

    item: Ints
    label: Ints
    mass: Floats
    d_obs: Floats


def label_tracks(found: Tracks) -> tuple[Tracks, Ints, Ints]:
    """The tracks with an item for every label used on an object; the item it was, and the label."""
    width = max(1, len(found.labels))
    item, drawn = found.track_item[found.units.track], found.units
    key, of = grouped(item * width + drawn.label, found.n_items * width)
    was, label = key // width, key % width
    n = found.n_annotators
    first = np.cumsum(n) - n
    new_item, old_track = intervals.ranges(first[was], first[was] + n[was])
    new_first = np.searchsorted(new_item, np.arange(len(key)))
    track = new_first[of] + drawn.track - first[item]
    order = np.argsort(track, kind="stable")  # those of a track stay in order of time
    own = Stretches(track[order], drawn.start[order], drawn.end[order], drawn.label[order])
    pieces, has_overlap = _merged(own, len(old_track))
    apart = replace(
        found,
        item_job=found.item_job[was], item_object=found.item_object[was], item_layer=found.item_layer[was],
        duration_s=found.duration_s[was], track_item=new_item, track_worker=found.track_worker[old_track],
        units=own, pieces=pieces, has_overlap=has_overlap,
    )  # fmt: skip
    return apart, was, label


def _merged(units: Stretches, n_tracks: int) -> tuple[Stretches, Flags]:
    """Segments of one label as stretches without overlap, and which tracks had some."""
    has_overlap = np.zeros(n_tracks, dtype=np.bool_)
    if not ((units.track[1:] == units.track[:-1]) & (units.start[1:] < units.end[:-1])).any():
        return units, has_overlap
    moments = np.unique(np.r_[units.start, units.end])
    width = len(moments) + 1
    start = units.track * width + np.searchsorted(moments, units.start)
    until = np.maximum.accumulate(units.track * width + np.searchsorted(moments, units.end))
    has_overlap[units.track[1:][start[1:] < until[:-1]]] = True
    fresh = np.r_[True, start[1:] > until[:-1]]
    last = np.r_[np.flatnonzero(fresh)[1:], len(fresh)] - 1
    return Stretches(
        units.track[fresh], units.start[fresh], moments[until[last] % width], units.label[fresh]
    ), has_overlap


def labels_of_tracks(found: Tracks) -> tuple[pa.Table, pa.Table]:
    """`measure.item_label` rows, and `measure.item_alpha` rows of alpha_by_label."""
    parts = [(low, *_label_figures(some)) for low, _, some in found.blocks()]
    used = Used(
        np.concatenate([part.item + low for low, part, _ in parts]),
        *(np.concatenate([getattr(part, name) for _, part, _ in parts]) for name in ("label", "mass", "d_obs")),
    )
    figures = {name: np.concatenate([some[name] for *_, some in parts]) for name in parts[0][2]}
    whole = np.where(found.n_annotators >= 2, found.n_annotators * found.duration_s, 0.0)
    every = np.ones(found.n_items, dtype=np.bool_)
    return _label_rows(found, used, **figures), pooled(found, used, whole, every)


def _label_figures(found: Tracks) -> tuple[Used, dict[str, Ints]]:
    apart, was, label = label_tracks(found)
    n = apart.n_annotators
    item, left, right = apart.pairs()
    counts, hits, _ = boundaries(apart, left, right, {WINDOW: WINDOWS_S[WINDOW]})
    same, _, _, both = units(apart, left, right)
    seconds = summed(apart.pieces.track, apart.pieces.length, len(apart.track_item))
    twice = np.flatnonzero(apart.has_overlap[left] | apart.has_overlap[right])  # units overlap, pieces do not
    both[twice] = _shared(apart, left[twice], right[twice])
    differ = np.maximum(seconds[left] + seconds[right] - 2.0 * both, 0.0)
    d_obs = 2.0 * summed(item, differ, apart.n_items) / np.maximum(n - 1, 1)
    sides, drawn = n - 1, apart.track_item[apart.units.track]
    figures = {
        "n_boundaries": sides * counted(apart.track_item, counts, apart.n_items),
        "boundary_hits_500ms": 2 * counted(item, hits[WINDOW], apart.n_items),
        "n_units": sides * np.bincount(drawn, minlength=apart.n_items),
        "unit_hits_iou50": 2 * counted(item, same, apart.n_items),
    }
    return Used(was, label, summed(apart.track_item, seconds, apart.n_items), d_obs), figures


def _shared(found: Tracks, left: Ints, right: Ints) -> Floats:
    """Seconds that both tracks of a pair labeled."""
    pieces = found.pieces
    sides, one_column = (left, right), (np.zeros_like(pieces.label), 1)
    return intervals.agreements(pieces.track, pieces.start, pieces.end, pieces.label, sides, column=one_column)[0]


def labels_of_answers(found: Answers) -> tuple[pa.Table, pa.Table]:
    """The same of labels of whole objects; alpha_by_label where anybody chose several at once."""
    width = max(1, len(found.labels))
    chosen = found.choice > 0
    item = found.vote_item[found.choice_vote[chosen]]
    key, count = np.unique(item * width + found.choice[chosen], return_counts=True)
    was, label = key // width, key % width
    n = found.n_annotators[was]
    d_obs = 2.0 * count * (n - count) / np.maximum(n - 1, 1)
    nothing: Any = pa.nulls(len(key))
    figures = dict.fromkeys(("n_boundaries", "boundary_hits_500ms", "n_units", "unit_hits_iou50"), nothing)
    whole = np.where(found.n_annotators >= 2, found.n_annotators, 0).astype(np.float64)
    layer = found.item_job * max(1, len(found.layers)) + found.item_layer
    several = np.bincount(found.choice_vote, minlength=len(found.vote)) > 1
    used = Used(was, label, count.astype(np.float64), d_obs)
    return (
        _label_rows(found, used, **figures),
        pooled(found, used, whole, np.isin(layer, layer[found.vote_item[several]])),
    )


def _label_rows(found: Tracks | Answers, used: Used, **figures: Any) -> pa.Table:
    columns = {
        "job_name": names_at(found.jobs, found.item_job[used.item]),
        "object_id": names_at(found.objects, found.item_object[used.item]),
        "layer": names_at(found.layers, found.item_layer[used.item]),
        "label": names_at(found.labels, used.label),
        "label_mass": used.mass,
        "d_obs": used.d_obs,
    }
    kept = (found.n_annotators[used.item] >= 2) & (used.mass > 0)
    return tabulate(MEASURE_ITEM_LABEL, columns | figures).filter(pa.array(kept))


def pooled(found: Tracks | Answers, used: Used, whole: Floats, wanted: Flags) -> pa.Table:
    """`measure.item_alpha` rows of alpha_by_label: the questions "this label or not" of a layer, put together.

    `whole` is the mass of each item, `wanted` says which items get a row.
    """
    layer = found.item_job * max(1, len(found.layers)) + found.item_layer
    kept = whole[used.item] > 0
    item, label, mass = used.item[kept], used.label[kept], used.mass[kept]
    width = max(1, int(label.max(initial=0)) + 1)
    n_layers, n = int(layer.max(initial=0)) + 1, found.n_items
    of_label = summed(layer[item] * width + label, mass, n_layers * width)
    of_layer = of_label.reshape(-1, width).sum(axis=1)
    total = summed(layer, whole, n_layers)
    expected = summed(item, mass, n) * total[layer] + whole * of_layer[layer]
    expected -= 2.0 * summed(item, mass * of_label[layer[item] * width + label], n)
    return alpha_rows(
        found,
        "alpha_by_label",
        np.where(wanted, whole, 0.0),
        d_obs=summed(item, used.d_obs[kept], n),
        d_exp=expected,
        d_self=summed(item, 2.0 * mass * (whole[item] - mass), n),
    )


def alpha_rows(found: Tracks | Answers, measure: str, mass: Floats, **figures: Floats) -> pa.Table:
    """`measure.item_alpha` rows of the items with something to compare, from values for every item."""
    kept = np.flatnonzero(mass > 0)
    columns: dict[str, Any] = {
        "job_name": names_at(found.jobs, found.item_job[kept]),
        "object_id": names_at(found.objects, found.item_object[kept]),
        "layer": names_at(found.layers, found.item_layer[kept]),
        "measure": [measure] * len(kept),
        "mass": mass[kept],
    }
    return tabulate(MEASURE_ITEM_ALPHA, columns | {name: values[kept] for name, values in figures.items()})
