"""Interval alpha of numbers that hardly anyone gives twice: the package's table of values x values has no room."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import Bench, Figures, Size, Way, same


def prepare(folder: Path, size: Size) -> None:
    """Coders x units of real numbers with noise: all values are distinct."""
    rng = np.random.default_rng(8)
    truth = rng.normal(0, 1, size["objects"])
    np.save(folder / "said.npy", truth + rng.normal(0, 0.5, (2, size["objects"])))


def _load(folder: Path, size: Size) -> Any:
    return np.load(folder / "said.npy")


def _work(said: Any) -> Figures:
    from transforms.agreement.alpha import alpha_of_ratings

    return {"alpha": alpha_of_ratings(said, "interval"), "distinct": len(np.unique(said))}


def _their_work(said: Any) -> Figures:
    import krippendorff

    return {"alpha": float(krippendorff.alpha(reliability_data=said, level_of_measurement="interval"))}


def check(found: Any) -> None:
    if "krippendorff" in found:
        same(found["annolake"]["alpha"], found["krippendorff"]["alpha"], 1e-9, "alpha")


BENCH = Bench(
    title="Krippendorff's alpha, interval, every value distinct",
    claim="is computed where the krippendorff package runs out of memory",
    data="{objects:,} objects x 2 annotators, every number distinct; the package may use 8 GiB",
    sizes={"tiny": {"objects": 100}, "small": {"objects": 1_000}, "full": {"objects": 250_000}},
    prepare=prepare,
    ways=(
        Way("annolake", _load, _work, "transforms.agreement.alpha"),
        Way("krippendorff", _load, _their_work, "krippendorff", is_baseline=True, memory_limit_gib=8, may_fail=True),
    ),
    check=check,
    repeats=3,
    shown=("alpha", "distinct"),
    reading="Seconds of annolake include counting the distinct values for this table.",
)
