"""Overlap of segments, IoU by label and time-weighted kappa of every two annotators, against pyannote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.generate import DURATION_S, LABELS, pairs, segments
from benchmarks.harness import Bench, Figures, Size, Way, same

SHARE = 300  # objects that pyannote does
AT_ONCE = 2_000  # objects in a block of ours, so that it stays in the processor's cache
NONE = 1e-9  # seconds this few are none


def prepare(folder: Path, size: Size) -> None:
    drawn = segments(size["objects"], size["annotators"], size["segments"])
    np.savez(folder / "drawn.npz", start=drawn.start, end=drawn.end, label=drawn.label)


def _load(folder: Path, size: Size) -> Any:
    drawn = np.load(folder / "drawn.npz")
    return [drawn[name] for name in ("start", "end", "label")]


def _work(drawn: Any) -> Figures:
    n_objects, n_annotators, n_segments = drawn[0].shape
    of_block = pairs(min(AT_ONCE, n_objects), n_annotators)
    track = np.repeat(np.arange(AT_ONCE * n_annotators), n_segments)
    sums = np.zeros(4)
    for first in range(0, n_objects, AT_ONCE):
        start, end, label = (part[first : first + AT_ONCE].ravel() for part in drawn)
        last = np.searchsorted(of_block[0], n_objects - first)
        item, left, right = (part[:last] for part in of_block)
        kappa, iou = _block(track[: len(start)], start, end, label, (left, right))
        of_share = slice(np.searchsorted(item, SHARE - first))
        sums += (kappa.sum(), iou.sum(), kappa[of_share].sum(), iou[of_share].sum())
    n_pairs = n_objects * n_annotators * (n_annotators - 1) / 2
    return {
        "kappa": sums[0] / n_pairs, "iou": sums[1] / n_pairs / len(LABELS),
        "kappa_of_share": sums[2], "iou_of_share": sums[3],
    }  # fmt: skip


def _block(track: Any, start: Any, end: Any, label: Any, sides: Any) -> tuple[Any, Any]:
    """Kappa of every pair, and IoU of every pair and label."""
    from transforms.intervals import agreements

    n_labels, n_tracks = len(LABELS), int(track[-1]) + 1
    both, alike = agreements(track, start, end, label, sides, column=(label, n_labels))
    held = np.bincount(track * n_labels + label, end - start, n_tracks * n_labels).reshape(n_tracks, n_labels)
    held_left, held_right = (held.take(side, axis=0) for side in sides)
    union = held_left + held_right
    union -= alike
    return _kappa(alike, both, held_left, held_right), alike / np.maximum(union, NONE)


def _kappa(alike: Any, both: Any, left: Any, right: Any) -> Any:
    """Kappa over all moments; "nothing" is a label too."""
    covered_left, covered_right, agreed = (np.einsum("...l->...", by_label) for by_label in (left, right, alike))
    nothing_left, nothing_right = DURATION_S - covered_left, DURATION_S - covered_right
    observed = (agreed + nothing_left - covered_right + both) / DURATION_S
    expected = (np.einsum("...l,...l->...", left, right) + nothing_left * nothing_right) / DURATION_S**2
    return (observed - expected) / (1 - expected)


def _their_load(folder: Path, size: Size) -> Any:
    from pyannote.core import Annotation, Segment

    drawn = np.load(folder / "drawn.npz")
    share = min(SHARE, size["objects"])
    start, end, label = (drawn[name][:share].tolist() for name in ("start", "end", "label"))
    found = []
    for by_annotator in zip(start, end, label, strict=True):
        tracks = []
        for starts, ends, labels in zip(*by_annotator, strict=True):
            one = Annotation()
            for k, (a, b, name) in enumerate(zip(starts, ends, labels, strict=True)):
                one[Segment(a, b), k] = name
            tracks.append(one)
        found.append(tracks)
    return found


def _their_work(found: Any) -> Figures:
    """The matrix `a * b` of seconds shared by every two labels is pyannote's own; kappa and IoU follow from it."""
    kappa_sum = iou_sum = 0.0
    for tracks in found:
        for i, a in enumerate(tracks):
            for b in tracks[i + 1 :]:
                shared = a * b
                rows, columns = a.labels(), b.labels()
                alike, left, right = (np.zeros(len(LABELS)) for _ in range(3))
                for r, name in enumerate(rows):
                    left[name] = a.label_duration(name)
                    if name in columns:
                        alike[name] = shared[r, columns.index(name)]
                for name in columns:
                    right[name] = b.label_duration(name)
                kappa_sum += float(_kappa(alike, shared.sum(), left, right))
                union = left + right - alike
                iou_sum += float((alike / np.maximum(union, NONE)).sum())
    return {"kappa_of_share": kappa_sum, "iou_of_share": iou_sum}


def check(found: Any) -> None:
    for figure in ("kappa_of_share", "iou_of_share"):
        same(found["annolake"][figure], found["pyannote"][figure], 1e-6, figure)


def _size(objects: int) -> Size:
    return {"objects": objects, "annotators": 3, "segments": 8, "share": SHARE}


BENCH = Bench(
    title="overlap, IoU by label and kappa over time",
    claim="at least 300 times pyannote, the same kappa and IoU to six digits",
    data="{objects:,} objects x {annotators} annotators x {segments} segments; pyannote does {share} objects",
    sizes={"tiny": _size(40), "small": _size(10_000), "full": _size(100_000)},
    prepare=prepare,
    ways=(
        Way("annolake", _load, _work, "transforms.intervals"),
        Way(
            "pyannote", _their_load, _their_work, is_baseline=True,
            times=lambda size: max(1.0, size["objects"] / SHARE),
        ),
    ),
    check=check,
    repeats=3,
    shown=("kappa", "iou"),
    reading="Both start from segments in memory: arrays here, pyannote's Annotation there.",
)  # fmt: skip
