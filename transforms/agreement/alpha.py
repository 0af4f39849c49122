"""Krippendorff's alpha from ratings as they are: for very many units, and for values that are seldom given twice.

`coefficients.krippendorff_alpha` takes a table of units x values, which has no room where every value is a number of
its own. Here time follows the number of ratings and memory stays small: units are taken in blocks, squared differences
need only sums, and the distance of ordinal values is the squared difference of their middle ranks.
Krippendorff, "Content Analysis" (2018), chapter 12.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from transforms.agreement.coefficients import INTERVAL, NOMINAL, ORDINAL
from transforms.encode import Flags, Floats

UNITS_AT_ONCE = 1 << 15  # so that what is worked on stays in the processor's cache
SMALL = 1 << 15  # whole numbers below are their own codes
Ratings: TypeAlias = npt.NDArray[Any]


def alpha_of_ratings(ratings: Floats, level: str = NOMINAL) -> float:
    """Alpha of ratings x units; NaN is a rating that is not there.

    A row is one annotator, or the k-th rating of each unit: who gave a rating does not matter to alpha. Levels
    nominal, ordinal and interval; a unit with one rating carries no information. NaN where nothing can be paired, or
    where all ratings are the same.

    >>> round(alpha_of_ratings(np.array([[1.0, 1.0, 2.0], [1.0, 2.0, 2.0]])), 4)
    0.4444
    """
    if level not in (NOMINAL, ORDINAL, INTERVAL):
        raise ValueError(f"level is {level!r}; it is one of nominal, ordinal, interval")
    if level == NOMINAL:
        return _from_sums(*_unequal(*_coded(ratings)))
    if level == ORDINAL:
        codes, n_values = _coded(ratings)
        of_value = sum((np.bincount(block[said], minlength=n_values) for block, said in _pairable(codes)), np.int64(0))
        middle = np.append(np.cumsum(of_value) - np.asarray(of_value) / 2.0, 0.0)
        return _from_sums(*_squares(codes, lambda block: middle[block]))
    lowest, highest = _range(ratings)
    return _from_sums(*_squares(ratings, lambda block: np.nan_to_num(block - (lowest + highest) / 2.0)))


def _from_sums(total: int, observed: float, expected: float) -> float:
    return float(1.0 - (total - 1) * observed / expected) if expected > 0 else float("nan")


def _range(ratings: Floats) -> tuple[float, float]:
    blocks = [ratings[:, k : k + UNITS_AT_ONCE] for k in range(0, ratings.shape[1], UNITS_AT_ONCE)]
    if not ratings.size:
        return 0.0, 0.0
    ends = [(np.fmin.reduce(block, axis=None), np.fmax.reduce(block, axis=None)) for block in blocks]
    return float(np.nan_to_num(min(low for low, _ in ends))), float(np.nan_to_num(max(high for _, high in ends)))


def _pairable(codes: Ratings) -> Iterator[tuple[Ratings, Flags]]:
    """Blocks of units, and in each the ratings of units that have two or more."""
    for first in range(0, codes.shape[1], UNITS_AT_ONCE):
        block = codes[:, first : first + UNITS_AT_ONCE]
        said = block >= 0 if block.dtype.kind == "i" else ~np.isnan(block)
        yield block, said & (said.sum(axis=0) >= 2)


def _coded(ratings: Floats) -> tuple[Ratings, int]:
    """Each rating's position among the values in ascending order, -1 where there is none; how many values there are."""
    lowest, highest = _range(ratings)
    if lowest >= 0 and highest < SMALL - 1:
        codes = np.empty(ratings.shape, dtype=np.int16)
        for first in range(0, ratings.shape[1], UNITS_AT_ONCE):
            here = slice(first, first + UNITS_AT_ONCE)
            block = np.where(np.isnan(ratings[:, here]), -1.0, ratings[:, here])
            codes[:, here] = block
            if (codes[:, here] != block).any():
                break
        else:
            return codes, int(highest) + 1
    values, at = np.unique(ratings, return_inverse=True)  # NaN comes last
    n_values = len(values) - bool(len(values) and np.isnan(values[-1]))
    at = at.reshape(ratings.shape)
    return np.where(at < n_values, at, -1), n_values


def _unequal(codes: Ratings, n_values: int) -> tuple[int, float, float]:
    """Ratings; unequal ordered pairs inside of the units, each over n - 1; unequal pairs among all ratings."""
    of_value, observed = np.zeros(n_values, dtype=np.int64), 0.0
    pairs_are_few = len(codes) * (len(codes) - 1) <= 2 * n_values
    for block, said in _pairable(codes):
        n = said.sum(axis=0)
        of_value += np.bincount(block[said], minlength=n_values)
        apart = _by_pairs(block, said) if pairs_are_few else _by_counts(block, said, n_values)
        observed += float((apart / np.maximum(n - 1, 1)).sum())
    total = int(of_value.sum())
    return total, observed, float(total) ** 2 - float((of_value.astype(np.float64) ** 2).sum())


def _by_pairs(block: Ratings, said: Flags) -> Ratings:
    apart = np.zeros(block.shape[1], dtype=np.int64)
    for k in range(1, len(block)):
        for other in range(k):
            apart += (block[k] != block[other]) & said[k] & said[other]
    return 2 * apart


def _by_counts(block: Ratings, said: Flags, n_values: int) -> Ratings:
    n_units = block.shape[1]
    cell = (np.arange(n_units) * n_values + block)[said]
    cells, count = np.unique(cell, return_counts=True)
    squares = np.bincount(cells // n_values, weights=count**2, minlength=n_units)
    return np.asarray(said.sum(axis=0) ** 2 - squares)


def _squares(ratings: Ratings, numbers: Callable[[Ratings], Floats]) -> tuple[int, float, float]:
    """As `_unequal`, for squared differences of the numbers that stand for ratings."""
    total, observed, sums, squares = 0, 0.0, 0.0, 0.0
    for block, said in _pairable(ratings):
        n = said.sum(axis=0)
        x = np.where(said, numbers(block), 0.0)
        of_unit, of_unit_squared = x.sum(axis=0), (x**2).sum(axis=0)
        observed += float(((n * of_unit_squared - of_unit**2) / np.maximum(n - 1, 1)).sum())
        total, sums, squares = total + int(n.sum()), sums + float(of_unit.sum()), squares + float(of_unit_squared.sum())
    return total, 2.0 * observed, 2.0 * (total * squares - sums**2)
