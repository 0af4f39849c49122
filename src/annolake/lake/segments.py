"""Segments of many typed answers as columns, made of all of them at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from annolake.lake.typed import PLAIN, Annotations, OldSegment, Segment
from transforms.inline import SEGMENT

SEGMENTS = pa.schema({"answer_id": pa.int64(), "segment_no": pa.int32()} | SEGMENT)


AT_ONCE = 256
"""Segments whose values are taken together: few enough to be in the processor's cache still."""

Numbers = np.ndarray[tuple[int], np.dtype[np.int64]]


class Columns(NamedTuple):
    """What `Segments` makes of the annotations that it was given, with arrays as long as these."""

    segments: pa.Table
    """As SEGMENTS: `answer_id` is the place among the annotations, `segment_no` the place in the track."""
    counts: Numbers
    is_sound: np.ndarray[tuple[int], np.dtype[np.bool_]]
    """False where a value is one that readers and writers of JSON do not treat alike: a negative zero, or an emotion
    with other than plain letters. Segments of such annotations are left out."""


class Segments:
    """Collects the segments of all tracks, in order.

    Values are taken while the processor's cache has them, and what they were read into is free for the next file.
    """

    def __init__(self) -> None:
        self.n_answers = 0
        self._answer: list[int] = []
        self._layer: list[str] = []
        self._count: list[int] = []
        """Of each track."""
        self._id: list[str] = []
        self._start: list[float] = []
        self._end: list[float] = []
        self._text: list[str] = []
        self._attributes: list[str | None] = []
        self._known = _Attributes()
        self._read: list[Segment | OldSegment] = []
        """Segments whose values are not taken yet."""

    def add(self, said: Annotations) -> int:
        """Keep the segments of these annotations; gives the number of their answer."""
        for layer, track in said.streams.items():
            self._answer.append(self.n_answers)
            self._layer.append(layer)
            self._count.append(len(track))
            self._read += track
        if len(self._read) > AT_ONCE:
            self._take()
        self.n_answers += 1
        return self.n_answers - 1

    def _take(self) -> None:
        read, self._read = self._read, []
        known = self._known
        self._id += [segment.id for segment in read]
        self._start += [segment.start for segment in read]
        self._end += [segment.end for segment in read]
        self._text += [segment.text for segment in read]
        self._attributes += [known[segment.emotion] for segment in read]

    def columns(self) -> Columns:
        """The segments of all tracks, in order."""
        self._take()
        of_track = np.array(self._answer, np.int64)
        counts = np.array(self._count, np.int64)
        track: Numbers = np.repeat(np.arange(len(counts)), counts)
        number = np.arange(len(track)) - (np.cumsum(counts) - counts)[track]
        answer = of_track[track]
        start, end = pa.array(self._start, pa.float64()), pa.array(self._end, pa.float64())
        table = pa.Table.from_arrays(
            [
                pa.array(answer),
                pa.array(number.astype(np.int32)),
                pa.array(self._layer, pa.string()).take(track),
                pa.array(self._id, pa.string()),
                start,
                end,
                pa.array(self._text, pa.string()),
                pa.array(self._attributes, pa.string()),
            ],
            schema=SEGMENTS,
        )
        is_odd = np.zeros(len(track), bool)
        for time in (start.to_numpy(), end.to_numpy()):
            is_odd |= (time == 0) & np.signbit(time)
        if "" in self._known.values():
            is_odd |= np.fromiter((attributes == "" for attributes in self._attributes), bool, len(track))
        is_sound = np.ones(self.n_answers, bool)
        if is_odd.any():
            is_sound[answer[is_odd]] = False
            table = table.filter(pa.array(is_sound[answer]))
        n_segments = np.bincount(of_track, weights=counts, minlength=self.n_answers).astype(np.int64)
        return Columns(table, n_segments, is_sound)


class _Attributes(dict[str | None, str | None]):
    """emotion -> the rest of a segment as JSON, empty where the text is not a plain one."""

    def __missing__(self, emotion: str | None) -> str | None:
        made = None if emotion is None else f'{{"emotion":"{emotion}"}}' if PLAIN.fullmatch(emotion) else ""
        self[emotion] = made
        return made
