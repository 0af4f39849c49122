"""One process that becomes several, so that what all of them import is imported once.

It must have no thread yet that does anything. It waits until one of the others ends, ends the rest of them, and then
itself in the same way; so it does when it is told to end. Each holds its own pipes and no others, so that the far ends
see that it is gone.
"""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import IO, NoReturn

Pipes = tuple[int, int]
"""Descriptors of a process: where it is asked, and where it answers."""
AWAITED = (signal.SIGTERM, signal.SIGCHLD)
"""What the one that the others came from waits for: to be told to end, or that one of them has ended."""


def run(pipes: Sequence[Pipes], work: Callable[[IO[bytes], IO[bytes]], object]) -> NoReturn:
    """`work` in a process for each pair of pipes, until one of them ends.

    It is over where `work` raises `EOFError` or `BrokenPipeError`: the other side is gone.
    """
    told = _told_by_pipe()
    children: set[int] = set()
    status = 0
    try:
        for own in pipes:
            if (child := os.fork()) == 0:
                _become(own, [pair for pair in (*pipes, told) if pair != own], work)
            children.add(child)
        _close(pipes)
        while os.read(told[0], 1)[0] == signal.SIGCHLD:
            child, status = os.waitpid(-1, os.WNOHANG)
            if child:  # else it was stopped, or goes on
                children.remove(child)
                break
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
        for child in children:
            os.waitpid(child, 0)
    _end_as(os.waitstatus_to_exitcode(status))


def _told_by_pipe() -> Pipes:
    """A pipe in which the numbers of AWAITED signals are read.

    A handler that raises would not do: within the hooks of a fork what it raises is lost.
    """
    reads, writes = os.pipe()
    os.set_blocking(writes, False)
    signal.set_wakeup_fd(writes)
    for number in AWAITED:
        signal.signal(number, lambda *_: None)
    return reads, writes


def _become(own: Pipes, others: Sequence[Pipes], work: Callable[[IO[bytes], IO[bytes]], object]) -> NoReturn:
    try:
        signal.set_wakeup_fd(-1)
        for number in AWAITED:
            signal.signal(number, signal.SIG_DFL)
        _close(others)
        with suppress(EOFError, BrokenPipeError), os.fdopen(own[0], "rb") as asked, os.fdopen(own[1], "wb") as answers:
            work(asked, answers)
        os._exit(0)
    except BaseException:  # nothing may go on in what was copied from the other process
        traceback.print_exc()
    finally:
        os._exit(1)


def _close(pipes: Sequence[Pipes]) -> None:
    for pair in pipes:
        for end in pair:
            os.close(end)


def _end_as(code: int) -> NoReturn:
    if code < 0:
        with suppress(OSError):  # SIGKILL has no other way
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)
