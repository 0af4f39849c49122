"""Frames on a pipe between two processes: a letter, a length, that many bytes."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import IO, Any

HEAD = struct.Struct(">cQ")


def send(pipe: IO[bytes], letter: bytes, body: bytes | memoryview | Mapping[str, Any] = b"") -> None:
    """Write one frame; a mapping goes as JSON."""
    data = json.dumps(body).encode() if isinstance(body, Mapping) else body
    pipe.write(HEAD.pack(letter, len(data)))
    pipe.write(data)
    pipe.flush()


def receive(pipe: IO[bytes]) -> tuple[bytes, bytes]:
    """Read one frame; raises `EOFError` where the other side is gone."""
    head = pipe.read(HEAD.size)
    if len(head) < HEAD.size:
        raise EOFError
    letter, length = HEAD.unpack(head)
    body = pipe.read(length)
    if len(body) < length:
        raise EOFError
    return letter, body
