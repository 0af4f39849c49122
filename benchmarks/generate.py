"""Generated annotations: objects of 30 s, a truth in segments, annotators who move cuts and mistake labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

DURATION_S = 30.0
LABELS = ("speech", "music", "noise", "silence", "laughter", "singing", "applause", "other")


@dataclass(frozen=True, slots=True)
class Drawn:
    """Segments of all tracks in order of object, annotator and time; arrays of objects x annotators x segments."""

    start: npt.NDArray[np.float64]
    end: npt.NDArray[np.float64]
    label: npt.NDArray[np.int64]

    @property
    def track(self) -> npt.NDArray[np.int64]:
        n_objects, n_annotators, n_segments = self.start.shape
        return np.repeat(np.arange(n_objects * n_annotators), n_segments)


def segments(n_objects: int, n_annotators: int, n_segments: int, seed: int = 11) -> Drawn:
    """Every annotator has each true segment; cuts are 0.2 s off, labels right in 85 of 100, gaps of 0.1 to 0.4 s."""
    rng = np.random.default_rng(seed)
    weight = rng.uniform(0.5, 2.0, (n_objects, 1, n_segments))
    edges = np.cumsum(weight, axis=2) / weight.sum(axis=2, keepdims=True) * DURATION_S
    edges = np.concatenate([np.zeros((n_objects, 1, 1)), edges], axis=2)
    moved = edges + rng.normal(0, 0.2, (n_objects, n_annotators, n_segments + 1))
    moved = np.clip(np.maximum.accumulate(moved, axis=2), 0.0, DURATION_S)
    gap = rng.uniform(0.1, 0.4, (n_objects, n_annotators, n_segments))
    start, end = moved[:, :, :-1], moved[:, :, 1:] - gap
    end = np.round(np.maximum(end, start + 0.05), 3)
    start = np.round(start, 3)
    end[:, :, :-1] = np.minimum(end[:, :, :-1], start[:, :, 1:])
    end = np.maximum(end, start)
    truth = rng.integers(0, len(LABELS), (n_objects, 1, n_segments))
    other = rng.integers(0, len(LABELS), start.shape)
    return Drawn(start, end, np.where(rng.random(start.shape) < 0.85, truth, other))


def pairs(n_objects: int, n_annotators: int) -> tuple[Any, Any, Any]:
    """Object, left and right track of every two annotators of an object."""
    a, b = np.triu_indices(n_annotators, k=1)
    first = np.arange(n_objects)[:, None] * n_annotators
    return np.repeat(np.arange(n_objects), len(a)), (first + a).ravel(), (first + b).ravel()
