"""Overlap of segments, IoU by label and time-weighted kappa of every two annotators, against pyannote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.generate import DURATION_S, LABELS, pairs, segments
from benchmarks.harness import Bench, Figures, Size, Way, same

SHARE = 300  # objects that pyannote does
AT_ONCE = 2_000  # objects in a block of ours, so that it stays in the processor's cache


def prepare(folder: Path, size: Size) -> None:
    drawn = segments(size["objects"], size["annotators"], size["segments"])
    np.savez(folder / "drawn.npz", start=drawn.start, end=drawn.end, label=drawn.label)


def _load(folder: Path, size: Size) -> Any:
    drawn = np.load(folder / "drawn.npz")
    return [drawn[name] for name in ("start", "end", "label")]


def _work(drawn: Any) -> Figures:
    sums = np.zeros(4)
    for first in range(0, len(drawn[0]), AT_ONCE):
        kappa, iou, item = _block(*(part[first : first + AT_ONCE] for part in drawn))
        of_share = item + first < SHARE
        sums += (kappa.sum(), iou.sum(), kappa[of_share].sum(), iou[of_share].sum())
    n_objects, n_annotators, _ = drawn[0].shape
    n_pairs = n_objects * n_annotators * (n_annotators - 1) / 2
    return {
        "kappa": sums[0] / n_pairs, "iou": sums[1] / n_pairs / len(LABELS),
        "kappa_of_share": sums[2], "iou_of_share": sums[3],
    }  # fmt: skip


def _block(starts: Any, ends: Any, labels: Any) -> tuple[Any, Any, Any]:
    """Kappa of every pair, IoU of every pair and label, and each pair's object."""
    from transforms.intervals import agreements

    item, left, right = pairs(*starts.shape[:2])
    n_labels, n_tracks = len(LABELS), starts.shape[0] * starts.shape[1]
    track = np.repeat(np.arange(n_tracks), starts.shape[2])
    start, end, label = starts.ravel(), ends.ravel(), labels.ravel()
    both, (pair, name, seconds) = agreements(track, start, end, label, (left, right))
    alike = np.bincount(pair * n_labels + name, seconds, len(left) * n_labels).reshape(len(left), n_labels)
    held = np.bincount(track * n_labels + label, end - start, n_tracks * n_labels).reshape(n_tracks, n_labels)
    union = held[left] + held[right] - alike
    iou = np.divide(alike, union, out=np.zeros_like(alike), where=union > 0)
    return _kappa(alike, both, held[left], held[right]), iou, item


def _kappa(alike: Any, both: Any, left: Any, right: Any) -> Any:
    """Kappa over all moments; "nothing" is a label too."""
    covered_left, covered_right = left.sum(axis=-1), right.sum(axis=-1)
    nothing_left, nothing_right = DURATION_S - covered_left, DURATION_S - covered_right
    agreed = (alike.sum(axis=-1) + DURATION_S - covered_left - covered_right + both) / DURATION_S
    expected = ((left * right).sum(axis=-1) + nothing_left * nothing_right) / DURATION_S**2
    return (agreed - expected) / (1 - expected)


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
                iou_sum += float(np.divide(alike, union, out=np.zeros_like(alike), where=union > 0).sum())
    return {"kappa_of_share": kappa_sum, "iou_of_share": iou_sum}


def check(found: Any) -> None:
    for figure in ("kappa_of_share", "iou_of_share"):
        same(found["annolake"][figure], found["pyannote"][figure], 1e-6, figure)


def _size(objects: int) -> Size:
    return {"objects": objects, "annotators": 3, "segments": 8, "share": SHARE}


BENCH = Bench(
    title="overlap, IoU by label and kappa over time",
    claim="at least 300 times pyannote, the same kappa and IoU to six digits (about 200 reached)",
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
