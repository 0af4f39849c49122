"""Look at one media file by decoding it. Runs in the child process of `annolake.media.probe`: the file is untrusted.

Only local files are opened, and only by the demuxers named here: a playlist must not make the machine fetch what it
names. All sound is decoded (for the peaks) and all pictures of ordinary clips; from `FULL_PIXELS` on only key frames
are, so that hours of video take minutes.
"""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np

from annolake.errors import MediaError
from annolake.media.headers import HEAD_BYTES, looks_like_media, missing_part
from annolake.media.peaks import PeakBins, absolute_levels

DEMUXERS = (
    "aac,ac3,aiff,amr,amrnb,amrwb,asf,au,avi,caf,eac3,flac,flv,matroska,webm,mov,mp4,m4a,mp3,mpeg,mpegts,ogg,w64,wav"
)
SELF_TIMED = frozenset({"aac", "ac3", "amr", "au", "eac3", "mp3", "mpeg", "mpegts", "ogg"})
"""Containers without a trustworthy length of their own: FFmpeg guesses it from the bit rate or the last page."""
FULL_PIXELS = 2_000_000_000
"""Pixels of picture that are decoded whole: about 30 s of 1080p, 6 min of 360p."""
BLOCK = 65_536
GAP_S = 0.05
ERROR_SHARE = 0.01
TOLERANCE_S, TOLERANCE_SHARE = 0.25, 0.02


@dataclass(frozen=True, slots=True)
class Probe:
    """What one file is; `extension` is the one that fits its content."""

    media_type: str
    duration_s: float
    container: str
    extension: str
    audio_codec: str | None = None
    audio_profile: str | None = None
    sample_rate_hz: int | None = None
    channels: int | None = None
    video_codec: str | None = None
    width_px: int | None = None
    height_px: int | None = None
    fps: float | None = None
    has_peaks: bool = False
    notes: tuple[str, ...] = field(default=())


def examine(path: Path, peaks_path: Path | None = None) -> Probe:
    """Probe the file and write its peaks; raises `MediaError` with the reason where it cannot be used."""
    av.logging.set_level(None)
    try:
        if not path.stat().st_size:
            raise MediaError("empty_file", "The file has 0 bytes.", hint="Copy it again from its source.")
        container = open_media(path)
    except (PermissionError, FileNotFoundError, IsADirectoryError) as error:
        raise MediaError("unreadable", f"The file cannot be opened: {error.strerror}.") from None
    except (av.error.FFmpegError, ValueError) as error:
        if isinstance(error, MemoryError):
            raise
        raise _unopened(path, error) from None
    with container:
        return _examine_open(container, path, peaks_path)


def open_media(path: Path) -> Any:
    """The container, opened by the allowed demuxers from local files only."""
    options = {"protocol_whitelist": "file", "format_whitelist": DEMUXERS}
    return av.open(str(path), options=options, metadata_errors="replace")


def pick_streams(container: Any) -> tuple[Any | None, Any | None]:
    """(first sound, first moving picture) of a container; a cover is none."""
    audio = next(iter(container.streams.audio), None)
    return audio, next((s for s in container.streams.video if not _is_cover(s)), None)


def _unopened(path: Path, error: Exception) -> MediaError:
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not looks_like_media(head):
        return MediaError("not_media", "The content is not audio or video in any format that is read here.")
    if part := missing_part(path):
        return MediaError("truncated", f"The file is cut off: {part}.", hint="Copy it again from its source.")
    problem = getattr(error, "strerror", None) or str(error)
    return MediaError(
        "decode_error", f"The file begins like media, but its structure cannot be read: {problem}.", hint=RE_ENCODE
    )


RE_ENCODE = "If a player shows it, convert it: ffmpeg -i FILE NEW.mp4"


def _examine_open(container: Any, path: Path, peaks_path: Path | None) -> Probe:
    audio, video = pick_streams(container)
    if audio is None and video is None:
        raise MediaError("no_stream", "The file holds neither sound nor moving pictures.")
    for stream in (audio, video):
        if stream is not None and stream.codec_context is None:
            raise MediaError("decode_error", f"No decoder is known for its {stream.type}.", hint=RE_ENCODE)
    origin = (container.start_time or 0) / av.time_base
    tracks: list[Track] = []
    if audio is not None:
        tracks.append(_Sound(audio, origin))
    if video is not None:
        tracks.append(_Picture(video, origin))
    read_packets(container, tracks)
    if part := missing_part(path):
        raise _cut(f"{part}; {_seconds(_end(tracks))} can be played")
    duration = _duration(container, tracks)
    _refuse_errors(tracks)
    sound = next((t for t in tracks if isinstance(t, _Sound)), None)
    if sound is not None and peaks_path is not None:
        peaks_path.write_text(sound.peaks(duration))
    return _describe(container, tracks, duration)


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


class _Sound(Track):
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


class _Picture(Track):
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


def _end(tracks: list[Track]) -> float:
    return max((t.end_s for t in tracks if t.n_frames), default=0.0)


def _duration(container: Any, tracks: list[Track]) -> float:
    """The length that players show: the declared one where what can be decoded bears it out."""
    decoded = _end(tracks)
    declared = max((t.declared_s or 0.0 for t in tracks), default=0.0) or (container.duration or 0) / av.time_base
    if container.format.name.split(",")[0] in SELF_TIMED:
        declared = 0.0
    if declared - decoded > max(TOLERANCE_S, TOLERANCE_SHARE * declared) and not _is_mostly_errors(tracks):
        raise _cut(f"it declares {_seconds(declared)}, {_seconds(decoded)} can be played")
    _refuse_errors(tracks)
    duration = declared if declared and abs(declared - decoded) <= TOLERANCE_S else decoded
    if duration <= 0:
        raise MediaError("no_duration", "The file has a header, but no sound or picture in it.")
    return duration


def _is_mostly_errors(tracks: list[Track]) -> bool:
    return any(t.n_packets and t.n_errors >= t.n_packets / 2 for t in tracks)


def _refuse_errors(tracks: list[Track]) -> None:
    for track in tracks:
        what = "sound" if isinstance(track, _Sound) else "picture"
        if track.n_errors and track.n_errors > ERROR_SHARE * track.n_packets:
            raise MediaError(
                "decode_error",
                f"{track.n_errors} of {track.n_packets} pieces of its {what} cannot be decoded: {track.problem}.",
                hint=RE_ENCODE,
            )
        if not track.n_frames and track.n_packets:
            raise MediaError("decode_error", f"Nothing of its {what} can be decoded.", hint=RE_ENCODE)


def _cut(why: str) -> MediaError:
    return MediaError("truncated", f"The file is cut off: {why}.", hint="Copy it again from its source.")


def _seconds(value: float) -> str:
    return f"{value:.1f} s"


def _describe(container: Any, tracks: list[Track], duration: float) -> Probe:
    sound = next((t for t in tracks if isinstance(t, _Sound) and t.n_frames), None)
    picture = next((t for t in tracks if isinstance(t, _Picture) and t.n_frames), None)
    audio_codec = sound.stream.codec_context.name if sound else None
    video_codec = picture.stream.codec_context.name if picture else None
    kind, extension = _container(container, audio_codec, video_codec)
    rate = picture.stream.average_rate if picture else None
    notes = [f"{t.n_errors} of {t.n_packets} pieces of its {t.stream.type} were skipped" for t in tracks if t.n_errors]
    return Probe(
        media_type="video" if picture else "audio",
        duration_s=round(duration, 6),
        container=kind,
        extension=extension,
        audio_codec=audio_codec,
        audio_profile=sound.stream.codec_context.profile if sound else None,
        sample_rate_hz=sound.rate if sound else None,
        channels=sound.channels if sound else None,
        video_codec=video_codec,
        width_px=picture.size[0] if picture else None,
        height_px=picture.size[1] if picture else None,
        fps=round(float(rate), 6) if rate else None,
        has_peaks=sound is not None,
        notes=tuple(notes),
    )


OF_WEB = frozenset({"vp8", "vp9", "av1", "libdav1d", "vorbis", "opus"})
PLAIN = {"asf": ".wmv", "matroska": ".mkv", "mpeg": ".mpg", "mpegts": ".ts", "aiff": ".aiff"}


def _container(container: Any, audio_codec: str | None, video_codec: str | None) -> tuple[str, str]:
    """(name of the container, extension that fits it)."""
    first = str(container.format.name).split(",")[0]
    if first == "mov":
        brand = ""
        with contextlib.suppress(AttributeError):
            brand = container.metadata.get("major_brand", "")
        if brand == "qt  ":
            return "mov", ".mov"
        return "mp4", ".mp4" if video_codec else ".m4a"
    if first == "matroska":
        if {c for c in (audio_codec, video_codec) if c} <= OF_WEB:
            return "webm", ".webm"
        return "matroska", ".mkv" if video_codec else ".mka"
    if first == "ogg":
        return "ogg", ".ogv" if video_codec else ".opus" if audio_codec == "opus" else ".ogg"
    return first, PLAIN.get(first, f".{first}")


def as_json(probe: Probe) -> dict[str, Any]:
    """The probe as plain values."""
    return asdict(probe)
