"""Look at one media file by decoding it. Runs in the child process of `annolake.media.probe`: the file is untrusted.

All sound is decoded (for the peaks) and all pictures of ordinary clips; from `streams.FULL_PIXELS` on only key frames
are, so that hours of video take minutes.
"""

from __future__ import annotations

import contextlib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import av
import av.error

from annolake.errors import MediaError
from annolake.media.headers import HEAD_BYTES, looks_like_media, missing_part
from annolake.media.streams import Picture, Sound, Track, open_media, pick_streams, read_packets

SELF_TIMED = frozenset({"aac", "ac3", "amr", "au", "eac3", "mp3", "mpeg", "mpegts", "ogg"})
"""Containers without a trustworthy length of their own: FFmpeg guesses it from the bit rate or the last page."""
ERROR_SHARE = 0.01
TOLERANCE_S, TOLERANCE_SHARE = 0.25, 0.02
RE_ENCODE = "If a player shows it, convert it: ffmpeg -i FILE NEW.mp4"


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
        tracks.append(Sound(audio, origin))
    if video is not None:
        tracks.append(Picture(video, origin))
    read_packets(container, tracks)
    if part := missing_part(path):
        raise _cut(f"{part}; {_seconds(_end(tracks))} can be played")
    duration = _duration(container, tracks)
    _refuse_errors(tracks)
    sound = next((t for t in tracks if isinstance(t, Sound)), None)
    if sound is not None and peaks_path is not None:
        peaks_path.write_text(sound.peaks(duration))
    return _describe(container, tracks, duration)


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
        what = "sound" if isinstance(track, Sound) else "picture"
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
    sound = next((t for t in tracks if isinstance(t, Sound) and t.n_frames), None)
    picture = next((t for t in tracks if isinstance(t, Picture) and t.n_frames), None)
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
