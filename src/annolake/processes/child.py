"""One child process: its own session, its output in a log file, ended together with everything it started."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

TAIL_LINES = 15
TAIL_BYTES = 16_384


class Child:
    """A started process. Its own session keeps the terminal's Ctrl-C from it: the parent decides how it ends."""

    def __init__(self, name: str, argv: Sequence[str], *, environment: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log_start = log.stat().st_size if log.exists() else 0
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own commands
                list(argv),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Process id; also the id of its session and group."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """Exit code; None while it runs, negative where a signal ended it."""
        return self._process.poll()

    def ask_to_end(self) -> None:
        """TERM to the whole group."""
        if self.code is None:
            try:
                os.killpg(self.pid, signal.SIGTERM)
            except ProcessLookupError:  # ended meanwhile
                return

    def wait(self, seconds: float) -> int | None:
        """The exit code, or None where it still runs after so many seconds."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def tail(self) -> str:
        """The last lines that this process wrote."""
        with self.log.open("rb") as log:
            return tail(log, self._log_start)


def tail(log: IO[bytes], start: int = 0) -> str:
    """The last lines of a log after a position."""
    end = log.seek(0, os.SEEK_END)
    log.seek(max(start, end - TAIL_BYTES))
    return "\n".join(log.read().decode(errors="replace").splitlines()[-TAIL_LINES:])
