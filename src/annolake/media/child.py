"""The child process that probes and copies: a JSON request a line on standard input, an answer on standard output.

    {"path": "/x/a.wav", "peaks_path": "/y/a.json" or null, "seconds": 60}
    -> {"probe": {…}} or {"code": "truncated", "message": "…", "hint": "…"}
    {"path": "/x/a.aiff", "copy_path": "/y/a.m4a", "plan": {…}, "seconds": 120}
    -> {"copied": true} or the same as above

Started as `python -m annolake.media.child MEMORY_BYTES`; ends with its standard input.
"""

from __future__ import annotations

import json
import math
import resource
import signal
import sys
from pathlib import Path
from typing import Any

from annolake.errors import MediaError


def main() -> None:
    """Answer requests until the parent closes the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    memory = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    from annolake.media.decode import examine  # noqa: F401 - loaded before the limit counts

    if sys.platform == "linux":  # elsewhere address space is not limited; time still is
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    for line in sys.stdin:
        answer = handle(json.loads(line))
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def handle(request: dict[str, Any]) -> dict[str, Any]:
    """One answer; only a crash of the process itself gives none."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = math.ceil(used.ru_utime + used.ru_stime)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (spent + math.ceil(request["seconds"]) + 1, hard))  # an orphan ends too
    try:
        return _copied(request) if "copy_path" in request else _probed(request)
    except MediaError as error:
        return {"code": error.code, "message": error.message, "hint": error.hint}
    except MemoryError:
        return {
            "code": "too_large_memory",
            "message": "Decoding it takes more memory than one file may use.",
            "hint": "Convert it to smaller pictures: ffmpeg -i FILE -vf scale=1920:-2 NEW.mp4",
        }
    except Exception as error:
        return {
            "code": "decode_error",
            "message": f"Decoding it failed: {type(error).__name__}: {error}.",
            "hint": None,
        }


def _probed(request: dict[str, Any]) -> dict[str, Any]:
    from annolake.media.decode import as_json, examine

    peaks_path = request["peaks_path"]
    return {"probe": as_json(examine(Path(request["path"]), Path(peaks_path) if peaks_path else None))}


def _copied(request: dict[str, Any]) -> dict[str, Any]:
    from annolake.media.encode import CopyPlan, write_copy

    write_copy(Path(request["path"]), Path(request["copy_path"]), CopyPlan(**request["plan"]))
    return {"copied": True}


if __name__ == "__main__":
    main()
