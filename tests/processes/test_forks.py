"""One process that becomes two: they answer apart, and end together in whatever way the first of them does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

WORK = """
import os, sys, time
if sys.argv[1] == "slow":  # a fork whose hooks take their time, as those of many libraries
    os.register_at_fork(after_in_parent=lambda: [time.sleep(0.01) for _ in range(20)])
from annolake.processes.forks import run

def work(asked, answers):
    answers.write(b"%d\\n" % os.getpid())
    answers.flush()
    while word := asked.readline().strip():
        if word == b"exit": os._exit(7)
        if word == b"raise": raise ValueError("a mistake")
        answers.write(word.upper() + b"\\n")
        answers.flush()
    raise EOFError

ends = [int(end) for end in sys.argv[2:]]
run([(ends[0], ends[1]), (ends[2], ends[3])], work)
"""


class Two:
    """A process that became two, and our ends of their pipes."""

    def __init__(self, how: str = "") -> None:
        pipes = [(os.pipe(), os.pipe()) for _ in range(2)]
        theirs = [end for (asked, _), (_, answered) in pipes for end in (asked, answered)]
        command = [sys.executable, "-c", WORK, how, *map(str, theirs)]
        self.process = subprocess.Popen(command, pass_fds=theirs, stderr=subprocess.PIPE)
        for end in theirs:
            os.close(end)
        self.asked = [os.fdopen(asked, "wb", buffering=0) for (_, asked), _ in pipes]
        self.answers = [os.fdopen(answered, "rb") for _, (answered, _) in pipes]
        self.pids = [int(answers.readline()) for answers in self.answers] if not how else []

    def close(self) -> None:
        for pipe in (*self.asked, *self.answers):
            pipe.close()
        self.process.terminate()
        self.process.communicate()


@pytest.fixture
def two() -> Iterator[Two]:
    found = Two()
    yield found
    found.close()


def test_each_answers_what_it_is_asked(two: Two) -> None:
    assert len({two.process.pid, *two.pids}) == 3
    for number in (1, 0):
        two.asked[number].write(b"word %d\n" % number)
    assert [answers.readline() for answers in two.answers] == [b"WORD 0\n", b"WORD 1\n"]


@pytest.mark.parametrize(
    ("how", "code", "said"),
    [
        (lambda two: two.asked[0].write(b"exit\n"), 7, b""),
        (lambda two: two.asked[1].write(b"raise\n"), 1, b"ValueError: a mistake"),
        (lambda two: os.kill(two.pids[1], signal.SIGKILL), -signal.SIGKILL, b""),
        (lambda two: os.kill(two.pids[0], signal.SIGUSR1), -signal.SIGUSR1, b""),
        (lambda two: two.process.terminate(), 0, b""),
        (lambda two: two.asked[0].close(), 0, b""),
    ],
)
def test_all_end_as_the_first_does(two: Two, how: object, code: int, said: bytes) -> None:
    assert callable(how)
    how(two)
    _, errors = two.process.communicate(timeout=60)
    assert two.process.returncode == code
    assert errors.strip().endswith(said)
    assert [answers.read() for answers in two.answers] == [b"", b""]  # closed: nobody has the other ends
    for pid in two.pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.mark.parametrize("moment_s", [0.0, 0.1, 0.3])
def test_told_to_end_while_it_becomes_two(moment_s: float) -> None:
    two = Two("slow")
    first = int(two.answers[0].readline())  # the hooks after its fork run now
    time.sleep(moment_s)
    two.process.terminate()
    two.process.communicate(timeout=60)
    assert two.process.returncode == 0
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)
    two.close()
