"""Coefficients of agreement, pure and small: the definitions that the SQL models are checked against.

Each takes counts or sums and returns a number, or NaN where the coefficient is undefined (nobody disagrees because
there is one label, or nothing can be paired). 1 is full agreement, 0 what chance gives, negative is worse than chance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from transforms.encode import Floats

NOMINAL, ORDINAL, INTERVAL, RATIO = "nominal", "ordinal", "interval", "ratio"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its standard error and 95 % interval; NaN where undefined."""

    value: float
    se: float
    lo: float
    hi: float
    n: int


def krippendorff_alpha(counts: Floats, values: Floats | None = None, level: str = NOMINAL) -> float:
    """Krippendorff's alpha of a units x values table of counts; units with fewer than two counts say nothing.

    `values` are the numbers that the columns stand for (needed for interval and ratio; columns ascend for ordinal).
    Krippendorff, "Content Analysis: An Introduction to Its Methodology" (2018). Not for few units: it is biased
    downwards there. For level interval neither time nor memory grows with the square of the number of values.

    >>> round(krippendorff_alpha(np.array([[2, 0], [1, 1], [0, 2]])), 4)
    0.4444
    """
    counts = np.asarray(counts, dtype=np.float64)
    n = counts.sum(axis=1)
    counts, n = counts[n >= 2], n[n >= 2]
    total = n.sum()
    if total == 0:
        return float("nan")
    of_value = counts.sum(axis=0)
    columns = np.arange(counts.shape[1], dtype=np.float64) if values is None else np.asarray(values, dtype=np.float64)
    if level == INTERVAL:
        observed = (_squared_differences(counts, n, columns) / (n - 1)).sum() / total
        expected = _squared_differences(of_value[None, :], np.array([total]), columns)[0] / (total * (total - 1))
    else:
        distance = _distance(level, of_value, columns)
        pairs = np.einsum("uv,vw,uw->u", counts, distance, counts)
        observed = (pairs / (n - 1)).sum() / total
        expected = float(of_value @ distance @ of_value) / (total * (total - 1))
    return float(1.0 - observed / expected) if expected > 0 else float("nan")


def _squared_differences(counts: Floats, n: Floats, values: Floats) -> Floats:
    """Sum of squared differences of all ordered pairs of each row, without forming the pairs."""
    centred = values - np.average(values, weights=counts.sum(axis=0)) if counts.sum() else values
    return np.asarray(2.0 * n * (counts @ centred**2) - 2.0 * (counts @ centred) ** 2)


def _distance(level: str, of_value: Floats, values: Floats) -> Floats:
    if level == NOMINAL:
        return np.asarray(1.0 - np.eye(len(values)))
    if level == ORDINAL:
        rank = np.cumsum(of_value) - of_value / 2.0
        return np.asarray((rank[:, None] - rank[None, :]) ** 2)
    if level == RATIO:
        sums = values[:, None] + values[None, :]
        return np.asarray(
            np.divide(values[:, None] - values[None, :], sums, out=np.zeros_like(sums), where=sums != 0) ** 2
        )
    raise ValueError(f"level is {level!r}; it is one of nominal, ordinal, interval, ratio")


def alpha_from_sums(d_obs: float, label_mass: Floats, *, is_count: bool) -> float:
    """Nominal alpha from summed disagreement mass and the mass of each label.

    Counts have Krippendorff's correction for few values (N - 1); durations have none, as time is not counted.
    """
    label_mass = np.asarray(label_mass, dtype=np.float64)
    total = label_mass.sum()
    expected = total**2 - (label_mass**2).sum()
    if expected <= 1e-9 * total**2:
        return float("nan")
    return float(1.0 - (total - (1.0 if is_count else 0.0)) * d_obs / expected)


def fleiss_kappa(counts: Floats) -> float:
    """Fleiss' kappa (1971) of a units x labels table; every unit has the same number of labels."""
    counts = np.asarray(counts, dtype=np.float64)
    n = counts.sum(axis=1)
    if not len(n) or n[0] < 2 or (n != n[0]).any():
        return float("nan")
    observed = (((counts**2).sum(axis=1) - n) / (n * (n - 1))).mean()
    expected = ((counts.sum(axis=0) / counts.sum()) ** 2).sum()
    return float((observed - expected) / (1 - expected)) if expected < 1 else float("nan")


def cohen_kappa(table: Floats) -> float:
    """Cohen's kappa (1960) of the contingency table of two annotators."""
    table = np.asarray(table, dtype=np.float64)
    total = table.sum()
    if total == 0:
        return float("nan")
    observed = np.trace(table) / total
    expected = (table.sum(axis=0) @ table.sum(axis=1)) / total**2
    return float((observed - expected) / (1 - expected)) if expected < 1 else float("nan")


def gwet_ac1(counts: Floats) -> float:
    """Gwet's AC1 (2008, doi:10.1348/000711006X126600) of a units x labels table; steady where one label prevails."""
    counts = np.asarray(counts, dtype=np.float64)
    n = counts.sum(axis=1)
    pairable = n >= 2
    n_labels = int((counts.sum(axis=0) > 0).sum())
    if not pairable.any() or n_labels < 2:
        return float("nan")
    c, m = counts[pairable], n[pairable]
    observed = (((c**2).sum(axis=1) - m) / (m * (m - 1))).mean()
    share = (c / m[:, None]).mean(axis=0)
    expected = (share * (1 - share)).sum() / (n_labels - 1)
    return float((observed - expected) / (1 - expected))


def jackknife(n_items: int, statistic: Callable[[np.ndarray], float], *, confidence: float = 0.95) -> Estimate:
    """Delete-one-item jackknife with a t quantile: `statistic` takes the positions of the items that are kept.

    The items are the clusters (media, not moments). The interval is NaN under three items, or where the statistic is
    undefined without one of them.
    """
    everything = np.arange(n_items)
    value = statistic(everything)
    nothing = Estimate(value, float("nan"), float("nan"), float("nan"), n_items)
    if n_items < 3:
        return nothing
    without = np.array([statistic(np.delete(everything, k)) for k in range(n_items)])
    if np.isnan(without).any():
        return nothing
    se = float(np.sqrt((n_items - 1) / n_items * ((without - without.mean()) ** 2).sum()))
    reach = float(stats.t.ppf(0.5 + confidence / 2, n_items - 1)) * se
    return Estimate(value, se, value - reach, value + reach, n_items)


def pairwise_scores(shared_s: Floats) -> tuple[float, float, float]:
    """Precision, recall and F of "same label at two moments" from the seconds shared by every two labels.

    Rows are labels of the reference, columns those of the estimate; label names need not correspond (letters of a
    song's parts, say). Levy and Sandler (2008, doi:10.1109/TASL.2007.910781), with exact durations. Not as the only
    figure: one long segment over everything scores well.
    """
    table = np.asarray(shared_s, dtype=np.float64)
    both, rows, columns = (float((part**2).sum()) for part in (table, table.sum(axis=1), table.sum(axis=0)))
    if rows == 0 or columns == 0:
        return float("nan"), float("nan"), float("nan")
    return both / columns, both / rows, 2.0 * both / (rows + columns)
