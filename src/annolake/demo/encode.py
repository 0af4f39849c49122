"""Write samples and pictures as media files, through PyAV."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]
Picture = npt.NDArray[np.uint8]

CODECS = {".wav": "pcm_s16le", ".flac": "flac", ".m4a": "aac"}
BLOCK = 4096


def write_sound(path: Path, samples: Samples, rate: int) -> None:
    """A mono file; its format follows from the suffix: .wav, .flac or .m4a."""
    with av.open(str(path), "w") as out:
        stream = _sound_stream(out, CODECS[path.suffix], rate)
        _write_samples(out, stream, samples, rate)


def write_clip(path: Path, pictures: Iterable[Picture], fps: int, samples: Samples, rate: int) -> None:
    """An MP4 of RGB pictures (height x width x 3) with mono sound: H.264 and AAC, which browsers play."""
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as out:
        # One thread and no macroblock tree: only so do the same pictures give the same bytes.
        options = {"preset": "veryfast", "crf": "23", "x264-params": "mbtree=0"}
        stream = out.add_stream("libx264", rate=fps, options=options)
        stream.codec_context.thread_count = 1
        sound = _sound_stream(out, "aac", rate)
        for number, picture in enumerate(pictures):
            if number == 0:
                stream.height, stream.width = picture.shape[:2]
                stream.pix_fmt = "yuv420p"
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        _write_samples(out, sound, samples, rate)


def _sound_stream(out: Any, codec: str, rate: int) -> Any:
    stream = out.add_stream(codec, rate=rate, layout="mono")
    if codec == "aac":
        stream.bit_rate = 64_000
    return stream


def _write_samples(out: Any, stream: Any, samples: Samples, rate: int) -> None:
    whole = (np.clip(samples, -1, 1) * 32767).astype(np.int16)
    for at in range(0, len(whole), BLOCK):
        frame = av.AudioFrame.from_ndarray(whole[None, at : at + BLOCK], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = rate, at, Fraction(1, rate)
        out.mux(stream.encode(frame))
    out.mux(stream.encode(None))
