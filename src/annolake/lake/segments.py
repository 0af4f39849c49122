"""Segments of many typed answers as columns, made of all of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from annolake.lake.typed import PLAIN, Annotations
from transforms.inline import SEGMENT

SEGMENTS = pa.schema({"answer_id": pa.int64(), "segment_no": pa.int32()} | SEGMENT)


Numbers = np.ndarray[tuple[int], np.dtype[np.int64]]


class Columns(NamedTuple):
    """What `columns` makes of a sequence of annotations, with arrays as long as that."""

    segments: pa.Table
    """As SEGMENTS: `answer_id` is the place in the sequence, `segment_no` the place in the track."""
    counts: Numbers
    is_sound: np.ndarray[tuple[int], np.dtype[np.bool_]]
    """False where a value is one that readers and writers of JSON do not treat alike: a negative zero, or an emotion
    with other than plain letters. Segments of such annotations are left out."""


def columns(annotations: Sequence[Annotations]) -> Columns:
    """The segments of all tracks, in order."""
    tracks = [track for said in annotations for track in said.streams.values()]
    segments = [segment for track in tracks for segment in track]
    n_tracks = np.fromiter((len(said.streams) for said in annotations), np.int64, len(annotations))
    counts = np.fromiter(map(len, tracks), np.int64, len(tracks))
    track: Numbers = np.repeat(np.arange(len(tracks)), counts)
    number = np.arange(len(track)) - (np.cumsum(counts) - counts)[track]
    of_track = np.repeat(np.arange(len(annotations)), n_tracks)
    answer = of_track[track]
    start = pa.array([segment.start for segment in segments], pa.float64())
    end = pa.array([segment.end for segment in segments], pa.float64())
    emotions = [segment.emotion for segment in segments]
    attributes = {emotion: _attributes(emotion) for emotion in set(emotions)}
    layers = pa.array([layer for said in annotations for layer in said.streams], pa.string())
    table = pa.Table.from_arrays(
        [
            pa.array(answer),
            pa.array(number.astype(np.int32)),
            layers.take(track),
            pa.array([segment.id for segment in segments], pa.string()),
            start,
            end,
            pa.array([segment.text for segment in segments], pa.string()),
            pa.array([attributes[emotion] for emotion in emotions], pa.string()),
        ],
        schema=SEGMENTS,
    )
    is_odd = np.zeros(len(track), bool)
    for time in (start.to_numpy(), end.to_numpy()):
        is_odd |= (time == 0) & np.signbit(time)
    if "" in attributes.values():
        is_odd |= np.fromiter((attributes[emotion] == "" for emotion in emotions), bool, len(emotions))
    is_sound = np.ones(len(annotations), bool)
    if is_odd.any():
        is_sound[answer[is_odd]] = False
        table = table.filter(pa.array(is_sound[answer]))
    n_segments = np.bincount(of_track, weights=counts, minlength=len(annotations)).astype(np.int64)
    return Columns(table, n_segments, is_sound)


def _attributes(emotion: str | None) -> str | None:
    """The rest of a segment as JSON; empty where the text is not a plain one."""
    if emotion is None:
        return None
    return f'{{"emotion":"{emotion}"}}' if PLAIN.fullmatch(emotion) else ""
