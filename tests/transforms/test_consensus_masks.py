"""Masks of several workers as one."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from transforms.consensus.masks import fuse_masks

MASKS = st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 5)).flatmap(
    lambda shape: arrays(np.uint8, shape, elements=st.integers(0, 3))
)


def test_most_votes_then_the_lower_class() -> None:
    row = np.repeat(np.array([[[1, 2, 0]], [[1, 1, 2]], [[2, 2, 3]]], np.uint8), 3, axis=1)  # three rows alike
    mask, confidence = fuse_masks(row, 4)
    assert mask.tolist() == [[1, 2, 0]] * 3
    assert [round(c, 2) for c in confidence] == [0.33, 0.67, 0.67, 0.0]


def test_a_lonely_pixel_takes_what_is_around_it() -> None:
    mask = np.zeros((2, 5, 5), np.uint8)
    mask[:, 2, 2] = 1
    assert not fuse_masks(mask, 2)[0].any()
    assert fuse_masks(mask[:1], 2)[0][2, 2] == 1  # one worker's is not touched


@given(MASKS, st.data())
def test_the_order_of_workers_says_nothing(masks: np.ndarray, data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(masks))))
    fused, confidence = fuse_masks(masks, 4)
    again, same = fuse_masks(masks[order], 4)
    assert np.array_equal(fused, again) and confidence == same
    assert all(0 <= c <= 1 for c in confidence)
