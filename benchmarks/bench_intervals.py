"""Do 95 % intervals hold the true value 95 times in 100? By simulation, for few and for many objects.

Alpha beside the bootstrap; two ratios of counts, F of the boundaries and of the units, by the jackknife alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import Bench, Figures, Size, Way, same

POPULATION = 884  # tracks with two annotators in SALAMI
FURTHER = {"boundary F": "boundary_f_500ms", "unit F": "unit_f_iou50_label"}


def prepare(folder: Path, size: Size) -> None:
    """A population like SALAMI's: songs of unequal length and unequal difficulty, two annotators, a modal label."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from transforms.agreement.segments import score_items
    from transforms.tracks import ANNOTATORS, SEGMENTS

    rng = np.random.default_rng(884)
    names = np.array(["verse", "chorus", "bridge", "solo", "intro", "outro", "silence"])
    prevalence = np.array([0.34, 0.26, 0.1, 0.1, 0.1, 0.07, 0.03])
    segments: list[dict[str, Any]] = []
    annotators: list[dict[str, Any]] = []
    for song in range(POPULATION):
        duration = float(rng.lognormal(np.log(250), 0.35))
        cuts = np.sort(rng.uniform(0, duration, int(rng.integers(5, 14))))
        truth = rng.choice(len(names), len(cuts) + 1, p=prevalence)
        wrong = rng.beta(1.2, 1.8)  # how often an annotator departs from the others' reading of this song
        for worker in ("a", "b"):
            edges = np.sort(np.clip(cuts + rng.normal(0, 1.5, len(cuts)), 0, duration))
            edges = np.r_[0.0, edges, duration]
            said = np.where(rng.random(len(truth)) < wrong, rng.choice(len(names), len(truth), p=prevalence), truth)
            key = {"job_name": "songs", "object_id": f"{song:04d}", "worker_id": worker}
            annotators.append(key | {"duration_s": duration})
            segments += [
                key | {"layer": "function", "label": str(names[k]), "start_s": float(a), "end_s": float(b)}
                for k, a, b in zip(said, edges[:-1], edges[1:], strict=True)
                if b > a
            ]
    items = score_items(pa.Table.from_pylist(segments, SEGMENTS), pa.Table.from_pylist(annotators, ANNOTATORS))
    pq.write_table(items, folder / "items.parquet")


def _load(folder: Path, size: Size) -> Any:
    import pyarrow.parquet as pq

    from transforms.agreement.jobs import sums

    return sums(pq.read_table(folder / "items.parquet")), size


def _draws(whole: Any, size: Size, interval: Any, measure: str = "alpha") -> Figures:
    """Coverage and mean width over draws of n songs with replacement; the population's figure is the truth."""
    truth = whole.value(measure)
    figures: Figures = {measure: truth}
    for n in size["songs"]:
        rng = np.random.default_rng(n)
        held, widths, values = 0, [], []
        for draw in range(size["draws"]):
            value, low, high = interval(rng.integers(0, whole.n_items, n), draw)
            held += low <= truth <= high
            widths.append(high - low)
            values.append(value)
        figures[f"coverage, {n} songs"] = held / size["draws"]
        figures[f"width, {n} songs"] = float(np.mean(widths))
        figures[f"mean, {n} songs"] = float(np.mean(values))
    return figures


def _jackknife(loaded: Any) -> Figures:
    from transforms.agreement.coefficients import jackknife

    whole, size = loaded

    def of(measure: str) -> Figures:
        def interval(songs: Any, draw: int) -> tuple[float, float, float]:
            found = jackknife(len(songs), lambda kept: whole.value(measure, songs[kept]))
            return found.value, found.lo, found.hi

        return _draws(whole, size, interval, measure)

    figures = of("alpha")
    for name, measure in FURTHER.items():
        found = of(measure)
        figures |= {f"{name}, {n} songs": found[f"coverage, {n} songs"] for n in size["songs"]}
    return figures


def _bootstrap(loaded: Any) -> Figures:
    whole, size = loaded
    sums = np.c_[whole.columns["d_obs"], whole.label_mass]

    def interval(songs: Any, draw: int) -> tuple[float, float, float]:
        n = len(songs)
        again = np.random.default_rng((n, draw)).multinomial(n, np.full(n, 1 / n), size["replicates"]) @ sums[songs]
        total = again[:, 1:].sum(axis=1)
        alpha = 1 - total * again[:, 0] / (total**2 - (again[:, 1:] ** 2).sum(axis=1))
        low, high = np.percentile(alpha, [2.5, 97.5])
        return whole.value("alpha", songs), float(low), float(high)

    return _draws(whole, size, interval)


def check(found: Any) -> None:
    for figure, value in found["jackknife with t"].items():
        if figure.startswith(("alpha", "mean")):
            same(value, found["percentile bootstrap"][figure], 1e-9, figure)


def _size(draws: int, replicates: int, *songs: int) -> Size:
    return {"draws": draws, "replicates": replicates, "songs": songs, "population": POPULATION}


FULL = _size(500, 1_000, 10, 20, 50, 200)
BENCH = Bench(
    title="coverage of 95 % intervals",
    claim=(
        "delete-one-object jackknife with t holds the truth in about 95 of 100 draws, also for 10 objects: of alpha, "
        "of boundary F and of unit F with labels"
    ),
    data=(
        "a generated population of {population} songs, two annotators, time-weighted alpha; {draws:,} draws of n "
        "songs; the bootstrap has {replicates:,} replicates"
    ),
    sizes={"tiny": _size(20, 50, 10), "small": _size(200, 300, 10, 20, 50), "full": FULL},
    prepare=prepare,
    ways=(
        Way("jackknife with t", _load, _jackknife, "transforms.agreement.jobs"),
        Way("percentile bootstrap", _load, _bootstrap, is_baseline=True),
    ),
    check=check,
    rounds=1,
    shown=("alpha", *(f"{what}, {n} songs" for n in FULL["songs"] for what in ("coverage", "width", *FURTHER))),
    reading=(
        "Coverage and width are of alpha; under boundary F (0.5 s) and unit F stands their coverage, by the jackknife "
        "alone, whose seconds are therefore of three measures."
    ),
)
