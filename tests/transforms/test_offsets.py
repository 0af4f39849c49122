"""Signed boundary offsets: exact cases, and how near the estimate comes to the truth over many seeds."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from tests.transforms.simulate import CARELESS, POOL, Skill, dialogues
from transforms import intervals
from transforms.offsets import boundary_offsets, cells, mutual_nearest
from transforms.tracks import ANNOTATORS, SEGMENTS, tracks

JITTERY = {f"w_{k}": Skill(jitter_s=0.15) for k in "abc"} | {
    "w_late": Skill(offset_s=0.3, jitter_s=0.15),
    "w_careless": CARELESS,
}


def errors(pool: dict[str, Skill], n_items: int, n_seeds: int) -> np.ndarray:
    """Estimated minus true offset of the late worker, over seeds in which that worker took part."""
    found = []
    for seed in range(1000, 1000 + n_seeds):
        one = tracks(*dialogues(seed, n_items, pool))
        if "w_late" in one.workers:
            found.append(boundary_offsets(one).offset_s[one.workers.index("w_late")] - 0.3)
    assert len(found) > 0.9 * n_seeds
    return np.array(found)


@pytest.mark.parametrize(
    ("pool", "n_items", "share"), [(POOL, 6, 0.95), (POOL, 12, 0.99), (JITTERY, 6, 0.88), (JITTERY, 12, 0.95)]
)
def test_the_late_worker_is_found_within_50_ms(pool: dict[str, Skill], n_items: int, share: float) -> None:
    """Six dialogues of about ten turns, three of five workers on each, one of them careless."""
    off = errors(pool, n_items, 120)
    distribution = f"mean {off.mean():+.3f}, sd {off.std():.3f}, 95 % within {np.quantile(np.abs(off), 0.95):.3f} s"
    assert np.mean(np.abs(off) <= 0.05) >= share, distribution
    assert abs(np.mean(off)) < 0.015, distribution


def exact(offsets: dict[str, float], per_item: int | None = None) -> dict[str, float]:
    truth = [(1.0, 3.0, "A"), (4.0, 6.5, "B"), (7.0, 9.0, "A"), (10.0, 13.0, "B")]
    segments, asked = [], []
    names = sorted(offsets)
    for item in range(6):
        for k, worker in enumerate(names):
            if per_item and (k - item) % len(names) >= per_item:
                continue
            key = {"job_name": "j", "object_id": str(item), "worker_id": worker}
            asked.append(key | {"duration_s": 15.0})
            late = offsets[worker] + 0.01 * item
            segments += [key | {"layer": "l", "label": x, "start_s": a + late, "end_s": b + late} for a, b, x in truth]
    found = tracks(pa.Table.from_pylist(segments, SEGMENTS), pa.Table.from_pylist(asked, ANNOTATORS))
    return dict(zip(found.workers, boundary_offsets(found).offset_s.tolist(), strict=True))


def test_offsets_without_noise_are_exact() -> None:
    assert exact({"a": 0.0, "b": 0.3, "c": 0.0}) == pytest.approx({"a": 0.0, "b": 0.3, "c": 0.0}, abs=2e-3)
    # neighbours only share objects: the chain carries the differences
    chained = exact({"a": 0.0, "b": -0.2, "c": 0.0, "d": 0.6, "e": 0.0}, per_item=2)
    assert chained == pytest.approx({"a": 0.0, "b": -0.2, "c": 0.0, "d": 0.6, "e": 0.0}, abs=2e-3)


def test_two_workers_share_the_difference() -> None:
    assert exact({"a": 0.0, "b": 0.4}) == pytest.approx({"a": -0.2, "b": 0.2}, abs=2e-3)


def test_nobody_to_compare_with() -> None:
    assert np.isnan(exact({"a": 0.0})["a"])
    nothing = tracks(SEGMENTS.empty_table(), ANNOTATORS.empty_table())
    assert len(boundary_offsets(nothing).offset_s) == 0 and len(cells(nothing)) == 0


def test_mutual_nearest() -> None:
    track = np.array([0, 0, 0, 1, 1])
    when = np.array([1.0, 1.4, 5.0, 1.3, 9.0])
    _, i, j = mutual_nearest(track, when, np.array([0]), np.array([1]), 1.0)
    assert (i.tolist(), j.tolist()) == ([1], [3])  # 1.0 is nearer to nothing else, 5.0 and 9.0 are too far apart


def test_mutual_nearest_of_short_tracks_and_of_long_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways see the same, ties included: times lie on a grid."""
    rng = np.random.default_rng(2)
    size = rng.integers(0, 12, 40)
    when = np.concatenate([np.sort(rng.choice(60, n, replace=False)) / 4.0 for n in size])
    track = np.repeat(np.arange(40), size)
    left, right = rng.integers(0, 40, 200), rng.integers(0, 40, 200)
    held = mutual_nearest(track, when, left, right, 1.0)
    monkeypatch.setattr(intervals, "SHORT", -1)
    searched = mutual_nearest(track, when, left, right, 1.0)
    assert len(held[0]) > 200
    for one, other in zip(held, searched, strict=True):
        assert np.array_equal(one, other)
