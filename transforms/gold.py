"""Annotators against a known truth: labels of whole objects, and segments.

A truth belongs to a media file and a layer, whatever job asks; every object of that file is scored in every job that
asks about that layer. Objects that were *planted* (mixed into a job as gold items) are scored here and nowhere else:
they were chosen, and come back in job after job, so they would bend agreement, chance floor and skill.

Segments are compared as two annotators are: share of time with the same label (silence of both is the same),
boundaries within 0.5 s, median signed offset of mutually nearest boundaries at most 1.5 s apart, segments split and
merged. The truth stands among the tracks of its object as the annotator ''.
"""

from __future__ import annotations

import itertools
import json
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import stats

from transforms import intervals
from transforms.answers import Answers
from transforms.confusion import GOLD, confusion_rows, shared_labels
from transforms.encode import Floats, Ints, reals, tabulate
from transforms.offsets import WINDOW_S, cells, mutual_nearest
from transforms.proportions import jeffreys
from transforms.schemas import MEASURE_GOLD_ITEM, MEASURE_WORKER_CONFUSION, MEASURE_WORKER_GOLD, require
from transforms.tracks import ANNOTATORS, SEGMENTS, Tracks, tracks
from transforms.workers import answer_cells, splits

TRUTH = ""
NEAR_S = 0.5
_KEY: dict[str, pa.DataType] = {name: pa.string() for name in ("job_name", "object_id", "layer")}
TRUTHS = pa.schema(_KEY | {"label": pa.string(), "segments": pa.string(), "is_planted": pa.bool_()})
"""Truth of objects of jobs; either `label`, or `segments` as JSON [[start_s, end_s, label], ...]."""

Key = tuple[str, str, str]


def score_labels(found: Answers, truths: pa.Table) -> tuple[pa.Table, pa.Table]:
    """`measure.gold_item` and `measure.worker_confusion` rows of labels."""
    known = _known(require(truths, TRUTHS).filter(pc.is_valid(truths["label"])))
    item = [known.get(key) for key in _item_keys(found)]
    kept = np.array([item[k] is not None for k in found.vote_item], dtype=np.bool_)
    at = np.flatnonzero(kept)
    names, place = list(found.labels), {name: k for k, name in enumerate(found.labels)}
    for truth in item:
        if truth and place.setdefault(truth["label"], len(names)) == len(names):
            names.append(truth["label"])
    of_item = np.array([place[t["label"]] if t else -1 for t in item], dtype=np.int64)
    true, given = of_item[found.vote_item[at]], found.vote[at]
    right = (true == given).astype(np.float64)
    cell = answer_cells(found)[at]
    share = _truth_shares(_layers(found)[found.vote_item[at]], true, np.ones(len(at)), given)
    columns = _columns(found, found.vote_item[at], found.vote_worker[at], item, masses=(np.ones(len(at)), right, share))
    nothing = pa.nulls(len(at))
    columns |= dict.fromkeys(
        ("n_boundaries", "boundary_hits_500ms", "offset_s", "n_units", "n_units_truth", "n_split", "n_merged"), nothing
    )
    rows = confusion_rows(found, GOLD, names, (cell, true, given, np.ones(len(at))))
    return tabulate(MEASURE_GOLD_ITEM, columns), rows


def score_segments(segments: pa.Table, annotators: pa.Table, truths: pa.Table) -> tuple[pa.Table, pa.Table, pa.Table]:
    """`measure.gold_item` and `measure.worker_confusion` rows of segments, and (job, layer, worker, apart) of every
    matched boundary; `segments` and `annotators` as for `transforms.tracks`."""
    truths = require(truths, TRUTHS).filter(pc.is_valid(truths["segments"]))
    known = _known(truths)
    rows = [
        {
            "job_name": job,
            "object_id": obj,
            "layer": layer,
            "worker_id": TRUTH,
            "label": label,
            "start_s": a,
            "end_s": b,
        }
        for (job, obj, layer), truth in known.items()
        for a, b, label in json.loads(truth["segments"])
    ]
    if not known:
        return MEASURE_GOLD_ITEM.empty(), MEASURE_WORKER_CONFUSION.empty(), _APART.empty_table()
    here = {(job, obj) for job, obj, _ in known}
    mine = _of_objects(require(segments, SEGMENTS), here).cast(SEGMENTS)
    asked = _of_objects(require(annotators, ANNOTATORS), here)
    drawn = pa.concat_tables([mine, pa.Table.from_pylist(rows, SEGMENTS)])
    present = [{"job_name": job, "object_id": obj, "worker_id": TRUTH, "duration_s": None} for job, obj in sorted(here)]
    # a layer is a layer of a job where anyone drew in it; the truth alone does too, else an empty truth beside silence
    found = tracks(drawn, pa.concat_tables([asked, pa.Table.from_pylist(present, ANNOTATORS)]))
    truth_of = [known.get(key) for key in _item_keys(found)]
    item, left, right = found.pairs()
    is_truth = np.array([name == TRUTH for name in found.workers], dtype=np.bool_)
    has_truth = np.array([t is not None for t in truth_of], dtype=np.bool_)
    kept = has_truth[item] & is_truth[found.track_worker[left]]  # '' is the first of the workers
    item, left, right = item[kept], left[kept], right[kept]
    return _score(found, item, left, right, truth_of)


_APART_FIELDS: dict[str, pa.DataType] = {name: pa.string() for name in ("job_name", "layer", "worker_id")}
_APART = pa.schema(_APART_FIELDS | {"apart_s": pa.float64()})


def _score(
    found: Tracks, item: Ints, left: Ints, right: Ints, truth_of: list[dict[str, Any] | None]
) -> tuple[pa.Table, pa.Table, pa.Table]:
    n, width = len(item), len(found.labels) + 1
    pair, true, given, seconds = shared_labels(found, left, right)
    agree = np.bincount(pair, weights=np.where(true == given, seconds, 0.0), minlength=n)
    duration = found.duration_s[item]
    share_key, at = np.unique((pair * width + true) * width + given, return_inverse=True)
    share_mass = np.bincount(at.ravel(), weights=seconds, minlength=len(share_key)).astype(np.float64)
    of = share_key // width // width
    expected = np.bincount(
        of,
        weights=share_mass
        * _truth_shares(_layers(found)[item[of]], share_key // width % width, share_mass, share_key % width),
        minlength=n,
    )
    columns = _columns(
        found,
        item,
        found.track_worker[right],
        truth_of,
        masses=(duration, np.clip(agree, 0.0, duration), expected.astype(np.float64)),
    )
    units = np.bincount(found.units.track, minlength=len(found.track_item))
    split, merged = splits(found, left, right)
    track, when = found.moments()
    pointer = np.searchsorted(track, np.arange(len(found.track_item) + 1))
    hit, _, _ = intervals.match_within(
        when, (pointer[left], pointer[left + 1]), (pointer[right], pointer[right + 1]), NEAR_S
    )
    n_moments = np.diff(pointer)
    of_match, apart = _apart(found, left, right)
    columns |= {
        "n_boundaries": n_moments[left] + n_moments[right],
        "boundary_hits_500ms": 2 * np.bincount(hit, minlength=n),
        "offset_s": intervals.grouped_median(of_match, apart, n),
        "n_units": units[right],
        "n_units_truth": units[left],
        "n_split": split,
        "n_merged": merged,
    }
    cell = cells(found)[right]
    masses = (cell[of], share_key // width % width, share_key % width, np.maximum(share_mass, 0.0))
    rows = confusion_rows(found, GOLD, ["", *found.labels], masses)
    items = tabulate(MEASURE_GOLD_ITEM, columns)
    differences = items.select(["job_name", "layer", "worker_id"]).take(pa.array(of_match, pa.int64()))
    return items, rows, differences.append_column("apart_s", pa.array(apart, pa.float64()))


def _apart(found: Tracks, left: Ints, right: Ints) -> tuple[Ints, Floats]:
    """Pair and signed difference (right minus left) of mutually nearest boundaries, starts and ends apart."""
    pairs, differences = [], []
    for starts in (True, False):
        track, when = found.moments(starts=starts, ends=not starts)
        pair, i, j = mutual_nearest(track, when, left, right, WINDOW_S)
        pairs.append(pair)
        differences.append(when[j] - when[i])
    return np.concatenate(pairs), np.concatenate(differences)


def worker_scores(items: pa.Table, apart: pa.Table) -> pa.Table:
    """`measure.worker_gold` rows from `measure.gold_item` rows and the differences of boundaries.

    Labels: share right with Jeffreys' interval. Segments: share of time right with a delete-one-object jackknife, NULL
    under three objects or where all say the same; kappa and boundary F have the latter in both.
    """
    key = ["job_name", "layer", "worker_id"]
    rows = []
    medians = {tuple(r[k] for k in key): r for r in _medians(apart, key)}
    for one, mine in _groups(items, key):
        mass, agree, expected = (reals(mine[name]) for name in ("mass", "agree", "expected_agree"))
        is_label = mine["n_boundaries"].null_count == mine.num_rows
        value = float(agree.sum() / mass.sum()) if mass.sum() > 0 else None
        if is_label:
            ends = jeffreys(np.array([agree.sum()]), np.array([mass.sum()]))
            lo, hi = (float(end[0]) for end in ends)
        else:
            lo, hi = _jackknife(agree, mass)
        kappa_lo, kappa_hi = _jackknife(agree - expected, mass - expected, least=-1.0)
        possible = float((mass - expected).sum())
        all_boundaries, all_hits = (np.nan_to_num(reals(mine[n])) for n in ("n_boundaries", "boundary_hits_500ms"))
        f_lo, f_hi = _jackknife(all_hits, all_boundaries)
        n_boundaries, hits = float(all_boundaries.sum()), float(all_hits.sum())
        offset = medians.get(one, {})
        rows.append(
            dict(zip(key, one, strict=True))
            | {
                "gold_n": mine.num_rows,
                "gold_correct": round(float(agree.sum())) if is_label else None,
                "gold_acc": value,
                "gold_lo": _known_or_none(lo),
                "gold_hi": _known_or_none(hi),
                "gold_kappa": float((agree - expected).sum()) / possible if possible > 1e-9 * mass.sum() else None,
                "gold_kappa_lo": _known_or_none(kappa_lo),
                "gold_kappa_hi": _known_or_none(kappa_hi),
                "gold_boundary_f": hits / n_boundaries if n_boundaries else None,
                "gold_boundary_f_lo": _known_or_none(f_lo),
                "gold_boundary_f_hi": _known_or_none(f_hi),
                "gold_offset_s": offset.get("offset_s"),
                "gold_n_boundaries": None if is_label else offset.get("n", 0),
            }
        )
    return pa.Table.from_pylist(rows, MEASURE_WORKER_GOLD.arrow)


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


def _groups(table: pa.Table, key: list[str]) -> list[tuple[tuple[str, ...], pa.Table]]:
    if not table.num_rows:
        return []
    table = table.sort_by([(name, "ascending") for name in key])
    keys = list(zip(*(table[name].to_pylist() for name in key), strict=True))
    cuts = [0, *(k for k in range(1, len(keys)) if keys[k] != keys[k - 1]), len(keys)]
    return [(keys[a], table.slice(a, b - a)) for a, b in itertools.pairwise(cuts)]


def _medians(apart: pa.Table, key: list[str]) -> list[dict[str, Any]]:
    return [
        dict(zip(key, one, strict=True)) | {"offset_s": float(np.median(reals(mine["apart_s"]))), "n": mine.num_rows}
        for one, mine in _groups(apart, key)
    ]


def _known(truths: pa.Table) -> dict[Key, dict[str, Any]]:
    return {(r["job_name"], r["object_id"], r["layer"]): r for r in truths.to_pylist()}


def _item_keys(found: Tracks | Answers) -> list[Key]:
    ids = zip(found.item_job, found.item_object, found.item_layer, strict=True)
    return [(found.jobs[j], found.objects[o], found.layers[k]) for j, o, k in ids]


def _layers(found: Tracks | Answers) -> Ints:
    return np.asarray(found.item_job * max(1, len(found.layers)) + found.item_layer, dtype=np.int64)


def _of_objects(table: pa.Table, objects: set[tuple[str, str]]) -> pa.Table:
    pairs = zip(table["job_name"].to_pylist(), table["object_id"].to_pylist(), strict=True)
    return table.filter(pa.array([pair in objects for pair in pairs], pa.bool_()))


def _truth_shares(layer: Ints, true: Ints, mass: Floats, given: Ints) -> Floats:
    """For each row the share that the truth of its layer gives to the label `given`.

    Objects count as often as they were answered: the chance of a hit for these very answers.
    """
    if not len(layer):
        return np.empty(0)
    width = int(max(true.max(), given.max())) + 1
    layers, at = np.unique(layer, return_inverse=True)
    at = at.ravel()
    table = np.bincount(at * width + true, weights=mass, minlength=len(layers) * width).reshape(-1, width)
    share = table / np.maximum(table.sum(axis=1, keepdims=True), 1e-300)
    return np.asarray(share[at, given], dtype=np.float64)


def _columns(
    found: Tracks | Answers, item: Ints, worker: Ints, truth_of: list[dict[str, Any] | None],
    *, masses: tuple[Floats, Floats, Floats],
) -> dict[str, Any]:  # fmt: skip
    return {
        "job_name": [found.jobs[found.item_job[k]] for k in item],
        "object_id": [found.objects[found.item_object[k]] for k in item],
        "layer": [found.layers[found.item_layer[k]] for k in item],
        "worker_id": [found.workers[k] for k in worker],
        "is_planted": [bool((truth_of[k] or {}).get("is_planted")) for k in item],
        "mass": masses[0],
        "agree": masses[1],
        "expected_agree": masses[2],
    }
