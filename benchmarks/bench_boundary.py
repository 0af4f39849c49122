"""Boundary hits of every two annotators within half a second, against mir_eval."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.bench_overlap import prepare
from benchmarks.generate import pairs
from benchmarks.harness import Bench, Figures, Size, Way, same

SHARE = 1_000  # objects that mir_eval does
WINDOW_S = 0.5


def _edges(drawn: Any, share: int | None = None) -> Any:
    """Distinct starts of each track's segments and its last end; objects x annotators x moments, ascending."""
    return np.concatenate([drawn["start"], drawn["end"][:, :, -1:]], axis=2)[:share]


def _load(folder: Path, size: Size) -> Any:
    import transforms.intervals  # noqa: F401 - imported before the clock runs

    edges = _edges(np.load(folder / "drawn.npz"))
    return edges.ravel(), edges.shape, *pairs(*edges.shape[:2])


def _work(loaded: Any) -> Figures:
    from transforms.intervals import match_within

    times, shape, item, left, right = loaded
    first = np.arange(shape[0] * shape[1] + 1) * shape[2]
    pair, _, _ = match_within(times, (first[left], first[left + 1]), (first[right], first[right + 1]), WINDOW_S)
    hits = np.bincount(pair, minlength=len(left))
    f = 2 * hits / (2 * shape[2])
    return {"f": float(f.mean()), "hits": int(hits.sum()), "f_of_share": float(f[item < SHARE].sum())}


def _their_load(folder: Path, size: Size) -> Any:
    import mir_eval

    edges = _edges(np.load(folder / "drawn.npz"), SHARE)
    assert mir_eval
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
        Way("annolake", _load, _work),
        Way(
            "mir_eval", _their_load, _their_work, is_baseline=True,
            times=lambda size: max(1.0, size["objects"] / SHARE),
        ),
    ),
    check=check,
    shown=("f", "hits"),
    reading="Both find a largest one-to-one matching, ends included, and start from moments in memory.",
)  # fmt: skip
