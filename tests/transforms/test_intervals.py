"""Sweeps and matchings against the slow and obvious way."""

from __future__ import annotations

import mir_eval
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from transforms import intervals

Drawn = tuple[tuple[np.ndarray, ...], np.ndarray, np.ndarray]  # stretches, left and right tracks


def random_track(rng: np.random.Generator, track: int, n: int) -> tuple[np.ndarray, ...]:
    cuts = np.sort(rng.choice(np.arange(0, 80), size=2 * n, replace=False)) / 4.0
    touch = rng.random(n) < 0.3
    start, end = cuts[::2].copy(), cuts[1::2].copy()
    start[1:][touch[1:]] = end[:-1][touch[1:]]
    return np.full(n, track), start, end, rng.integers(0, 3, n)


def many_tracks(seed: int, n_tracks: int = 12) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    parts = [random_track(rng, k, int(rng.integers(0, 9))) for k in range(n_tracks)]
    return tuple(np.concatenate(x) for x in zip(*parts, strict=True))


@pytest.mark.parametrize("seed", range(10))
def test_overlaps_and_best_matching(seed: int) -> None:
    track, start, end, _ = many_tracks(seed)
    _, left, right = intervals.all_pairs(np.array([0, 6]), np.array([6, 6]))
    found = intervals.overlaps(track, start, end, left, right)
    slow = intervals.crossing_overlaps(track, start, end, left, right)
    assert len(left) == 30 and len(found.pair) > 50
    for name in ("pair", "left", "right", "shared_s"):
        assert np.array_equal(getattr(found, name), getattr(slow, name)), name
    weight = np.random.default_rng(seed).random(len(found.pair))
    best = intervals.best_matching(found, weight, len(left))
    assert best == pytest.approx(intervals.best_assignment(found, weight, len(left)))
    for pair in range(len(left)):
        gain = np.zeros((len(track), len(track)))
        here = found.pair == pair
        gain[found.left[here], found.right[here]] = weight[here]
        assert best[pair] == pytest.approx(gain[linear_sum_assignment(gain, maximize=True)].sum())


def check_agreements(stretches: tuple[np.ndarray, ...], left: np.ndarray, right: np.ndarray, n_labels: int) -> None:
    """Against every stretch held against every other, with the seconds by label and in one column."""
    track, start, end, label = stretches
    found = intervals.crossing_overlaps(track, start, end, left, right)
    same = label[found.left] == label[found.right]
    for column, n_columns in ((label, n_labels), (np.zeros_like(label), 1)):
        both, alike = intervals.agreements(track, start, end, label, (left, right), column=(column, n_columns))
        assert both.tolist() == np.bincount(found.pair, found.shared_s, len(left)).tolist()
        cell = found.pair[same] * n_columns + column[found.left[same]]
        expected = np.bincount(cell, found.shared_s[same], len(left) * n_columns)
        assert alike.tolist() == expected.reshape(-1, n_columns).tolist()


@pytest.mark.parametrize("short", [64, 3])  # with 3 some pairs are searched
@pytest.mark.parametrize("seed", range(5))
def test_agreements_are_the_overlaps_with_one_label(seed: int, short: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intervals, "SHORT", short)
    _, left, right = intervals.all_pairs(np.array([0, 6]), np.array([6, 6]))
    check_agreements(many_tracks(seed), left, right, n_labels=3)


@st.composite
def irregular(draw: st.DrawFn) -> Drawn:
    """Tracks of any number of stretches, none and too many to be held against each other whole among them; some touch
    and some last no time. Pairs in any order, also of a track with itself. Times are eighths, so sums are exact."""
    sizes = draw(st.lists(st.sampled_from([0, 1, 2, 3, 7, 8, 9, 63, 64, 65, 90]), min_size=1, max_size=6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    cuts = [np.cumsum(rng.integers(0, draw(st.sampled_from([2, 5])), 2 * n)) / 8.0 + rng.integers(0, 40) for n in sizes]
    times = np.concatenate(cuts)
    some = draw(st.lists(st.tuples(*[st.integers(0, len(sizes) - 1)] * 2), max_size=20))
    left, right = np.array(some, dtype=np.int64).reshape(-1, 2).T
    track = np.repeat(np.arange(len(sizes)), sizes)
    return (track, times[::2], times[1::2], rng.integers(0, 3, len(track))), left, right


@settings(max_examples=150, deadline=None)
@given(irregular(), st.sampled_from([1 << 12, 1 << 16]))
def test_agreements_of_irregular_tracks(drawn: Drawn, room: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(intervals, "CELLS_AT_ONCE", room)  # with the smaller, pairs of one size come in several blocks
        check_agreements(*drawn, n_labels=3)


@pytest.mark.parametrize("window", [0.25, 0.5, 3.0])
def test_boundary_matching_is_largest(window: float) -> None:
    rng = np.random.default_rng(5)
    sizes = rng.integers(0, 14, (60, 2))
    sides = [(np.sort(rng.integers(0, 400, n) / 8.0), np.sort(rng.uniform(0, 50, m))) for n, m in sizes]
    times = np.concatenate([x for pair in sides for x in pair])
    size = np.array([len(x) for pair in sides for x in pair])
    first = np.cumsum(size) - size
    left, right = (first[::2], (first + size)[::2]), (first[1::2], (first + size)[1::2])
    pair, i, j = intervals.match_within(times, left, right, window)
    assert (np.abs(times[i] - times[j]) <= window).all()
    assert len(set(i.tolist())) == len(i) and len(set(j.tolist())) == len(j)
    for k, (x, y) in enumerate(sides):
        expected = len(mir_eval.util.match_events(x, y, window)) if len(x) and len(y) else 0
        assert (pair == k).sum() == expected


def test_nothing_in_nothing_out() -> None:
    no, none = np.empty(0, dtype=np.int64), np.empty(0)
    assert len(intervals.overlaps(no, none, none, no, no).pair) == 0
    assert [x.shape for x in intervals.agreements(no, none, none, no, (no, no), column=(no, 3))] == [(0,), (0, 3)]
    assert intervals.best_matching(intervals.overlaps(no, none, none, no, no), none, 2).tolist() == [0, 0]
    assert [len(x) for x in intervals.match_within(none, (no, no), (no, no), 1.0)] == [0, 0, 0]
    assert np.isnan(intervals.grouped_median(no, none, 1)).all()
    assert [len(x) for x in intervals.all_pairs(np.array([0]), np.array([1]))] == [0, 0, 0]


def test_grouped_median() -> None:
    group, values = np.array([1, 0, 1, 1, 0]), np.array([3.0, 4.0, 1.0, 2.0, 8.0])
    found = intervals.grouped_median(group, values, 3)
    assert found[:2].tolist() == [6.0, 2.0] and np.isnan(found[2])
