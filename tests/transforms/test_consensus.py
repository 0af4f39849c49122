"""Consensus of class labels: the published values of 1979, hand-worked cases and the properties that hold always."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms import consensus
from transforms.schemas import SchemaMismatch

# Dawid & Skene 1979, table 1: patient: three readings of observer 1, then observers 2 to 5.
PATIENTS = """
1:111 1111  2:333 4334  3:112 2122  4:222 3121  5:222 3222  6:222 3322  7:122 2111  8:333 3433  9:222 2223
10:232 2223 11:444 4444 12:222 3343 13:111 1111 14:222 3212 15:121 1111 16:111 2111 17:111 1111 18:111 1111
19:222 2221 20:222 1322 21:222 2222 22:222 2221 23:222 3222 24:221 2222 25:111 1111 26:111 1111 27:232 2222
28:111 1111 29:111 1111 30:112 1121 31:111 1111 32:333 3233 33:111 1111 34:222 2222 35:222 3232 36:433 4343
37:221 2232 38:232 3233 39:333 3432 40:111 1111 41:111 1111 42:121 2111 43:232 2222 44:121 1111 45:222 2222
"""


def labels(rows: list[tuple[str, str, str | None]]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) if rows else [[], [], []]
    return pa.table([list(c) for c in columns], schema=consensus.LABELS)


def anesthesia() -> pa.Table:
    words = PATIENTS.split()
    rows = []
    for first, others in zip(words[::2], words[1::2], strict=True):
        patient, readings = first.split(":")
        rows += [(patient.zfill(2), "1", x) for x in readings]
        rows += [(patient.zfill(2), str(i + 2), x) for i, x in enumerate(others)]
    assert len(rows) == 45 * 7
    return labels(rows)


def test_dawid_skene_has_the_values_of_1979() -> None:
    found = consensus.dawid_skene(anesthesia())
    assert found.log_likelihood == pytest.approx(-192.890881, abs=1e-5)
    assert found.marginals == pytest.approx([0.3996, 0.4220, 0.1118, 0.0667], abs=5e-5)
    diagonals = {
        "1": [0.8895, 0.8764, 0.6612, 0.4444],
        "2": [0.8342, 0.6329, 1, 1],
        "3": [1, 0.7883, 0.1988, 0.3333],
        "4": [0.9444, 0.8426, 0.8012, 0.6667],
        "5": [1, 0.7345, 0.7909, 0.6667],
    }
    for worker, matrix in zip(found.workers, found.confusion, strict=True):
        assert matrix.diagonal() == pytest.approx(diagonals[worker], abs=1e-4), worker
    expected = "142222132243121111222222112111131224233111212"
    assert [x for x in found.labels() if x] == list(expected)
    doubtful = {o: p.max() for o, p in zip(found.objects, found.posterior, strict=True) if p.max() < 0.99}
    assert doubtful == pytest.approx({"07": 0.981, "35": 0.948, "38": 0.979}, abs=1e-3)


def test_ground_truth_one_pass_by_hand() -> None:
    """Two workers, two classes, one object on which they agree: every number follows from the prior of .7."""
    found = consensus.ground_truth_dawid_skene(labels([("1", "a", "x"), ("1", "b", "x")]), ["x", "y"])
    assert found.to_pylist() == [{"object_id": "1", "label": "x", "confidence": 0.95}]


def reference_ground_truth(rows: list[tuple[str, str, str]], classes: list[str]) -> dict[str, np.ndarray]:
    """The same method by plain loops, one number at a time."""
    k = len(classes)

    def prior(a: float) -> np.ndarray:
        return np.array([[a if i == j else (1 - a) / (k - 1) for j in range(k)] for i in range(k)])

    objects, workers = sorted({r[0] for r in rows}), sorted({r[1] for r in rows})
    post = {o: np.full(k, 1 / k) for o in objects}
    matrix = {w: prior(0.7) for w in workers}
    mean, before = 0.7, None
    for _ in range(20):
        share = sum(post.values()) / len(objects)
        likelihood = 0.0
        for o in objects:
            p = share.copy()
            for ob, w, x in rows:
                if ob == o:
                    p = p * matrix[w][:, classes.index(x)]
            likelihood += float(np.log(p.sum()))
            post[o] = p / p.sum()
        accuracy = {}
        for w in workers:
            counts, n = np.zeros((k, k)), 0
            for ob, wk, x in rows:
                if wk == w:
                    counts[:, classes.index(x)] += post[ob]
                    n += 1
            accuracy[w] = counts.trace() / n
            counts += prior(accuracy[w]) * n + prior(mean) * n / 2
            matrix[w] = counts / counts.sum(axis=1, keepdims=True)
        if before is not None and abs((likelihood - before) / before) < 1e-8:
            break
        before, mean = likelihood, float(np.mean(list(accuracy.values())))
    return post


@pytest.mark.parametrize("seed", range(8))
def test_ground_truth_is_the_stated_method(seed: int) -> None:
    rng = np.random.default_rng(seed)
    classes = ["a", "b", "c", "d"][: 2 + seed % 3]
    skill = rng.uniform(0.3, 0.95, 6)
    rows = []
    for o in range(40):
        truth = rng.integers(len(classes))
        for w in rng.choice(6, size=rng.integers(2, 6), replace=False):
            given_ = truth if rng.random() < skill[w] else rng.integers(len(classes))
            rows.append((f"{o:03d}", f"w{w}", classes[given_]))
    found = consensus.ground_truth_dawid_skene(labels(rows), classes).to_pylist()
    slow = reference_ground_truth(rows, classes)
    assert len(found) == len(slow) == 40
    for row in found:
        p = slow[row["object_id"]]
        assert row["label"] == classes[int(np.argmax(p))]
        assert row["confidence"] == pytest.approx(min(0.95, p.max()), abs=0.00501)
        assert row["confidence"] == round(row["confidence"], 2) <= 0.95


def test_one_worker_on_an_object_has_no_confidence_and_keeps_the_label() -> None:
    rows = [(f"{i:03d}", w, "x") for i in range(50) for w in "abc"] + [("900", "a", "y")]
    last = consensus.ground_truth_dawid_skene(labels(rows)).to_pylist()[-1]
    assert last == {"object_id": "900", "label": "y", "confidence": 0.0}


def test_ties_go_to_the_earlier_category() -> None:
    tie = labels([("1", "a", "y"), ("1", "b", "x")])
    for vote in (consensus.majority, consensus.ground_truth_dawid_skene):
        assert vote(tie)["label"].to_pylist() == ["x"]
        assert vote(tie, ["y", "x"])["label"].to_pylist() == ["y"]
        assert vote(tie)["confidence"].to_pylist() == [0.5]


def test_defined_edges() -> None:
    for vote in (consensus.majority, consensus.ground_truth_dawid_skene):
        assert vote(labels([])).num_rows == 0
        assert vote(labels([])).schema == consensus.CONSENSUS
        nothing = vote(labels([("1", "a", None), ("2", "a", "x"), ("2", "b", "x")])).to_pylist()
        assert nothing[0] == {"object_id": "1", "label": None, "confidence": 0.0}
        assert nothing[1]["label"] == "x"
        assert vote(labels([("1", "a", None)])).to_pylist() == [{"object_id": "1", "label": None, "confidence": 0.0}]
        one_label = vote(labels([("1", "a", "x"), ("1", "b", "x")])).to_pylist()
        assert one_label[0]["label"] == "x"
    assert consensus.dawid_skene(labels([])).objects == []
    assert consensus.one_coin(labels([])).consensus.schema == consensus.CONSENSUS
    with pytest.raises(SchemaMismatch, match="worker_id"):
        consensus.majority(pa.table({"object_id": ["1"], "label": ["x"]}))


def reference_one_coin(rows: list[tuple[str, str, str]], classes: list[str], extra: float) -> dict[str, np.ndarray]:
    """The one-coin model by plain loops."""
    k, objects, workers = len(classes), sorted({r[0] for r in rows}), sorted({r[1] for r in rows})
    post = {o: np.array([sum(x == c for ob, _, x in rows if ob == o) for c in classes], float) for o in objects}
    post = {o: p / p.sum() for o, p in post.items()}
    for _ in range(300):
        share = sum(post.values()) / len(objects)
        skill = {}
        for w in workers:
            right = [post[ob][classes.index(x)] for ob, wk, x in rows if wk == w]
            skill[w] = (sum(right) + extra * 0.7) / (len(right) + extra)
        for o in objects:
            p = share.copy()
            for ob, w, x in rows:
                if ob == o:
                    p = p * [skill[w] if c == x else (1 - skill[w]) / (k - 1) for c in classes]
            post[o] = p / p.sum()
    return post


@pytest.mark.parametrize("seed", range(4))
def test_one_coin_is_the_stated_model(seed: int) -> None:
    rng = np.random.default_rng(seed)
    classes, skill, rows = ["a", "b", "c"], rng.uniform(0.4, 0.95, 5), []
    for o in range(25):
        truth = rng.integers(3)
        for w in rng.choice(5, size=rng.integers(1, 5), replace=False):
            rows.append((f"{o:03d}", f"w{w}", classes[truth if rng.random() < skill[w] else rng.integers(3)]))
    found = consensus.one_coin(labels(rows), classes)
    slow = reference_one_coin(rows, classes, 2.0)
    assert found.objects == sorted(slow)
    for o, p in zip(found.objects, found.posterior, strict=True):
        assert p == pytest.approx(slow[o], abs=1e-5)
    alone = [o for o in found.objects if len({r[1] for r in rows if r[0] == o}) == 1]
    held = dict(zip(found.objects, found.consensus["confidence"].to_pylist(), strict=True))
    assert alone and all(held[o] == 0.0 for o in alone)


def test_one_coin_finds_the_skill_of_simulated_workers() -> None:
    rng = np.random.default_rng(5)
    skill = {"w0": 0.95, "w1": 0.85, "w2": 0.7, "w3": 0.5, "w4": 0.25}  # the last only guesses
    truth = rng.integers(4, size=600)
    rows = [(f"{o:04d}", w, "abcd"[t if rng.random() < p else (t + rng.integers(1, 4)) % 4])
            for o, t in enumerate(truth) for w, p in skill.items()]  # fmt: skip
    found = consensus.one_coin(labels(rows))
    assert dict(zip(found.workers, found.skill, strict=True)) == pytest.approx(skill, abs=0.06)
    right = np.mean([x == "abcd"[t] for x, t in zip(found.consensus["label"].to_pylist(), truth, strict=True)])
    most = consensus.majority(labels(rows))["label"].to_pylist()
    assert right > np.mean([x == "abcd"[t] for x, t in zip(most, truth, strict=True)])


def test_dissenters_are_those_who_said_something_else() -> None:
    rows = [("1", "a", "x"), ("1", "b", "y"), ("1", "c", "x"), ("1", "c", "y"), ("2", "b", None), ("3", "a", "z")]
    said = labels(rows)
    assert consensus.dissenters(said, consensus.majority(said)) == [["b"], [], []]
    assert consensus.dissenters(labels([]), consensus.majority(labels([]))) == []


rows_of_labels = st.lists(
    st.tuples(st.sampled_from("12345"), st.sampled_from("abcd"), st.sampled_from("xyz")), min_size=1, max_size=40
)


@settings(max_examples=60, deadline=None)
@given(rows=rows_of_labels, data=st.data())
def test_row_order_and_repeats_do_not_matter(rows: list[tuple[str, str, str]], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(rows)) + rows[:3]
    for vote in (consensus.majority, consensus.ground_truth_dawid_skene, lambda t: consensus.one_coin(t).consensus):
        first, second = vote(labels(rows)), vote(labels(shuffled))
        assert first.equals(second)
        assert all(0.0 <= c <= 1.0 for c in first["confidence"].to_pylist())
        assert first["object_id"].to_pylist() == sorted({r[0] for r in rows})


def test_real_crowd_labels(shared_data: Path) -> None:
    """1,000 items x 5 of 83 workers: the same answers as plain loops, near the majority, better than half right."""
    folder = shared_data / "crowd" / "BarzanMozafari"
    lines = (folder / "labels.txt").read_text().splitlines()
    rows = [(o, w, x) for w, o, x in (line.split() for line in lines if line.strip())]
    gold = dict(line.split() for line in (folder / "evaluation.txt").read_text().splitlines() if line.strip())
    assert len(rows) == 5000
    found = consensus.ground_truth_dawid_skene(labels(rows)).to_pylist()
    one_in_ten = [r for r in rows if int(r[0]) % 10 == 0]
    part = consensus.ground_truth_dawid_skene(labels(one_in_ten)).to_pylist()
    slow = reference_ground_truth(one_in_ten, ["0", "1"])
    assert [r["label"] for r in part] == [str(int(np.argmax(slow[r["object_id"]]))) for r in part]
    most = consensus.majority(labels(rows)).to_pylist()
    assert np.mean([r["label"] == m["label"] for r, m in zip(found, most, strict=True)]) > 0.9
    assert np.mean([r["label"] == gold[r["object_id"]] for r in found]) > 0.6
