"""One `up` or `demo` at a time on one state folder."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from annolake.errors import ProcessError
from annolake.processes.reaper import end_marked


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a state folder; `mark` is in the environment of every process that they started."""

    command: str
    pid: int
    since: str
    mark: str


@contextlib.contextmanager
def hold(home: Path, command: str) -> Iterator[Holder]:
    """Hold the state folder while the block runs; whatever a killed holder left running is ended first.

    Raises `ProcessError` naming the holder where another process has the folder. The kernel drops the lock when
    its process ends, however it ends.
    """
    home.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(home / "run.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _held(home, _read(descriptor)) from None
        if last := _read(descriptor):
            end_marked(last.mark)
        holder = Holder(command, os.getpid(), f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC", secrets.token_hex(8))
        _write(descriptor, json.dumps(asdict(holder)))
        yield holder
        _write(descriptor, "")
    finally:
        os.close(descriptor)


def _held(home: Path, holder: Holder | None) -> ProcessError:
    who = f"`{holder.command}` (process {holder.pid}, since {holder.since})" if holder else "Another process"
    return ProcessError(
        f"{who} is running on {home}.",
        hint="Stop it there with Ctrl-C, or use another folder: annolake --home OTHER_FOLDER ... "
        "(with other ports: --service-port, --airflow-port, --dashboards-port).",
    )


def _read(descriptor: int) -> Holder | None:
    try:
        return Holder(**json.loads(os.pread(descriptor, 4096, 0)))
    except (ValueError, TypeError):  # empty, or half written by a process that died: nobody to name
        return None


def _write(descriptor: int, text: str) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, text.encode(), 0)
