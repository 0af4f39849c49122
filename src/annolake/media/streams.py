"""The streams of a media file, decoded packet by packet; the file is untrusted.

Only local files are opened, and only by the demuxers named here: a playlist must not make the machine fetch what it
names.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np

from annolake.media.peaks import PeakBins, absolute_levels

DEMUXERS = (
    "aac,ac3,aiff,amr,amrnb,amrwb,asf,au,avi,caf,eac3,flac,flv,matroska,webm,mov,mp4,m4a,mp3,mpeg,mpegts,ogg,w64,wav"
)
FULL_PIXELS = 2_000_000_000
"""Pixels of picture that are decoded whole: about 30 s of 1080p, 6 min of 360p."""
BLOCK = 65_536
GAP_S = 0.05


def open_media(path: Path) -> Any:
    """The container, opened by the allowed demuxers from local files only."""
    options = {"protocol_whitelist": "file", "format_whitelist": DEMUXERS}
    return av.open(str(path), options=options, metadata_errors="replace")


def pick_streams(container: Any) -> tuple[Any | None, Any | None]:
    """(first sound, first moving picture) of a container; a cover is none."""
    audio = next(iter(container.streams.audio), None)
    return audio, next((s for s in container.streams.video if not _is_cover(s)), None)


def read_packets(container: Any, tracks: Sequence[Track]) -> None:
    """Give every packet of the file to its track."""
    by_index = {t.stream.index: t for t in tracks}
    try:
        for packet in container.demux([t.stream for t in tracks]):
            by_index[packet.stream_index].take(packet)
    except (av.error.InvalidDataError, av.error.EOFError) as error:
        # the rest of the file cannot be split into packets; what came before it decides
        for track in tracks:
            track.note(error)


class Track(ABC):
    """Decodes one stream and keeps count."""

    def __init__(self, stream: Any, origin: float) -> None:
        self.stream = stream
        self.origin = origin
        self.end_s = 0.0
        self.n_packets = self.n_frames = self.n_errors = 0
        self.problem = ""
        stream.codec_context.thread_count = 1

    def take(self, packet: Any) -> None:
        if packet.size:
            self.n_packets += 1
        try:
            for frame in packet.decode():
                self.n_frames += 1
                self.frame(frame)
        except av.error.EOFError:
            pass  # flushed twice
        except (av.error.FFmpegError, ValueError) as error:
            if isinstance(error, MemoryError):
                raise
            self.note(error)

    def note(self, error: Exception) -> None:
        self.n_errors += 1
        self.problem = self.problem or getattr(error, "strerror", None) or str(error)

    @abstractmethod
    def frame(self, frame: Any) -> None:
        """Take one decoded frame in."""

    @property
    def declared_s(self) -> float | None:
        stream = self.stream
        return float(stream.duration * stream.time_base) if stream.duration and stream.time_base else None


class Sound(Track):
    """Sound: the position of each sample, and the peaks."""

    def __init__(self, stream: Any, origin: float) -> None:
        super().__init__(stream, origin)
        self.rate = 0
        self.channels = 0
        self._bins: PeakBins | None = None
        self._pending: list[Any] = []
        self._start = self._next = 0
        self._format = ("", 0)

    def frame(self, frame: Any) -> None:
        layout = (frame.format.name, len(frame.layout.channels))
        if self._bins is None:
            self.rate, self.channels = frame.sample_rate, layout[1]
            self._bins = PeakBins(self.rate)
            self._format = layout
        position = self._next
        if frame.pts is not None and frame.time_base:
            told = round((float(frame.pts * frame.time_base) - self.origin) * self.rate)
            if abs(told - self._next) > GAP_S * self.rate or self.n_frames == 1:
                position = told  # a gap in the recording, or the start
        if position != self._next or layout != self._format:
            self._flush()
            self._start, self._format = position, layout
        self._pending.append(frame.to_ndarray())
        n = round(frame.samples * self.rate / frame.sample_rate)
        self._next = position + n
        self.end_s = max(self.end_s, self._next / self.rate)
        if self._next - self._start >= BLOCK:
            self._flush()

    def _flush(self) -> None:
        if self._pending and self._bins is not None:
            is_planar = self._format[0].endswith("p")
            samples = np.concatenate(self._pending, axis=1)
            self._bins.add(self._start, absolute_levels(samples, self._format[1], is_planar=is_planar))
        self._pending.clear()
        self._start = self._next

    def peaks(self, duration_s: float) -> str:
        self._flush()
        return (self._bins or PeakBins(self.rate or 8000)).finish(duration_s)


class Picture(Track):
    """Moving pictures: their size as displayed and the time of the last one."""

    def __init__(self, stream: Any, origin: float) -> None:
        super().__init__(stream, origin)
        self.size = (0, 0)
        self._pixels = 0
        rate = stream.average_rate or stream.guessed_rate
        self.frame_s = float(1 / rate) if rate else 0.0

    def take(self, packet: Any) -> None:
        if packet.pts is not None and packet.time_base:
            length = float(packet.duration * packet.time_base) if packet.duration else self.frame_s
            self.end_s = max(self.end_s, float(packet.pts * packet.time_base) - self.origin + length)
        super().take(packet)

    def frame(self, frame: Any) -> None:
        if self.n_frames == 1:
            self.size = _displayed(frame, self.stream.sample_aspect_ratio)
        self._pixels += frame.width * frame.height
        if self._pixels > FULL_PIXELS:
            self.stream.codec_context.skip_frame = "NONKEY"


def _displayed(frame: Any, aspect: Fraction | None) -> tuple[int, int]:
    width = round(frame.width * float(aspect)) if aspect else frame.width
    turned = round(frame.rotation) % 180 == 90
    return (frame.height, width) if turned else (width, frame.height)


def _is_cover(stream: Any) -> bool:
    return bool(stream.disposition & av.stream.Disposition.attached_pic)
