"""The process of one annotation function: a JSON request a line on standard input, an answer on standard output.

    {"event": {…}, "seconds": 60} -> {"answer": …} or {"problem": "…"}

Started as `python -m annolake.service.function_child NAME MODULE:CALLABLE`; ends with its standard input. What the
function prints goes to the service's log.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Context:
    """What of Lambda's context has a meaning here."""

    function_name: str
    deadline: float

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the call is given up."""
        return max(0, round((self.deadline - time.monotonic()) * 1000))


def main() -> None:
    """Answer requests until the service closes the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the service's to handle
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    name, target = sys.argv[1:3]
    for line in sys.stdin:
        request = json.loads(line)
        try:
            handler = _load(target)
            answer = {"answer": handler(request["event"], Context(name, time.monotonic() + request["seconds"]))}
            text = json.dumps(answer, allow_nan=False)
        except BaseException as error:  # a function that calls sys.exit() failed as well
            traceback.print_exc()
            text = json.dumps({"problem": f"{type(error).__name__}: {error}"})
        answers.write(text + "\n")
        answers.flush()


def _load(target: str) -> Callable[[dict[str, Any], Context], Any]:
    module, _, name = target.partition(":")
    found: Callable[[dict[str, Any], Context], Any] = getattr(importlib.import_module(module), name)
    return found


if __name__ == "__main__":
    main()
