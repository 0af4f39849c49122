"""A child process that is asked: a JSON line in, a JSON line out, each within its time."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Collection, Mapping
from typing import Any


class ChildLate(Exception):
    """No answer in time; the child may go on and has to be closed."""


class ChildDied(Exception):
    """The child ended instead of answering; `code` is its exit code, negative for a signal."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exit code {code}")
        self.code = code


class AskedChild:
    """A running Python module. It sees the named variables of this environment and those given, no other secrets."""

    def __init__(
        self,
        module: str,
        *arguments: str,
        kept: Collection[str],
        environment: Mapping[str, str],
        stderr: int | None = None,
    ) -> None:
        self.process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env={k: v for k, v in os.environ.items() if k in kept} | dict(environment),
        )

    def ask(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        """The answer; raises `ChildLate` or `ChildDied` where there is none."""
        assert self.process.stdin is not None and self.process.stdout is not None  # noqa: S101 - pipes were asked for
        try:
            self.process.stdin.write(json.dumps(request).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise self._died() from None
        got, deadline = bytearray(), time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while not got.endswith(b"\n"):
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise ChildLate
                piece = os.read(self.process.stdout.fileno(), 1 << 16)
                if not piece:
                    raise self._died()
                got += piece
        answer: dict[str, Any] = json.loads(got)
        return answer

    def _died(self) -> ChildDied:
        return ChildDied(self.process.wait(timeout=10))

    def close(self) -> None:
        """End it at once; it holds nothing."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
