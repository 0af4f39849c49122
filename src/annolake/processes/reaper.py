"""End every process of a run, also when its parent was killed and could not.

Run as a program it waits beside the parent: its standard input closes when the parent ends, however it ends, and then
it kills what carries the parent's mark. Only the standard library is imported, so that it starts at once.

A process belongs to a run when the run's mark stands in its environment (children inherit it, whatever sessions they
make) or, where no /proc tells, when it is in a session or group that the parent named on the pipe.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path

MARK = "_ANNOLAKE_RUN"
"""Environment variable with the mark; not `ANNOLAKE_…`, which are settings."""

PROC = Path("/proc")
LOOKS = 50
"""Most looks for survivors; a process may fork while it is being killed."""


def marked(mark: str, sessions: Iterable[int] = ()) -> list[int]:
    """Ids of the living processes of a run, this one left out; empty where the system has no /proc."""
    if not mark or not PROC.is_dir():
        return []
    wanted, own = f"{MARK}={mark}".encode(), os.getpid()
    leaders = set(sessions)
    found = []
    for entry in PROC.iterdir():
        if not entry.name.isdigit() or int(entry.name) == own:
            continue
        try:
            state, session = _state(entry)
            if state == "Z":
                continue
            if session in leaders or wanted in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:  # ended meanwhile, or of another user
            continue
    return found


def end_marked(mark: str, sessions: Iterable[int] = ()) -> int:
    """Kill every process of a run; returns how many still live after many looks (0 is what to expect)."""
    sessions = list(sessions)
    for group in sessions:
        _kill(-group)
    left: list[int] = []
    for _ in range(LOOKS):
        left = marked(mark, sessions)
        if not left:
            return 0
        for pid in left:
            _kill(pid)
        time.sleep(0.05)
    return len(left)


def _state(entry: Path) -> tuple[str, int]:
    """(state letter, session id) from /proc/<pid>/stat; the name before them may hold blanks and brackets."""
    fields = (entry / "stat").read_text().rpartition(")")[2].split()
    return fields[0], int(fields[3])


def _kill(target: int) -> None:
    try:
        if target < 0:
            os.killpg(-target, signal.SIGKILL)
        else:
            os.kill(target, signal.SIGKILL)
    except OSError:  # ended meanwhile
        return


def main(mark: str) -> None:
    """Wait for the end of standard input or of the parent, then end the run."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    parent, sessions, text = os.getppid(), set[int](), b""
    while os.getppid() == parent:
        readable, _, _ = select.select([0], [], [], 1.0)
        if not readable:
            continue
        chunk = os.read(0, 4096)
        if not chunk:
            break
        text += chunk
        *lines, text = text.split(b"\n")
        sessions.update(int(line) for line in lines if line.isdigit())
    end_marked(mark, sessions)


if __name__ == "__main__":
    main(sys.argv[1])
