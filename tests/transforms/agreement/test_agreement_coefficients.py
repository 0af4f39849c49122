"""Published values of the coefficients, and an independent implementation as oracle."""

from __future__ import annotations

import krippendorff
import numpy as np
import pytest

from tests.transforms.test_consensus import PATIENTS
from transforms.agreement import coefficients as c

FOUR_CODERS = """1 2 3 3 2 1 4 1 2 . . .
1 2 3 3 2 2 4 1 2 5 . 3
. 3 3 3 2 3 4 2 2 5 1 .
1 2 3 3 2 4 4 1 2 5 1 ."""
THREE_CODERS = """. . . . . 3 4 1 2 1 1 3 3 . 3
1 . 2 1 3 3 4 3 . . . . . . .
. . 2 1 3 4 4 . 2 1 1 3 3 . 4"""
LEVELS = (c.NOMINAL, c.ORDINAL, c.INTERVAL, c.RATIO)


def reliability(text: str) -> np.ndarray:
    """Coders x units, NaN where missing."""
    return np.array([[np.nan if x == "." else float(x) for x in line.split()] for line in text.splitlines()])


def counted(data: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    values = np.unique(data[~np.isnan(data)])
    return (data[:, :, None] == values).sum(axis=0).astype(float), values


@pytest.mark.parametrize(
    ("text", "expected"),
    [(FOUR_CODERS, (0.7434, 0.8154, 0.8491, 0.7974)), (THREE_CODERS, (0.6914, 0.8067, 0.8108, 0.8089))],
)
def test_krippendorff_alpha_at_every_level(text: str, expected: tuple[float, ...]) -> None:
    counts, values = counted(reliability(text))
    found = [c.krippendorff_alpha(counts, values, level) for level in LEVELS]
    assert found == pytest.approx(expected, abs=5e-5)


def test_krippendorff_alpha_of_two_coders() -> None:
    dichotomy, _ = counted(reliability("1 1 0 0 0 0 0 0 0 0\n0 1 1 0 0 1 0 1 0 0"))
    assert c.krippendorff_alpha(dichotomy) == pytest.approx(0.095, abs=5e-4)
    letters = [[*"aabbbbbccccc"], [*"abbbbbcccccc"]]
    numbers = np.array([["abc".index(x) for x in row] for row in letters], dtype=float)
    assert c.krippendorff_alpha(counted(numbers)[0]) == pytest.approx(1 - 0.1667 / 0.6268, abs=1e-3)


def test_alpha_of_the_patients() -> None:
    words = PATIENTS.split()
    rows = [
        [int(x) for x in first.split(":")[1] + others] for first, others in zip(words[::2], words[1::2], strict=True)
    ]
    data = np.array(rows, dtype=float).T
    counts, values = counted(data)
    found = [c.krippendorff_alpha(counts, values, level) for level in LEVELS[:3]]
    assert found == pytest.approx([0.5826, 0.7956, 0.7910], abs=5e-5)
    counts, values = counted(data[[0, 3, 4, 5, 6]])
    assert c.krippendorff_alpha(counts, values) == pytest.approx(0.5843, abs=5e-5)
    assert c.krippendorff_alpha(counts, values, c.ORDINAL) == pytest.approx(0.8119, abs=5e-5)


@pytest.mark.parametrize("level", LEVELS)
def test_alpha_against_the_krippendorff_package(level: str) -> None:
    rng = np.random.default_rng(3)
    for _ in range(5):
        truth = rng.integers(1, 6, 60)
        data = np.clip(truth + rng.integers(-1, 2, (4, 60)), 1, 6).astype(float)
        data[rng.random(data.shape) < 0.3] = np.nan
        counts, values = counted(data)
        expected = krippendorff.alpha(reliability_data=data, level_of_measurement=level)
        assert c.krippendorff_alpha(counts, values, level) == pytest.approx(expected, abs=1e-12)


def test_alpha_from_sums_is_alpha_of_counts() -> None:
    counts, _ = counted(reliability(FOUR_CODERS))
    counts = counts[counts.sum(axis=1) >= 2]
    n = counts.sum(axis=1)
    d_obs = float(((n**2 - (counts**2).sum(axis=1)) / (n - 1)).sum())
    assert c.alpha_from_sums(d_obs, counts.sum(axis=0), is_count=True) == pytest.approx(0.7434, abs=5e-5)


FLEISS = """444444 222555 233335 555555 222444 113333 333355 113334 114444 555555 144444 124444 222333 144444 224445
333335 111455 111112 224444 133555 555555 244444 224555 114444 144445 222224 111155 224444 133333 555555"""


def test_fleiss_kappa() -> None:
    counts = np.array([[word.count(str(k)) for k in range(1, 6)] for word in FLEISS.split()], dtype=float)
    assert len(counts) == 30
    assert c.fleiss_kappa(counts) == pytest.approx(0.4302, abs=5e-5)
    assert c.krippendorff_alpha(counts) == pytest.approx(0.4334, abs=5e-5)
    by_category = [c.fleiss_kappa(np.stack([yes, 6 - yes], axis=1)) for yes in counts.T]
    assert by_category == pytest.approx([0.245, 0.245, 0.520, 0.471, 0.566], abs=6e-4)
    ten = "0 0 0 0 14;0 2 6 4 2;0 0 3 5 6;0 3 9 2 0;2 2 8 1 1;7 7 0 0 0;3 2 6 3 0;2 5 3 2 2;6 5 2 1 0;0 2 2 3 7"
    table = np.array([[float(x) for x in row.split()] for row in ten.split(";")])
    assert c.fleiss_kappa(table) == pytest.approx(0.2099, abs=5e-5)
    assert np.isnan(c.fleiss_kappa(np.array([[2.0, 0.0], [2.0, 1.0]])))


def units_of(table: list[list[int]]) -> np.ndarray:
    """A contingency table of two annotators as units x labels counts."""
    rows = []
    for i, row in enumerate(table):
        for j, n in enumerate(row):
            unit = np.zeros(len(table))
            unit[i] += 1
            unit[j] += 1
            rows += [unit] * n
    return np.array(rows)


def test_cohen_and_gwet() -> None:
    assert c.cohen_kappa(np.array([[20, 5], [10, 15]])) == pytest.approx(0.400)
    assert c.cohen_kappa(np.array([[80, 7], [8, 5]])) == pytest.approx(0.3144, abs=5e-5)
    assert c.gwet_ac1(units_of([[80, 7], [8, 5]])) == pytest.approx(0.808, abs=5e-4)


@pytest.mark.parametrize(
    ("table", "kappa", "ac1"),
    [([[40, 5], [5, 50]], 0.798, 0.802), ([[85, 5], [5, 5]], 0.444, 0.878), ([[118, 5], [2, 0]], -0.023, 0.941)],
)
def test_prevalence_paradox(table: list[list[int]], kappa: float, ac1: float) -> None:
    """Nearly the same observed agreement, very different kappa: the reason to show AC1 and prevalence beside alpha."""
    assert c.cohen_kappa(np.array(table)) == pytest.approx(kappa, abs=6e-4)
    assert c.gwet_ac1(units_of(table)) == pytest.approx(ac1, abs=6e-4)


def test_undefined_is_nan_not_zero_or_one() -> None:
    same = np.array([[3.0, 0.0], [3.0, 0.0]])
    for coefficient in (c.krippendorff_alpha, c.fleiss_kappa, c.gwet_ac1, c.cohen_kappa):
        assert np.isnan(coefficient(same if coefficient is not c.cohen_kappa else np.array([[9.0, 0.0], [0.0, 0.0]])))
        assert np.isnan(coefficient(np.zeros((0, 2))))
    assert np.isnan(c.krippendorff_alpha(np.array([[1.0, 0.0], [0.0, 1.0]])))  # one answer an object
    assert np.isnan(c.alpha_from_sums(0.0, np.array([12.0]), is_count=False))
    assert np.isnan(c.pairwise_scores(np.zeros((0, 0)))).all()


def test_jackknife_of_a_mean_is_the_classic_standard_error() -> None:
    values = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    found = c.jackknife(5, lambda kept: float(values[kept].mean()))
    assert found.se == pytest.approx(values.std(ddof=1) / np.sqrt(5))
    assert found.hi - found.value == pytest.approx(2.7764451 * found.se)
    assert np.isnan(c.jackknife(2, lambda kept: 1.0).lo)
