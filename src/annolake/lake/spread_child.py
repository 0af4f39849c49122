"""The process beside a landing that lists and reads files: `annolake.lake.spread` starts and asks it.

It answers in frames (`processes.pipes`) and ends when the other side is gone, however that ended.
"""

from __future__ import annotations

import gc
import os
import sys
import traceback
from pathlib import Path
from typing import NamedTuple

import msgspec
import pyarrow as pa

from annolake.errors import LabelingUnavailable
from annolake.lake.local import LocalStore, Source
from annolake.lake.responses import Pseudonyms, Stamp, read_slices
from annolake.processes.pipes import receive, send

OPEN, LIST, READ = b"o", b"l", b"r"
PART, DONE, UNAVAILABLE, FAILED = b"p", b"e", b"u", b"f"
"""Letters of the frames: what is asked for, and what is answered."""


class Opened(NamedTuple):
    """What it is told first."""

    folder: str
    stamp: Stamp


def main() -> None:
    """Answer until the other side is gone."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing but frames may be written there
    gc.disable()  # nothing here refers to itself, and to look for that in each new list of answers takes its time
    try:
        _, body = receive(sys.stdin.buffer)
        folder, stamp = msgspec.msgpack.decode(body, type=Opened)
        store, pseudonyms = LocalStore(Path(folder)), Pseudonyms(stamp.key)
        while True:
            letter, body = receive(sys.stdin.buffer)
            try:
                parts = _list(store, body) if letter == LIST else _read(store, body, stamp, pseudonyms)
            except LabelingUnavailable as error:
                send(out, UNAVAILABLE, error.message.encode())
            except Exception:  # whatever it was, the other side must hear of it
                send(out, FAILED, traceback.format_exc().encode())
            else:
                for part in parts:
                    send(out, PART, part)
                send(out, DONE)
    except (EOFError, BrokenPipeError):
        os._exit(0)


def _list(store: LocalStore, body: bytes) -> list[bytes]:
    places = msgspec.msgpack.decode(body, type=list[str])
    store.enter(places[0], places[-1])
    return [msgspec.msgpack.encode(list(store.below(places)))]


def _read(store: LocalStore, body: bytes, stamp: Stamp, pseudonyms: Pseudonyms) -> list[memoryview]:
    sources = msgspec.msgpack.decode(body, type=list[Source])
    uris = [source.uri for source in sources]
    store.enter(store.path(min(uris)), store.path(max(uris)))
    return [_stream(table) for rows in read_slices(store, [sources], stamp, pseudonyms) for table in rows]


def _stream(table: pa.Table) -> memoryview:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return memoryview(sink.getvalue())


if __name__ == "__main__":
    main()
