from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annolake.media.peaks import PeakBins, absolute_levels


def by_hand(levels: np.ndarray, rate: int, peaks_per_s: int, n: int) -> list[float]:
    """The definition: the maximum of the samples whose time falls into the bin."""
    bins = [0.0] * n
    for i, level in enumerate(levels):
        k = i * peaks_per_s // rate
        if k < n:
            bins[k] = max(bins[k], round(float(level), 3))
    return bins


@settings(deadline=None)
@given(
    rate=st.sampled_from([8000, 11025, 16000, 22050, 44100]),
    n=st.integers(1, 4000),
    cuts=st.lists(st.integers(1, 3999), max_size=5),
    seed=st.integers(0, 99),
)
def test_bins_are_maxima_however_the_sound_is_split(rate: int, n: int, cuts: list[int], seed: int) -> None:
    levels = np.random.default_rng(seed).random(n).astype(np.float32)
    bins = PeakBins(rate)
    edges = sorted({0, n, *(c for c in cuts if c < n)})
    for a, b in itertools.pairwise(edges):
        bins.add(a, levels[a:b])
    found = json.loads(bins.finish(n / rate))
    assert found["peaks"] == pytest.approx(by_hand(levels, rate, 100, len(found["peaks"])))
    assert len(found["peaks"]) == max(1, round(n / rate * 100))


def test_long_media_gets_coarser_bins_not_more() -> None:
    rate, seconds = 800, 100
    levels = np.random.default_rng(1).random(rate * seconds).astype(np.float32)
    bins = PeakBins(rate, cap=1000)  # 100 s at 100 a second would be 10,000
    for at in range(0, len(levels), 777):
        bins.add(at, levels[at : at + 777])
    found = json.loads(bins.finish(seconds))
    assert found["peaks_per_s"] == 5
    assert found["peaks"] == pytest.approx(by_hand(levels, rate, 5, 500))


def test_gaps_are_silent_and_what_lies_before_the_start_is_left_out() -> None:
    bins = PeakBins(1000)
    bins.add(-500, np.full(600, 0.5, np.float32))
    bins.add(900, np.full(100, 0.25, np.float32))
    found = json.loads(bins.finish(1.0))["peaks"]
    assert found[:10] == [0.5] * 10 and set(found[10:90]) == {0.0} and found[90:] == [0.25] * 10


@pytest.mark.parametrize(
    ("samples", "planar", "wanted"),
    [
        (np.array([[128, 0, 255, 128]], np.uint8), False, [1.0, 127 / 128]),
        (np.array([[0, 16384], [-32768, 0]], np.int16), True, [1.0, 0.5]),
        (np.array([[-(2**31), 0]], np.int32), False, [1.0]),
        (np.array([[np.nan, 7.0], [0.5, -0.25]], np.float32), True, [0.5, 1.0]),
    ],
)
def test_levels_of_each_sample_type(samples: np.ndarray, planar: bool, wanted: list[float]) -> None:
    assert absolute_levels(samples, 2, is_planar=planar).tolist() == pytest.approx(wanted)
