"""Percentiles from counts that can be added up: bins of the logarithm with a bound on the relative error.

Bin b holds the values in (g^(b-1), g^b] with g = (1 + a) / (1 - a), and stands for its middle 2 g^b / (g + 1), which is
at most a = 1 % of the value off, whatever the value. The k-th smallest value is in the bin where the running count
reaches k, so every percentile (nearest rank) read from the histogram is at most 1 % off the true one; and since counts
add up, so it is for any union of jobs, workers and labels. Values under a thousandth count as a thousandth.

Source: C. Masson, J. E. Rim, H. K. Lee: DDSketch, PVLDB 12 (2019), doi:10.14778/3352063.3352135, section 2.
`sql/gold/worker_speed.sql` and `sql/gold/segment_length.sql` say the same in SQL.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

ERROR = 0.01
GROWTH = (1 + ERROR) / (1 - ERROR)
LEAST = 0.001

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def bins(values: Floats) -> Ints:
    """The bin of each value.

    >>> bins(np.array([0.0, 0.001, 1.0, 60.0])).tolist()
    [-345, -345, 0, 205]
    """
    return np.asarray(np.ceil(np.log(np.maximum(values, LEAST)) / np.log(GROWTH)), dtype=np.int64)


def middle(of: Ints) -> Floats:
    """The value that a bin stands for."""
    return 2.0 * GROWTH ** of.astype(np.float64) / (GROWTH + 1.0)


def percentile(of: Ints, counts: Ints, share: float) -> float:
    """The value that `share` (0 to 1) of the counted values do not exceed, by nearest rank; NaN where none are."""
    total = int(counts.sum())
    if not total:
        return float("nan")
    order = np.argsort(of, kind="stable")
    rank = max(int(np.ceil(share * total)), 1)
    at = int(np.searchsorted(np.cumsum(counts[order]), rank))
    return float(middle(of[order][at : at + 1])[0])
