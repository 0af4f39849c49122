"""Nominal alpha of a million objects, against the package that most people use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import Bench, Figures, Size, Way, same


def prepare(folder: Path, size: Size) -> None:
    """Coders x units; a truth, and each coder right in seven of ten."""
    rng = np.random.default_rng(7)
    truth = rng.integers(0, size["labels"], size["objects"])
    said = rng.integers(0, size["labels"], (size["annotators"], size["objects"]))
    right = rng.random(said.shape) < 0.7
    np.save(folder / "said.npy", np.where(right, truth, said).astype(np.float64))


def _load(folder: Path, size: Size) -> Any:
    return np.load(folder / "said.npy")


def _work(said: Any) -> Figures:
    from transforms.agreement.alpha import alpha_of_ratings

    return {"alpha": alpha_of_ratings(said)}


def _their_work(said: Any) -> Figures:
    import krippendorff

    return {"alpha": float(krippendorff.alpha(reliability_data=said, level_of_measurement="nominal"))}


def check(found: Any) -> None:
    same(found["annolake"]["alpha"], found["krippendorff"]["alpha"], 1e-9, "alpha")


BENCH = Bench(
    title="Krippendorff's alpha, nominal",
    claim="at least 50 times the krippendorff package, the same value to nine digits",
    data="{objects:,} objects x {annotators} annotators, {labels} labels, from one matrix of coders x units in memory",
    sizes={
        "tiny": {"objects": 200, "annotators": 3, "labels": 10},
        "small": {"objects": 100_000, "annotators": 3, "labels": 10},
        "full": {"objects": 1_000_000, "annotators": 3, "labels": 10},
    },
    prepare=prepare,
    ways=(
        Way("annolake", _load, _work, "transforms.agreement.alpha"),
        Way("krippendorff", _load, _their_work, "krippendorff", is_baseline=True),
    ),
    check=check,
    repeats=3,
    shown=("alpha",),
)
