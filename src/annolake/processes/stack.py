"""Several parts started together, watched, and stopped without leaving a process behind.

    with hold(settings.home, "annolake up") as holder, Stack(parts, holder.mark, logs) as stack:
        stack.start()
        stack.wait_ready()
        stack.wait()            # until a part ends, which is told with the tail of its log, or Ctrl-C

Airflow's scheduler does not end on TERM while a worker idles and leaves its workers behind, so stopping is TERM to
every group, a short grace, then KILL to everything that carries the run's mark. A `reaper` beside us does the same
when we are killed ourselves.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from annolake.errors import ProcessError
from annolake.processes import reaper
from annolake.processes.child import Child
from annolake.processes.ports import Port, require_free

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.2
KEEP_ENVIRONMENT_READABLE = {"SPT_NOENV": "1"}
"""Airflow's setproctitle would write its titles over the environment that carries the mark."""


@dataclass(frozen=True, slots=True)
class Command:
    """One process of a part; `name` names its log file."""

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    """What it finds otherwise than the other processes of its part."""


@dataclass(frozen=True, slots=True)
class Part:
    """What belongs together for a user: its processes, where it listens, when it is ready.

    `missing` says what is not ready yet, None when all is. `prepare` runs to its end before `commands` start.
    """

    name: str
    title: str
    url: str
    ports: tuple[Port, ...]
    commands: tuple[Command, ...]
    missing: Callable[[], str | None]
    prepare: tuple[Command, ...] = ()
    before: Callable[[], None] | None = None
    after_prepare: Callable[[], None] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    patience_s: float = 120.0


class Stack:
    """Parts as processes; use it as a context, so that they end with it."""

    def __init__(
        self,
        parts: Sequence[Part],
        *,
        mark: str,
        logs: Path,
        grace_s: float = 4.0,
        on_ready: Callable[[Part, float], None] | None = None,
    ) -> None:
        self.parts = tuple(parts)
        self.logs = logs
        self._mark = mark
        self._grace_s = grace_s
        self._on_ready = on_ready
        self._changed = threading.Condition()
        self._children: list[tuple[Part, Child, bool]] = []
        self._waiting: dict[str, str] = {}
        self._failure: ProcessError | None = None
        self._stopping = threading.Event()
        self._reaper: subprocess.Popen[bytes] | None = None
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    # -- start ---------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Look at all ports, then start every part; returns while they are still getting ready."""
        require_free(port for part in self.parts for port in part.ports)
        self._reaper = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-I", "-S", reaper.__file__, self._mark],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        self._waiting = {part.name: "starting" for part in self.parts}
        for part in self.parts:
            thread = threading.Thread(target=self._bring_up, args=(part,), name=f"start {part.name}", daemon=True)
            self._threads.append(thread)
            thread.start()
        watcher = threading.Thread(target=self._watch, name="watch children", daemon=True)
        self._threads.append(watcher)
        watcher.start()

    def _bring_up(self, part: Part) -> None:
        started = time.monotonic()
        try:
            if part.before:
                part.before()
            for command in part.prepare:
                self._run_to_end(part, command)
            if part.after_prepare:
                part.after_prepare()
            for command in part.commands:
                self._spawn(part, command)
            self._wait_until_ready(part, started)
        except ProcessError as error:
            self._fail(error)
        except OSError as error:
            self._fail(ProcessError(f"{part.title} did not start: {error}."))
        else:
            if self._stopping.is_set():
                return
            if self._on_ready:
                self._on_ready(part, time.monotonic() - started)
            with self._changed:
                self._waiting.pop(part.name, None)
                self._changed.notify_all()

    def _wait_until_ready(self, part: Part, started: float) -> None:
        while not self._stopping.wait(LOOK_EVERY_S):
            missing = part.missing()
            if missing is None:
                return
            with self._changed:
                self._waiting[part.name] = missing
                self._changed.notify_all()
            if time.monotonic() - started > part.patience_s:
                raise ProcessError(
                    f"{part.title} was not ready after {part.patience_s:.0f} s: {missing}.\n{self._tails(part)}",
                    hint=f"Its logs are in {self.logs}.",
                )

    def _run_to_end(self, part: Part, command: Command) -> None:
        child = self._spawn(part, command, watched=False)
        while (code := child.wait(LOOK_EVERY_S)) is None and not self._stopping.is_set():
            pass
        if self._stopping.is_set():  # it may have been cut short: what comes after it must not take it for done
            raise self._stopped(part)
        if code:
            raise self._ended(part, child, code)

    def _spawn(self, part: Part, command: Command, *, watched: bool = True) -> Child:
        with self._changed:  # stop() reads the list under the same lock: a child is on it or never starts
            if self._stopping.is_set():
                raise self._stopped(part)
            child = Child(
                command.name,
                command.argv,
                environment={
                    **part.environment,
                    **command.environment,
                    reaper.MARK: self._mark,
                    **KEEP_ENVIRONMENT_READABLE,
                },
                log=self.logs / f"{command.name}.log",
            )
            self._children.append((part, child, watched))
            if self._reaper and self._reaper.stdin:
                self._reaper.stdin.write(f"{child.pid}\n".encode())
                self._reaper.stdin.flush()
        return child

    # -- watch ---------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        while not self._stopping.wait(LOOK_EVERY_S):
            for part, child, watched in list(self._children):
                if watched and child.code is not None and not self._stopping.is_set():
                    self._fail(self._ended(part, child, child.code))
                    return

    def _fail(self, error: ProcessError) -> None:
        with self._changed:
            if self._failure is None and not self._stopping.is_set():
                self._failure = error
            self._changed.notify_all()

    def _stopped(self, part: Part) -> ProcessError:
        return ProcessError(f"{part.title} was stopped while it started.")

    def _ended(self, part: Part, child: Child, code: int) -> ProcessError:
        how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        return ProcessError(
            f"{part.title} ({child.name}) {how}. The end of its log:\n{child.tail()}",
            hint=f"The whole log: {child.log}",
        )

    def _tails(self, part: Part) -> str:
        own = [child for owner, child, _ in self._children if owner is part and child.code is None]
        return "\n".join(f"The end of {child.log}:\n{child.tail()}" for child in own)

    def check(self) -> None:
        """Raise what made a part fail, if one did."""
        if self._failure is not None:
            raise self._failure

    def wait_ready(self, *names: str, on_progress: Callable[[str], None] | None = None) -> None:
        """Wait until the named parts (all where none is named) are ready; raises `ProcessError` where one fails."""
        wanted = set(names or (part.name for part in self.parts))
        titles = {part.name: part.title for part in self.parts}
        with self._changed:
            while True:
                self.check()
                left = {name: why for name, why in self._waiting.items() if name in wanted}
                if not left:
                    return
                if on_progress:
                    on_progress("; ".join(f"{titles[name]}: {why}" for name, why in left.items()))
                self._changed.wait(0.5)

    def wait(self) -> None:
        """Wait for ever: returns by `ProcessError` when a part ends, or by the caller's own interruption."""
        with self._changed:
            while True:
                self.check()
                self._changed.wait(0.5)

    # -- stop ----------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """End every process: TERM, a short grace, KILL to whatever is left. A second Ctrl-C does not cut it short."""
        with _deaf():
            self._stop()

    def _stop(self) -> None:
        with self._changed:
            self._stopping.set()
            children = [child for _, child, _ in self._children]
            self._changed.notify_all()
        for child in children:
            child.ask_to_end()
        until = time.monotonic() + self._grace_s
        for child in children:
            child.wait(max(0.0, until - time.monotonic()))
        if reaper.end_marked(self._mark, [child.pid for child in children]):
            log.warning("Some processes of this run would not end; look for %s in /proc/*/environ.", self._mark)
        for child in children:
            child.wait(1.0)
        for thread in self._threads:
            thread.join(2.0)
        if self._reaper:
            if self._reaper.stdin:
                self._reaper.stdin.close()  # it finds nothing left and ends
            self._reaper.wait()
            self._reaper = None


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """Ignore Ctrl-C and TERM while the block runs, where signals are ours to set."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
