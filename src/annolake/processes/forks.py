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
from types import FrameType
from typing import IO, NoReturn

Pipes = tuple[int, int]
"""Descriptors of a process: where it is asked, and where it answers."""


class _ToldToEnd(BaseException):
    pass


def run(pipes: Sequence[Pipes], work: Callable[[IO[bytes], IO[bytes]], object]) -> NoReturn:
    """`work` in a process for each pair of pipes, until one of them ends.

    It is over where `work` raises `EOFError` or `BrokenPipeError`: the other side is gone.
    """
    signal.signal(signal.SIGTERM, _end)
    children: set[int] = set()
    status = 0
    try:
        for own in pipes:
            if (child := os.fork()) == 0:
                _become(own, pipes, work)
            children.add(child)
        _close(pipes)
        child, status = os.wait()
        children.remove(child)
    except _ToldToEnd:
        pass
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
        for child in children:
            os.waitpid(child, 0)
    _end_as(os.waitstatus_to_exitcode(status))


def _end(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise _ToldToEnd


def _become(own: Pipes, pipes: Sequence[Pipes], work: Callable[[IO[bytes], IO[bytes]], object]) -> NoReturn:
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _close([pair for pair in pipes if pair != own])
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
