"""Fusion of text stretches: worked cases and properties."""

from __future__ import annotations

import random
from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from transforms.consensus import fuse_entities
from transforms.consensus.entities import ANNOTATORS, ENTITIES, jaccard

Stretch = tuple[str, str, int, int]
"""worker, label, start, end"""


def fuse(stretches: list[Stretch], workers: str = "") -> list[dict[str, Any]]:
    rows = [{"object_id": "0", "worker_id": w, "label": label, "start": a, "end": b} for w, label, a, b in stretches]
    people = [{"object_id": "0", "worker_id": w} for w in workers]
    return fuse_entities(
        pa.Table.from_pylist(rows, schema=ENTITIES), pa.Table.from_pylist(people, schema=ANNOTATORS)
    ).to_pylist()


def test_boundaries_are_the_mode_and_the_label_is_that_of_most() -> None:
    (found,) = fuse([("a", "Person", 0, 10), ("b", "Person", 0, 9), ("c", "Place", 1, 10)])
    assert (found["label"], found["start"], found["end"], found["support"]) == ("Person", 0, 10, 2)
    assert found["confidence"] == (1.0 + 0.9) / 3
    assert found["is_accepted"]


def test_without_a_mode_the_boundary_is_the_lower_median() -> None:
    (found,) = fuse([("a", "x", 0, 10), ("b", "x", 2, 12), ("c", "x", 1, 11)])
    assert (found["start"], found["end"]) == (1, 11)


def test_what_most_missed_is_kept_and_not_accepted() -> None:
    rare, common = fuse([("a", "x", 0, 4), ("a", "x", 10, 20), ("b", "x", 10, 20)], workers="abc")
    assert (rare["support"], rare["is_accepted"]) == (1, False)
    assert (common["support"], common["is_accepted"], common["confidence"]) == (2, True, 2 / 3)


def test_one_annotator_stands_as_given_with_confidence_0() -> None:
    found = fuse([("a", "x", 0, 4), ("a", "y", 2, 6)])
    assert [(f["label"], f["confidence"], f["is_accepted"]) for f in found] == [("x", 0.0, True), ("y", 0.0, True)]


def test_stretches_of_one_worker_never_join() -> None:
    found = fuse([("a", "x", 0, 10), ("a", "y", 0, 10), ("b", "x", 0, 10)])
    assert sorted(f["support"] for f in found) == [1, 1] or sorted(f["support"] for f in found) == [1, 2]
    assert sum(f["support"] for f in found) <= 3


def test_nothing_marked_is_nothing_fused() -> None:
    assert fuse([], workers="ab") == []


STRETCHES = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from(["x", "y"]), st.integers(0, 20), st.integers(1, 8)).map(
        lambda s: (s[0], s[1], s[2], s[2] + s[3])
    ),
    max_size=12,
)


@given(STRETCHES, st.randoms(use_true_random=False))
def test_order_never_matters_and_nobody_counts_twice(stretches: list[Stretch], chance: random.Random) -> None:
    found = fuse(stretches, workers="abcd")
    assert found == fuse(chance.sample(stretches, len(stretches)), workers="dcba")
    assert all(1 <= f["support"] <= 4 and 0 <= f["confidence"] <= 1 and f["start"] < f["end"] for f in found)
    assert sum(f["support"] for f in found) <= len(set(stretches))
    for f in found:
        assert any(jaccard((f["start"], f["end"]), (a, b)) > 0 for _, _, a, b in stretches)
