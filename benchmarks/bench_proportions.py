"""Do 95 % intervals of a share right hold the true share 95 times in 100? Exactly, over all outcomes that can be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import Bench, Figures, Size, Way, same


def prepare(folder: Path, size: Size) -> None:
    """Nothing: outcomes are enumerated."""


def _load(folder: Path, size: Size) -> Any:
    return size


def _coverage(size: Size, interval: Any) -> Figures:
    """Mean and least coverage over true shares from .5 to .99, and mean width, for each number of gold items."""
    from scipy import stats

    shares = np.linspace(0.5, 0.99, size["shares"])
    figures: Figures = {}
    for n in size["items"]:
        right = np.arange(n + 1)
        lo, hi = interval(right.astype(float), np.full(n + 1, float(n)))
        often = stats.binom.pmf(right[None, :], n, shares[:, None])
        held = (lo[None, :] <= shares[:, None]) & (shares[:, None] <= hi[None, :])
        covered = (often * held).sum(axis=1)
        figures[f"coverage, {n} items"] = float(covered.mean())
        figures[f"least, {n} items"] = float(covered.min())
        figures[f"width, {n} items"] = float((often * (hi - lo)).sum(axis=1).mean())
    return figures


def _jeffreys(size: Any) -> Figures:
    from transforms.proportions import jeffreys

    return _coverage(size, jeffreys)


def _wald(size: Any) -> Figures:
    """The textbook's share +- 1.96 sqrt(p (1 - p) / n)."""

    def interval(right: Any, n: Any) -> tuple[Any, Any]:
        p = right / n
        reach = 1.96 * np.sqrt(p * (1 - p) / n)
        return np.maximum(p - reach, 0.0), np.minimum(p + reach, 1.0)

    return _coverage(size, interval)


def check(found: Any) -> None:
    for n in FULL["items"]:
        if (name := f"coverage, {n} items") in found["Jeffreys"]:
            same(found["Jeffreys"][name], 0.95, 0.02, name)


def _size(shares: int, *items: int) -> Size:
    return {"shares": shares, "items": items}


FULL = _size(500, 10, 20, 50, 200)
BENCH = Bench(
    title="coverage of 95 % intervals of shares",
    claim="Jeffreys' interval of gold accuracy and rework holds the true share in about 95 of 100 cases",
    data="n gold items, true shares from .5 to .99 in {shares} steps, every outcome weighed by its probability",
    sizes={"tiny": _size(20, 10), "small": _size(100, 10, 20, 50), "full": FULL},
    prepare=prepare,
    ways=(
        Way("Jeffreys", _load, _jeffreys, "transforms.proportions"),
        Way("Wald", _load, _wald, "scipy.stats"),
    ),
    check=check,
    rounds=1,
    shown=tuple(f"{what}, {n} items" for n in FULL["items"] for what in ("coverage", "least", "width")),
    reading="The least is that of the worst true share: no interval for whole counts reaches 95 % everywhere.",
)
