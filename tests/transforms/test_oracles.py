"""Measures against independent implementations; docs/metrics.md lists which is held against what."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from crowdkit.aggregation.classification.dawid_skene import DawidSkene
from crowdkit.aggregation.classification.majority_vote import MajorityVote
from nltk.metrics import edit_distance as nltk_edits
from nltk.metrics.agreement import AnnotationTask
from nltk.metrics.distance import jaccard_distance, masi_distance
from pyannote.core import Annotation, Segment
from sklearn.metrics import adjusted_rand_score, cohen_kappa_score

from annolake.score import read_segments, silver_of
from tests.steps import step
from tests.transforms.simulate import JOB, dialogues
from transforms import consensus, measures, workers
from transforms.agreement import distances, jobs, labels, pairs, segments
from transforms.agreement.coefficients import alpha_from_sums, cohen_kappa
from transforms.agreement.transcripts import edit_distance
from transforms.answers import LABELS, answers
from transforms.tracks import ANNOTATORS, SEGMENTS, tracks

GRID_S = 0.125


def on_grid(seed: int) -> tuple[pa.Table, pa.Table]:
    """Dialogues whose boundaries and lengths lie on a grid of an eighth of a second: samples lose nothing."""
    drawn, asked = dialogues(seed, 5)
    rows = [r | {k: round(r[k] / GRID_S) * GRID_S for k in ("start_s", "end_s")} for r in drawn.to_pylist()]
    people = [r | {"duration_s": np.ceil(r["duration_s"] / GRID_S) * GRID_S} for r in asked.to_pylist()]
    return pa.Table.from_pylist(rows, SEGMENTS), pa.Table.from_pylist(people, ANNOTATORS)


def sampled(drawn: pa.Table, asked: pa.Table) -> dict[tuple[str, str], np.ndarray]:
    """What each worker says of each moment of each object; 0 is nothing."""
    names = ["", *sorted(set(drawn["label"].to_pylist()))]
    said = {(r["object_id"], r["worker_id"]): np.zeros(round(r["duration_s"] / GRID_S), int) for r in asked.to_pylist()}
    for r in drawn.to_pylist():
        at = slice(round(r["start_s"] / GRID_S), round(r["end_s"] / GRID_S))
        said[r["object_id"], r["worker_id"]][at] = names.index(r["label"])
    return said


@pytest.mark.parametrize("seed", range(3))
def test_kappa_and_rand_index_against_scikit_learn(seed: int) -> None:
    drawn, asked = on_grid(seed)
    found, said = tracks(drawn, asked), sampled(drawn, asked)
    items = pairs.pair_items_of_tracks(found, pairs.compare(found))
    rows = items.to_pylist()
    assert len(rows) == 15
    measured = {"measure.pair_item": items, "measure.worker_item": workers.worker_items_of_tracks(found)}
    whole = [r for r in step("measure.pair_compared", measured).to_pylist() if r["left_out"] is None]
    kappas = {(r["worker_a"], r["worker_b"]): r["kappa"] for r in whole}
    by_pair: dict[tuple[str, str], list[dict]] = {}
    for row in rows:
        by_pair.setdefault((row["worker_a"], row["worker_b"]), []).append(row)
        a, b = said[row["object_id"], row["worker_a"]], said[row["object_id"], row["worker_b"]]
        n = row["mass"] ** 2
        shared, own = row["rand_shared"] / n, (row["rand_a"] + row["rand_b"]) / (2 * n)
        chance = row["rand_a"] * row["rand_b"] / n**2
        # scikit-learn counts pairs of different samples; of seconds there is no such thing: many samples, same limit
        fine = adjusted_rand_score(np.repeat(a, 50), np.repeat(b, 50))
        assert (shared - chance) / (own - chance) == pytest.approx(fine, abs=1e-3)
    for (one, other), mine in by_pair.items():
        both = [np.concatenate([said[r["object_id"], who] for r in mine]) for who in (one, other)]
        assert kappas[one, other] == pytest.approx(cohen_kappa_score(*both), abs=1e-9)


def test_kappa_of_tables_against_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        a, b = rng.integers(0, 4, (2, 60))
        table = np.zeros((4, 4))
        np.add.at(table, (a, b), 1)
        assert cohen_kappa(table) == pytest.approx(cohen_kappa_score(a, b))


@pytest.mark.parametrize("seed", range(3))
def test_sets_against_nltk(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, triples = [], []
    for item, worker in itertools.product(range(12), "abc"):
        ticks = frozenset(x for x in "xyz" if rng.random() < (0.8 if x == "xyz"[item % 3] else 0.3)) or frozenset("x")
        triples.append((worker, str(item), ticks))
        rows += [
            {"job_name": "j", "object_id": str(item), "worker_id": worker, "layer": "l", "label": x} for x in ticks
        ]
    found = answers(pa.Table.from_pylist(rows, LABELS))
    terms = distances.alphas_of_answers(found)
    ours = {m: a.value() for _, _, m, a in jobs.alphas(labels.score_answers(found), terms)}
    for name, distance in (("alpha_jaccard", jaccard_distance), ("alpha_masi", masi_distance)):
        assert ours[name] == pytest.approx(AnnotationTask(data=triples, distance=distance).alpha(), abs=1e-9)


def test_edits_against_nltk() -> None:
    rng = np.random.default_rng(1)
    for _ in range(60):
        one, other = ("".join(rng.choice(list("abc "), rng.integers(0, 30))) for _ in range(2))
        assert edit_distance(one, other) == nltk_edits(one, other)
        assert edit_distance(one.split(), other.split()) == nltk_edits(one.split(), other.split())


@pytest.mark.filterwarnings("ignore")  # crowd-kit calls pandas in ways that it will give up
@pytest.mark.parametrize("seed", range(3))
def test_dawid_skene_against_crowd_kit(seed: int) -> None:
    rng = np.random.default_rng(seed)
    skill = rng.uniform(0.5, 0.95, 12)
    truth = rng.integers(0, 4, 150)
    rows = [(f"{k:03d}", f"w{w:02d}", "abcd"[t if rng.random() < skill[w] else (t + rng.integers(1, 4)) % 4])
            for k, t in enumerate(truth) for w in rng.permutation(12)[:5]]  # fmt: skip
    table = pa.table([list(c) for c in zip(*rows, strict=True)], schema=consensus.LABELS)
    frame = table.to_pandas().set_axis(["task", "worker", "label"], axis=1)
    ours = consensus.dawid_skene(table, max_iterations=10, tolerance=0.0)
    theirs = DawidSkene(n_iter=10, tol=-np.inf).fit_predict_proba(frame).sort_index().sort_index(axis=1)
    assert list(theirs.index) == ours.objects
    assert np.abs(theirs.to_numpy() - ours.posterior).max() < 1e-6
    shares = MajorityVote().fit_predict_proba(frame).sort_index().to_numpy().max(axis=1)
    assert consensus.majority(table)["confidence"].to_pylist() == pytest.approx(shares.tolist())


def test_contingency_of_meetings_against_pyannote(shared_data: Path) -> None:
    """AMI turns under two conventions, people speaking at once taken out: seconds shared by every two speakers."""
    folder = shared_data / "ami_rttm"
    silver = silver_of(read_segments(folder), job_name="ami")
    found = tracks(
        silver["silver.segment"].select(SEGMENTS.names).cast(SEGMENTS), measures.annotators_of(silver)
    )  # fmt: skip
    cells = pairs.cells_of_tracks(found)
    names = ["", *found.labels]
    checked = 0
    for pair, (left, right) in enumerate(zip(cells.left, cells.right, strict=True)):
        spoken = []
        for track in (left, right):
            one, at = Annotation(), np.flatnonzero(found.pieces.track == track)
            for k in at:
                one[Segment(found.pieces.start[k], found.pieces.end[k]), k] = names[found.pieces.label[k] + 1]
            spoken.append(one)
        table = spoken[0] * spoken[1]
        mine = cells.pair == pair
        met = zip(cells.a[mine], cells.b[mine], cells.mass[mine], strict=True)
        here = {(names[a], names[b]): mass for a, b, mass in met}
        for (i, a), (j, b) in itertools.product(enumerate(spoken[0].labels()), enumerate(spoken[1].labels())):
            assert here.get((a, b), 0.0) == pytest.approx(table[i, j], abs=1e-4)
            checked += 1
    assert checked > 100


def alpha_of(said: dict[str, list[tuple[float, float, str]]], duration: float) -> tuple[float, float]:
    """Time-weighted alpha over labels, and over presence."""
    key = {"job_name": JOB, "object_id": "0"}
    drawn = [key | {"worker_id": w, "layer": "l", "label": x, "start_s": float(a), "end_s": float(b)}
             for w, rows in said.items() for a, b, x in rows]  # fmt: skip
    asked = [key | {"worker_id": w, "duration_s": duration} for w in said]
    items = segments.score_items(pa.Table.from_pylist(drawn, SEGMENTS), pa.Table.from_pylist(asked, ANNOTATORS))
    sums = jobs.sums(items)
    total = {k: float(v.sum()) for k, v in sums.columns.items()}
    present = np.array([total["present_mass"], total["mass"] - total["present_mass"]])
    return sums.value("alpha"), alpha_from_sums(total["d_obs_presence"], present, is_count=False)


def test_published_continua() -> None:
    """Three coders of the gamma paper's example; two coders of Krippendorff (1995), digitised."""
    three = {
        "Alex": [(2, 9, "1"), (11, 17, "2"), (24, 30, "5"), (32, 36, "6"), (36, 44, "6"), (44, 60, "7")],
        "Paul": [(2, 9, "1"), (11, 17, "3"), (19, 25, "5"), (32, 44, "6")],
        "Suzan": [(2, 9, "1"), (11, 17, "4"), (21, 27, "5"), (32, 36, "6"), (36, 40, "6"), (40, 44, "6")],
    }
    assert alpha_of(three, 60.0) == pytest.approx((0.4947, 0.3953), abs=5e-5)
    two = {}
    for name, bits in (("A1", "001111111100001111110000"), ("A2", "000011110000000110000000")):
        runs = [(bit, [k for k, _ in run]) for bit, run in itertools.groupby(enumerate(bits), key=lambda x: x[1])]
        two[name] = [(run[0], run[-1] + 1, "x") for bit, run in runs if bit == "1"]
    assert alpha_of(two, 24.0)[0] == pytest.approx(0.314, abs=5e-4)  # Scott's pi: time has no N - 1
    seconds = np.zeros((2, 2))
    for at in np.arange(0.5, 24):
        said = [int(any(a <= at < b for a, b, _ in track)) for track in two.values()]
        seconds[said[0], said[1]] += 1
    assert cohen_kappa(seconds) == pytest.approx(0.385, abs=5e-4)
