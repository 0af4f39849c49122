"""Quality of annotators: reference values, simulated spammers, drift and delay, real crowd labels, properties."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from transforms import measures, parts, quality
from transforms.agreement.coefficients import jackknife
from transforms.box_disputes import disputes_of_boxes, first_of_jobs
from transforms.proportions import jeffreys
from transforms.schemas import TABLES
from transforms.skill import Ballot, one_coin, spam_probability
from transforms.standing import SUBMITTED, standings
from transforms.worker_gold import worker_scores

START = datetime(2026, 1, 1, tzinfo=UTC)
CLASSES = ("cat", "dog", "horse", "sheep")


def simulated(
    seed: int, accuracy: list[float], n_items: int, per_item: int = 3, spammer: int | None = None
) -> tuple[Ballot, np.ndarray]:
    """Votes on items of four classes, one of them frequent; a spammer always says the frequent one."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(4, n_items, p=[0.55, 0.15, 0.15, 0.15])
    item = np.repeat(np.arange(n_items), per_item)
    worker = np.concatenate([rng.permutation(len(accuracy))[:per_item] for _ in range(n_items)])
    wrong = (truth[item] + rng.integers(1, 4, len(item))) % 4
    label = np.where(rng.random(len(item)) < np.array(accuracy)[worker], truth[item], wrong)
    if spammer is not None:
        label[worker == spammer] = 0
    return Ballot(item, worker, label, np.ones(n_items), len(accuracy), 4), truth


@pytest.mark.parametrize(
    ("right", "n", "lo", "hi"), [(18, 20, 0.716, 0.979), (45, 50, 0.795, 0.961), (180, 200, 0.853, 0.936)]
)
def test_jeffreys_reference_values(right: int, n: int, lo: float, hi: float) -> None:
    found = jeffreys(np.array([right]), np.array([n]))
    assert [round(float(x[0]), 3) for x in found] == [lo, hi]


@given(st.integers(0, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_jeffreys_bounds(case: tuple[int, int]) -> None:
    right, n = case
    lo, hi = (float(x[0]) for x in jeffreys(np.array([right]), np.array([n])))
    if n == 0:
        assert np.isnan(lo) and np.isnan(hi)
    else:
        assert 0 <= lo <= right / n <= hi <= 1 and lo < hi
        assert (lo == 0) == (right == 0) and (hi == 1) == (right == n)


def test_one_coin_finds_the_accuracies_and_covers_them() -> None:
    accuracy = [0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.9, 0.4]
    covered, errors = [], []
    for seed in range(40):
        votes, _ = simulated(seed, accuracy, 250)
        fit = one_coin(votes)
        covered += list((fit.lo <= accuracy) & (accuracy <= fit.hi))
        errors.append(np.abs(fit.skill - accuracy).max())
    assert np.mean(covered) >= 0.92 and np.median(errors) < 0.12


def test_a_spammer_who_says_the_frequent_class_is_found_by_spam_not_by_share_right() -> None:
    for seed in range(10):
        votes, truth = simulated(seed, [0.8] * 6, 300, spammer=5)
        spam = spam_probability(votes)
        assert (truth == 0).mean() > 0.45  # right that often without a look
        assert spam[5] > 0.85 and spam[:5].max() < 0.5


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_skill_does_not_depend_on_order_or_names(seed: int) -> None:
    votes, _ = simulated(seed, [0.9, 0.8, 0.6, 0.5], 40)
    rng = np.random.default_rng(seed)
    order, rename, people = rng.permutation(len(votes.item)), rng.permutation(4), rng.permutation(4)
    other = Ballot(votes.item[order], people[votes.worker[order]], rename[votes.label[order]], votes.weight, 4, 4)
    for figure in (lambda v: one_coin(v).skill, lambda v: one_coin(v).lo, spam_probability):
        assert figure(other)[people] == pytest.approx(figure(votes), abs=1e-5)


def test_one_label_says_nothing() -> None:
    votes = Ballot(np.array([0, 0]), np.array([0, 1]), np.array([0, 0]), np.ones(1), 2, 1)
    assert np.isnan(one_coin(votes).skill).all() and np.isnan(spam_probability(votes)).all()


def worker_items(seed: int, n_items: int, fall: float = 0.0) -> tuple[pa.Table, pa.Table]:
    """Six annotators on hard and easy objects, three an object; the last one gets worse half way."""
    rng = np.random.default_rng(seed)
    rows, times = [], []
    for k in range(n_items):
        easy = rng.uniform(0.5, 1.0)
        team = rng.permutation(6)[:3]
        own = {int(w): (0.9 if w else 0.6) - (fall if w == 5 and k >= n_items / 2 else 0.0) for w in team}
        said = {w: rng.random() < p * easy for w, p in own.items()}
        agree = {w: float(sum(said[w] and said[v] for v in own if v != w)) for w in own}
        for w in own:
            key = {"job_name": "j", "object_id": f"{k:04d}", "worker_id": f"w{w}"}
            rows.append(key | {"layer": "l", "n_others": 2, "mass": 2.0, "agree": agree[w], "expected_agree": 0.0})
            times.append(key | {"submitted_at": START + timedelta(minutes=k)})
    return (
        pa.Table.from_pylist(rows, TABLES["measure.worker_item"].arrow),
        pa.Table.from_pylist(times, SUBMITTED),
    )


def test_residual_is_low_for_the_poor_worker_alone() -> None:
    found = {k[2]: v for k, v in standings(*worker_items(1, 300)).items()}
    assert found["w0"]["residual_hi"] < 0
    assert all(found[f"w{k}"]["residual_lo"] < 0.05 and found[f"w{k}"]["residual_hi"] > -0.05 for k in range(1, 6))


def test_drift_alarm_for_who_falls_and_rarely_for_others() -> None:
    fell, false, at = 0, 0, []
    for seed in range(30):
        found = {k[2]: v for k, v in standings(*worker_items(seed, 240, fall=0.7)).items()}
        fell += found["w5"]["is_drifting"]
        if found["w5"]["drift_at"]:
            at.append(found["w5"]["drift_at"])
        false += sum(v["is_drifting"] for v in (found[f"w{k}"] for k in range(5)))
    assert fell >= 24 and false <= 5  # of 30, and of 150
    middle = (START + timedelta(minutes=120)).timestamp() * 1e6
    assert abs(np.median(at) - middle) < 30 * 60e6


def test_steady_workers_raise_no_more_alarms_than_the_rule_says() -> None:
    alarms = [v["is_drifting"] for seed in range(40) for v in standings(*worker_items(seed, 120)).values()]
    assert len(alarms) > 200 and np.mean(alarms) <= 0.025


# -- against the truth --------------------------------------------------------------------------------------------


def silver(segments: list[dict[str, Any]], **more: list[dict[str, Any]]) -> dict[str, pa.Table]:
    """Silver of one audio job; everyone with a segment, or named in `who`, answered."""
    stamp = {"landing_id": "x", "landed_at": START, "job_name": "j", "revision": 1}
    rows = [stamp | {"layer": "l", "segment_no": k} | s | {"asset_id": s["object_id"]} for k, s in enumerate(segments)]
    answered = {(s["object_id"], s["worker_id"]) for s in segments} | set(more.get("who", []))
    said = [stamp | {"object_id": o, "asset_id": o, "worker_id": w, "task_type": "audio_segmentation", "answer": "{}",
                     "submitted_at": START} for o, w in sorted(answered)]  # fmt: skip
    assets = [{"asset_id": o, "uri": o, "name": o, "media_type": "audio", "duration_s": 10.0, "container": "",
               "bytes": 0, "content_hash": "", **{k: stamp[k] for k in ("landing_id", "landed_at")}}
              for o in sorted({o for o, _ in answered})]  # fmt: skip
    given = {"silver.segment": rows, "silver.annotation": said, "silver.asset": assets} | {
        name.replace("__", "."): value for name, value in more.items() if name != "who"
    }
    return {n: pa.Table.from_pylist(given.get(n, []), t.arrow) for n, t in TABLES.items()}


def segment(obj: str, worker: str, start: float, end: float, label: str) -> dict[str, Any]:
    return {"object_id": obj, "worker_id": worker, "start_s": start, "end_s": end, "label": label}


def truth(obj: str, segments: str | None, label: str | None = None, layer: str = "l") -> dict[str, Any]:
    return {"asset_id": obj, "layer": layer, "revision": 1, "segments": segments, "label": label,
            "landing_id": "x", "landed_at": START}  # fmt: skip


def test_segments_against_the_truth_by_hand() -> None:
    drawn = [segment("0", "late", 2.3, 5.3, "A"), segment("0", "late", 5.3, 8.3, "B"),
             segment("0", "split", 2, 3, "A"), segment("0", "split", 3, 5, "A"),
             segment("0", "split", 5, 8, "B")]  # fmt: skip
    tables = silver(drawn, who=[("0", "idle")], silver__gold_item=[truth("0", '[[2, 5, "A"], [5, 8, "B"]]')])
    made = quality.build(tables | measures.build(tables))
    rows = {r["worker_id"]: r for r in made["measure.gold_item"].to_pylist()}
    assert set(rows) == {"late", "split", "idle"} and all(r["mass"] == 10 for r in rows.values())
    assert rows["late"]["agree"] == pytest.approx(10 - 3 * 0.3) and rows["late"]["offset_s"] == pytest.approx(0.3)
    assert (rows["late"]["n_boundaries"], rows["late"]["boundary_hits_500ms"]) == (6, 6)
    assert rows["split"]["agree"] == pytest.approx(10) and rows["split"]["n_split"] == 1
    assert rows["idle"]["agree"] == pytest.approx(4) and rows["idle"]["offset_s"] is None
    worker = {r["worker_id"]: r for r in made["measure.worker_gold"].to_pylist()}
    assert worker["idle"]["gold_acc"] == pytest.approx(0.4) and worker["idle"]["gold_lo"] is None
    assert worker["idle"]["gold_kappa"] == pytest.approx(0.0, abs=1e-9)  # silence is not worth .4
    assert worker["late"]["gold_offset_s"] == pytest.approx(0.3) and worker["late"]["gold_correct"] is None
    mixed = {(r["true_label"], r["given_label"]): r["mass"] for r in made["measure.worker_confusion"].to_pylist()
             if r["scope"] == "gold" and r["worker_id"] == "late"}  # fmt: skip
    assert mixed["B", "A"] == pytest.approx(0.3) and mixed["A", ""] == pytest.approx(0.3)
    assert sum(mixed.values()) == pytest.approx(10)


def test_planted_objects_are_scored_apart() -> None:
    drawn = [segment(o, w, 1, 4 + k, "A") for o in ("0", "1") for k, w in enumerate("abc")]
    claim = {"asset_id": "1", "claim": "gold j", "batch_id": "b", "job_name": "j", "task_type": "x",
             "claimed_at": START, "is_gold": True}  # fmt: skip
    tables = silver(drawn, silver__gold_item=[truth("1", '[[1, 4, "A"]]')], bronze__batch_item=[claim])
    plain = quality.without_planted(tables)
    assert set(plain["silver.segment"]["object_id"].to_pylist()) == {"0"}
    sums = measures.build(plain)
    made = quality.build(tables | sums)
    assert set(sums["measure.item"]["object_id"].to_pylist()) == {"0"}
    assert {(r["object_id"], r["is_planted"]) for r in made["measure.gold_item"].to_pylist()} == {("1", True)}
    assert set(made["measure.dispute"]["object_id"].to_pylist()) == {"0"}
    assert [r["gold_n"] for r in made["measure.worker_gold"].to_pylist()] == [1, 1, 1]


def test_gold_items_of_parts_are_those_of_the_whole() -> None:
    """Also where the truth is that there is nothing, and nobody of a part drew anything."""
    drawn = [segment(o, w, 1, 4 + k, "A") for o in ("0", "9000") for k, w in enumerate("ab")]
    known = [truth("0", '[[1, 4, "A"]]'), truth("9000", '[[2, 5, "B"]]'), truth("20000", "[]")]
    tables = silver(drawn, who=[("20000", "a"), ("20000", "b")], silver__gold_item=known)
    of_job = measures.known_of(tables)
    whole = quality.gold_items(tables, of_job)["measure.gold_item"]
    made = [quality.gold_items(some, of_job)["measure.gold_item"] for _, some in parts.split(tables)]
    assert len(made) == 3 and pa.concat_tables(made).sort_by("object_id").equals(whole.sort_by("object_id"))
    assert [(r["object_id"], r["agree"]) for r in made[2].to_pylist()] == [("20000", 10.0)] * 2
    scores = quality.scored({"measure.gold_item": whole})
    assert {(r["worker_id"], r["gold_n"]) for r in scores["measure.worker_gold"].to_pylist()} == {("a", 3), ("b", 3)}


def test_labels_against_the_truth_have_jeffreys_intervals() -> None:
    rows = [{"job_name": "j", "object_id": f"{k:02d}", "layer": "class", "worker_id": "w", "is_planted": True,
             "mass": 1.0, "agree": float(k < 18), "true_labels": ["abcd"[k % 4]], "label_masses": [1.0],
             "offsets_s": [], "given_labels": ["abcd"[(k + (k >= 18)) % 4]]} for k in range(20)]  # fmt: skip
    items = pa.Table.from_pylist(rows, TABLES["measure.gold_item"].arrow)
    found = worker_scores(items).to_pylist()[0]
    assert (found["gold_n"], found["gold_correct"], found["gold_acc"]) == (20, 18, 0.9)
    assert (round(found["gold_lo"], 3), round(found["gold_hi"], 3)) == (0.716, 0.979)
    assert found["gold_kappa"] == pytest.approx((18 - 5) / (20 - 5))
    better = np.array([r["agree"] - 0.25 for r in rows])  # a quarter of the truth is each label
    expected = jackknife(20, lambda kept: float(better[kept].sum() / (0.75 * len(kept))))
    ends = (found["gold_kappa_lo"], found["gold_kappa_hi"])
    assert ends == pytest.approx((expected.lo, min(1.0, expected.hi)))
    assert found["gold_boundary_f_lo"] is None


def test_boundaries_against_the_truth_have_intervals_over_objects() -> None:
    hits, boundaries = np.array([4, 2, 6, 3, 5]), np.array([6, 6, 6, 4, 6])
    rows = [{"job_name": "j", "object_id": f"{k}", "layer": "l", "worker_id": "w", "is_planted": True, "mass": 10.0,
             "agree": 7.0 + k / 10, "n_boundaries": int(n), "boundary_hits_500ms": int(h), "true_labels": [],
             "given_labels": [], "label_masses": [], "offsets_s": []}
            for k, (h, n) in enumerate(zip(hits, boundaries, strict=True))]  # fmt: skip
    items = pa.Table.from_pylist(rows, TABLES["measure.gold_item"].arrow)
    (found,) = worker_scores(items).to_pylist()
    expected = jackknife(5, lambda kept: float(hits[kept].sum() / boundaries[kept].sum()))
    assert found["gold_boundary_f"] == pytest.approx(expected.value)
    ends = (found["gold_boundary_f_lo"], found["gold_boundary_f_hi"])
    assert ends == pytest.approx((max(0.0, expected.lo), min(1.0, expected.hi)))
    (few,) = worker_scores(items.slice(0, 2)).to_pylist()
    assert few["gold_boundary_f_lo"] is None and few["gold_kappa_hi"] is None


# -- disputes -----------------------------------------------------------------------------------------------------


def test_disputes_by_hand() -> None:
    drawn = [segment("0", "a", 0, 4, "A"), segment("0", "a", 4, 6, "B"),
             segment("0", "b", 0, 4, "A"), segment("0", "b", 4, 6, "B"), segment("0", "b", 8, 9, "A"),
             segment("0", "c", 0, 3, "A"), segment("0", "c", 3, 6, "B")]  # fmt: skip
    tables = silver(drawn)
    rows = quality.build(tables | measures.build(tables))["measure.dispute"].to_pylist()
    by_kind = {r["kind"]: r for r in rows}
    assert set(by_kind) == {"boundary", "extra"}
    cut, extra = by_kind["boundary"], by_kind["extra"]
    assert (cut["t_start_s"], cut["t_end_s"], cut["labels"]) == (3, 4, '["A", "B"]')
    assert (extra["t_start_s"], extra["t_end_s"]) == (8, 9) and extra["workers"] == '{"": ["a", "c"], "A": ["b"]}'
    assert all(0 < r["expected_gain"] < 1 and r["severity"] == pytest.approx(2 / 3) for r in rows)


def test_disputes_of_boxes_by_hand() -> None:
    """Three answered picture 0: a dog that two have, a cat that one has, a cow that all have; two did picture 1."""

    def box(obj: str, label: str, against: list[str], n: int) -> dict[str, Any]:
        return {"job_name": "j", "object_id": obj, "layer": "l", "frame_no": 0, "box_no": 0, "label": label,
                "left_px": 0, "top_px": 0, "width_px": 1, "height_px": 1, "n_annotators": n, "is_accepted": True,
                "support": n - len(against), "confidence": 0.9, "dissenters": json.dumps(against)}  # fmt: skip

    fused = [
        box("0", "dog", ["c"], 3),
        box("0", "cat", ["a", "b"], 3),
        box("0", "cow", [], 3),
        box("1", "cat", ["b"], 2),
    ]
    who = [("0", "a"), ("0", "b"), ("0", "c"), ("1", "a"), ("1", "b")]
    people = measures.annotators_of(silver([], who=who))
    of_part = disputes_of_boxes(pa.Table.from_pylist(fused, TABLES["measure.consensus_box"].arrow), people)
    rows = first_of_jobs(of_part).to_pylist()
    first, second = sorted(rows, key=lambda r: r["object_id"])
    assert {(r["kind"], r["t_start_s"], r["t_end_s"], r["layer"]) for r in rows} == {("box", 0.0, None, "l")}
    assert first["expected_gain"] == pytest.approx(0.3 + 0.3)  # for the dog 2 : 1, for the cat 1 : 2
    assert second["expected_gain"] == pytest.approx(0.5) and second["severity"] == pytest.approx(1.0)
    assert first["severity"] == pytest.approx(2 / 3) and first["n_annotators"] == 3
    assert json.loads(first["workers"]) == {"dog": ["a", "b"], "cat": ["c"]}
    assert set(json.loads(first["labels"])) == {"dog", "cat", ""} and json.loads(second["labels"]) == ["cat", ""]


# -- real labels --------------------------------------------------------------------------------------------------


def test_real_crowd_spam_follows_accuracy_where_one_coin_is_misled(shared_data: Path) -> None:
    folder = shared_data / "crowd" / "BarzanMozafari"
    said = [line.split("\t") for line in (folder / "labels.txt").read_text().splitlines() if line.strip()]
    known = dict(line.split("\t") for line in (folder / "evaluation.txt").read_text().splitlines() if line.strip())
    people = [hashlib.sha256(w.encode()).hexdigest()[:16] for w, _, _ in said]
    (workers, worker), (items, item) = (np.unique(x, return_inverse=True) for x in (people, [o for _, o, _ in said]))
    label = np.array([int(x) for _, _, x in said])
    votes = Ballot(item, worker, label, np.ones(len(items)), len(workers), 2)
    right = label == np.array([int(known[o]) for _, o, _ in said])
    n = np.bincount(worker)
    accuracy = np.bincount(worker, weights=right) / n
    often = n >= 20
    assert often.sum() >= 20
    fit, spam = one_coin(votes), spam_probability(votes)
    by_spam = stats.spearmanr(spam[often], accuracy[often]).statistic
    assert by_spam < -0.45
    # These people miss half of the positives alike: one coin takes the shared lean for the truth, and says nothing.
    assert label.mean() < 0.3 and np.mean([int(x) for x in known.values()]) > 0.45
    assert abs(stats.spearmanr(fit.skill[often], accuracy[often]).statistic) < abs(by_spam)
