"""Boxes and tracks from silver to gold: sums, intervals, who misses what, fused boxes, chance floors."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy.optimize import linear_sum_assignment

from tests.sql.conftest import Run
from transforms import box_measures
from transforms.agreement.coefficients import jackknife
from transforms.agreement.jobs import box_figures, track_figures
from transforms.schemas import ANNOTATION, ASSET_TABLE, ASSIGNMENT, BOX

WORKERS = ("ann", "bob", "cy")
STAMP = {"job_name": "j", "revision": 1, "landing_id": "l"}


def silver(n_objects: int = 6, seed: int = 4) -> dict[str, pa.Table]:
    """A sequence of 5 frames an object: three things move; cy misses one class, bob is two pixels off."""
    rng = np.random.default_rng(seed)
    boxes, answers = [], []
    for one in range(n_objects):
        truth = rng.uniform(0, 200, (3, 2))
        for worker in WORKERS:
            key = STAMP | {"object_id": str(one), "worker_id": worker}
            answers.append(key | {"task_type": "video_object_tracking", "answer": "{}"})
            for frame in range(5):
                for thing, (x, y) in enumerate(truth):
                    label = "dog" if thing == 2 else "cat"
                    if (worker == "cy" and label == "dog") or rng.random() < 0.1:
                        continue
                    off = 2.0 if worker == "bob" else 0.0
                    spot = {"left_px": x + 3 * frame + off, "top_px": y, "width_px": 20.0 + one, "height_px": 20.0}
                    place = {"layer": "things", "frame_no": frame, "box_no": thing, "track_id": f"t{thing}"}
                    boxes.append(key | spot | place | {"label": label})
    return {
        BOX.name: pa.Table.from_pylist(boxes, BOX.arrow),
        ANNOTATION.name: pa.Table.from_pylist(answers, ANNOTATION.arrow),
        ASSIGNMENT.name: ASSIGNMENT.empty(),
        ASSET_TABLE.name: ASSET_TABLE.empty(),
    }


@pytest.fixture(scope="module")
def tables() -> Mapping[str, pa.Table]:
    given = silver()
    return given | box_measures.build(given)


def _figure(figures: Any, measure: str, items: pa.Table, of_object: np.ndarray, kept: np.ndarray) -> float:
    return next(v for *_, m, v in figures(items.filter(pa.array(np.isin(of_object, kept)))) if m == measure)


def test_job_measures_have_the_jackknife_of_the_reference(run_model: Run, tables: Mapping[str, pa.Table]) -> None:
    rows = {r["measure"]: r for r in run_model("agreement_job", tables).to_pylist()}
    assert set(rows) == {"box_f_iou50", "box_f_iou50_95", "box_mean_iou", "idf1", "hota"}
    for name, figures in (("measure.box_item", box_figures), ("measure.track_item", track_figures)):
        of_object = np.array(tables[name]["object_id"].to_pylist(), dtype=np.int64)
        for _, _, measure, value in figures(tables[name]):
            expected = jackknife(6, partial(_figure, figures, measure, tables[name], of_object))
            row = rows[measure]
            assert row["value"] == pytest.approx(value) == pytest.approx(expected.value)
            assert row["se"] == pytest.approx(expected.se)
            assert (row["ci_lo"], row["ci_hi"]) == pytest.approx((expected.lo, min(1.0, expected.hi)))
            assert (row["n_items"], row["n_annotators"], row["reason_code"]) == (6, 3, None)
            assert 0 <= row["chance_floor"] < 0.4 < row["value"]


def test_objects_and_classes(run_model: Run, tables: Mapping[str, pa.Table]) -> None:
    rows = run_model("agreement_box", tables).to_pylist()
    assert len(rows) == 12 and all(r["reason_code"] is None for r in rows)
    by_label = {label: np.mean([r["f_iou50"] for r in rows if r["label"] == label]) for label in ("cat", "dog")}
    assert by_label["cat"] > 0.85 and by_label["dog"] < 0.6  # cy drew no dog
    job = {r["measure"]: r["value"] for r in run_model("agreement_job", tables).to_pylist()}
    n = sum(r["n_boxes"] for r in rows)
    assert job["box_f_iou50"] == pytest.approx(sum(r["hits_iou50"] for r in rows) / n)
    assert job["idf1"] == pytest.approx(sum(r["id_hits"] for r in rows) / sum(r["n_followed"] for r in rows))
    assert all(0 <= r["hota"] <= 1 and 0 <= r["idf1"] <= 1 and 0 <= r["f_iou50_95"] <= r["f_iou50"] for r in rows)


def test_who_misses_what(run_model: Run, tables: Mapping[str, pa.Table]) -> None:
    rows = {(r["worker_a"], r["worker_b"]): r for r in run_model("agreement_box_pair", tables).to_pylist()}
    assert sorted(rows) == [("ann", "bob"), ("ann", "cy"), ("bob", "cy")]
    assert rows["ann", "cy"]["missed_by_b"] > 0.3 > rows["ann", "cy"]["missed_by_a"]
    for row in rows.values():
        assert row["n_items"] == 6 and row["f_iou50_lo"] <= row["f_iou50"] <= row["f_iou50_hi"]
        hits = row["f_iou50"] * (row["n_boxes_a"] + row["n_boxes_b"]) / 2
        assert row["missed_by_a"] == pytest.approx(1 - hits / row["n_boxes_b"])


def test_every_figure_of_two_has_its_interval(run_model: Run, tables: Mapping[str, pa.Table]) -> None:
    for row in run_model("agreement_box_pair", tables).to_pylist():
        mine = [r for r in tables["measure.box_pair"].to_pylist()
                if (r["worker_a"], r["worker_b"]) == (row["worker_a"], row["worker_b"])]  # fmt: skip

        def of(column: str, rows: list[dict[str, Any]] = mine) -> np.ndarray:
            return np.array([sum(r[column] for r in rows if r["object_id"] == str(k)) for k in range(6)], float)

        n_a, n_b = of("n_boxes_a"), of("n_boxes_b")
        ratios = {
            "f_iou50": (2 * of("hits_iou50"), n_a + n_b),
            "f_iou50_95": (0.2 * of("hits_iou50_95"), n_a + n_b),
            "mean_iou": (2 * of("sum_iou_matched"), n_a + n_b),
            "missed_by_a": (n_b - of("hits_iou50"), n_b),
            "missed_by_b": (n_a - of("hits_iou50"), n_a),
        }
        for name, (above, below) in ratios.items():
            expected = jackknife(6, lambda kept, a=above, b=below: float(a[kept].sum() / b[kept].sum()))
            assert row[name] == pytest.approx(expected.value)
            ends = (max(0.0, expected.lo), min(1.0, expected.hi)) if expected.se > 1e-9 else (None, None)
            assert (row[f"{name}_lo"], row[f"{name}_hi"]) == pytest.approx(ends)


def _hits(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> int:
    """Boxes of two annotators matched at IoU .5: an assignment problem for every frame and class."""
    total = 0
    for frame, label in {(b["frame_no"], b["label"]) for b in one}:
        a, b = ([x for x in side if (x["frame_no"], x["label"]) == (frame, label)] for side in (one, other))
        near = np.zeros((len(a), len(b)))
        for (i, x), (j, y) in ((p, q) for p in enumerate(a) for q in enumerate(b)):
            w, h = (
                min(x[at] + x[size], y[at] + y[size]) - max(x[at], y[at])
                for at, size in (("left_px", "width_px"), ("top_px", "height_px"))
            )
            shared = max(w, 0.0) * max(h, 0.0)
            whole = x["width_px"] * x["height_px"] + y["width_px"] * y["height_px"] - shared
            near[i, j] = shared / whole >= 0.5 - 1e-9
        total += int(near[linear_sum_assignment(near, maximize=True)].sum())
    return total


def test_workers_against_each_other(run_model: Run, tables: Mapping[str, pa.Table]) -> None:
    """F against the others beyond the chance floor, from the boxes themselves, with every object left out in turn."""
    rows = {r["worker_id"]: r for r in run_model("worker_quality", tables).to_pylist()}
    floors = {r["measure"]: r["chance_floor"] for r in tables["measure.box_chance"].to_pylist()}
    floor = floors["box_f_iou50"]
    drawn = {(o, w): [] for o in map(str, range(6)) for w in WORKERS}
    for box in tables[BOX.name].to_pylist():
        drawn[box["object_id"], box["worker_id"]].append(box)
    assert set(rows) == set(WORKERS) and 0 < floor < 0.4
    for worker, row in rows.items():
        others = [w for w in WORKERS if w != worker]
        sums = []
        for o in map(str, range(6)):
            own = drawn[o, worker]
            hits = 2 * sum(_hits(own, drawn[o, w]) for w in others)
            sums.append((hits, sum(len(own) + len(drawn[o, w]) for w in others)))
        hit, n = np.array(sums, dtype=float).T
        expected = jackknife(6, lambda kept, h=hit, m=n: float((h[kept].sum() / m[kept].sum() - floor) / (1.0 - floor)))
        assert row["loo_agreement"] == pytest.approx(expected.value) and row["n_items"] == 6
        assert (row["loo_lo"], row["loo_hi"]) == pytest.approx((expected.lo, min(1.0, expected.hi)))
        mine = sum(len(drawn[str(o), worker]) for o in range(6))
        theirs = np.mean([sum(len(drawn[str(o), w]) for o in range(6)) for w in others])
        assert row["n_labels"] == mine and row["over_seg_index"] == pytest.approx(mine / theirs)
        assert (row["split_rate"], row["merge_rate"], row["offset_s"], row["skill_onecoin"]) == (None,) * 4
        assert row["status"] == ("reliable" if expected.lo >= 0.667 else "watch")
    assert min(rows, key=lambda w: rows[w]["loo_agreement"]) == "cy"  # who drew no dog
    assert rows["cy"]["over_seg_index"] < 0.8 and rows["ann"]["over_seg_index"] > 1.0


def test_workers_whose_boxes_nobody_compared(run_model: Run) -> None:
    """One annotator, and one who drew nothing: a row that says too few, and agreement of 0 that chance would reach."""
    given = silver(2)
    alone = given | {
        name: given[name].filter(pa.array([w == "ann" for w in given[name]["worker_id"].to_pylist()]))
        for name in (BOX.name, ANNOTATION.name)
    }
    (row,) = run_model("worker_quality", alone | box_measures.build(alone)).to_pylist()
    assert (row["worker_id"], row["loo_agreement"], row["n_items"], row["status"]) == ("ann", None, 0, "too_few")
    assert row["n_labels"] == alone[BOX.name].num_rows > 0
    six = silver()
    idle = six | {BOX.name: six[BOX.name].filter(pa.array([w != "cy" for w in six[BOX.name]["worker_id"].to_pylist()]))}
    rows = {r["worker_id"]: r for r in run_model("worker_quality", idle | box_measures.build(idle)).to_pylist()}
    assert (rows["cy"]["n_labels"], rows["cy"]["over_seg_index"], rows["cy"]["status"]) == (0, 0.0, "watch")
    assert rows["cy"]["loo_agreement"] <= 0 < rows["ann"]["loo_agreement"]


def test_fused_boxes(run_model: Run, tables: Mapping[str, pa.Table]) -> None:
    rows = run_model("consensus_box", tables).to_pylist()
    dogs = [r for r in rows if r["label"] == "dog" and r["support"] == 2]
    assert dogs and all(r["dissenters"] == '["cy"]' and r["is_accepted"] for r in dogs)


def test_one_annotator_and_no_boxes(run_model: Run) -> None:
    given = silver(2)
    alone = given | {
        name: given[name].filter(pa.array([w == "ann" for w in given[name]["worker_id"].to_pylist()]))
        for name in (BOX.name, ANNOTATION.name)
    }
    rows = run_model("agreement_job", alone | box_measures.build(alone)).to_pylist()
    assert {r["reason_code"] for r in rows} == {"one_annotator"} and all(r["value"] is None for r in rows)
    nothing = given | {BOX.name: BOX.empty()}
    assert all(table.num_rows == 0 for table in box_measures.build(nothing).values())
