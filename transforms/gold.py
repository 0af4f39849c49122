"""Annotators against a known truth: labels of whole objects, and segments.

A truth belongs to a media file and a layer, whatever job asks; every object of that file is scored in every job that
asks about that layer. Objects that were *planted* (mixed into a job as gold items) are scored here and nowhere else:
they were chosen, and come back in job after job, so they would bend agreement, chance floor and skill.

Segments are compared as two annotators are: share of time with the same label (silence of both is the same),
boundaries within 0.5 s, median signed offset of mutually nearest boundaries at most 1.5 s apart, segments split and
merged. The truth stands among the tracks of its object as the annotator ''. What is chance follows from the truths of
the whole job: `transforms.worker_gold` adds the rows up.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import intervals
from transforms.answers import Answers
from transforms.confusion import shared_labels
from transforms.encode import Floats, Ints, lists, names_at, summed, tabulate
from transforms.offsets import WINDOW_S, mutual_nearest
from transforms.schemas import MEASURE_GOLD_ITEM, require
from transforms.tracks import ANNOTATORS, LAYERS, SEGMENTS, Tracks, tracks
from transforms.workers import splits

TRUTH = ""
NEAR_S = 0.5
_KEY: dict[str, pa.DataType] = {name: pa.string() for name in ("job_name", "object_id", "layer")}
TRUTHS = pa.schema(_KEY | {"label": pa.string(), "segments": pa.string(), "is_planted": pa.bool_()})
"""Truth of objects of jobs; either `label`, or `segments` as JSON [[start_s, end_s, label], ...]."""

Key = tuple[str, str, str]


def score_labels(found: Answers, truths: pa.Table) -> pa.Table:
    """`measure.gold_item` rows of labels."""
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
    one = np.ones(len(at))
    columns = _columns(found, found.vote_item[at], found.vote_worker[at], item, masses=(one, right))
    nothing = pa.nulls(len(at))
    columns |= dict.fromkeys(
        ("n_boundaries", "boundary_hits_500ms", "offset_s", "n_units", "n_units_truth", "n_split", "n_merged"), nothing
    )
    columns |= _met(names, (np.arange(len(at)), true, given), one, len(at))
    no_offsets = lists(np.zeros(len(at), dtype=np.int64), pa.array([], pa.float64()))
    return tabulate(MEASURE_GOLD_ITEM, columns | {"offsets_s": no_offsets})


def score_segments(segments: pa.Table, annotators: pa.Table, truths: pa.Table) -> pa.Table:
    """`measure.gold_item` rows of segments; `segments` and `annotators` as for `transforms.tracks`, of any objects."""
    truths = require(truths, TRUTHS).filter(pc.is_valid(truths["segments"]))
    known = _known(truths)
    if not known:
        return MEASURE_GOLD_ITEM.empty()
    of_truth = [
        {"job_name": j, "object_id": o, "layer": k, "worker_id": TRUTH, "label": label, "start_s": a, "end_s": b}
        for (j, o, k), truth in known.items()
        for a, b, label in json.loads(truth["segments"])
    ]
    here = {(job, obj) for job, obj, _ in known}
    mine = of_objects(require(segments, SEGMENTS), here).cast(SEGMENTS)
    drawn = pa.concat_tables([mine, pa.Table.from_pylist(of_truth, SEGMENTS)])
    present = [{"job_name": job, "object_id": obj, "worker_id": TRUTH, "duration_s": None} for job, obj in sorted(here)]
    asked = of_objects(require(annotators, ANNOTATORS), here)
    answered = pa.concat_tables([asked, pa.Table.from_pylist(present, ANNOTATORS)])
    # the layers of all truths are known, so that silence beside an empty truth is compared too: it is right
    found = tracks(drawn, answered, truths.select(LAYERS.names))
    truth_of = [known.get(key) for key in _item_keys(found)]
    item, left, right = found.pairs()
    is_truth = np.array([name == TRUTH for name in found.workers], dtype=np.bool_)
    has_truth = np.array([t is not None for t in truth_of], dtype=np.bool_)
    kept = has_truth[item] & is_truth[found.track_worker[left]]  # '' is the first of the workers
    item, left, right = item[kept], left[kept], right[kept]
    return _score(found, item, left, right, truth_of)


def _score(found: Tracks, item: Ints, left: Ints, right: Ints, truth_of: list[dict[str, Any] | None]) -> pa.Table:
    n, width = len(item), len(found.labels) + 1
    pair, true, given, seconds = shared_labels(found, left, right)
    agree = summed(pair, np.where(true == given, seconds, 0.0), n)
    duration = found.duration_s[item]
    cell, at = np.unique((pair * width + true) * width + given, return_inverse=True)
    shared = summed(at.ravel(), seconds, len(cell))
    cell, shared = cell[shared > 0], shared[shared > 0]  # what comes to less than nothing is rounding
    labels = cell // width // width, cell // width % width, cell % width
    masses = duration, np.clip(agree, 0.0, duration)
    columns = _columns(found, item, found.track_worker[right], truth_of, masses=masses)
    columns |= _met(["", *found.labels], labels, shared, n)
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
    order = np.argsort(of_match, kind="stable")
    offsets = lists(np.bincount(of_match, minlength=n), pa.array(apart[order], pa.float64()))
    return tabulate(MEASURE_GOLD_ITEM, columns | {"offsets_s": offsets})


def _met(names: list[str], labels: tuple[Ints, Ints, Ints], mass: Floats, n_rows: int) -> dict[str, Any]:
    """What the truth and the worker say together, and for how long; `labels` are row (ascending), true and given."""
    row, true, given = labels
    n = np.bincount(row, minlength=n_rows)
    return {
        "true_labels": lists(n, names_at(names, true)),
        "given_labels": lists(n, names_at(names, given)),
        "label_masses": lists(n, pa.array(mass, pa.float64())),
    }


def _apart(found: Tracks, left: Ints, right: Ints) -> tuple[Ints, Floats]:
    """Pair and signed difference (right minus left) of mutually nearest boundaries, starts and ends apart."""
    pairs, differences = [], []
    for starts in (True, False):
        track, when = found.moments(starts=starts, ends=not starts)
        pair, i, j = mutual_nearest(track, when, left, right, WINDOW_S)
        pairs.append(pair)
        differences.append(when[j] - when[i])
    return np.concatenate(pairs), np.concatenate(differences)


def _known(truths: pa.Table) -> dict[Key, dict[str, Any]]:
    return {(r["job_name"], r["object_id"], r["layer"]): r for r in truths.to_pylist()}


def _item_keys(found: Tracks | Answers) -> list[Key]:
    ids = zip(found.item_job, found.item_object, found.item_layer, strict=True)
    return [(found.jobs[j], found.objects[o], found.layers[k]) for j, o, k in ids]


def of_objects(table: pa.Table, objects: Collection[tuple[str, str]]) -> pa.Table:
    """The rows of these objects, each a job and an object of it."""
    table = table.filter(pc.is_in(table["object_id"], pa.array(sorted({obj for _, obj in objects}), pa.string())))
    pairs = zip(table["job_name"].to_pylist(), table["object_id"].to_pylist(), strict=True)
    return table.filter(pa.array([pair in objects for pair in pairs], pa.bool_()))


def _columns(
    found: Tracks | Answers, item: Ints, worker: Ints, truth_of: list[dict[str, Any] | None],
    *, masses: tuple[Any, Floats],
) -> dict[str, Any]:  # fmt: skip
    return {
        "job_name": [found.jobs[found.item_job[k]] for k in item],
        "object_id": [found.objects[found.item_object[k]] for k in item],
        "layer": [found.layers[found.item_layer[k]] for k in item],
        "worker_id": [found.workers[k] for k in worker],
        "is_planted": [bool((truth_of[k] or {}).get("is_planted")) for k in item],
        "mass": masses[0],
        "agree": masses[1],
    }
