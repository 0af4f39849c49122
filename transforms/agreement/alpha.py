"""Krippendorff's alpha from votes one by one: for very many units, and for values that are seldom given twice.

`coefficients.krippendorff_alpha` takes a table of units x values, which has no room where every value is a number of
its own. Here time and memory follow the number of votes: squared differences need only sums, and the distance of
ordinal values is the squared difference of their middle ranks. Krippendorff, "Content Analysis" (2018), chapter 12.
"""

from __future__ import annotations

import numpy as np

from transforms.agreement.coefficients import INTERVAL, NOMINAL, ORDINAL
from transforms.encode import Floats, Ints

CELLS_PER_VOTE = 8  # a table of units x values this sparse is still counted faster than votes are sorted


def alpha_of_votes(unit: Ints, value: Floats | Ints, level: str = NOMINAL) -> float:
    """Alpha of votes: `unit` is the position of the thing voted on, `value` what was said; NaN says nothing.

    Levels nominal, ordinal and interval; a unit with one vote carries no information. NaN where nothing can be
    paired, or where all votes are the same. Rows may come in any order, a unit may have any number of votes.

    >>> round(alpha_of_votes(np.array([0, 0, 1, 1, 2, 2]), np.array([1.0, 1.0, 1.0, 2.0, 2.0, 2.0])), 4)
    0.4444
    """
    if level not in (NOMINAL, ORDINAL, INTERVAL):
        raise ValueError(f"level is {level!r}; it is one of nominal, ordinal, interval")
    if value.dtype.kind == "f" and np.isnan(value).any():
        said = ~np.isnan(value)
        unit, value = unit[said], value[said]
    n = np.bincount(unit)
    if (n == 1).any():
        several = n[unit] >= 2
        unit, value = unit[several], value[several]
        n = np.bincount(unit, minlength=len(n))
    total = int(n.sum())
    if not total:
        return float("nan")
    if level == NOMINAL:
        observed, expected = _unequal(unit, value, n)
    else:
        observed, expected = _squares(unit, _middle_ranks(value) if level == ORDINAL else value, n)
    return float(1.0 - (total - 1) * observed / expected) if expected > 0 else float("nan")


def _unequal(unit: Ints, value: Floats | Ints, n: Ints) -> tuple[float, float]:
    """Unequal ordered pairs: inside of the units, each over n - 1, and among all votes."""
    code, n_values = _codes(value)
    cell = unit * n_values + code
    if len(n) * n_values <= CELLS_PER_VOTE * len(unit):
        count = np.bincount(cell, minlength=len(n) * n_values)
        squares = np.einsum("uv,uv->u", *[count.reshape(len(n), n_values)] * 2)
    else:
        cells, count = np.unique(cell, return_counts=True)
        squares = np.bincount(cells // n_values, weights=count**2, minlength=len(n))
    of_value = np.bincount(code).astype(np.float64)
    observed = ((n**2 - squares) / np.maximum(n - 1, 1)).sum()
    return float(observed), float(of_value.sum() ** 2 - (of_value**2).sum())


def _squares(unit: Ints, value: Floats | Ints, n: Ints) -> tuple[float, float]:
    """Squared differences of all ordered pairs: inside of the units, each over n - 1, and among all votes."""
    apart = value - value.mean()
    inside = n * np.bincount(unit, apart**2, len(n)) - np.bincount(unit, apart, len(n)) ** 2
    everywhere = len(apart) * (apart @ apart) - apart.sum() ** 2
    return float(2.0 * (inside / np.maximum(n - 1, 1)).sum()), float(2.0 * everywhere)


def _middle_ranks(value: Floats | Ints) -> Floats:
    code, n_values = _codes(value)
    of_value = np.bincount(code, minlength=n_values)
    return np.asarray((np.cumsum(of_value) - of_value / 2.0)[code], dtype=np.float64)


def _codes(value: Floats | Ints) -> tuple[Ints, int]:
    """Each value's position among the distinct ones; small whole numbers are their own."""
    low, high = float(value.min()), float(value.max())
    if low >= 0 and high < CELLS_PER_VOTE * len(value):
        whole = value.astype(np.int64)
        if value.dtype.kind in "iu" or (whole == value).all():
            return whole, int(high) + 1
    distinct, code = np.unique(value, return_inverse=True)
    return code.ravel().astype(np.int64), len(distinct)
