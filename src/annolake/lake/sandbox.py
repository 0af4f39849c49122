"""The process that runs an analyst's statements: it can read the files of one release and do nothing else.

Started by `annolake.lake.sql.Session` with an empty environment. Walls, from the outside in:

- it may read the folders of the release's data files and Python's own, write nothing, open no connection (Landlock;
  Linux only, `annolake.lake.landlock`);
- no file can grow by a byte, no core is dumped, memory of the process is bounded (`setrlimit`; any POSIX system);
- DuckDB may open the release's files only, loads no extension, spills to no disk, and its configuration is locked;
- a statement is one SELECT over known tables, without functions that tell of the machine (`sqlcheck`).

It talks in frames (`processes.pipes`) over its standard input and output.
"""

from __future__ import annotations

import io
import json
import os
import resource
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import IO, Any

import duckdb
import pyarrow as pa

from annolake.errors import SqlRefused
from annolake.lake.landlock import only_read
from annolake.lake.sqlcheck import check
from annolake.lake.views import literal
from annolake.processes.pipes import receive, send

OPEN, SOURCE, CHECK, ASK, CANCEL = b"o", b"t", b"c", b"q", b"x"
ROWS, DONE, FAILED = b"d", b"e", b"f"
"""Letters of the frames: what is asked for, and what is answered."""

ROWS_AT_ONCE = 100_000
BESIDE_DUCKDB = 3 * 2**29
"""Bytes of data that Python, Arrow and DuckDB's threads may have beside DuckDB's own limit."""

MACHINE = ("/sys/devices/system/cpu", "/sys/fs/cgroup", "/proc/stat", "/proc/meminfo", "/proc/self/cgroup")
"""Where DuckDB learns how many processors there are."""

REACH = """
    SET TimeZone = 'UTC';
    SET temp_directory = '';
    SET allowed_paths = [{files}];
    SET enable_external_access = false;
    SET memory_limit = {memory};
    SET autoinstall_known_extensions = false;
    SET autoload_known_extensions = false;
    SET lock_configuration = true;
"""


class _Frames(io.RawIOBase):
    """What Arrow writes a stream of rows to."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        send(self._pipe, ROWS, memoryview(data).cast("B"))
        return len(data)


def _restrict(folders: Sequence[str], most_bytes: int) -> list[str]:
    """Give up what is not needed; returns the walls that stand."""
    for limit in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
        resource.setrlimit(limit, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (most_bytes, most_bytes))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    walls = ["limits"]
    needed = {sys.prefix, sys.base_prefix, *sys.path, *MACHINE}
    if only_read([*folders, *(path for path in sorted(needed) if path and os.path.exists(path))]):  # noqa: PTH110
        walls.append("landlock")
    return walls


class _Sandbox:
    """One release, open to statements, one at a time."""

    def __init__(self, out: IO[bytes]) -> None:
        self.out = out
        self.connection: duckdb.DuckDBPyConnection | None = None

    def open(self, given: Mapping[str, Any], sources: Mapping[str, pa.Table]) -> None:
        most = int(given["memory_bytes"]) + BESIDE_DUCKDB + sum(t.nbytes for t in sources.values())
        walls = _restrict(given["folders"], most)
        self.connection = duckdb.connect(config={"python_enable_replacements": False})
        for name, table in sources.items():
            self.connection.register(name, table)
        for statement in given["views"]:
            self.connection.execute(statement)
        files = ", ".join(map(literal, given["files"]))
        self.connection.execute(REACH.format(files=files, memory=literal(given["memory"])))
        send(self.out, DONE, {"walls": walls})

    def check(self, given: Mapping[str, Any]) -> None:
        try:
            send(self.out, DONE, {"tables": sorted(check(given["statement"]))})
        except SqlRefused as refused:
            send(self.out, FAILED, {"kind": "SqlRefused", "text": refused.message, "hint": refused.hint})

    def ask(self, given: Mapping[str, Any]) -> None:
        """Answer in a thread, so that a cancel can be heard."""
        threading.Thread(target=self._answer, args=(given["statement"], given["seconds"]), daemon=True).start()

    def cancel(self) -> None:
        if self.connection is not None:
            self.connection.interrupt()

    def _answer(self, statement: str, seconds: float) -> None:
        clock = threading.Timer(seconds, self.cancel)
        clock.daemon = True
        clock.start()
        try:
            reader = self.connection.sql(statement).to_arrow_reader(ROWS_AT_ONCE)  # type: ignore[union-attr] # open
            with pa.ipc.new_stream(_Frames(self.out), reader.schema) as stream:
                for batch in reader:
                    stream.write_batch(batch)
            send(self.out, DONE, {})
        except Exception as error:  # whatever it was, the other side must hear of it
            send(self.out, FAILED, {"kind": type(error).__name__, "text": str(error), "hint": None})
        finally:
            clock.cancel()


def main() -> None:
    """Answer until the other side is gone."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing but frames may be written there
    sandbox = _Sandbox(out)
    given: dict[str, Any] = {}
    sources: dict[str, pa.Table] = {}
    try:
        while True:
            letter, body = receive(sys.stdin.buffer)
            if letter == SOURCE:
                sources[given["sources"][len(sources)]] = pa.ipc.open_stream(body).read_all()
            elif letter == CANCEL:
                sandbox.cancel()
            else:
                given = json.loads(body)
                if letter == CHECK:
                    sandbox.check(given)
                elif letter == ASK:
                    sandbox.ask(given)
            if letter in (OPEN, SOURCE) and len(sources) == len(given["sources"]):
                sandbox.open(given, sources)
    except (EOFError, BrokenPipeError):
        os._exit(0)


if __name__ == "__main__":
    main()
