"""Alpha of ratings against its table form, the krippendorff package and the published values."""

from __future__ import annotations

import krippendorff
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.agreement import alpha as module
from transforms.agreement.alpha import alpha_of_ratings

NA = np.nan
CANONICAL = np.array([
    [1, 2, 3, 3, 2, 1, 4, 1, 2, NA, NA, NA],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NA, 3],
    [NA, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NA],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NA],
])  # fmt: skip
LEVELS = ("nominal", "ordinal", "interval")


@pytest.mark.parametrize(("level", "value"), list(zip(LEVELS, (0.7434, 0.8154, 0.8491), strict=True)))
def test_published_values(level: str, value: float) -> None:
    assert alpha_of_ratings(CANONICAL, level) == pytest.approx(value, abs=5e-5)


@given(
    st.integers(0, 10_000),
    st.integers(2, 9),
    st.integers(2, 30),
    st.sampled_from(LEVELS),
    st.sampled_from([1, 0.5, 40]),
)
def test_like_the_package(seed: int, n_raters: int, n_units: int, level: str, scale: float) -> None:
    rng = np.random.default_rng(seed)
    ratings = rng.integers(0, 4, (n_raters, n_units)) * float(scale) - (1 if seed % 2 else 0)
    ratings[rng.random(ratings.shape) < 0.3] = NA
    paired = ratings[:, (~np.isnan(ratings)).sum(axis=0) >= 2]
    found = alpha_of_ratings(ratings, level)
    if len(np.unique(paired[~np.isnan(paired)])) < 2:
        assert np.isnan(found)
    else:
        wanted = krippendorff.alpha(reliability_data=paired, level_of_measurement=level)
        assert found == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize("level", LEVELS)
def test_blocks_and_order_do_not_matter(level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = alpha_of_ratings(CANONICAL, level)
    monkeypatch.setattr(module, "UNITS_AT_ONCE", 5)
    assert alpha_of_ratings(CANONICAL, level) == pytest.approx(whole, abs=1e-12)
    assert alpha_of_ratings(CANONICAL[::-1, ::-1], level) == pytest.approx(whole, abs=1e-12)
    assert alpha_of_ratings(np.sort(CANONICAL, axis=0), level) == pytest.approx(whole, abs=1e-12)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    "ratings", [np.empty((0, 0)), np.empty((2, 0)), np.full((3, 4), NA), np.ones((3, 4)), np.array([[1.0, 2.0, 3.0]])]
)
def test_undefined_is_nan(level: str, ratings: np.ndarray) -> None:
    assert np.isnan(alpha_of_ratings(ratings, level))


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ValueError, match="level is 'cosine'"):
        alpha_of_ratings(CANONICAL, "cosine")
