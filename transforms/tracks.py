"""Segments of many annotators as tracks: coded, sorted; the ground for agreement and for workers.

An annotator who answered and drew nothing in a layer has an empty track there: "looked and found nothing". A layer
exists for a job when anyone of the job drew in it.

Segments of one annotator and layer may overlap (two people speak at once). Two views of a track keep that honest:
its *units* are the segments as drawn; its *pieces* cut them so that every moment has one label, where a moment under
several labels has a label of its own, their names in order joined by " + ". Nothing wins over anything silently.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from transforms import intervals
from transforms.encode import Flags, Floats, Ints, codes, distinct, order_within, places, reals, stacked
from transforms.schemas import require

_KEY: dict[str, pa.DataType] = {name: pa.string() for name in ("job_name", "object_id", "worker_id")}
_SEGMENT: dict[str, pa.DataType] = {"layer": pa.string(), "label": pa.string()}
SEGMENTS = pa.schema(_KEY | _SEGMENT | {"start_s": pa.float64(), "end_s": pa.float64()})
ANNOTATORS = pa.schema(_KEY | {"duration_s": pa.float64()})
LAYERS = pa.schema([("job_name", pa.string()), ("layer", pa.string())])
EDGE_S = 0.001  # boundaries this near to the start or the end of the media are not interior
JOINT = " + "
BLOCK_ITEMS = 20_000


@dataclass(frozen=True, slots=True)
class Stretches:
    """Labeled stretches of time, sorted by track, start and end; start < end."""

    track: Ints
    start: Floats
    end: Floats
    label: Ints

    @property
    def length(self) -> Floats:
        return self.end - self.start

    def ordered(self) -> Stretches:
        """Sorted as the class says; only stretches that start together need more than track and start."""
        order = order_within(self.track, self.start)
        track, start = self.track[order], self.start[order]
        if ((track[1:] == track[:-1]) & (start[1:] == start[:-1])).any():
            order = np.lexsort((self.label, self.end, self.start, self.track))
        return Stretches(self.track[order], self.start[order], self.end[order], self.label[order])


@dataclass(frozen=True, slots=True)
class Tracks:
    """Items (object x layer) in ascending order, the annotators' tracks on them by worker, and what was drawn."""

    jobs: list[str]
    objects: list[str]
    layers: list[str]
    workers: list[str]
    labels: list[str]
    item_job: Ints
    item_object: Ints
    item_layer: Ints
    duration_s: Floats  # of each item; 0 where nothing tells it
    track_item: Ints
    track_worker: Ints
    units: Stretches
    pieces: Stretches
    has_overlap: Flags  # of each track: whether its units overlap each other

    @property
    def n_items(self) -> int:
        return len(self.item_job)

    @property
    def n_annotators(self) -> Ints:
        return np.bincount(self.track_item, minlength=self.n_items)

    def pairs(self) -> tuple[Ints, Ints, Ints]:
        """Every two annotators of an item: item, left track, right track."""
        count = self.n_annotators
        return intervals.all_pairs(np.cumsum(count) - count, count)

    def items(self, low: int, high: int) -> Tracks:
        """The items from `low` to before `high` alone, numbered from 0, and their tracks."""
        first, stop = np.searchsorted(self.track_item, [low, high])
        drawn = []
        for part in (self.units, self.pieces):
            at = slice(*np.searchsorted(part.track, [first, stop]))
            drawn.append(Stretches(part.track[at] - first, part.start[at], part.end[at], part.label[at]))
        some, of = slice(low, high), slice(first, stop)
        return replace(
            self, item_job=self.item_job[some], item_object=self.item_object[some], item_layer=self.item_layer[some],
            duration_s=self.duration_s[some], track_item=self.track_item[of] - low, track_worker=self.track_worker[of],
            units=drawn[0], pieces=drawn[1], has_overlap=self.has_overlap[of],
        )  # fmt: skip

    def some(self, items: Ints) -> Tracks:
        """These items alone (ascending), numbered from 0, and their tracks."""
        number = np.full(self.n_items, -1, dtype=np.int64)
        number[items] = np.arange(len(items))
        of = np.flatnonzero(number[self.track_item] >= 0)
        track = np.full(len(self.track_item), -1, dtype=np.int64)
        track[of] = np.arange(len(of))
        drawn = []
        for part in (self.units, self.pieces):
            at = np.flatnonzero(track[part.track] >= 0)
            drawn.append(Stretches(track[part.track[at]], part.start[at], part.end[at], part.label[at]))
        return replace(
            self, item_job=self.item_job[items], item_object=self.item_object[items],
            item_layer=self.item_layer[items], duration_s=self.duration_s[items],
            track_item=number[self.track_item[of]], track_worker=self.track_worker[of],
            units=drawn[0], pieces=drawn[1], has_overlap=self.has_overlap[of],
        )  # fmt: skip

    def blocks(self) -> Iterator[tuple[int, int, Tracks]]:
        """First item, first track and the tracks of some items at a time, so that work on them needs little memory."""
        for low in range(0, max(1, self.n_items), BLOCK_ITEMS):
            high = min(low + BLOCK_ITEMS, self.n_items)
            yield low, int(np.searchsorted(self.track_item, low)), self.items(low, high)

    def moments(self, *, starts: bool = True, ends: bool = True) -> tuple[Ints, Floats]:
        """Distinct interior boundaries, sorted by track and time; the media's own start and end are left out."""
        drawn = [self.units.start] * starts + [self.units.end] * ends
        when, track = np.stack(drawn, axis=1).ravel(), np.repeat(self.units.track, len(drawn))
        duration = self.duration_s[self.track_item[track]]
        inside = (when > EDGE_S) & (when < duration - EDGE_S)
        track, when = track[inside], when[inside]
        if ((track[1:] == track[:-1]) & (when[1:] < when[:-1])).any():  # only where segments overlap
            order = np.lexsort((when, track))
            track, when = track[order], when[order]
        fresh = np.ones(len(when), dtype=np.bool_)
        fresh[1:] = (track[1:] != track[:-1]) | (when[1:] != when[:-1])
        return track[fresh], when[fresh]


def tracks(segments: pa.Table, annotators: pa.Table, known_layers: pa.Table | None = None) -> Tracks:
    """Tracks of all jobs in `segments` (see `SEGMENTS`) by the annotators who answered (see `ANNOTATORS`).

    A worker with segments counts as an annotator. `duration_s` of an object is the greatest that its rows tell, or
    the last end of a segment where none does; segments are cut to it. `known_layers` (see `LAYERS`) are layers of the
    jobs that somebody drew in elsewhere, where `segments` are of some objects only.
    """
    segments, annotators = require(segments, SEGMENTS), require(annotators, ANNOTATORS)
    known = require(known_layers, LAYERS) if known_layers is not None else LAYERS.empty_table()
    (jobs, job), (objects, obj), (workers, worker) = (codes(stacked(segments[n], annotators[n])) for n in _KEY)
    layers, layer = codes(stacked(segments["layer"], known["layer"]))
    known_layer, layer = layer[segments.num_rows :], layer[: segments.num_rows]
    names, label = codes(segments["label"])
    start, end = reals(segments["start_s"]), reals(segments["end_s"])
    n, n_workers, n_layers = segments.num_rows, max(1, len(workers)), max(1, len(layers))

    media, of = np.unique(job * len(objects) + obj, return_inverse=True)
    of = of.ravel()
    duration = _durations(len(media), of[:n], end, of[n:], reals(annotators["duration_s"]))
    media_job = media // max(1, len(objects))

    known_job = places(known["job_name"], jobs)
    known_layer, known_job = known_layer[known_job >= 0], known_job[known_job >= 0]
    job_layer = distinct(np.r_[job[:n] * n_layers + layer, known_job * n_layers + known_layer])
    of_job = np.searchsorted(job_layer, np.arange(len(jobs) + 1) * n_layers)
    item_media, at = intervals.ranges(of_job[media_job], of_job[media_job + 1])
    first_item = np.searchsorted(item_media, np.arange(len(media)))

    answered = distinct(of * n_workers + worker)
    of_media = np.searchsorted(answered, np.arange(len(media) + 1) * n_workers)
    track_item, place = intervals.ranges(of_media[item_media], of_media[item_media + 1])
    track_worker = answered[place] % n_workers

    layer_place = np.searchsorted(job_layer, job[:n] * n_layers + layer) - of_job[job[:n]]
    item = first_item[of[:n]] + layer_place
    track = np.searchsorted(track_item * n_workers + track_worker, item * n_workers + worker[:n])
    end = np.minimum(end, duration[of[:n]])
    kept = (label >= 0) & (end > start)
    units = Stretches(track[kept], start[kept], end[kept], label[kept]).ordered()
    labels, pieces, has_overlap = _without_overlap(names, units, len(track_item))
    return Tracks(
        jobs, objects, layers, workers, labels,
        media_job[item_media], media[item_media] % max(1, len(objects)), job_layer[at] % n_layers, duration[item_media],
        track_item, track_worker, units, pieces, has_overlap,
    )  # fmt: skip


def _durations(n: int, of_segment: Ints, end: Floats, of_annotator: Ints, told: Floats) -> Floats:
    longest, drawn = np.full(n, -1.0), np.zeros(n)
    np.maximum.at(longest, of_annotator, np.nan_to_num(told, nan=-1.0))
    np.maximum.at(drawn, of_segment, end)
    return np.where(longest >= 0, longest, drawn)


def _without_overlap(names: list[str], units: Stretches, n_tracks: int) -> tuple[list[str], Stretches, Flags]:
    """The labels with joint ones added behind `names`, the pieces, and which tracks overlap themselves."""
    clash = (units.track[1:] == units.track[:-1]) & (units.start[1:] < units.end[:-1])
    has_overlap = np.zeros(n_tracks, dtype=np.bool_)
    has_overlap[units.track[1:][clash]] = True
    if not clash.any():
        return names, units, has_overlap
    names, known = list(names), {name: k for k, name in enumerate(names)}
    cut = has_overlap[units.track]
    rows: list[tuple[int, float, float, int]] = []
    pointer = np.searchsorted(units.track, np.arange(n_tracks + 1))
    for track in np.flatnonzero(has_overlap):
        here = slice(pointer[track], pointer[track + 1])
        start, end, label = units.start[here], units.end[here], units.label[here]
        for lo, hi in itertools.pairwise(np.unique(np.r_[start, end])):
            active = sorted({names[k] for k in label[(start <= lo) & (end >= hi)]})
            if not active:
                continue
            joint = known.setdefault(JOINT.join(active), len(names))
            if joint == len(names):
                names.append(JOINT.join(active))
            rows.append((int(track), float(lo), float(hi), joint))
    new = np.array(rows, dtype=np.float64)
    pieces = Stretches(
        np.r_[units.track[~cut], new[:, 0].astype(np.int64)],
        np.r_[units.start[~cut], new[:, 1]],
        np.r_[units.end[~cut], new[:, 2]],
        np.r_[units.label[~cut], new[:, 3].astype(np.int64)],
    )
    return names, pieces.ordered(), has_overlap
