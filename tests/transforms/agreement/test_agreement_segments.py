"""Sums of segments: hand-worked cases, real pairs against mir_eval and a grid, and what must never change them."""

from __future__ import annotations

from pathlib import Path

import mir_eval
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transforms.test_intervals import many_tracks
from transforms import intervals
from transforms.agreement import coefficients, jobs, segments
from transforms.schemas import MEASURE_ITEM
from transforms.tracks import ANNOTATORS, EDGE_S, SEGMENTS, Tracks, tracks

Track = list[tuple[float, float, str]]


def tables(said: dict[str, Track], duration: float | None, item: str = "0") -> tuple[pa.Table, pa.Table]:
    key = {"job_name": "j", "object_id": item}
    rows = [key | {"worker_id": w, "layer": "speaker", "label": x, "start_s": a, "end_s": b}
            for w, track in said.items() for a, b, x in track]  # fmt: skip
    asked = [key | {"worker_id": w, "duration_s": duration} for w in said]
    return pa.Table.from_pylist(rows, SEGMENTS), pa.Table.from_pylist(asked, ANNOTATORS)


def score(said: dict[str, Track], duration: float | None = 10.0) -> dict[str, object]:
    found = segments.score_items(*tables(said, duration))
    assert found.schema == MEASURE_ITEM.arrow and found.num_rows == 1
    return found.to_pylist()[0] | {"label_mass": dict(found["label_mass"].to_pylist()[0])}


def alpha(row: dict[str, object]) -> float:
    masses = np.array(list(row["label_mass"].values()))
    return coefficients.alpha_from_sums(row["d_obs"], masses, is_count=False)


def test_three_annotators_by_hand() -> None:
    row = score({"a": [(0, 4, "A"), (4, 8, "B")], "b": [(0, 5, "A"), (5, 8, "B")], "c": []})
    # [0,4] A A -: (9 - 4 - 1)/2 = 2; [4,5] B A -: (9 - 3)/2 = 3; [5,8] B B -: 2; [8,10] nobody: 0
    assert row["d_obs"] == pytest.approx(4 * 2 + 1 * 3 + 3 * 2)
    assert row["d_obs_presence"] == pytest.approx(8 * 2)
    assert row["mass"] == row["mass_presence"] == 30 and row["present_mass"] == 16
    assert row["label_mass"] == {"": 14, "A": 9, "B": 7}
    # interior boundaries: a 4 8, b 5 8, c none; each stands in two pairs
    assert row["n_boundaries"] == 8 and row["boundary_hits_500ms"] == 2 and row["boundary_hits_3s"] == 4
    assert row["boundary_abs_dev_s"] == 0
    # units: A 4/5, B 3/4
    assert row["n_units"] == 8 and row["unit_hits_iou50"] == row["unit_hits_iou50_label"] == 4
    assert row["sum_iou_matched"] == pytest.approx(2 * (0.8 + 0.75))
    assert (row["n_annotators"], row["n_pairs"], row["reason_code"]) == (3, 3, None)


def test_defined_edges() -> None:
    alone = score({"a": [(0, 4, "A")]})
    assert alone["reason_code"] == "one_annotator" and alone["mass"] == alone["d_obs"] == 0
    assert alone["label_mass"] == {} and alone["n_boundaries"] == alone["n_units"] == 0
    unknown = score({"a": [(0, 4, "A")], "b": [(1, 5, "A")]}, None)
    assert unknown["duration_s"] == 5 and unknown["mass"] == 10
    one_label = score({"a": [(0, 10, "A")], "b": [(0, 10, "A")]})
    assert one_label["d_obs"] == 0 and np.isnan(alpha(one_label)) and one_label["n_boundaries"] == 0
    assert segments.score_items(SEGMENTS.empty_table(), ANNOTATORS.empty_table()).num_rows == 0
    late = score({"a": [(0, 12, "A"), (13, 14, "B")], "b": []})  # beyond the media: cut, or nothing
    assert late["label_mass"] == {"": 10, "A": 10} and late["n_units"] == 1


def test_an_item_without_segments_counts_where_the_job_has_the_layer() -> None:
    first, second = tables({"a": [(0, 4, "A")], "b": []}, 10.0), tables({"a": [], "b": []}, 6.0, "1")
    found = segments.score_items(*(pa.concat_tables(part) for part in zip(first, second, strict=True)))
    silent = found.to_pylist()[1]
    assert silent["object_id"] == "1" and silent["d_obs"] == 0 and dict(silent["label_mass"]) == {"": 12}


def test_two_people_at_once_are_a_label_of_their_own() -> None:
    row = score({"a": [(0, 6, "A"), (4, 8, "B")], "b": [(0, 6, "A"), (4, 8, "B")]})
    assert row["d_obs"] == 0 and row["label_mass"] == {"": 4, "A": 8, "B": 4, "A + B": 4}
    assert row["n_units"] == 4 and row["unit_hits_iou50_label"] == 4 and row["sum_iou_matched"] == 4
    apart = score({"a": [(0, 6, "A"), (4, 8, "B")], "b": [(0, 5, "A"), (5, 8, "B")]})
    assert apart["unit_hits_iou50_label"] == 4 and apart["d_obs"] == pytest.approx(2 * 2)
    assert apart["sum_iou_matched"] == pytest.approx(2 * (5 / 6 + 3 / 4))


def test_one_unit_matches_one() -> None:
    """Two halves both reach IoU 0.5 with the whole; only one of them may count."""
    row = score({"a": [(0, 2, "A")], "b": [(0, 1, "A"), (1, 2, "A")]})
    assert row["unit_hits_iou50"] == 2 and row["n_units"] == 3


# -- real pairs -------------------------------------------------------------------------------------------------------

REFERENCE = [0.383, 7.332, 27.109, 47.015, 67.123, 87.103, 107.649, 128.114, 142.763]
REFERENCE_LABELS = ["Intro", "Verse", "Verse", "Bridge", "Verse (Guitar Solo)", "Verse", "Bridge", "Outro (fade-out)"]
ESTIMATE = [0, 6, 14.8, 26.4, 34.8, 46.6, 52.6, 58, 67.2, 85.8, 95, 107.2, 114, 119, 127.8, 133.8, 138.4, 147.4]
ESTIMATE_LABELS = [*"ABCBCDEFGBCDEFDEH"]


def fixture_pair() -> tuple[Track, Track]:
    """The pair of mir_eval's first fixture on the reference's span, padded to 0."""
    last = REFERENCE[-1]
    reference = [(0.0, REFERENCE[0], "__T_MIN"), *zip(REFERENCE[:-1], REFERENCE[1:], REFERENCE_LABELS, strict=True)]
    estimate = zip(ESTIMATE[:-1], ESTIMATE[1:], ESTIMATE_LABELS, strict=True)
    return reference, [(a, min(b, last), x) for a, b, x in estimate if a < last]


def hits(left: list[float], right: list[float], window: float) -> int:
    n = len(left)
    whole = (np.array([0]), np.array([n])), (np.array([n]), np.array([n + len(right)]))
    return len(intervals.match_within(np.array([*left, *right]), *whole, window)[0])


def bounds(track: Track) -> list[float]:
    return sorted({t for a, b, _ in track for t in (a, b)})


@pytest.mark.parametrize(("window", "expected"), [(0.5, (0.3333, 0.6, 0.4286)), (3.0, (0.5, 0.9, 0.6429))])
def test_boundaries_of_the_mir_eval_fixture(window: float, expected: tuple[float, ...]) -> None:
    reference, estimate = (bounds(track) for track in fixture_pair())
    n = hits(reference, estimate, window)
    found = n / len(estimate), n / len(reference), 2 * n / (len(reference) + len(estimate))
    assert found == pytest.approx(expected, abs=5e-5)


def test_ends_are_trimmed() -> None:
    reference, estimate = fixture_pair()
    row = score({"r": reference, "e": estimate}, REFERENCE[-1])
    as_arrays = [np.array([t[:2] for t in track]) for track in (reference, estimate)]
    for window, name in ((0.5, "500ms"), (3.0, "3s")):
        expected = mir_eval.segment.detection(*as_arrays, window=window, trim=True)[2]
        assert row[f"boundary_hits_{name}"] / row["n_boundaries"] == pytest.approx(expected)


def label_overlaps(left: Track, right: Track) -> np.ndarray:
    rows, columns = (sorted({x for *_, x in track}) for track in (left, right))
    table = np.zeros((len(rows), len(columns)))
    for a, b, x in left:
        for c, d, y in right:
            table[rows.index(x), columns.index(y)] += max(0.0, min(b, d) - max(a, c))
    return table


def test_exact_pairwise_scores_of_the_mir_eval_fixture() -> None:
    found = coefficients.pairwise_scores(label_overlaps(*fixture_pair()))
    assert found == pytest.approx((0.8771, 0.4828, 0.6228), abs=6e-5)


def salami(folder: Path, layer: str = "functions") -> dict[str, tuple[Track, Track]]:
    """Pairs of annotations, zero-length segments dropped, both padded to the longer one."""
    pairs = {}
    for track in sorted((folder / "salami" / "annotations").iterdir(), key=lambda p: int(p.name)):
        files = [track / "parsed" / f"textfile{k}_{layer}.txt" for k in (1, 2)]
        if not all(f.exists() and f.stat().st_size for f in files):
            continue
        both = []
        for file in files:
            rows = [line.split("\t") for line in file.read_text().splitlines() if line.strip()]
            times = [float(row[0]) for row in rows]
            both.append([(a, b, row[1]) for a, b, row in zip(times[:-1], times[1:], rows[:-1], strict=True) if b > a])
        if all(both):
            pairs[track.name] = (both[0], both[1])
    return pairs


def padded(track: Track, last: float) -> Track:
    head = [(0.0, track[0][0], "__T_MIN")] if track[0][0] > 0 else []
    tail = [(track[-1][1], last, "__T_MAX")] if track[-1][1] < last else []
    return head + track + tail


@pytest.mark.parametrize(
    ("track", "expected"), [("2", (0.6071, 0.75)), ("4", (0.7097, 0.7097)), ("6", (0.9524, 0.9524))]
)
def test_published_boundary_scores_of_songs(shared_data: Path, track: str, expected: tuple[float, float]) -> None:
    pairs = salami(shared_data, "uppercase")
    if track not in pairs:
        pytest.skip(f"track {track} is not in the sample")
    left, right = pairs[track]
    last = max(left[-1][1], right[-1][1])
    x, y = bounds(padded(left, last)), bounds(padded(right, last))
    found = [2 * hits(x, y, window) / (len(x) + len(y)) for window in (0.5, 3.0)]
    assert found == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize("seed", range(3))
def test_disagreement_is_the_integral(seed: int) -> None:
    """Four annotators, quarter-second times on a quarter-second grid: the sum over cells is the integral."""
    track, start, end, label = many_tracks(seed)
    drawn = {
        str(k): [(a, b, "ABC"[x]) for t, a, b, x in zip(track, start, end, label, strict=True) if t == k]
        for k in range(4)
    }
    (row,) = segments.score_items(*tables(drawn, 20.0)).to_pylist()
    by_labels = by_presence = 0.0
    for at in np.arange(0.125, 20, 0.25):
        said = [next((x for a, b, x in own if a < at < b), "") for own in drawn.values()]
        present = sum(x != "" for x in said)
        by_labels += 0.25 * (16 - sum(said.count(x) ** 2 for x in set(said))) / 3
        by_presence += 0.25 * (16 - present**2 - (4 - present) ** 2) / 3
    assert row["d_obs"] == pytest.approx(by_labels) and by_labels > 0
    assert row["d_obs_presence"] == pytest.approx(by_presence)


def test_songs_against_mir_eval_and_a_grid(shared_data: Path) -> None:
    pairs = salami(shared_data)
    assert len(pairs) >= 20
    rows, asked = [], []
    for item, (left, right) in pairs.items():
        last = max(left[-1][1], right[-1][1])
        made = tables({"a": padded(left, last), "b": padded(right, last)}, last, item)
        rows.append(made[0])
        asked.append(made[1])
    scored = segments.score_items(pa.concat_tables(rows), pa.concat_tables(asked))
    found = {r["object_id"]: r for r in scored.to_pylist()}
    assert set(found) == set(pairs)
    n_rounded = 0
    for item, (left, right) in pairs.items():
        row, last = found[item], max(left[-1][1], right[-1][1])
        tracks_ = [padded(left, last), padded(right, last)]
        arrays = [np.array([t[:2] for t in track]) for track in tracks_]
        if any(0 < last - t < EDGE_S for track in tracks_ for t in bounds(track)):
            n_rounded += 1  # for mir_eval, half a millisecond before the end is a boundary of its own
            continue
        for window, name in ((0.5, "500ms"), (3.0, "3s")):
            f = mir_eval.segment.detection(*arrays, window=window, trim=True)[2]
            assert row[f"boundary_hits_{name}"] / max(1, row["n_boundaries"]) == pytest.approx(f), item
        step = 0.05
        grid = np.arange(step / 2, last, step)
        said = [[x for at in grid for a, b, x in track if a <= at < b] for track in tracks_]
        assert len(said[0]) == len(said[1]) == len(grid)
        differ = float(np.mean([x != y for x, y in zip(*said, strict=True)]))
        assert row["d_obs"] / row["mass"] == pytest.approx(differ, abs=0.004), item
    assert n_rounded < len(pairs) / 4


# -- properties -------------------------------------------------------------------------------------------------------


@st.composite
def annotations(draw: st.DrawFn) -> dict[str, Track]:
    """Tracks of up to four workers on [0, 20], on a quarter-second raster, with gaps and touching segments."""
    said = {}
    for worker in "abcd"[: draw(st.integers(2, 4))]:
        cuts = sorted(draw(st.sets(st.integers(0, 80), max_size=8)))
        names = draw(st.lists(st.sampled_from(["A", "B", "C", None]), min_size=len(cuts), max_size=len(cuts)))
        said[worker] = [(a / 4, b / 4, x) for a, b, x in zip(cuts, cuts[1:], names, strict=False) if x]
    return said


SUMS = ("d_obs", "d_obs_presence", "mass", "present_mass", "n_boundaries", "boundary_hits_500ms", "boundary_hits_3s",
        "n_units", "unit_hits_iou50", "unit_hits_iou50_label", "sum_iou_matched")  # fmt: skip
TIME = ("d_obs", "d_obs_presence", "mass", "present_mass")


def one(said: dict[str, Track], duration: float = 20.0) -> dict[str, object] | None:
    found = segments.score_items(*tables(said, duration)).to_pylist()
    return found[0] if found else None


def same(left: dict[str, object] | None, right: dict[str, object] | None, names: tuple[str, ...] = SUMS) -> None:
    assert (left is None) == (right is None)
    if left and right:
        assert [left[n] for n in names] == pytest.approx([right[n] for n in names])


@settings(max_examples=40, deadline=None)
@given(said=annotations(), data=st.data())
def test_invariances(said: dict[str, Track], data: st.DataObject) -> None:
    before = one(said)
    names = data.draw(st.permutations(sorted(said)))
    same(before, one(dict(zip(names, said.values(), strict=True))))  # who is who
    shuffled = {w: data.draw(st.permutations(t)) for w, t in reversed(said.items())}
    same(before, one(shuffled))  # order of rows
    letters = dict(zip("ABC", data.draw(st.permutations("XYZ")), strict=True))
    same(before, one({w: [(a, b, letters[x]) for a, b, x in t] for w, t in said.items()}))  # names of labels
    halves = {w: [p for a, b, x in t for p in ((a, (a + b) / 2, x), ((a + b) / 2, b, x))] for w, t in said.items()}
    same(before, one(halves), TIME)  # time does not see cuts inside of a label
    twice = {w: t + t for w, t in said.items()}
    same(before, one(twice), TIME)  # nor the same segment said twice
    later = {w: [(a + 7, b + 7, x) for a, b, x in t] for w, t in said.items()}
    same(before, one(later, 27.0), ("d_obs", "d_obs_presence", "present_mass", "n_units", "sum_iou_matched"))


@settings(max_examples=40, deadline=None)
@given(said=annotations())
def test_bounds(said: dict[str, Track]) -> None:
    row = one(said)
    if row is None:
        assert not any(said.values())
        return
    assert 0 <= row["d_obs"] <= row["mass"] + 1e-9 and row["d_obs_presence"] <= row["d_obs"] + 1e-9
    assert sum(dict(row["label_mass"]).values()) == pytest.approx(row["mass"])
    assert row["boundary_hits_500ms"] <= row["boundary_hits_3s"] <= row["n_boundaries"]
    assert row["unit_hits_iou50_label"] <= row["unit_hits_iou50"] <= row["n_units"]
    assert row["sum_iou_matched"] <= row["n_units"] + 1e-9


@settings(max_examples=30, deadline=None)
@given(said=annotations())
def test_everyone_the_same_agrees_fully(said: dict[str, Track]) -> None:
    track = next(iter(said.values()))
    row = one(dict.fromkeys(said, track))
    if row is None:
        return
    assert row["d_obs"] == row["d_obs_presence"] == 0
    assert row["boundary_hits_500ms"] == row["n_boundaries"] and row["unit_hits_iou50_label"] == row["n_units"]


def test_job_value_is_a_ratio_of_sums_over_items() -> None:
    parts = [tables({"a": [(0, 4, "A")], "b": [(0, 5, "A")]}, 10.0), tables({"a": [(0, 1, "B")], "b": []}, 5.0, "1")]
    found = segments.score_items(*(pa.concat_tables(part) for part in zip(*parts, strict=True)))
    ((_, _, sums),) = jobs.layers(found)
    assert sums.value("observed_agreement") == pytest.approx(1 - (2 + 2) / 30)
    masses = np.array([9.0, 1.0, 20.0])
    assert sums.value("alpha") == pytest.approx(1 - 30 * 4 / (900 - (masses**2).sum()))


def test_tracks_are_coded_once_for_many_jobs() -> None:
    parts = [tables({"a": [(0, 4, "A")], "b": [(0, 5, "A")]}, 10.0), tables({"a": [(1, 2, "B")], "b": []}, 10.0, "1")]
    other = [t.set_column(0, "job_name", pa.array(["k"] * t.num_rows, pa.string())) for t in parts[1]]
    found: Tracks = tracks(*(pa.concat_tables(p) for p in zip(parts[0], other, strict=True)))
    assert found.jobs == ["j", "k"] and found.item_job.tolist() == [0, 1]
    assert len(found.pairs()[0]) == 2
