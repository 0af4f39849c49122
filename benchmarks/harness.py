"""How a benchmark is run: every way in a process of its own, ways taking turns, the same data for all.

A benchmark is a module `bench_<name>.py` with a `BENCH`. A way loads what it works on, then works; only the work is
timed, and the peak memory is that of its whole process. Ways take turns within a round, so that a slow phase of the
machine hits all of them; a ratio is taken within a round, and the median over rounds is reported. A way that would
take too long works on a share of the data and its time is multiplied (`times`), which the results say.
"""

from __future__ import annotations

import importlib
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
MIB = 1024.0
Size = Mapping[str, Any]
Figures = dict[str, Any]


def _whole(_: Size) -> float:
    return 1.0


@dataclass(frozen=True)
class Way:
    """One way to do the work. `load` is not timed; `work` takes what it gave and returns figures to compare."""

    name: str
    load: Callable[[Path, Size], Any]
    work: Callable[[Any], Figures]
    imports: str = ""  # modules that are there before the clock runs
    is_baseline: bool = False
    times: Callable[[Size], float] = _whole  # what the time on a share of the data is multiplied by
    memory_limit_gib: float | None = None
    may_fail: bool = False  # running out of the limit is a result, not a mistake
    note: str = ""


@dataclass(frozen=True)
class Bench:
    """A claim and how it is shown. `check` raises `AssertionError` where the ways do not give the same figures."""

    title: str
    claim: str
    data: str
    sizes: Mapping[str, Size]
    prepare: Callable[[Path, Size], None]
    ways: tuple[Way, ...]
    check: Callable[[Mapping[str, Figures]], None]
    rounds: int = 3
    repeats: int = 1  # of work in one process; its median counts, so that the first touch of memory does not
    shown: tuple[str, ...] = ()  # figures that belong in the results
    reading: str = ""


@dataclass
class Run:
    """What one way did in one round."""

    seconds: float
    peak_mib: float
    figures: Figures = field(default_factory=dict)
    failure: str | None = None


def names() -> list[str]:
    """Every benchmark, in order."""
    return sorted(p.stem.removeprefix("bench_") for p in Path(__file__).parent.glob("bench_*.py"))


def bench(name: str) -> Bench:
    found: Bench = importlib.import_module(f"benchmarks.bench_{name}").BENCH
    return found


def run(name: str, size: str, *, apart: bool = True, rounds: int | None = None) -> dict[str, list[Run]]:
    """All ways of a benchmark, in turns; `apart` gives each run a process of its own. Checks that they agree."""
    what = bench(name)
    runs: dict[str, list[Run]] = {way.name: [] for way in what.ways}
    folder = Path(tempfile.mkdtemp(prefix=f"annolake-bench-{name}-"))
    try:
        if apart:
            _child(name, "", size, folder)
        else:
            what.prepare(folder, what.sizes[size])
        for _ in range(rounds or what.rounds):
            for way in what.ways:
                one = (
                    _child(name, way.name, size, folder)
                    if apart
                    else run_way(way, folder, what.sizes[size], what.repeats)
                )
                if one.failure and not way.may_fail:
                    raise RuntimeError(f"{name}, {way.name}: {one.failure}")
                runs[way.name].append(one)
        what.check({way: done[0].figures for way, done in runs.items() if not done[0].failure})
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return runs


def run_way(way: Way, folder: Path, size: Size, repeats: int = 1) -> Run:
    """One way, in this process."""
    for module in way.imports.split():
        importlib.import_module(module)
    loaded = way.load(folder, size)
    if way.memory_limit_gib is not None:
        limit = int(way.memory_limit_gib * 2**30)
        before = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (limit, before[1]))
    took, figures, failure = [], {}, None
    for _ in range(repeats):
        begun = time.perf_counter()
        try:
            figures = way.work(loaded)
        except MemoryError as error:
            failure = f"MemoryError: {error}"
        took.append((time.perf_counter() - begun) * way.times(size))
    if way.memory_limit_gib is not None:
        resource.setrlimit(resource.RLIMIT_AS, before)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MIB
    return Run(statistics.median(took), peak, figures, failure)


def _child(name: str, way: str, size: str, folder: Path) -> Run:
    command = [sys.executable, "-m", "benchmarks.harness", name, way, size, str(folder)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=False, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}")
    return Run(**json.loads(done.stdout.splitlines()[-1]))


def _main(name: str, way: str, size: str, folder: str) -> None:
    # Run as a script this module is __main__; the benchmark's ways are of the imported one.
    what, of_size = bench(name), bench(name).sizes[size]
    if not way:
        what.prepare(Path(folder), of_size)
        done = Run(0.0, 0.0)
    else:
        done = run_way(next(w for w in what.ways if w.name == way), Path(folder), of_size, what.repeats)
    print(json.dumps(vars(done)))


def ratios(runs: Mapping[str, list[Run]], ours: str, baseline: str) -> list[float]:
    """Baseline over ours within each round; above 1 we are faster."""
    return [b.seconds / a.seconds for a, b in zip(runs[ours], runs[baseline], strict=True)]


def spread(values: list[float], digits: int = 3) -> str:
    """Median with the range: `0.21 (0.19-0.24)`.

    >>> spread([3.0, 1.0, 2.0])
    '2 (1-3)'
    """
    middle, low, high = (f"{v:.{digits}g}" for v in (statistics.median(values), min(values), max(values)))
    return middle if low == high else f"{middle} ({low}-{high})"


def same(left: Any, right: Any, tolerance: float, what: str) -> None:
    """Raise where two figures differ by more than the tolerance, relative to 1 or to their size."""
    if not abs(left - right) <= tolerance * max(1.0, abs(left), abs(right)):
        raise AssertionError(f"{what}: {left!r} and {right!r} differ by more than {tolerance:g}")


if __name__ == "__main__":
    _main(*sys.argv[1:])
