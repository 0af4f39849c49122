"""The gold models of pairs, of labels and of confusion: every figure worked out anew from the drawn segments."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest

from tests.transforms.simulate import JOB, LAYER, clips, dialogues, silver
from transforms import measures
from transforms.agreement.coefficients import cohen_kappa, jackknife, krippendorff_alpha

Run = Callable[..., pa.Table]
Rows = dict[str, pa.Table]
NAMES = ["", "Speaker A", "Speaker B"]


@pytest.fixture(scope="module")
def built(run_model: Run) -> Rows:
    tables = silver(*dialogues(5, 24), clips(5, 30))
    tables |= measures.build(tables)
    for name in ("agreement_pair_item", "agreement_pair", "label_confusion", "label_reliability"):
        tables[f"gold.{name}"] = run_model(name, tables)
    return tables


def tracks_of(tables: Rows) -> dict[str, tuple[float, dict[str, list[tuple[float, float, str]]]]]:
    """Duration and every annotator's segments, by object of the dialogues."""
    length = {r["asset_id"]: r["duration_s"] for r in tables["silver.asset"].to_pylist()}
    found: dict = {}
    for row in tables["silver.annotation"].to_pylist():
        if row["job_name"] == JOB:
            found.setdefault(row["object_id"], (length[row["asset_id"]], {}))[1][row["worker_id"]] = []
    for row in tables["silver.segment"].to_pylist():
        found[row["object_id"]][1][row["worker_id"]].append((row["start_s"], row["end_s"], row["label"]))
    return found


def table_of(duration: float, left: list, right: list) -> np.ndarray:
    """Seconds shared by every two labels, '' first."""
    cuts = sorted({0.0, duration, *(t for a, b, _ in left + right for t in (a, b))})
    seconds = np.zeros((3, 3))
    for lo, hi in itertools.pairwise(cuts):
        at = [NAMES.index(next((x for a, b, x in side if a <= lo and b >= hi), "")) for side in (left, right)]
        seconds[at[0], at[1]] += hi - lo
    return seconds


def test_a_pair_is_what_its_contingency_says(built: Rows) -> None:
    said = tracks_of(built)
    rows = [r for r in built["gold.agreement_pair"].to_pylist() if r["job_name"] == JOB]
    pairs = {pair for _, drawn in said.values() for pair in combinations(sorted(drawn), 2)}
    assert {(r["worker_a"], r["worker_b"]) for r in rows} == pairs and len(pairs) == 10
    n_intervals = 0
    for row in rows:
        both = [(d, t[row["worker_a"]], t[row["worker_b"]]) for d, t in said.values()
                if row["worker_a"] in t and row["worker_b"] in t]  # fmt: skip
        seconds = np.array([table_of(*one) for one in both])
        assert row["n_items"] == len(both) and row["mass"] == pytest.approx(seconds.sum())
        assert row["observed_agreement"] == pytest.approx(np.einsum("ikk->", seconds) / seconds.sum())
        expected = jackknife(len(both), lambda kept, s=seconds: cohen_kappa(s[kept].sum(axis=0)))
        assert row["kappa_time"] == pytest.approx(expected.value)
        if len(both) >= 3:
            n_intervals += 1
            assert row["kappa_lo"] == pytest.approx(max(expected.lo, -1)) and row["reason_code"] is None
            assert row["kappa_hi"] == pytest.approx(min(expected.hi, 1))
        share = seconds / seconds.sum(axis=(1, 2), keepdims=True)
        own = [(share.sum(axis=k) ** 2).sum(axis=1) for k in (1, 2)]
        same, chance = (share**2).sum(axis=(1, 2)), own[0] * own[1]
        assert row["pairwise_f"] == pytest.approx(2 * same.sum() / (own[0] + own[1]).sum())
        ari = (same - chance).sum() / ((own[0] + own[1]) / 2 - chance).sum()
        assert row["ari"] == pytest.approx(ari)
        units = [sum(len(one[k]) for one in both) for k in (1, 2)]
        assert row["count_ratio"] == pytest.approx(units[0] / units[1])
        scores = (row[f"boundary_{name}_500ms"] for name in ("precision", "recall", "f"))
        precision, recall, f = scores
        assert f == pytest.approx(2 * precision * recall / (precision + recall))
        assert row["boundary_f_250ms"] <= f <= row["boundary_f_3s"]
        assert row["unit_f_iou50_label"] <= row["unit_f_iou50"]
    assert n_intervals >= 5


def test_a_late_annotator_shows_in_the_sign(built: Rows) -> None:
    rows = {(r["worker_a"], r["worker_b"]): r for r in built["gold.agreement_pair"].to_pylist()}
    assert rows["w_good", "w_late"]["offset_s"] == pytest.approx(0.3, abs=0.06)
    assert rows["w_late", "w_other"]["offset_s"] == pytest.approx(-0.3, abs=0.06)
    wide = [r for r in rows.values() if r["offset_lo"] is not None]
    assert wide and all(r["offset_lo"] <= r["offset_s"] <= r["offset_hi"] and r["n_items"] >= 6 for r in wide)
    assert all(r["offset_s"] is None for r in rows.values() if r["task_type"] == "video_classification")


def test_residual_is_against_the_other_pairs_of_the_same_objects(built: Rows) -> None:
    items = [r for r in built["gold.agreement_pair_item"].to_pylist() if r["job_name"] == JOB]
    checked = 0
    for row in built["gold.agreement_pair"].to_pylist():
        if row["job_name"] != JOB:
            continue
        mine = [i for i in items if (i["worker_a"], i["worker_b"]) == (row["worker_a"], row["worker_b"])]
        expected = []
        for item in mine:
            others = [i["agree"] for i in items if i["object_id"] == item["object_id"] and i is not item]
            expected.append(np.mean(others))
            assert item["expected_agree"] == pytest.approx(expected[-1])
        mass = sum(i["mass"] for i in mine)
        assert row["expected_po_given_items"] == pytest.approx(sum(expected) / mass)
        assert row["residual"] == pytest.approx(row["observed_agreement"] - sum(expected) / mass)
        checked += 1
    assert checked == 10


def test_pairs_of_clip_labels(built: Rows) -> None:
    said: dict = {}
    for r in built["silver.classification"].to_pylist():
        said.setdefault(r["object_id"], {})[r["worker_id"]] = r["label"]
    labels = sorted({x for one in said.values() for x in one.values()})
    rows = [r for r in built["gold.agreement_pair"].to_pylist() if r["layer"] == "class"]
    assert len(rows) == 3
    for row in rows:
        table = np.zeros((len(labels), len(labels)))
        for one in said.values():
            table[labels.index(one[row["worker_a"]]), labels.index(one[row["worker_b"]])] += 1
        assert row["kappa_time"] == pytest.approx(cohen_kappa(table)) and row["mass"] == 30
        assert row["boundary_f_500ms"] is None and row["ari"] is None and row["count_ratio"] is None


def test_confusion_adds_up(built: Rows) -> None:
    rows = [r for r in built["gold.label_confusion"].to_pylist() if r["scope"] == "pair"]
    cell = {(r["layer"], r["label_a"], r["label_b"]): r for r in rows}
    assert len(cell) == len(rows) > 9
    said = tracks_of(built)
    whole = np.zeros((3, 3))
    for duration, drawn in said.values():
        for one, other in combinations(sorted(drawn), 2):
            seconds = table_of(duration, drawn[one], drawn[other])
            whole += (seconds + seconds.T) / (len(drawn) - 1)
    for a, name in enumerate(NAMES):
        for b, other in enumerate(NAMES):
            row = cell[LAYER, name, other]
            assert row["mass"] == pytest.approx(whole[a, b])
            assert row["share"] == pytest.approx(whole[a, b] / whole[a].sum())
            assert row["expected_mass"] == pytest.approx(whole[a].sum() * whole[b].sum() / whole.sum())
            assert row["lift"] == pytest.approx(row["mass"] / row["expected_mass"])
            assert row["share_lo"] <= row["share"] <= row["share_hi"]
    for layer in (LAYER, "class"):
        mine = [r for r in rows if r["layer"] == layer]
        assert sum(r["expected_mass"] for r in mine) == pytest.approx(sum(r["mass"] for r in mine))


def test_confusion_with_the_consensus(built: Rows) -> None:
    """Every annotator's seconds beside the fused segments; answers beside the consensus label."""
    rows = [r for r in built["gold.label_confusion"].to_pylist() if r["scope"] == "consensus"]
    cell = {(r["layer"], r["label_a"], r["label_b"]): r for r in rows}
    fused: dict[str, list] = {}
    for row in built["measure.consensus_segment"].to_pylist():
        fused.setdefault(row["object_id"], []).append((row["start_s"], row["end_s"], row["label"]))
    parts = []
    for obj, (duration, drawn) in tracks_of(built).items():
        parts.append(sum(table_of(duration, fused.get(obj, []), said) for said in drawn.values()))
    whole = sum(parts)
    for a, name in enumerate(NAMES):
        for b, other in enumerate(NAMES):
            row = cell[LAYER, name, other]
            assert row["mass"] == pytest.approx(whole[a, b], abs=1e-5)
            assert row["share"] == pytest.approx(whole[a, b] / whole[a].sum(), abs=1e-6)
    expected = jackknife(
        len(parts), lambda kept: sum(parts[k][1, 2] for k in kept) / sum(parts[k][1].sum() for k in kept)
    )
    row = cell[LAYER, "Speaker A", "Speaker B"]
    assert row["share_hi"] - row["share"] == pytest.approx(expected.hi - expected.value, rel=0.2)
    chosen = {r["object_id"]: r["label"] for r in built["measure.consensus_label"].to_pylist()
              if r["method"] == "ground_truth"}  # fmt: skip
    said = [(chosen[r["object_id"]], r["label"]) for r in built["silver.classification"].to_pylist()]
    for a, b in set(said):
        assert cell["class", a, b]["mass"] == said.count((a, b))


def test_share_interval_is_near_the_jackknife(built: Rows) -> None:
    parts, totals = [], []
    for duration, drawn in tracks_of(built).values():
        whole = np.zeros((3, 3))
        for one, other in combinations(sorted(drawn), 2):
            seconds = table_of(duration, drawn[one], drawn[other])
            whole += (seconds + seconds.T) / (len(drawn) - 1)
        parts.append(whole[1, 2])
        totals.append(whole[1].sum())
    part, total = np.array(parts), np.array(totals)
    expected = jackknife(len(part), lambda kept: float(part[kept].sum() / total[kept].sum()))
    (row,) = [r for r in built["gold.label_confusion"].to_pylist()
              if (r["scope"], r["label_a"], r["label_b"]) == ("pair", "Speaker A", "Speaker B")]  # fmt: skip
    assert row["share_hi"] - row["share"] == pytest.approx(expected.hi - expected.value, rel=0.15)


def test_label_reliability(built: Rows) -> None:
    rows = {(r["layer"], r["label"]): r for r in built["gold.label_reliability"].to_pylist()}
    said: dict = {}
    for r in built["silver.classification"].to_pylist():
        said.setdefault(r["object_id"], []).append(r["label"])
    for label in ("cat", "dog", "horse", "sheep"):
        yes = np.array([x.count(label) for x in said.values()], dtype=float)
        n = np.array([len(x) for x in said.values()], dtype=float)
        counts = np.stack([yes, n - yes], axis=1)
        expected = jackknife(len(n), lambda kept, c=counts: krippendorff_alpha(c[kept]))
        row = rows["class", label]
        assert row["alpha_binary"] == pytest.approx(expected.value)
        assert row["alpha_lo"] == pytest.approx(expected.lo) and row["prevalence"] == pytest.approx(yes.sum() / n.sum())
        assert row["n_items"] == int((yes > 0).sum()) and row["most_confused_with"] in {"cat", "dog", "horse", "sheep"}
    items = []
    for duration, drawn in tracks_of(built).values():
        binary = {w: [(a, b, "Speaker A") for a, b, x in t if x == "Speaker A"] for w, t in drawn.items()}
        whole = sum(table_of(duration, binary[a], binary[b]) for a, b in combinations(sorted(binary), 2))
        items.append((len(drawn) * duration, (whole[0, 1] + whole[1, 0]) * 2 / (len(drawn) - 1),
                      sum(b - a for t in binary.values() for a, b, _ in t)))  # fmt: skip
    mass, d_obs, used = np.array(items).T

    def alpha(kept: np.ndarray) -> float:
        total, held = mass[kept].sum(), used[kept].sum()
        return float(1 - total * d_obs[kept].sum() / (2 * held * (total - held)))

    expected = jackknife(len(items), alpha)
    row = rows[LAYER, "Speaker A"]
    assert row["alpha_binary"] == pytest.approx(expected.value)
    assert row["alpha_lo"] == pytest.approx(expected.lo) and row["alpha_hi"] == pytest.approx(min(1, expected.hi))
    assert row["prevalence"] == pytest.approx(used.sum() / mass.sum())
    assert 0 < row["boundary_f_lo"] <= row["boundary_f_500ms"] <= row["boundary_f_hi"] <= 1
    used = [r for r in built["measure.item_label"].to_pylist() if (r["layer"], r["label"]) == (LAYER, "Speaker A")]
    hits, units = (np.array([r[c] for r in used], float) for c in ("unit_hits_iou50", "n_units"))
    expected = jackknife(len(used), lambda kept: float(hits[kept].sum() / units[kept].sum()))
    assert len(used) == len(items) and row["unit_f_iou50"] == pytest.approx(expected.value)
    assert (row["unit_f_lo"], row["unit_f_hi"]) == pytest.approx((expected.lo, min(1.0, expected.hi)))


def test_labels_of_one_annotator_say_why_they_are_undefined(run_model: Run) -> None:
    tables = silver(labels=clips(1, 4, {"a": 1.0}))
    tables |= measures.build(tables)
    tables |= {"gold.label_confusion": run_model("label_confusion", tables)}
    rows = run_model("label_reliability", tables).to_pylist()
    assert rows and all(r["alpha_binary"] is None and r["reason_code"] == "one_annotator" for r in rows)
    assert run_model("agreement_pair_item", tables).num_rows == run_model("label_confusion", tables).num_rows == 0


def test_further_windows_are_measures_of_the_job(run_model: Run) -> None:
    tables = silver(*dialogues(2, 6))
    tables |= measures.build(tables, windows_s=[1.5])
    rows = {r["measure"]: r for r in run_model("agreement_job", tables).to_pylist()}
    wide = rows["boundary_f_1500ms"]
    assert rows["boundary_f_500ms"]["value"] <= wide["value"] <= rows["boundary_f_3s"]["value"]
    assert wide["ci_lo"] <= wide["value"] <= wide["ci_hi"] and wide["chance_floor"] is not None
