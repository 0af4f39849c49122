"""Media of any format with one click or one bright picture at a known time."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

FLASH_S = 1.0


def tone(rate: int, seconds: float, click_s: float) -> np.ndarray:
    """A quiet tone with a click of 4 ms."""
    t = np.arange(round(rate * seconds)) / rate
    sound = 0.03 * np.sin(2 * np.pi * 440 * t)
    start = round(click_s * rate)
    sound[start : start + max(1, round(rate * 0.004))] = 0.9
    return sound.astype(np.float32)


def encode_sound(out: Any, stream: Any, sound: np.ndarray, rate: int, layout: str) -> None:
    """Encode sound that begins at 0."""
    channels = av.AudioLayout(layout).nb_channels
    frame = av.AudioFrame.from_ndarray(np.repeat(sound[None], channels, 0), format="fltp", layout=layout)
    frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
    resampler = av.AudioResampler(format=stream.codec_context.format, layout=layout, rate=rate)
    for made in [*resampler.resample(frame), *resampler.resample(None)]:
        out.mux(stream.encode(made))


def click_file(
    path: Path, codec: str, *, rate: int = 48_000, layout: str = "mono", click_s: float = 1.0, seconds: float = 2.0
) -> Path:
    """A sound file of the format that its name says."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=rate, layout=layout)
        encode_sound(out, stream, tone(rate, seconds, click_s), rate, layout)
        out.mux(stream.encode(None))
    return path


def first_loud(path: Path) -> float:
    """Time of the first loud sample."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        sound = np.concatenate([f.to_ndarray()[0] for f in container.decode(stream)])
        return float(np.flatnonzero(np.abs(sound) > 0.4)[0]) / stream.rate


def flash_file(
    path: Path,
    codec: str,
    *,
    pixels: str = "yuv420p",
    sound: str | None = None,
    size: tuple[int, int] = (320, 240),
    fps: Fraction = Fraction(25),
    n: int = 50,
    flash: int = 25,
) -> Path:
    """A dark video with one bright picture, and a click at the same time where it has sound."""
    with av.open(str(path), "w") as out:
        picture = out.add_stream(codec, rate=fps)
        (picture.width, picture.height), picture.pix_fmt = size, pixels
        voice = out.add_stream(sound, rate=48_000, layout="stereo") if sound else None
        for i in range(n):
            image = np.full((size[1], size[0], 3), 255 if i == flash else 20, np.uint8)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format=pixels)
            frame.pts, frame.time_base = i, 1 / fps
            out.mux(picture.encode(frame))
        out.mux(picture.encode(None))
        if voice is not None:
            encode_sound(out, voice, tone(48_000, n / float(fps), flash / float(fps)), 48_000, "stereo")
            out.mux(voice.encode(None))
    return path


def stepped_ts(path: Path) -> Path:
    """Four seconds of pictures; sound from 0.4 s to 1 s and from 3 s to 4 s, with clicks at 0.5 s and 3.5 s."""
    with av.open(str(path), "w") as out:
        picture = out.add_stream("libx264", rate=25)
        picture.width, picture.height, picture.pix_fmt = 64, 64, "yuv420p"
        picture.codec_context.max_b_frames = 0
        voice = out.add_stream("aac", rate=48_000, layout="mono")
        for i in range(100):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 90, np.uint8), format="rgb24")
            frame.pts, frame.time_base = i, Fraction(1, 25)
            out.mux(picture.encode(frame.reformat(format="yuv420p")))
        out.mux(picture.encode(None))
        for start, end, click in ((0.4, 1.0, 0.5), (3.0, 4.0, 3.5)):
            encoder = av.CodecContext.create("aac", "w")
            encoder.sample_rate, encoder.layout, encoder.format = 48_000, "mono", "fltp"
            sound = tone(48_000, end - start, click - start)
            blocks = [sound[i : i + 1024] for i in range(0, len(sound), 1024)]
            at = round(start * 48_000)
            for block in [*blocks, None]:
                frame = None
                if block is not None:
                    frame = av.AudioFrame.from_ndarray(block[None], format="fltp", layout="mono")
                    frame.sample_rate, frame.pts, frame.time_base = 48_000, at, Fraction(1, 48_000)
                    at += len(block)
                for packet in encoder.encode(frame):
                    packet.pts = packet.dts = packet.pts + 1024  # as heard by a player that trims nothing
                    packet.stream = voice
                    out.mux(packet)
    return path
