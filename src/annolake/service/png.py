"""PNG pictures: the size that a header states, the pixels, and pictures with a palette."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Sequence

import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def size_of(png: bytes) -> tuple[int, int]:
    """Width and height; raises `ValueError` where it is no PNG."""
    if not png.startswith(SIGNATURE) or png[12:16] != b"IHDR" or len(png) < 33:
        raise ValueError("not a PNG")
    return struct.unpack(">II", png[16:24])


def decode(png: bytes) -> np.ndarray:
    """Pixels as height x width x RGB, uint8; raises `ValueError` where they cannot be read."""
    import av

    try:
        with av.open(io.BytesIO(png), format="png_pipe") as file:
            frame: av.VideoFrame = next(file.decode(video=0))
            return np.asarray(frame.to_ndarray(format="rgb24"))
    except (av.FFmpegError, StopIteration) as error:
        raise ValueError(f"not a readable PNG: {error}") from None


def encode_indexed(pixels: np.ndarray, palette: Sequence[tuple[int, int, int]]) -> bytes:
    """A PNG of a byte a pixel whose values are places in the palette (at most 256 colours)."""
    height, width = pixels.shape
    rows = np.zeros((height, width + 1), np.uint8)  # each row begins with its filter: none
    rows[:, 1:] = pixels
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    colors = bytes(part for color in palette for part in color)
    data = zlib.compress(rows.tobytes(), 9)
    chunks = ((b"IHDR", header), (b"PLTE", colors), (b"IDAT", data), (b"IEND", b""))
    return SIGNATURE + b"".join(_chunk(name, body) for name, body in chunks)


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
