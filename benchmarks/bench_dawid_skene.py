"""Dawid-Skene on three million labels, against crowd-kit, at equal posteriors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import Bench, Figures, Size, Way

ITERATIONS = 5


def prepare(folder: Path, size: Size) -> None:
    """Labels of workers whose chance to be right is between 0.5 and 0.95; errors are spread evenly."""
    rng = np.random.default_rng(9)
    n, each = size["objects"], size["annotators"]
    truth = rng.integers(0, size["labels"], n)
    skill = rng.uniform(0.5, 0.95, size["workers"])
    worker = np.stack([rng.permutation(size["workers"])[:each] for _ in range(min(n, 20_000))])
    worker = worker[rng.integers(0, len(worker), n)].ravel()
    item = np.repeat(np.arange(n), each)
    wrong = (truth[item] + rng.integers(1, size["labels"], len(item))) % size["labels"]
    label = np.where(rng.random(len(item)) < skill[worker], truth[item], wrong)
    np.savez(folder / "votes.npz", item=item, worker=worker, label=label, truth=truth)


def _load(folder: Path, size: Size) -> Any:
    votes = np.load(folder / "votes.npz")
    return [votes[part] for part in ("item", "worker", "label")], votes["truth"], folder / "ours.npy"


def _work(loaded: Any) -> Figures:
    from transforms.consensus import count_codes, fit_dawid_skene

    codes, truth, path = loaded
    votes = count_codes(*codes, tuple(int(part.max()) + 1 for part in codes), once=False)
    return _figures(fit_dawid_skene(votes, max_iterations=ITERATIONS, tolerance=0.0).posterior, truth, path)


def _strings_load(folder: Path, size: Size) -> Any:
    import pyarrow as pa

    votes = np.load(folder / "votes.npz")
    names = {"object_id": ("o%07d", "item"), "worker_id": ("w%04d", "worker"), "label": ("c%02d", "label")}
    columns = {
        name: pa.array([form % k for k in range(int(votes[part].max()) + 1)]).take(pa.array(votes[part]))
        for name, (form, part) in names.items()
    }
    return pa.table(columns), votes["truth"], folder / "strings.npy"


def _strings_work(loaded: Any) -> Figures:
    from transforms.consensus import dawid_skene

    table, truth, path = loaded
    return _figures(dawid_skene(table, max_iterations=ITERATIONS, tolerance=0.0).posterior, truth, path)


def _their_load(folder: Path, size: Size) -> Any:
    import pandas as pd
    from crowdkit.aggregation.classification.dawid_skene import DawidSkene

    votes = np.load(folder / "votes.npz")
    frame = pd.DataFrame({"task": votes["item"], "worker": votes["worker"], "label": votes["label"]})
    return frame, DawidSkene(n_iter=ITERATIONS, tol=-np.inf), votes["truth"], folder / "theirs.npy"


def _their_work(loaded: Any) -> Figures:
    frame, model, truth, path = loaded
    posterior = model.fit_predict_proba(frame).sort_index().sort_index(axis=1).to_numpy()
    return _figures(posterior, truth, path)


def _figures(posterior: Any, truth: Any, path: Path) -> Figures:
    if not path.exists():
        np.save(path, posterior)
    return {"right": float((posterior.argmax(axis=1) == truth).mean()), "path": str(path)}


def compare(found: Any) -> float:
    """Largest difference of a posterior."""
    theirs, *ours = (np.load(found[way]["path"]) for way in ("crowd-kit", "annolake", "annolake, from strings"))
    return float(max(np.abs(one - theirs).max() for one in ours))


def check(found: Any) -> None:
    apart = compare(found)
    if not apart <= 1e-6:
        raise AssertionError(f"posteriors differ by {apart:g}")


BENCH = Bench(
    title=f"Dawid-Skene, {ITERATIONS} iterations",
    claim="at least 9 times crowd-kit at equal posteriors of 1e-6",
    data="{objects:,} objects x {annotators} labels of {workers} workers, {labels} classes",
    sizes={
        "tiny": {"objects": 600, "annotators": 5, "workers": 8, "labels": 3},
        "small": {"objects": 60_000, "annotators": 5, "workers": 200, "labels": 5},
        "full": {"objects": 600_000, "annotators": 5, "workers": 500, "labels": 10},
    },
    prepare=prepare,
    ways=(
        Way("annolake", _load, _work, "transforms.consensus"),
        Way("annolake, from strings", _strings_load, _strings_work, "transforms.consensus"),
        Way("crowd-kit", _their_load, _their_work, is_baseline=True),
    ),
    check=check,
    shown=("right",),
    reading=(
        "Both start from whole numbers in memory, crowd-kit's in a pandas frame, and do the same number of EM steps "
        "from the shares of the votes; from strings, ours also codes and sorts three columns of names."
    ),
)
