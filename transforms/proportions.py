"""Intervals of proportions."""

from __future__ import annotations

import numpy as np
from scipy import special

from transforms.encode import Floats


def jeffreys(right: Floats, n: Floats, *, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Jeffreys interval of right / n: quantiles of Beta(right + 1/2, n - right + 1/2).

    The lower end is 0 where nothing was right, the upper one 1 where everything was; both NaN where n is 0.
    L. D. Brown, T. T. Cai, A. DasGupta (2001), doi:10.1214/ss/1009213286.

    >>> lo, hi = jeffreys(np.array([18.0]), np.array([20.0]))
    >>> [round(float(x), 3) for x in (lo[0], hi[0])]
    [0.716, 0.979]
    """
    right, n = np.asarray(right, dtype=np.float64), np.asarray(n, dtype=np.float64)
    tail = (1.0 - confidence) / 2.0
    a, b = np.maximum(right, 0.0) + 0.5, np.maximum(n - right, 0.0) + 0.5
    lo = np.where(right <= 0, 0.0, special.betaincinv(a, b, tail))
    hi = np.where(right >= n, 1.0, special.betaincinv(a, b, 1.0 - tail))
    return np.where(n > 0, lo, np.nan), np.where(n > 0, hi, np.nan)
