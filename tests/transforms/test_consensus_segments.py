"""Fused segments: cases by hand, a vote at every moment of a fine grid as oracle, real turns, and what always holds."""

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

from tests.transforms.simulate import GOOD, JOB, LATE, SPEAKERS, Skill, dialogues, turns
from transforms.consensus import fuse_segments
from transforms.schemas import MEASURE_CONSENSUS_SEGMENT
from transforms.tracks import ANNOTATORS, SEGMENTS

Drawn = list[tuple[float, float, str]]


def fuse(drawn: dict[str, Drawn], duration: float = 100.0) -> list[dict[str, Any]]:
    key = {"job_name": "j", "object_id": "0"}
    asked = [key | {"worker_id": w, "duration_s": duration} for w in drawn]
    rows = [key | {"worker_id": w, "layer": "l", "label": x, "start_s": a, "end_s": b}
            for w, segments in drawn.items() for a, b, x in segments]  # fmt: skip
    found = fuse_segments(pa.Table.from_pylist(rows, SEGMENTS), pa.Table.from_pylist(asked, ANNOTATORS))
    assert found.schema == MEASURE_CONSENSUS_SEGMENT.arrow
    return found.to_pylist()


def short(rows: list[dict[str, Any]]) -> list[tuple[float, float, str]]:
    assert [r["segment_no"] for r in rows] == list(range(len(rows)))
    return [(r["start_s"], r["end_s"], r["label"]) for r in rows]


def test_boundaries_are_medians_and_a_lone_segment_goes() -> None:
    found = fuse({
        "a": [(1.0, 4.0, "A"), (6.0, 9.0, "B")],
        "b": [(1.2, 4.4, "A"), (6.1, 9.5, "B"), (20.0, 22.0, "B")],
        "c": [(0.9, 4.1, "A")],
    })  # fmt: skip
    assert short(found) == [(1.0, 4.1, "A"), (6.1, 9.0, "B")]
    first, second = found
    assert (first["support"], first["dissenters"], first["n_annotators"]) == (3, "[]", 3)
    assert first["confidence"] == pytest.approx((3.0 + 2.9 + 3.1) / (3 * 3.1))
    assert (second["support"], json.loads(second["dissenters"])) == (2, ["c"])
    assert second["confidence"] == pytest.approx(2 / 3)


def test_two_annotators_meet_in_the_middle() -> None:
    assert short(fuse({"a": [(1.0, 4.0, "A")], "b": [(2.0, 6.0, "A")]})) == [(1.5, 5.0, "A")]
    assert short(fuse({"a": [(0.0, 4.0, "A"), (4.0, 9.0, "B")], "b": [(0.0, 5.0, "A"), (5.0, 9.0, "B")]})) == [
        (0.0, 4.5, "A"), (4.5, 9.0, "B"),
    ]  # fmt: skip
    assert short(fuse({"a": [(0.0, 10.0, "A")], "b": [(0.0, 4.0, "A"), (6.0, 10.0, "A")]})) == [(0.0, 10.0, "A")]
    assert fuse({"a": [(1.0, 4.0, "A")], "b": []}) == []


def test_four_annotators_have_the_middle_of_the_middle_two() -> None:
    drawn = {w: [(float(s), 9.0 + s, "A")] for w, s in zip("abcd", (1, 2, 4, 7), strict=True)}
    assert short(fuse(drawn)) == [(3.0, 12.0, "A")]


def test_a_tie_of_labels_goes_to_the_one_used_more_then_to_the_earlier_name() -> None:
    assert short(fuse({"a": [(1.0, 4.0, "B")], "b": [(1.0, 4.0, "A")]})) == [(1.0, 4.0, "A")]
    more = fuse({"a": [(1.0, 4.0, "B"), (10.0, 20.0, "B")], "b": [(1.0, 4.0, "A"), (10.0, 20.0, "B")]})
    assert short(more) == [(1.0, 4.0, "B"), (10.0, 20.0, "B")]
    assert json.loads(more[0]["dissenters"]) == ["b"] and more[0]["support"] == 1
    three = fuse({"a": [(1.0, 4.0, "A")], "b": [(1.0, 4.0, "B")], "c": [(1.0, 4.0, "B")]})
    assert short(three) == [(1.0, 4.0, "B")] and three[0]["confidence"] == pytest.approx(2 / 3)


def test_people_who_speak_at_once_are_voted_on_each() -> None:
    found = fuse({
        "a": [(0.0, 6.0, "A"), (4.0, 9.0, "B")],
        "b": [(0.0, 6.2, "A"), (4.2, 9.0, "B")],
        "c": [(0.0, 5.0, "A"), (5.0, 9.0, "B")],
    })  # fmt: skip
    assert short(found) == [(0.0, 6.0, "A"), (4.2, 9.0, "B")]
    again = fuse({"a": [(0.0, 6.0, "A"), (4.0, 9.0, "A"), (20.0, 21.0, "A")], "b": [(0.0, 9.0, "A")], "c": []})
    assert short(again) == [(0.0, 9.0, "A")]  # one who labels a moment twice has one vote


def test_one_annotator_has_no_confidence_and_keeps_the_segments() -> None:
    found = fuse({"a": [(1.0, 4.0, "A"), (4.0, 5.0, "B")]})
    assert short(found) == [(1.0, 4.0, "A"), (4.0, 5.0, "B")]
    assert {r["confidence"] for r in found} == {0.0} and {r["support"] for r in found} == {1}
    assert fuse({"a": [], "b": []}) == []


def grid_vote(drawn: dict[str, Drawn], moment: float) -> str | set[str] | None:
    """The winner of one moment; a set where the vote is undecided."""
    said = [x for segments in drawn.values() for a, b, x in segments if a <= moment < b]
    votes = {x: said.count(x) for x in said}
    best = {x for x, c in votes.items() if c == max(votes.values())}
    if 2 * len(said) < len(drawn):
        return None
    if 2 * len(said) == len(drawn):
        return best | {""}
    return best.pop() if len(best) == 1 else best


def _laid(parts: list[tuple[int, int, str]]) -> Drawn:
    at, drawn = 0.0, []
    for gap, length, label in parts:
        drawn.append((at + gap, at + gap + length, label))
        at += gap + length
    return drawn


parts_of_one = st.lists(st.tuples(st.integers(0, 5), st.integers(1, 6), st.sampled_from("ABC")), max_size=4)
tracks_of_one = parts_of_one.map(_laid)


@settings(max_examples=300, deadline=None)
@given(tracks=st.lists(tracks_of_one, min_size=2, max_size=5))
def test_every_moment_has_the_label_of_the_vote(tracks: list[Drawn]) -> None:
    drawn = {f"w{k}": t for k, t in enumerate(tracks)}
    found = short(fuse(drawn))
    for (_, end, _), (start, _, _) in itertools.pairwise(found):
        assert end <= start
    for k in range(8 * 44):
        moment = k / 8 + 1 / 16
        held = [x for a, b, x in found if a <= moment < b]
        wins = grid_vote(drawn, moment)
        if isinstance(wins, set):
            assert (held[0] if held else "") in wins
        else:
            assert held == ([] if wins is None else [wins])
    for row in fuse(drawn):
        seconds = {w: sum(max(0.0, min(b, row["end_s"]) - max(a, row["start_s"])) for a, b, x in t if x == row["label"])
                   for w, t in drawn.items()}  # fmt: skip
        length = row["end_s"] - row["start_s"]
        assert row["confidence"] == pytest.approx(sum(seconds.values()) / length / len(drawn))
        assert json.loads(row["dissenters"]) == [w for w in sorted(seconds) if seconds[w] < length / 2]
        assert row["support"] == len(drawn) - len(json.loads(row["dissenters"]))


@settings(max_examples=60, deadline=None)
@given(tracks=st.lists(tracks_of_one, min_size=1, max_size=4), data=st.data())
def test_names_and_order_of_workers_do_not_matter_and_time_may_shift(tracks: list[Drawn], data: st.DataObject) -> None:
    names = data.draw(st.permutations([f"w{k}" for k in range(len(tracks))]))
    first = short(fuse(dict(zip(sorted(names), tracks, strict=True))))
    assert first == short(fuse(dict(zip(names, tracks, strict=True))))
    later = short(fuse({n: [(a + 8, b + 8, x) for a, b, x in t] for n, t in zip(names, tracks, strict=True)}))
    assert later == [(a + 8, b + 8, x) for a, b, x in first]
    copies = short(fuse({f"{n}{k}": t for n, t in zip(names, tracks, strict=True) for k in "12"}))
    assert copies == first  # everybody twice says the same
    assert short(fuse({f"w{k}": tracks[0] for k in range(3)})) == _joined(tracks[0])


def _joined(drawn: Drawn) -> Drawn:
    """Touching segments of one label as one."""
    kept: Drawn = []
    for a, b, x in drawn:
        if kept and kept[-1][1] == a and kept[-1][2] == x:
            kept[-1] = (kept[-1][0], b, x)
        else:
            kept.append((a, b, x))
    return kept


def frame_error(truth: Drawn, other: Drawn, duration: float) -> float:
    moments = np.arange(0, duration, 0.02)

    def said(track: Drawn) -> np.ndarray:
        held = np.zeros(len(moments), dtype=np.int64)
        for a, b, x in track:
            held[(moments >= a) & (moments < b)] = SPEAKERS.index(x) + 1
        return held

    return float(np.mean(said(truth) != said(other)))


def test_the_fusion_is_nearer_to_the_truth_than_its_annotators() -> None:
    skill = Skill(jitter_s=0.3, missed=0.1, invented=0.05, mislabeled=0.05)
    pool = {f"w{k}": skill for k in range(5)}
    drawn, asked = dialogues(3, 20, pool, per_item=5)
    found, by_object = fuse_segments(drawn, asked).to_pylist(), {}
    for row in found:
        assert row["job_name"] == JOB
        by_object.setdefault(row["object_id"], []).append((row["start_s"], row["end_s"], row["label"]))
    rng, worse = np.random.default_rng(3), []
    rows = drawn.to_pylist()
    for item in range(20):
        duration, truth = turns(rng)
        _replay(rng, truth, duration, pool)
        fused = frame_error(truth, by_object[str(item)], duration)
        alone = [frame_error(truth, [(r["start_s"], r["end_s"], r["label"]) for r in rows
                                     if r["object_id"] == str(item) and r["worker_id"] == w], duration)
                 for w in pool]  # fmt: skip
        assert fused < np.mean(alone)
        worse.append(fused / np.mean(alone))
    assert np.mean(worse) < 0.5


def _replay(rng: np.random.Generator, truth: Drawn, duration: float, pool: dict[str, Skill]) -> None:
    """Draw what `dialogues` drew, so that the next dialogue's truth is the same."""
    from tests.transforms.simulate import label

    for worker in rng.choice(sorted(pool), size=len(pool), replace=False):
        label(rng, truth, duration, pool[str(worker)])


def test_many_items_at_once_are_as_each_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn, asked = dialogues(8, 9, {"a": GOOD, "b": LATE, "c": Skill(missed=0.3)}, per_item=3)
    whole = fuse_segments(drawn, asked)
    monkeypatch.setattr("transforms.consensus.segments.ITEMS_AT_ONCE", 2)
    assert fuse_segments(drawn, asked).equals(whole.combine_chunks()) and whole.num_rows > 40
    order = np.random.default_rng(0).permutation(drawn.num_rows)
    assert fuse_segments(drawn.take(pa.array(order)), asked).to_pylist() == whole.to_pylist()


@pytest.mark.parametrize("meeting", ["ES2004a", "IS1009b"])
def test_turns_of_meetings_under_two_conventions(shared_data: Path, meeting: str) -> None:
    """Overlapping speakers; fused turns lie between the intersection and the union of both conventions."""
    drawn: dict[str, Drawn] = {}
    for convention in ("only_words", "word_and_vocalsounds"):
        lines = (shared_data / "ami_rttm" / convention / f"{meeting}.rttm").read_text().splitlines()
        parts = [line.split() for line in lines]
        drawn[convention] = [(float(p[3]), round(float(p[3]) + float(p[4]), 3), p[7]) for p in parts]
    found = fuse(drawn, 4000.0)
    assert len(found) > 100
    speakers = {x for t in drawn.values() for _, _, x in t}
    assert {r["label"] for r in found} == speakers
    moments = np.arange(0, 3000, 0.05) + 0.0123
    for speaker in sorted(speakers):
        held = [np.zeros(len(moments), dtype=bool) for _ in range(3)]
        tracks = [*drawn.values(), [(r["start_s"], r["end_s"], r["label"]) for r in found]]
        for k, track in enumerate(tracks):
            for a, b, x in track:
                if x == speaker:
                    held[k] |= (moments >= a) & (moments < b)
        one, two, fused = held
        assert (fused >= (one & two)).all() and (fused <= (one | two)).all()
    assert np.mean([r["support"] == 2 for r in found]) > 0.9
