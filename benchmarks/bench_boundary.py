"""Boundary hits of every two annotators within half a second, against mir_eval."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.bench_overlap import prepare
from benchmarks.generate import pairs
from benchmarks.harness import Bench, Figures, Size, Way, same

SHARE = 1_000  # objects that mir_eval does
AT_ONCE = 4_000  # objects in a block of ours, so that it stays in the processor's cache
WINDOW_S = 0.5


def _edges(drawn: Any, share: int | None = None) -> Any:
    """Distinct starts of each track's segments and its last end; objects x annotators x moments, ascending."""
    return np.concatenate([drawn["start"], drawn["end"][:, :, -1:]], axis=2)[:share]


def _load(folder: Path, size: Size) -> Any:
    return _edges(np.load(folder / "drawn.npz"))


def _work(edges: Any) -> Figures:
    from transforms.intervals import match_within

    f_sum = f_of_share = hits = 0.0
    for first in range(0, len(edges), AT_ONCE):
        block = edges[first : first + AT_ONCE]
        item, left, right = pairs(*block.shape[:2])
        at = np.arange(block.shape[0] * block.shape[1] + 1) * block.shape[2]
        pair, _, _ = match_within(block.ravel(), (at[left], at[left + 1]), (at[right], at[right + 1]), WINDOW_S)
        found = np.bincount(pair, minlength=len(left))
        f = 2 * found / (2 * block.shape[2])
        f_sum, f_of_share, hits = f_sum + f.sum(), f_of_share + f[item + first < SHARE].sum(), hits + found.sum()
    return {"f": f_sum / len(edges) / (len(left) / len(block)), "hits": int(hits), "f_of_share": f_of_share}


def _their_load(folder: Path, size: Size) -> Any:
    edges = _edges(np.load(folder / "drawn.npz"), SHARE)
    return [[np.stack([m[:-1], m[1:]], axis=1) for m in tracks] for tracks in edges]


def _their_work(found: Any) -> Figures:
    from mir_eval.segment import detection

    total = 0.0
    for tracks in found:
        for i, a in enumerate(tracks):
            for b in tracks[i + 1 :]:
                total += detection(a, b, window=WINDOW_S)[2]
    return {"f_of_share": total}


def check(found: Any) -> None:
    same(found["annolake"]["f_of_share"], found["mir_eval"]["f_of_share"], 1e-6, "F")


def _size(objects: int) -> Size:
    return {"objects": objects, "annotators": 3, "segments": 8, "share": SHARE}


BENCH = Bench(
    title="boundary F within 0.5 s",
    claim="at least 100 times mir_eval, the same F to six digits",
    data="{objects:,} objects x {annotators} annotators x {segments} segments; mir_eval does {share}",
    sizes={"tiny": _size(40), "small": _size(10_000), "full": _size(100_000)},
    prepare=prepare,
    ways=(
        Way("annolake", _load, _work, "transforms.intervals"),
        Way(
            "mir_eval", _their_load, _their_work, "mir_eval.segment", is_baseline=True,
            times=lambda size: max(1.0, size["objects"] / SHARE),
        ),
    ),
    check=check,
    repeats=3,
    shown=("f", "hits"),
    reading="Both find a largest one-to-one matching, ends included, and start from moments in memory.",
)  # fmt: skip
