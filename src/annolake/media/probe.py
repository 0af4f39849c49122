"""Probe and copy untrusted media in child processes with limits of time and memory.

A file that crashes the decoder or never ends costs one child and becomes a `MediaError`; the child is replaced and
the others go on. Children live on between files: starting Python and FFmpeg takes longer than most probes.
"""

from __future__ import annotations

import queue
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from annolake.errors import MediaError
from annolake.media.decode import Probe
from annolake.processes.asked import AskedChild, ChildDied, ChildLate

__all__ = ["Limits", "Probe", "Prober", "probe"]

KEPT_ENVIRONMENT = ("PATH", "PYTHONPATH", "HOME", "LANG", "LC_ALL", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "TMPDIR")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may take: seconds (more for large files) and bytes of address space."""

    seconds: float = 60.0
    seconds_per_mb: float = 0.5
    copy_seconds: float = 120.0
    copy_seconds_per_s: float = 4.0
    """Of media: pictures in 4K take longer to copy than to watch."""
    memory_bytes: int = 3 << 30

    def seconds_for(self, size: int) -> float:
        return self.seconds + self.seconds_per_mb * size / 1e6

    def copy_seconds_for(self, duration_s: float) -> float:
        return self.copy_seconds + self.copy_seconds_per_s * duration_s


class Prober:
    """A few children that probe; safe to call from as many threads. Use it as a context."""

    def __init__(self, children: int = 1, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._free: queue.LifoQueue[_Child | None] = queue.LifoQueue()
        for _ in range(children):
            self._free.put(None)  # started when first needed
        self._n = children

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for child in [self._free.get() for _ in range(self._n)]:
            if child is not None:
                child.close()

    def probe(self, path: Path, peaks_path: Path | None = None) -> Probe:
        """What the file is; writes its peaks. Raises `MediaError` with code and reason where it cannot be used."""
        request = {"path": str(path), "peaks_path": peaks_path and str(peaks_path)}
        answer = self._ask(request, self.limits.seconds_for(_size(path)))
        return Probe(**{**answer["probe"], "notes": tuple(answer["probe"]["notes"])})

    def copy(self, path: Path, probe: Probe, to: Path) -> None:
        """Write the copy that browsers play (`encode.write_copy`); raises `MediaError` where there can be none."""
        plan = {name: getattr(probe, name) for name in ("duration_s", "channels", "width_px", "height_px", "fps")}
        request = {"path": str(path), "copy_path": str(to), "plan": plan}
        self._ask(request, self.limits.copy_seconds_for(probe.duration_s))

    def _ask(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        child = self._free.get()
        try:
            child = child or _Child(self.limits.memory_bytes)
            answer = child.ask({**request, "seconds": seconds}, seconds)
        except BaseException:
            if child is not None:
                child.close()
                child = None
            raise
        finally:
            self._free.put(child)
        if "code" in answer:
            raise MediaError(answer["code"], answer["message"], hint=answer["hint"])
        return answer


def probe(path: Path, peaks_path: Path | None = None, limits: Limits | None = None) -> Probe:
    """Probe one file in a child of its own."""
    with Prober(1, limits) as prober:
        return prober.probe(path, peaks_path)


class _Child(AskedChild):
    """One running child; what goes wrong with it is the file's fault."""

    def __init__(self, memory_bytes: int) -> None:
        threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        super().__init__(
            "annolake.media.child",
            str(memory_bytes),
            kept=KEPT_ENVIRONMENT,  # no secrets near the decoders
            environment=threads,
            stderr=subprocess.DEVNULL,
        )

    def ask(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        """The answer; raises `MediaError` where there is none in time or the child died of the file."""
        try:
            return super().ask(request, seconds)
        except ChildLate:
            raise _timed_out(seconds) from None
        except ChildDied as death:
            raise _crashed(death.code) from None


def _crashed(code: int) -> MediaError:
    if code == -signal.SIGXCPU:
        return _timed_out(None)
    how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    return MediaError("decode_error", f"The decoder crashed on it ({how}).", hint="Convert it with another program.")


def _timed_out(seconds: float | None) -> MediaError:
    after = f" after {seconds:.0f} s" if seconds else ""
    return MediaError("timed_out", f"Decoding it did not end{after}.", hint="Convert it, then ingest it again.")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise MediaError("unreadable", f"The file cannot be opened: {error.strerror}.") from None
