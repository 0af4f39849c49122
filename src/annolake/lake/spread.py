"""Small files listed and read by several processes: what they cost is system calls and Python, and one has one thread
of that. Rows come back as Arrow, in the order of the files.

A few files are read in this process, and so is what stands behind S3, where many requests wait side by side.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from queue import SimpleQueue
from types import TracebackType
from typing import IO, Self

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from annolake.errors import LabelingUnavailable, ProcessError, ReaderLost
from annolake.lake.fetch import LocalStore, Source, Store
from annolake.lake.local import TRY_AGAIN
from annolake.lake.responses import SLICE_FILES, SLICES_AT_ONCE, Pseudonyms, Rows, Stamp, cut, read_slices
from annolake.lake.spread_child import DONE, FAILED, LIST, OPEN, READ, UNAVAILABLE, Opened
from annolake.processes.pipes import receive, send

FEW = 2_000
"""Files that are read before other processes have started."""
AHEAD = 4
"""Slices for each process that are asked for before the first of them is needed."""
MOST = 4
"""More processes than that would not get the rows away."""
PIPE_BYTES = 1 << 20
"""A whole answer has room, so that its process goes on; more is for the administrator alone."""
KEPT = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "TZ", "SYSTEMROOT")
"""The variables that a process needs to start; no other is handed over."""

ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}
"""numpy would start threads for matrices, of which there are none."""


class Readers:
    """Processes beside this one, started when there is enough for them; use it as a context, so that they end with it.

    `size` is how many may run; with one, all is done in this process.
    """

    def __init__(self, store: Store, stamp: Stamp, size: int | None = None) -> None:
        self._store, self._stamp = store, stamp
        self._pseudonyms = Pseudonyms(stamp.key)
        self._size = min(MOST, processors() if size is None else size) if isinstance(store, LocalStore) else 1
        self._process: subprocess.Popen[bytes] | None = None
        self._children: list[_Child] = []
        self._free: SimpleQueue[_Child] = SimpleQueue()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the processes at once; they hold nothing. What is asked for later starts others."""
        if self._process:
            self._process.terminate()  # it ends those that it has become
            self._process.wait()
        for child in self._children:
            child.close()
        self._process, self._children, self._free = None, [], SimpleQueue()

    def list(self, prefix_uri: str) -> Iterator[Source]:
        """Every object under a prefix, as the store lists them."""
        if not isinstance(self._store, LocalStore) or self._size < 2:
            yield from self._store.list(prefix_uri)
            return
        places = self._store.places(prefix_uri, FEW, self._start)
        if len(places) < FEW:
            yield from self._store.below(places)
            return
        step = self._step(len(places))
        slices = [places[at : at + step] for at in range(0, len(places), step)]
        for (found,) in self._ask_all(LIST, [(msgspec.msgpack.encode(some), some[0], some[-1]) for some in slices]):
            yield from _SOURCES.decode(found)

    def read(self, sources: Sequence[tuple[str, Source]]) -> Iterator[Rows]:
        """Rows of worker-response files, slice by slice; they come by object (`responses.by_object`)."""
        if self._size < 2 or len(sources) < FEW:
            yield from read_slices(self._store, cut(sources), self._stamp, self._pseudonyms)
            return
        slices = cut(sources, self._step(len(sources)))
        asked = ((msgspec.msgpack.encode(some), some[0].uri, some[-1].uri) for some in slices)
        for parts in self._ask_all(READ, asked):
            yield Rows(*(pa.ipc.open_stream(pa.py_buffer(part)).read_all() for part in parts))

    def _step(self, n: int) -> int:
        """How many files a slice has, so that there is one for each process."""
        return min(SLICE_FILES, -(-n // self._size))

    def _ask_all(self, letter: bytes, requests: Iterable[tuple[bytes, str, str]]) -> Iterator[Sequence[bytes]]:
        """The answers in the order of the requests; only so many are asked for AHEAD."""
        self._start()
        with ThreadPoolExecutor(self._size, thread_name_prefix="reader") as pool:
            coming: deque[Future[Sequence[bytes]]] = deque()
            try:
                for request in requests:
                    if len(coming) >= AHEAD * self._size:
                        yield coming.popleft().result()
                    coming.append(pool.submit(self._ask, letter, *request))
                while coming:
                    yield coming.popleft().result()
            finally:
                pool.shutdown(cancel_futures=True)

    def _ask(self, letter: bytes, body: bytes, first: str, last: str) -> Sequence[bytes]:
        child = self._free.get()
        what = f"{first} to {last}"
        try:
            return child.ask(letter, body, what)
        except EOFError:
            raise ReaderLost(self._code(), what) from None
        finally:
            self._free.put(child)

    def _code(self) -> int:
        """How the processes ended, which they do together."""
        return self._process.wait() if self._process else 0

    def _start(self) -> None:
        if self._process or not isinstance(self._store, LocalStore):
            return
        pipes = [(_pipe(), _pipe()) for _ in range(self._size)]
        self._children = [_Child(asked, answered) for (_, asked), (answered, _) in pipes]
        theirs = [end for (asked, _), (_, answered) in pipes for end in (asked, answered)]
        try:
            self._process = _process(theirs)
        finally:
            for end in theirs:
                os.close(end)
        opened = msgspec.msgpack.encode(Opened(str(self._store.folder), self._stamp))
        for child in self._children:
            child.tell(OPEN, opened)
            self._free.put(child)


def gather(parts: Iterable[Rows]) -> Iterator[Rows]:
    """The rows of some slices together, as many as are worked on at a time, with numbers of their answers anew."""
    coming = iter(parts)
    while some := list(islice(coming, SLICES_AT_ONCE)):
        answers, segments, n_answers = [], [], 0
        for part in some:
            answers.append(_from(part.answers, n_answers))
            segments.append(_from(part.segments, n_answers))
            n_answers += part.answers.num_rows
        people, outcomes = (pa.concat_tables(getattr(part, name) for part in some) for name in ("people", "outcomes"))
        yield Rows(pa.concat_tables(answers), pa.concat_tables(segments), people, outcomes)


def _from(rows: pa.Table, first: int) -> pa.Table:
    return rows.set_column(0, rows.schema.field(0), pc.add(rows["answer_id"], first))


def _process(pipes: Sequence[int]) -> subprocess.Popen[bytes]:
    """One process that becomes as many as there are pairs of pipes."""
    return subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-P", "-m", "annolake.lake.spread_child", *map(str, pipes)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=pipes,
        env={name: os.environ[name] for name in KEPT if name in os.environ} | ONE_THREAD,
        start_new_session=True,  # Ctrl-C is ours: what it ends is the landing, and the processes with it
    )


def _pipe() -> tuple[int, int]:
    reads, writes = os.pipe()
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with contextlib.suppress(OSError):  # more than the administrator allows: then a process waits now and then
            fcntl.fcntl(writes, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    return reads, writes


class _Child:
    """Our ends of the pipes to one process, asked from one thread at a time."""

    def __init__(self, asked: int, answered: int) -> None:
        self._in: IO[bytes] = os.fdopen(asked, "wb")
        self._out: IO[bytes] = os.fdopen(answered, "rb")

    def ask(self, letter: bytes, body: bytes, what: str) -> list[bytes]:
        """The parts of the answer; raises `EOFError` where the process ended instead."""
        self.tell(letter, body)
        parts: list[bytes] = []
        while True:
            answered, part = receive(self._out)
            if answered == DONE:
                return parts
            if answered == UNAVAILABLE:
                raise LabelingUnavailable(part.decode(), hint=TRY_AGAIN)
            if answered == FAILED:
                raise ProcessError(
                    f"{what} could not be read:\n{part.decode()}",
                    hint="This is a mistake in Annolake. Take the file that it names out of the folder, and report it.",
                )
            parts.append(part)

    def tell(self, letter: bytes, body: bytes) -> None:
        with contextlib.suppress(BrokenPipeError):  # it is gone: the answer says so
            send(self._in, letter, body)

    def close(self) -> None:
        for pipe in (self._in, self._out):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


_SOURCES = msgspec.msgpack.Decoder(list[Source])


def processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
