"""The processes beside a landing that list and read files: `annolake.lake.spread` starts and asks them.

They are one at first (`processes.forks`), answer in frames (`processes.pipes`) and end when the other side is gone,
however that ended.
"""

from __future__ import annotations

import gc
import sys
import traceback
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import IO, NamedTuple, NoReturn

import msgspec
import pyarrow as pa

from annolake.errors import LabelingUnavailable
from annolake.lake.local import LocalStore, Source
from annolake.lake.responses import Pseudonyms, Stamp, read_slices
from annolake.processes.forks import run
from annolake.processes.pipes import receive, send

OPEN, LIST, READ = b"o", b"l", b"r"
PART, DONE, UNAVAILABLE, FAILED = b"p", b"e", b"u", b"f"
"""Letters of the frames: what is asked for, and what is answered."""


class Opened(NamedTuple):
    """What each is told first."""

    folder: str
    stamp: Stamp


class NoPandas(MetaPathFinder):
    """pandas is not there: Arrow would import it at the first list, to see that it is no series, for 0.2 s."""

    def find_spec(self, fullname: str, *_: object) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError(fullname)


def main(ends: list[int]) -> None:
    """Become a process for each two descriptors."""
    gc.disable()  # nothing here refers to itself, and to look for that in each new list of answers takes its time
    sys.meta_path.insert(0, NoPandas())
    run(list(zip(ends[::2], ends[1::2], strict=True)), answer)


def answer(requests: IO[bytes], answers: IO[bytes]) -> NoReturn:
    """Answer until the other side is gone: then it raises `EOFError`."""
    _, body = receive(requests)
    folder, stamp = msgspec.msgpack.decode(body, type=Opened)
    store, pseudonyms = LocalStore(Path(folder)), Pseudonyms(stamp.key)
    while True:
        letter, body = receive(requests)
        try:
            parts = _list(store, body) if letter == LIST else _read(store, body, stamp, pseudonyms)
        except LabelingUnavailable as error:
            send(answers, UNAVAILABLE, error.message.encode())
        except Exception:  # whatever it was, the other side must hear of it
            send(answers, FAILED, traceback.format_exc().encode())
        else:
            for part in parts:
                send(answers, PART, part)
            send(answers, DONE)


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
    main([int(end) for end in sys.argv[1:]])
