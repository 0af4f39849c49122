"""Write the copy that browsers play: AAC in .m4a, or H.264 with AAC in .mp4. Runs in the child, as decoding does.

AAC in MP4, because its encoder delay stands in an edit list that Chromium follows to the sample, from the start and
after a seek. Opus was 6.5 ms early from the start of Ogg and 1 ms late after a seek in WebM (one file of each in
Chromium 156). The copy keeps the original's clock:
its zero is the original's, gaps in the sound become silence, and each picture stays at its own time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np
import numpy.typing as npt
from av.filter import Graph

from annolake.errors import MediaError
from annolake.media.decode import ERROR_SHARE, TOLERANCE_S, TOLERANCE_SHARE
from annolake.media.streams import GAP_S, Track, open_media, pick_streams, read_packets

RATE_HZ = 48_000
BITS_PER_S = {1: 128_000, 2: 192_000}
MOST_WIDTH_PX = 1280
TICKS_PER_S = 90_000
FPS = (1.0, 120.0)
"""Bounds of the frame rate that the encoder is told; the pictures' own times are kept whatever it is."""
KEY_FRAME_S = 2
H264 = {"preset": "veryfast", "crf": "23", "maxrate": "4M", "bufsize": "8M"}
TURNS = {90: [("transpose", "cclock")], 270: [("transpose", "clock")], 180: [("hflip", ""), ("vflip", "")]}
"""Degrees counter-clockwise -> filters."""


@dataclass(frozen=True, slots=True)
class CopyPlan:
    """What the probe found that the copy needs to know beforehand."""

    duration_s: float
    channels: int | None = None
    width_px: int | None = None
    height_px: int | None = None
    fps: float | None = None


def write_copy(path: Path, to: Path, plan: CopyPlan) -> None:
    """Write the copy; raises `MediaError` where none can be made that holds all of the original."""
    av.logging.set_level(None)
    with open_media(path) as source, av.open(str(to), "w", format="mp4", options={"movflags": "+faststart"}) as out:
        origin = (source.start_time or 0) / av.time_base
        audio, video = pick_streams(source)
        tracks: list[_SoundCopy | _PictureCopy] = []
        if video is not None and plan.width_px and plan.height_px:
            tracks.append(_PictureCopy(video, origin, out, plan))
        if audio is not None and plan.channels:
            tracks.append(_SoundCopy(audio, origin, out, plan.channels, plan.duration_s))
        read_packets(source, tracks)
        for track in tracks:
            track.finish()
    for track in tracks:  # what the encoder refused counts as what could not be decoded
        if track.n_errors > ERROR_SHARE * track.n_packets:
            lost = f"{track.n_errors} of {track.n_packets} pieces of its {track.stream.type}"
            raise MediaError("not_playable", f"{lost} could not be copied: {track.problem}.")
    end = max((t.end_s for t in tracks), default=0.0)
    if plan.duration_s - end > max(TOLERANCE_S, TOLERANCE_SHARE * plan.duration_s):
        raise MediaError("not_playable", f"Only {end:.1f} s of {plan.duration_s:.1f} s could be copied.")


class _SoundCopy(Track):
    """Sound at 48 kHz, mono or stereo, without gaps."""

    def __init__(self, stream: Any, origin: float, out: Any, channels: int, duration_s: float) -> None:
        super().__init__(stream, origin)
        self._most = round(duration_s * RATE_HZ)  # what runs on past the end is heard of the original neither
        self._layout = "mono" if channels == 1 else "stereo"
        self._n_channels = min(channels, 2)
        self._out = out
        self._encoder = out.add_stream("aac", rate=RATE_HZ, layout=self._layout)
        self._encoder.codec_context.bit_rate = BITS_PER_S[self._n_channels]
        self._encoder.codec_context.thread_count = 1
        self._resampler: Any = None
        self._format: tuple[Any, ...] = ()
        self._written = self._skip = 0
        self._next_s = 0.0

    def frame(self, frame: Any) -> None:
        told = self._next_s
        if frame.pts is not None and frame.time_base:
            told = float(frame.pts * frame.time_base) - self.origin
        form = (frame.format.name, frame.layout.name, frame.sample_rate)
        is_jump = abs(told - self._next_s) > GAP_S or self.n_frames == 1
        if is_jump or form != self._format:
            self._restart(told if is_jump else self._next_s, form)
        frame.pts = None  # the position is counted here
        for made in self._resampler.resample(frame):
            self._write(made.to_ndarray())
        self._next_s = (told if is_jump else self._next_s) + frame.samples / frame.sample_rate

    def _restart(self, at_s: float, form: tuple[Any, ...]) -> None:
        """Go on at another position, or with another kind of sound."""
        self._drain()
        self._format = form
        self._resampler = av.AudioResampler(format="fltp", layout=self._layout, rate=RATE_HZ)
        position = min(round(at_s * RATE_HZ), self._most)
        self._skip = max(0, self._written - position)
        while (missing := position - self._written) > 0:
            self._encode(np.zeros((self._n_channels, min(missing, RATE_HZ)), np.float32))

    def _drain(self) -> None:
        if self._resampler is not None:
            for made in self._resampler.resample(None):
                self._write(made.to_ndarray())

    def _write(self, samples: npt.NDArray[np.float32]) -> None:
        kept = samples[:, self._skip :]
        self._skip -= samples.shape[1] - kept.shape[1]
        kept = kept[:, : max(0, self._most - self._written)]
        if kept.shape[1]:
            self._encode(np.nan_to_num(kept))

    def _encode(self, samples: npt.NDArray[np.float32]) -> None:
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout=self._layout)
        frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, self._written, Fraction(1, RATE_HZ)
        self._written += samples.shape[1]
        self.end_s = self._written / RATE_HZ
        self._out.mux(self._encoder.encode(frame))

    def finish(self) -> None:
        """Write what is left."""
        self._drain()
        self._out.mux(self._encoder.encode(None))


class _PictureCopy(Track):
    """Pictures as displayed: turned, with square pixels, at most 1280 wide, each at its own time."""

    def __init__(self, stream: Any, origin: float, out: Any, plan: CopyPlan) -> None:
        super().__init__(stream, origin)
        fps = min(max(plan.fps or 25.0, FPS[0]), FPS[1])
        self._frame_s = 1 / fps
        self._out = out
        self._encoder = out.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001), options=H264)
        self._encoder.width, self._encoder.height = copy_size(plan.width_px or 2, plan.height_px or 2)
        self._encoder.pix_fmt = "yuv420p"
        context = self._encoder.codec_context
        context.time_base, context.thread_count = Fraction(1, TICKS_PER_S), 1
        context.gop_size = max(1, round(KEY_FRAME_S * fps))
        self._graph: Graph | None = None
        self._form: tuple[Any, ...] = ()
        self._last = -1
        self._next_s = 0.0

    def frame(self, frame: Any) -> None:
        told = self._next_s
        if frame.pts is not None and frame.time_base:
            told = float(frame.pts * frame.time_base) - self.origin
        self._next_s = told + self._frame_s
        at = max(0, round(told * TICKS_PER_S))
        if at <= self._last:
            return  # two pictures at one time: the first is shown
        self._last = at
        self.end_s = self._next_s
        for made in self._shown(frame):
            made.pts, made.time_base = at, Fraction(1, TICKS_PER_S)
            made.pict_type = 0  # the encoder decides
            self._out.mux(self._encoder.encode(made))

    def _shown(self, frame: Any) -> Iterator[Any]:
        form = (frame.width, frame.height, frame.format.name, round(frame.rotation) % 360)
        if self._graph is None or form != self._form:
            self._graph, self._form = self._new_graph(frame, form[3]), form
        self._graph.push(frame)
        yield self._graph.pull()

    def _new_graph(self, frame: Any, turned: int) -> Graph:
        graph = Graph()
        size = f"{self._encoder.width}:{self._encoder.height}"
        steps = [*TURNS.get(turned, []), ("scale", size), ("setsar", "1"), ("format", "yuv420p")]
        shape = {"width": frame.width, "height": frame.height, "format": frame.format}
        nodes = [graph.add_buffer(**shape, time_base=Fraction(1, TICKS_PER_S))]  # times are set anew behind it
        nodes += [graph.add(name, arguments) if arguments else graph.add(name) for name, arguments in steps]
        graph.link_nodes(*nodes, graph.add("buffersink")).configure()
        return graph

    def finish(self) -> None:
        """Write what is left."""
        self._out.mux(self._encoder.encode(None))


def copy_size(width: int, height: int) -> tuple[int, int]:
    """Size of the copy's pictures: even, as H.264 wants it, at most 1280 wide, of the same shape.

    >>> copy_size(1921, 1081), copy_size(321, 241), copy_size(1, 1)
    ((1280, 720), (320, 240), (2, 2))
    """
    scale = min(1.0, MOST_WIDTH_PX / width)
    return max(2, int(width * scale) // 2 * 2), max(2, int(height * scale) // 2 * 2)
