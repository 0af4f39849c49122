"""The chance floor: what a measure would be if annotators had looked at different objects.

The k-th annotator of an object gets what the k-th annotator of another object said, times stretched to the duration;
so label use, segment lengths and the number of segments stay as they are and only the reference to the object goes.
A score near its floor says nothing, however high it is: boundaries within 3 s agree by chance on a third of them.
Fixed seeds; at most `SAMPLE` objects a layer; needs at least as many objects as annotators on one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from transforms.agreement import box_tracks, boxes, by_label, distances, jobs, labels, presence, segments
from transforms.agreement.pairs import cells_of_answers, compare
from transforms.answers import Answers
from transforms.boxes import Boxes
from transforms.encode import Flags, Ints, tabulate
from transforms.intervals import ranges
from transforms.schemas import MEASURE_BOX_CHANCE, MEASURE_CHANCE, Table
from transforms.tracks import Stretches, Tracks

DRAWS = 3
SAMPLE = 400


def floors_of_tracks(found: Tracks, windows_s: dict[str, float] | None = None) -> pa.Table:
    """`measure.chance` rows of the segment layers."""
    draws = []
    for seed in range(DRAWS):
        mixed = _mixed_tracks(found, seed)
        terms = pa.concat_tables([presence.given_presence(mixed), by_label.labels_of_tracks(mixed)[1]])
        compared = compare(mixed, windows_s)
        cohen = jobs.cohen_figures(mixed, compared.cells, mixed.track_worker)
        draws.append((segments.score_tracks(mixed, compared), terms, list(cohen)))
    return _floors(draws)


def floors_of_answers(found: Answers, levels: distances.Levels = distances.UNKNOWN) -> pa.Table:
    """`measure.chance` rows of the label layers."""
    draws = []
    for seed in range(DRAWS):
        mixed = _mixed_answers(found, seed)
        terms = pa.concat_tables([distances.alphas_of_answers(mixed, levels), by_label.labels_of_answers(mixed)[1]])
        cohen = jobs.cohen_figures(mixed, cells_of_answers(mixed), mixed.vote_worker)
        draws.append((labels.score_answers(mixed), terms, list(cohen)))
    return _floors(draws)


def floors_of_boxes(found: Boxes) -> pa.Table:
    """`measure.box_chance` rows; boxes stay where they are in the picture, and on their frame."""
    values: dict[tuple[str, str, str], list[float]] = {}
    for seed in range(DRAWS):
        mixed = _mixed_boxes(found, seed)
        for rows, figures in ((boxes.score(mixed), jobs.box_figures), (box_tracks.score(mixed), jobs.track_figures)):
            for job, layer, measure, value in figures(rows):
                values.setdefault((job, layer, measure), []).append(value)
    return _means(values, MEASURE_BOX_CHANCE)


def _mixed_boxes(found: Boxes, seed: int) -> Boxes:
    kept, source = permuted(found.item_job * max(1, len(found.layers)) + found.item_layer, found.n_annotators, seed)
    pointer = np.searchsorted(found.sheet, np.arange(len(found.sheet_item) + 1))
    to, at = ranges(pointer[source], pointer[source + 1])
    return replace(
        found, sheet_item=found.sheet_item[kept], sheet_worker=found.sheet_worker[source], sheet=to,
        frame=found.frame[at], label=found.label[at], track=found.track[at], corners=found.corners[at],
    )  # fmt: skip


def _mixed_tracks(found: Tracks, seed: int) -> Tracks:
    kept, source = permuted(found.item_job * max(1, len(found.layers)) + found.item_layer, found.n_annotators, seed)
    item = found.track_item[kept]
    duration = found.duration_s[found.track_item]
    scale = np.divide(duration[kept], duration[source], out=np.ones(len(kept)), where=duration[source] > 0)

    def moved(drawn: Stretches) -> Stretches:
        pointer = np.searchsorted(drawn.track, np.arange(len(found.track_item) + 1))
        to, at = ranges(pointer[source], pointer[source + 1])
        return Stretches(to, drawn.start[at] * scale[to], drawn.end[at] * scale[to], drawn.label[at])

    return replace(
        found,
        track_item=item,
        track_worker=found.track_worker[source],
        units=moved(found.units),
        pieces=moved(found.pieces),
        has_overlap=found.has_overlap[source],
    )


def _mixed_answers(found: Answers, seed: int) -> Answers:
    kept, source = permuted(found.item_job * max(1, len(found.layers)) + found.item_layer, found.n_annotators, seed)
    pointer = np.searchsorted(found.choice_vote, np.arange(len(found.vote) + 1))
    to, at = ranges(pointer[source], pointer[source + 1])
    return replace(
        found, vote_item=found.vote_item[kept], vote_worker=found.vote_worker[source], vote=found.vote[source],
        choice_vote=to, choice=found.choice[at],
    )  # fmt: skip


def permuted(layer: Ints, n_annotators: Ints, seed: int) -> tuple[Ints, Ints]:
    """Places (k-th annotator of an item) that are kept, and for each the place whose answer it gets.

    Items of a layer stand in a random circle; the k-th annotator's answer comes from the item k steps on.
    """
    first = np.cumsum(n_annotators) - n_annotators
    kept: list[Ints] = []
    source: list[Ints] = []
    for one in np.unique(layer):
        rng = np.random.default_rng(seed)  # anew, so that a layer does not depend on the others
        circle = rng.permutation(np.flatnonzero((layer == one) & (n_annotators >= 2)))[:SAMPLE]
        if len(circle) < 2 or len(circle) < n_annotators[circle].max():
            continue
        step, place = ranges(np.zeros(len(circle), dtype=np.int64), n_annotators[circle])
        giver = circle[(step + place) % len(circle)]
        kept.append(first[circle[step]] + place)
        source.append(first[giver] + place % n_annotators[giver])
    if not kept:
        nothing = np.empty(0, dtype=np.int64)
        return nothing, nothing
    at, by = np.concatenate(kept), np.concatenate(source)
    order = np.argsort(at)
    return at[order], by[order]


def _floors(draws: list[tuple[pa.Table, pa.Table, list[tuple[str, str, str, float]]]]) -> pa.Table:
    """Mean of each measure over the draws in which it is defined."""
    values: dict[tuple[str, str, str], list[float]] = {}
    for items, terms, cohen in draws:
        for job, layer, measure, value in cohen:
            values.setdefault((job, layer, measure), []).append(value)
        for job, layer, measure, alpha in jobs.alphas(items, terms):
            values.setdefault((job, layer, measure), []).append(alpha.value())
        for job, layer, sums in jobs.layers(items):
            for measure in sums.measures if sums.n_items else ():
                values.setdefault((job, layer, measure), []).append(sums.value(measure))
    return _means(values, MEASURE_CHANCE)


def _means(values: dict[tuple[str, str, str], list[float]], schema: Table) -> pa.Table:
    defined: Flags = np.array([not np.isnan(v).any() for v in values.values()], dtype=np.bool_)
    keys = [key for key, use in zip(values, defined, strict=True) if use]
    columns: dict[str, list[Any]] = {
        "job_name": [key[0] for key in keys],
        "layer": [key[1] for key in keys],
        "measure": [key[2] for key in keys],
        "chance_floor": [float(np.mean(values[key])) for key in keys],
        "n_draws": [len(values[key]) for key in keys],
    }
    return tabulate(schema, columns)
