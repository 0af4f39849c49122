"""Analysts' SQL: one SELECT over the latest release, run by a process that can reach nothing else.

A read-only connection would still read any file and write anywhere. So statements run in a child process
(`annolake.lake.sandbox`), which is told what the release is and gives rows back; it is never told a secret.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import threading
import time
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self

import pyarrow as pa

from annolake.config import Settings
from annolake.errors import SqlRefused
from annolake.lake.sandbox import ASK, CANCEL, CHECK, FAILED, OPEN, ROWS, SOURCE
from annolake.lake.sqlcheck import check
from annolake.lake.sqlwords import explained, too_large, too_long
from annolake.processes.pipes import receive, send

if TYPE_CHECKING:
    from annolake.lake.reader import ReleaseReader

__all__ = ["Cancelled", "Session", "check", "query"]

GRACE_S = 5.0
"""Seconds beside the limit after which a process that does not stop is ended."""

KEPT = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "TZ", "SYSTEMROOT")
"""The variables that the process needs to start; no other is handed over."""


STOPPED = "The statement was stopped."


class Cancelled(SqlRefused):
    """The person who asked stopped the statement."""


def query(settings: Settings, statement: str, *, limit_seconds: float = 60.0, limit_memory: str = "2GB") -> pa.Table:
    """Rows of one SELECT over the latest release: `gold.*`, `silver.*`, `bronze.*`, `measure.*`, `meta.*`.

    Raises `SqlRefused` for anything but one SELECT, for what it may not reach, past a limit, and with a suggestion
    where a name is not known.
    """
    with Session(settings, limit_seconds=limit_seconds, limit_memory=limit_memory) as session:
        return session.ask(statement)


class Session:
    """Statements over one release, the latest when the first is asked; close it, or use it as a context.

    A statement that is cancelled, or runs into a limit, ends neither the session nor the release that it reads.
    """

    def __init__(self, settings: Settings, *, limit_seconds: float = 60.0, limit_memory: str = "2GB") -> None:
        self.limit_seconds = _seconds(limit_seconds)
        self.limit_memory = limit_memory
        self.limit_bytes = size_in_bytes(limit_memory)
        self.walls: tuple[str, ...] = ()
        """What holds on this platform: `limits` of the process, `landlock`."""
        self._settings = settings
        self._is_local = settings.warehouse_url.startswith("file://")
        self._given: tuple[dict[str, Any], dict[str, pa.Table]] | None = None
        self._reader: ReleaseReader | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._is_open = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the process, and the lease on the release."""
        self._end()
        if self._reader is not None:
            self._reader.close()
        self._reader = self._given = None

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    pipe.close()
        self._process, self._is_open = None, False

    def ask(self, statement: str) -> pa.Table:
        """The rows of one SELECT; raises `SqlRefused`. Ctrl-C stops the statement and raises `Cancelled`."""
        try:
            tables: list[str] = self._call(CHECK, {"statement": statement}, statement)[0]["tables"]
            self._open(frozenset(tables))
        except KeyboardInterrupt:  # nothing runs yet: a fresh process is the simplest state to be in
            self._end()
            raise Cancelled(STOPPED) from None
        _, rows = self._call(ASK, {"statement": statement, "seconds": self.limit_seconds}, statement, tables)
        return rows

    # -- the process -------------------------------------------------------------------------------------------------

    def _start(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._end()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "annolake.lake.sandbox"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={name: os.environ[name] for name in KEPT if name in os.environ},
                start_new_session=True,  # Ctrl-C is ours: it stops a statement, not the process
            )
        return self._process

    def _open(self, tables: frozenset[str]) -> None:
        """Tell the process what the release is; for a warehouse on S3 that is the rows of the tables themselves."""
        if self._is_open and self._is_local:
            return
        if not self._is_local:
            self._end()
        self._start()
        given, sources = self._release(tables)
        limits = {"memory": self.limit_memory, "memory_bytes": self.limit_bytes}
        self._send(OPEN, {**given, **limits, "sources": list(sources)})
        for table in sources.values():
            self._send(SOURCE, _stream(table))
        self.walls = tuple(self._answer(None, "", ())[0]["walls"])
        self._is_open = True

    def _release(self, tables: frozenset[str]) -> tuple[dict[str, Any], dict[str, pa.Table]]:
        """Views, files and their folders; of a local warehouse, looked up once."""
        from annolake.lake.reader import ReleaseReader  # the catalog's library takes seconds to load

        if not self._is_local:
            with ReleaseReader(self._settings, materialised=tables) as reader:
                return {"views": reader.statements, "files": [], "folders": []}, reader.sources
        if self._given is None:
            self._reader = reader = ReleaseReader(self._settings)  # its lease keeps the files
            folders = sorted({_data_folder(file) for file in reader.files})
            self._given = {"views": reader.statements, "files": reader.files, "folders": folders}, {}
        return self._given

    def _call(
        self, letter: bytes, body: dict[str, Any], statement: str, tables: list[str] | tuple[str, ...] = ()
    ) -> tuple[dict[str, Any], pa.Table]:
        self._start()
        self._send(letter, body)
        limit = self.limit_seconds if letter == ASK else None
        try:
            return self._answer(limit, statement, tables)
        except KeyboardInterrupt:
            if letter != ASK:
                raise
            self._cancel()
            raise Cancelled(STOPPED) from None

    def _send(self, letter: bytes, body: Any) -> None:
        assert self._process is not None and self._process.stdin is not None  # noqa: S101 - started before
        with contextlib.suppress(BrokenPipeError):  # it is gone: the answer says so
            send(self._process.stdin, letter, body)

    def _answer(
        self, limit: float | None, statement: str, tables: list[str] | tuple[str, ...]
    ) -> tuple[dict[str, Any], pa.Table]:
        """Frames until the last one of an answer: what it says, and the rows."""
        process = self._start()
        pipe: IO[bytes] = process.stdout  # type: ignore[assignment]  # a pipe
        parts: list[bytes] = []
        size, begun = 0, time.monotonic()
        with _Deadline(process, None if limit is None else limit + GRACE_S) as deadline:
            while True:
                try:
                    letter, body = receive(pipe)
                except EOFError:
                    self._end()
                    if deadline.has_passed:
                        raise too_long(limit or 0) from None
                    raise too_large("the process that ran it did not survive") from None
                if letter != ROWS:
                    break
                size += len(body)
                parts.append(body)
                if size > self.limit_bytes:
                    self._end()
                    raise too_large(f"its rows alone are more than {self.limit_bytes / 1e6:,.0f} MB")
        said = _json(body)
        if letter == FAILED:
            if "INTERRUPT Error" in said["text"] or said["kind"] == "InterruptException":
                raise too_long(limit if limit is not None else time.monotonic() - begun)
            if said["kind"] == "SqlRefused":
                raise SqlRefused(said["text"], hint=said["hint"])
            raise explained(said["kind"], said["text"], statement, tables)
        rows = pa.ipc.open_stream(pa.py_buffer(b"".join(parts))).read_all() if parts else pa.table({})
        return said, rows

    def _cancel(self) -> None:
        """Stop the running statement: in words, and by force where those are not heard."""
        process = self._start()
        self._send(CANCEL, b"")
        with _Deadline(process, GRACE_S):
            try:
                while receive(process.stdout)[0] == ROWS:  # type: ignore[arg-type]  # a pipe
                    pass
            except (EOFError, KeyboardInterrupt):
                self._end()


class _Deadline:
    """Ends a process that is not done in time, where a time is given."""

    def __init__(self, process: subprocess.Popen[bytes], seconds: float | None) -> None:
        self.has_passed = False
        self._process = process
        self._clock = threading.Timer(min(seconds, threading.TIMEOUT_MAX), self._pass) if seconds is not None else None

    def __enter__(self) -> Self:
        if self._clock is not None:
            self._clock.daemon = True
            self._clock.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._clock is not None:
            self._clock.cancel()

    def _pass(self) -> None:
        self.has_passed = True
        self._process.kill()


def size_in_bytes(size: str) -> int:
    """Bytes of a limit such as 512MB or 2GiB."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?([kKMGT])(i?)B", size)
    if not found:
        raise SqlRefused(f"The memory limit {size!r} is not a size.", hint="Write it as 512MB or 2GB.")
    number, unit, binary = found.groups()
    return int(float(number) * float(1024 if binary else 1000) ** ("KMGT".index(unit.upper()) + 1))


def _seconds(given: float) -> float:
    if not 0 < given <= threading.TIMEOUT_MAX - GRACE_S:
        raise SqlRefused(f"The time limit {given:g} s is not a number of seconds above 0.")
    return given


def _data_folder(file: str) -> str:
    """The folder of a table's data that a file is in: `.../data`, or the file's own."""
    head, data, _ = file.rpartition("/data/")
    return f"{head}/data" if data else os.path.dirname(file)  # noqa: PTH120 - a text, not a file here


def _stream(table: pa.Table) -> memoryview:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return memoryview(sink.getvalue())


def _json(body: bytes) -> dict[str, Any]:
    import json

    found: dict[str, Any] = json.loads(body)
    return found
