"""Masks of several workers on one image as one: a vote a pixel, then smoothed.

Ground Truth documents "per-pixel votes + smoothing" and no more. Here a pixel takes the class that most workers gave
it, the lower class number of a tie (0 is background). Then a pixel whose own class holds fewer than three of the nine
pixels around and at it takes the class that most of them have, so that single pixels and hair lines of disagreement go.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FEWEST_ALIKE = 3


def fuse_masks(masks: NDArray[np.uint8], n_classes: int) -> tuple[NDArray[np.uint8], list[float]]:
    """(mask, confidence by class) of workers x height x width class numbers.

    The confidence of a class is the mean share of the workers who gave its pixels that class; 0 of a class without
    pixels. One worker's mask stays as it is.

    >>> fuse_masks(np.array([[[0, 1]], [[1, 1]]], np.uint8), 2)[1]
    [0.5, 1.0]
    """
    n_workers = len(masks)
    if n_workers == 1:
        used = np.bincount(masks[0].ravel(), minlength=n_classes)[:n_classes]
        return masks[0], [float(n > 0) for n in used]
    fused = _smooth(_most(masks, n_classes), n_classes)
    votes = (masks == fused).sum(axis=0, dtype=np.uint8)
    n_pixels = np.bincount(fused.ravel(), minlength=n_classes)[:n_classes]
    shares = np.bincount(fused.ravel(), weights=votes.ravel(), minlength=n_classes)[:n_classes] / n_workers
    return fused, [float(s / n) if n else 0.0 for s, n in zip(shares, n_pixels, strict=True)]


def _most(masks: NDArray[np.uint8], n_classes: int) -> NDArray[np.uint8]:
    best = np.zeros(masks.shape[1:], np.uint8)
    most = (masks == 0).sum(axis=0, dtype=np.uint8)
    for c in range(1, n_classes):
        votes = (masks == c).sum(axis=0, dtype=np.uint8)
        best[votes > most] = c
        np.maximum(most, votes, out=most)
    return best


def _smooth(mask: NDArray[np.uint8], n_classes: int) -> NDArray[np.uint8]:
    height, width = mask.shape
    padded = np.pad(mask, 1, mode="edge")
    around = np.stack([padded[y : y + height, x : x + width] for y in range(3) for x in range(3)])
    lonely = (around == mask).sum(axis=0, dtype=np.uint8) < FEWEST_ALIKE
    return np.where(lonely, _most(around, n_classes), mask).astype(np.uint8)
