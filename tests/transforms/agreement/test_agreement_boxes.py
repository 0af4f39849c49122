"""Boxes and tracks of boxes: brute force as oracle, published values, a real sequence with known defects."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms import schemas
from transforms.agreement import box_tracks
from transforms.agreement import boxes as agreement
from transforms.boxes import ANNOTATORS, BOXES
from transforms.consensus import fuse_boxes

Box = tuple[int, float, float, float, float, str, str | None]  # frame, left, top, width, height, label, track


def tables(drawn: dict[str, list[Box]]) -> tuple[pa.Table, pa.Table]:
    key = {"job_name": "j", "object_id": "0"}
    rows = [key | {"worker_id": w, "layer": "l", "frame_no": f, "left_px": float(x), "top_px": float(y),
                   "width_px": float(a), "height_px": float(b), "label": c, "track_id": t}
            for w, boxes in drawn.items() for f, x, y, a, b, c, t in boxes]  # fmt: skip
    return pa.Table.from_pylist(rows, BOXES), pa.Table.from_pylist([key | {"worker_id": w} for w in drawn], ANNOTATORS)


def overlap(one: Box, other: Box) -> float:
    w = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    h = min(one[2] + one[4], other[2] + other[4]) - max(one[2], other[2])
    shared = max(w, 0.0) * max(h, 0.0)
    return shared / (one[3] * one[4] + other[3] * other[4] - shared)


def best(gain: np.ndarray) -> float:
    """Greatest total of a one-to-one choice, by trying all."""
    if gain.shape[0] > gain.shape[1]:
        gain = gain.T
    n, m = gain.shape
    return max((sum(gain[i, j] for i, j in enumerate(p)) for p in itertools.permutations(range(m), n)), default=0.0)


def slow_items(drawn: dict[str, list[Box]]) -> dict[str, dict[str, float]]:
    found = {}
    for label in {b[5] for boxes in drawn.values() for b in boxes}:
        sums = dict.fromkeys(("n_boxes", "hits_iou50", "hits_iou50_95", "sum_iou_matched"), 0.0)
        for one, other in itertools.combinations(sorted(drawn), 2):
            for frame in range(4):
                a = [b for b in drawn[one] if b[0] == frame and b[5] == label]
                b = [b for b in drawn[other] if b[0] == frame and b[5] == label]
                sums["n_boxes"] += len(a) + len(b)
                if a and b:
                    shared = np.array([[overlap(x, y) for y in b] for x in a])
                    sums["hits_iou50"] += 2 * best((shared >= 0.5 - 1e-9) * 1.0)
                    sums["hits_iou50_95"] += sum(2 * best((shared >= t - 1e-9) * 1.0) for t in agreement.THRESHOLDS)
                    sums["sum_iou_matched"] += 2 * best(shared)
        found[label] = sums
    return found


one_box = st.tuples(
    st.integers(0, 3), st.integers(0, 6), st.integers(0, 4), st.integers(1, 6), st.integers(1, 6),
    st.sampled_from("AB"), st.sampled_from(["t1", "t2", "t3"]),
)  # fmt: skip
sheets = st.lists(st.lists(one_box, max_size=9), min_size=2, max_size=3)


@settings(max_examples=150, deadline=None)
@given(drawn=sheets)
def test_sums_are_those_of_all_matchings_tried(drawn: list[list[Box]]) -> None:
    named = {f"w{k}": boxes for k, boxes in enumerate(drawn)}
    found = agreement.score_items(*tables(named))
    assert found.schema == schemas.MEASURE_BOX_ITEM.arrow
    rows = {r["label"]: r for r in found.to_pylist()}
    for label, sums in slow_items(named).items():
        assert {name: rows[label][name] for name in sums} == pytest.approx(sums)
    assert len(rows) == len(slow_items(named))
    pairs = agreement.score_pairs(*tables(named)).to_pylist()
    for label, row in rows.items():
        mine = [p for p in pairs if p["label"] == label]
        assert sum(p["n_boxes_a"] + p["n_boxes_b"] for p in mine) == row["n_boxes"]
        assert 2 * sum(p["hits_iou50"] for p in mine) == row["hits_iou50"] <= row["n_boxes"]
        assert row["sum_iou_matched"] <= row["n_boxes"] + 1e-9


def test_boxes_by_hand() -> None:
    drawn: dict[str, list[Box]] = {
        "a": [(0, 0, 0, 10, 10, "cat", None), (0, 50, 0, 10, 10, "cat", None), (0, 0, 50, 4, 4, "dog", None)],
        "b": [(0, 0, 0, 10, 8, "cat", None), (1, 50, 0, 10, 10, "cat", None)],
        "c": [],
    }
    cat, dog = agreement.score_items(*tables(drawn)).to_pylist()
    assert (cat["n_boxes"], cat["hits_iou50"], cat["hits_iou50_95"], cat["n_pairs"]) == (8, 2, 14, 3)
    assert cat["sum_iou_matched"] == pytest.approx(1.6) and (dog["n_boxes"], dog["hits_iou50"]) == (2, 0)
    pair = agreement.score_pairs(*tables(drawn)).to_pylist()[0]
    assert (pair["worker_a"], pair["worker_b"], pair["n_boxes_a"], pair["n_boxes_b"], pair["hits_iou50"]) == (
        "a", "b", 2, 2, 1,
    )  # fmt: skip
    assert agreement.score_items(*tables({"a": [], "b": []})).num_rows == 0
    alone = agreement.score_items(*tables({"a": drawn["a"]})).to_pylist()
    assert [(r["n_pairs"], r["n_boxes"], r["n_annotators"]) for r in alone] == [(0, 0, 1)] * 2


def test_identity_hits_of_the_published_example() -> None:
    """The example of py-motmetrics' README: three frames, distances or nan; IDF1 .8333."""
    nan = float("nan")
    frames = [([1, 2], [1, 2, 3], [[0.1, nan, 0.3], [0.5, 0.2, 0.3]]), ([1, 2], [1], [[0.2], [0.4]]),
              ([1, 2], [1, 3], [[0.6, 0.2], [0.1, 0.6]])]  # fmt: skip
    met = [(o, h) for objects, hypotheses, d in frames for i, o in enumerate(objects)
           for j, h in enumerate(hypotheses) if d[i][j] == d[i][j]]  # fmt: skip
    hits = box_tracks.identity_hits(np.array([o for o, _ in met]), np.array([h for _, h in met]))
    n_boxes = sum(len(o) + len(h) for o, h, _ in frames)
    assert 2 * hits / n_boxes == pytest.approx(0.8333, abs=1e-4)


def slow_tracks(one: list[Box], other: list[Box]) -> tuple[int, float]:
    """Identity hits and HOTA of one class as in the papers, by trying all matchings of tracks and of each frame."""
    a_len, b_len = ({t: sum(b[6] == t for b in side) for t in {b[6] for b in side}} for side in (one, other))
    potential = dict.fromkeys(itertools.product(a_len, b_len), 0.0)
    together = dict.fromkeys(potential, 0)
    frames = sorted({b[0] for b in one} & {b[0] for b in other})
    shared = {}
    for f in frames:
        a, b = [x for x in one if x[0] == f], [x for x in other if x[0] == f]
        s = np.array([[overlap(x, y) for y in b] for x in a])
        shared[f] = (a, b, s)
        for (i, x), (j, y) in itertools.product(enumerate(a), enumerate(b)):
            if s[i, j] > 0:
                potential[x[6], y[6]] += s[i, j] / (s[i].sum() + s[:, j].sum() - s[i, j])
                together[x[6], y[6]] += s[i, j] >= 0.5 - 1e-9
    id_hits = best(np.array([[together[x, y] for y in b_len] for x in a_len], float).reshape(len(a_len), len(b_len)))
    align = {k: v / (a_len[k[0]] + b_len[k[1]] - v) for k, v in potential.items()}
    matched = []
    for a, b, s in shared.values():
        gain = np.array([[align[x[6], y[6]] * s[i, j] for j, y in enumerate(b)] for i, x in enumerate(a)])
        small, turned = (gain, False) if len(a) <= len(b) else (gain.T, True)
        chosen = max(itertools.permutations(range(small.shape[1]), len(small)),
                     key=lambda p, g=small: sum(g[i, j] for i, j in enumerate(p)))  # fmt: skip
        for first, second in enumerate(chosen):
            i, j = (second, first) if turned else (first, second)
            matched.append((a[i][6], b[j][6], s[i, j]))
    values = []
    for threshold in box_tracks.THRESHOLDS:
        kept = [(x, y) for x, y, s in matched if s >= threshold - 1e-9]
        tp = len(kept)
        ass = sum(kept.count(k) / (a_len[k[0]] + b_len[k[1]] - kept.count(k)) for k in kept) / max(1, tp)
        values.append(np.sqrt(tp / (len(one) + len(other) - tp) * ass))
    return int(id_hits), float(np.mean(values))


def walk(rng: np.random.Generator, n_tracks: int, jitter: float) -> dict[str, list[Box]]:
    """Two annotators who follow the same things; tracks sometimes change hands, boxes are sometimes missed."""
    drawn: dict[str, list[Box]] = {"a": [], "b": []}
    for worker, boxes in drawn.items():
        for t in range(n_tracks):
            name = t
            for f in range(8):
                if worker == "b" and rng.random() < 0.1:
                    name = int(rng.integers(n_tracks)) + n_tracks * 2
                if rng.random() < 0.85 and not any(b[0] == f and b[6] == f"{name}" for b in boxes):
                    x, y, w, h = np.array([12 * t + 3 * f, 5 * t, 20, 15]) + rng.normal(0, jitter, 4)
                    boxes.append((f, x, y, max(w, 1), max(h, 1), "A", f"{name}"))
    return drawn


@pytest.mark.parametrize("seed", range(12))
def test_tracks_are_scored_as_in_the_papers(seed: int) -> None:
    drawn = walk(np.random.default_rng(seed), 3, 0.5 + seed / 4)
    (row,) = box_tracks.score_items(*tables(drawn)).to_pylist()
    id_hits, expected = slow_tracks(drawn["a"], drawn["b"])
    assert slow_tracks(drawn["b"], drawn["a"])[1] == pytest.approx(expected)  # without ties no direction matters
    assert row["n_boxes"] == len(drawn["a"]) + len(drawn["b"]) and row["id_hits"] == 2 * id_hits
    assert box_tracks.hota(row["n_boxes"], dict(row["hota_hits"]), dict(row["hota_associated"])) == pytest.approx(
        expected
    )


@settings(max_examples=80, deadline=None)
@given(drawn=sheets, data=st.data())
def test_names_do_not_matter_and_figures_stay_in_bounds(drawn: list[list[Box]], data: st.DataObject) -> None:
    named = {f"w{k}": boxes for k, boxes in enumerate(drawn)}
    other = dict(zip(data.draw(st.permutations(sorted(named))), drawn, strict=True))
    for score in (agreement.score_items, box_tracks.score_items, fuse_boxes):
        first, second = score(*tables(named)).to_pylist(), score(*tables(other)).to_pylist()
        for x, y in zip(first, second, strict=True):
            for column in set(x) - {"dissenters", "hota_hits", "hota_associated"}:
                assert x[column] == pytest.approx(y[column]), column
            for column in {"hota_hits", "hota_associated"} & set(x):
                assert dict(x[column]) == pytest.approx(dict(y[column])), column
    for row in box_tracks.score_items(*tables(named)).to_pylist():
        if row["n_boxes"]:
            value = box_tracks.hota(row["n_boxes"], dict(row["hota_hits"]), dict(row["hota_associated"]))
            assert 0 <= value <= 1 + 1e-9 and 0 <= row["id_hits"] <= row["n_boxes"]


# -- a real sequence --------------------------------------------------------------------------------------------------


def sequence(shared_data: Path) -> list[Box]:
    path = shared_data / "ground_truth" / "video_object_tracking" / "SeqLabel.json"
    found = [
        (int(f["frame-no"]), b["left"], b["top"], b["width"], b["height"], b["class-id"], b["object-name"])
        for f in json.loads(path.read_text())["tracking-annotations"]
        for b in f["annotations"]
    ]
    assert len(found) == 890
    return found


def figures(one: list[Box], other: list[Box]) -> dict[str, float]:
    (box,) = agreement.score_items(*tables({"a": one, "b": other})).to_pylist()
    (track,) = box_tracks.score_items(*tables({"a": one, "b": other})).to_pylist()
    n = box["n_boxes"]
    return {
        "f50": box["hits_iou50"] / n, "f50_95": box["hits_iou50_95"] / 10 / n, "mean_iou": box["sum_iou_matched"] / n,
        "idf1": track["id_hits"] / n,
        "hota": box_tracks.hota(n, dict(track["hota_hits"]), dict(track["hota_associated"])),
    }  # fmt: skip


def test_which_figure_sees_which_defect(shared_data: Path) -> None:
    truth, rng = sequence(shared_data), np.random.default_rng(1)
    same = figures(truth, truth)
    assert same == pytest.approx(dict.fromkeys(same, 1.0))
    renamed = figures(truth, [(*b[:6], f"other {b[6]}") for b in truth])
    assert renamed == pytest.approx(same)

    jitter = figures(truth, [(b[0], *(np.array(b[1:5]) + rng.normal(0, 3, 4)), *b[5:]) for b in truth])
    assert jitter["f50"] > 0.99 and jitter["idf1"] > 0.99 and jitter["f50_95"] < 0.98 and jitter["mean_iou"] < 0.98

    kept = [b for b in truth if rng.random() > 0.2]
    missed = figures(truth, kept)
    assert missed["f50"] == pytest.approx(2 * len(kept) / (len(kept) + 890)) == pytest.approx(missed["idf1"])

    names = sorted({b[6] for b in truth})
    swapped = dict(zip(names, [names[1], names[0], *names[2:]], strict=True))
    half = figures(truth, [(*b[:6], swapped[b[6]] if b[0] >= 150 else b[6]) for b in truth])
    assert half["f50"] == half["f50_95"] == half["mean_iou"] == 1.0  # boxes do not see who is who
    assert half["idf1"] < 0.9 and half["hota"] < 0.95

    other_class = [(*b[:5], "9", b[6]) for b in truth]
    rows = agreement.score_items(*tables({"a": truth, "b": other_class})).to_pylist()
    assert [(r["n_boxes"], r["hits_iou50"]) for r in rows] == [(890, 0), (890, 0)]


def test_fused_boxes_are_nearer_to_the_truth(shared_data: Path) -> None:
    truth, rng = sequence(shared_data), np.random.default_rng(2)
    drawn: dict[str, list[Box]] = {}
    for worker in "abcde":
        drawn[worker] = [(b[0], *np.maximum(np.array(b[1:5]) + rng.normal(0, 3, 4), 1), *b[5:])
                         for b in truth if rng.random() > 0.1]  # fmt: skip
        drawn[worker] += [(int(f), *rng.uniform(5, 900, 2), 40.0, 30.0, "2", None) for f in rng.integers(0, 300, 20)]
    rows = [r for r in fuse_boxes(*tables(drawn)).to_pylist() if r["is_accepted"]]
    fused = [
        (r["frame_no"], *(r[f"{s}_px"] for s in ("left", "top", "width", "height")), r["label"], None) for r in rows
    ]
    assert len(rows) == pytest.approx(882, abs=15)  # three of five draw a box with probability .991

    def mean_iou(boxes: list[Box]) -> float:
        (row,) = agreement.score_items(*tables({"t": truth, "x": boxes})).to_pylist()
        return row["sum_iou_matched"] / row["n_boxes"]

    assert mean_iou(fused) > max(mean_iou(boxes) for boxes in drawn.values()) + 0.05
    assert np.mean([r["confidence"] for r in rows]) > 0.75


# -- fusion by hand ---------------------------------------------------------------------------------------------------


def fused(drawn: dict[str, list[tuple[float, float, float, float, str]]]) -> list[dict[str, Any]]:
    return fuse_boxes(*tables({w: [(0, *b, None) for b in boxes] for w, boxes in drawn.items()})).to_pylist()


def test_fusion_by_hand() -> None:
    first, lone = fused({
        "a": [(0, 0, 10, 10, "cat")], "b": [(2, 0, 10, 10, "cat")], "c": [(1, 0, 10, 10, "dog"), (50, 50, 5, 5, "cat")],
    })  # fmt: skip
    assert [first[f"{s}_px"] for s in ("left", "top", "width", "height")] == [1.0, 0.0, 10.0, 10.0]
    assert (first["label"], first["support"], first["is_accepted"], first["dissenters"]) == ("cat", 2, True, '["c"]')
    assert first["confidence"] == pytest.approx((90 / 110 + 90 / 110) / 3)
    assert (lone["support"], lone["is_accepted"], lone["dissenters"]) == (1, False, '["a", "b"]')
    assert [r["box_no"] for r in (first, lone)] == [0, 1]


def test_ties_of_fusion() -> None:
    assert fused({"a": [(0, 0, 9, 9, "dog")], "b": [(0, 0, 9, 9, "cat")]})[0]["label"] == "cat"
    more = fused({"a": [(0, 0, 9, 9, "dog"), (50, 0, 9, 9, "dog")], "b": [(0, 0, 9, 9, "cat")]})
    assert more[0]["label"] == "dog" and [r["is_accepted"] for r in more] == [False, False]
    chain = fused({"a": [(0, 0, 10, 1, "x")], "b": [(3, 0, 10, 1, "x")], "c": [(6, 0, 10, 1, "x")]})
    assert [(r["left_px"], r["support"]) for r in chain] == [(1.5, 2), (6.0, 1)]  # a and c do not reach .5
    alone = fused({"a": [(0, 0, 9, 9, "dog")]})[0]
    assert (alone["confidence"], alone["support"], alone["is_accepted"]) == (0.0, 1, True)
    assert fused({"a": [], "b": []}) == []
