"""Samples of objects: everybody is in them, whatever the order, and offsets hardly notice."""

from __future__ import annotations

import numpy as np
import pytest

from tests.transforms.simulate import dialogues
from transforms.offsets import boundary_offsets, cells
from transforms.sample import sampled
from transforms.tracks import Tracks, tracks


def objects_of(found: Tracks) -> set[str]:
    return {found.objects[k] for k in found.item_object}


def test_every_worker_has_as_many_objects_as_wanted() -> None:
    found = tracks(*dialogues(3, 60))
    some = sampled(found, cells(found), most=5)
    assert 0 < some.n_items < found.n_items
    per_cell = np.bincount(cells(some))
    assert (per_cell[per_cell > 0] >= 5).all() and set(cells(some)) == set(cells(found))
    for part in (some.units, some.pieces):
        assert len(part.track) and (np.diff(part.track) >= 0).all() and part.track.max() < len(some.track_item)


def test_the_order_of_the_rows_does_not_matter() -> None:
    drawn, asked = dialogues(3, 60)
    shuffled = drawn.take(np.random.default_rng(0).permutation(drawn.num_rows))
    one, other = (tracks(rows, asked) for rows in (drawn, shuffled))
    assert objects_of(sampled(one, cells(one), most=5)) == objects_of(sampled(other, cells(other), most=5))


def test_few_objects_are_all_taken() -> None:
    found = tracks(*dialogues(3, 20))
    assert sampled(found, cells(found)) is found


def test_offsets_of_a_sample_are_those_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    found = tracks(*dialogues(3, 200))
    every = boundary_offsets(found)
    monkeypatch.setattr(sampled, "__defaults__", (40,))
    some = boundary_offsets(found)
    seen = every.n_boundaries > 0
    assert (some.n_boundaries[seen] < every.n_boundaries[seen]).all()
    assert np.nanmax(np.abs(some.offset_s - every.offset_s)) < 0.05
