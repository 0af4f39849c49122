"""Disputes: plain loops give the same, parts put together are the whole, and what the cut of a part can lose."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms import disputes as of_job
from transforms import parts
from transforms.answers import LABELS, answers
from transforms.dispute_candidates import candidates_of_answers, candidates_of_tracks, kept_of_part, with_assets
from transforms.disputes import OF_CANDIDATE, disputes
from transforms.schemas import MEASURE_DISPUTE_CANDIDATE, MEASURE_WORKER_SKILL, PART
from transforms.tracks import ANNOTATORS, SEGMENTS, tracks

KEY = {"job_name": "j", "layer": "l"}
SKILLS = {"a": 0.9, "b": 0.6, "c": None, "d": 0.995}
SECONDS, N_LABELS = 6, 4

Sheet = list[str]
"""What one annotator says in each second; '' is nothing."""
OBJECT = st.dictionaries(
    st.sampled_from(sorted(SKILLS)),
    st.lists(st.sampled_from(["", "A", "B"]), min_size=SECONDS, max_size=SECONDS),
    min_size=2,
)


def skills(known: Mapping[str, float | None] = SKILLS) -> pa.Table:
    rows = [KEY | {"worker_id": w, "skill_onecoin": p, "n_labels": N_LABELS, "n_residual": 0} for w, p in known.items()]
    return pa.Table.from_pylist(rows, MEASURE_WORKER_SKILL.arrow)


def candidates(sheets: Mapping[str, Mapping[str, Sheet]], one_of: int = 1) -> pa.Table:
    """What a part has of objects with these sheets."""
    answered = [
        {"job_name": "j", "object_id": obj, "worker_id": worker, "duration_s": float(SECONDS)}
        for obj, people in sheets.items()
        for worker in people
    ]
    drawn = [
        KEY | {"object_id": obj, "worker_id": worker, "label": label, "start_s": float(k), "end_s": float(k + 1)}
        for obj, people in sheets.items()
        for worker, sheet in people.items()
        for k, label in enumerate(sheet)
        if label
    ]
    found = tracks(pa.Table.from_pylist(drawn, SEGMENTS), pa.Table.from_pylist(answered, ANNOTATORS))
    return candidates_of_tracks(found, {"j": one_of} if one_of > 1 else {}).select(OF_CANDIDATE)


def share(said: Iterable[str], who: Iterable[str], known: Mapping[str, float | None]) -> dict[str, float]:
    """The probability of each label that was given."""
    odds: dict[str, float] = {}
    for label, worker in zip(said, who, strict=True):
        p = min(max(known[worker] or 0.7, 0.02), 0.98)
        odds[label] = odds.get(label, 0.0) + math.log(p * (N_LABELS - 1) / (1 - p))
    total = sum(math.exp(x) for x in odds.values()) + N_LABELS - len(odds)
    return {label: math.exp(x) / total for label, x in odds.items()}


def plain(obj: str, people: Mapping[str, Sheet]) -> Iterator[dict[str, Any]]:
    """The disputes of one object, second by second."""
    who = sorted(people)
    said = [tuple(people[w][k] for w in who) for k in range(SECONDS)]
    runs = itertools.groupby(range(SECONDS), lambda k: frozenset(said[k]))
    for labels, seconds in ((labels, list(group)) for labels, group in runs if len(labels) > 1):
        weight = dict.fromkeys(labels, 0.0)
        gain = 0.0
        for k in seconds:
            p = share(said[k], who, SKILLS)
            gain += 1 - max(p.values())
            weight = {label: weight[label] + p[label] for label in labels}
        by_label: dict[str, list[str]] = {}
        for place, worker in enumerate(who):
            mine = [said[k][place] for k in seconds]
            by_label.setdefault(min(sorted(set(mine)), key=lambda label: -mine.count(label)), []).append(worker)
        pairs = [a != b for k in seconds for a, b in itertools.combinations(said[k], 2)]
        yield {
            "object_id": obj, "t_start_s": seconds[0], "t_end_s": seconds[-1] + 1, "expected_gain": gain,
            "weight": weight, "workers": by_label,
            "severity": sum(pairs) / len(pairs), "n_annotators": len(who),
        }  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(OBJECT, min_size=1, max_size=4))
def test_disputes_of_segments_as_by_plain_loops(objects: list[dict[str, Sheet]]) -> None:
    sheets = {str(k): people for k, people in enumerate(objects)}
    expected = [row for obj, people in sheets.items() for row in plain(obj, people)]
    found = disputes(candidates(sheets), skills()).to_pylist()
    assert len(found) == len(expected)
    for row, other in zip(sorted(found, key=lambda r: (r["object_id"], r["t_start_s"])), expected, strict=True):
        labels, weight = json.loads(row["labels"]), other["weight"]
        assert set(labels) == set(weight) and json.loads(row["workers"]) == other["workers"]
        assert all(weight[a] > weight[b] - 1e-9 for a, b in itertools.pairwise(labels))
        figures = [name for name, value in other.items() if isinstance(value, (int, float))]
        assert [row[name] for name in figures] == pytest.approx([other[name] for name in figures])
        assert (row["job_name"], row["layer"], row["object_id"]) == ("j", "l", other["object_id"])


@settings(max_examples=40, deadline=None)
@given(st.lists(OBJECT, min_size=2, max_size=6), st.integers(1, 5))
def test_parts_put_together_are_the_whole(objects: list[dict[str, Sheet]], cut: int) -> None:
    sheets = {str(k): people for k, people in enumerate(objects)}
    some = dict(list(sheets.items())[:cut]), dict(list(sheets.items())[cut:])
    apart = pa.concat_tables([candidates(one) for one in some])
    assert disputes(apart, skills()).equals(disputes(candidates(sheets), skills()))


def test_a_label_before_and_after_makes_a_boundary() -> None:
    early = {"a": ["A", "A", "A", "B", "B", ""], "b": ["A", "B", "B", "B", "B", "A"]}
    cut, extra = sorted(disputes(candidates({"0": early}), skills()).to_pylist(), key=lambda r: r["t_start_s"])
    assert (cut["kind"], cut["labels"]) == ("boundary", '["A", "B"]')
    assert (extra["kind"], extra["labels"]) == ("extra", '["", "A"]')  # the better of the two drew nothing
    other = disputes(candidates({"0": early}), skills({"a": 0.6, "b": 0.9})).to_pylist()
    assert {row["kind"] for row in other} == {"boundary", "missing"}


def test_disputes_of_labels() -> None:
    said = {"0": {"a": "x", "b": "y", "d": "y"}, "1": {"a": "x", "b": "x"}, "2": {"b": "x", "c": "y"}}
    rows = [KEY | {"object_id": o, "worker_id": w, "label": v} for o, people in said.items() for w, v in people.items()]
    made = candidates_of_answers(answers(pa.Table.from_pylist(rows, LABELS)), {})
    asked = pa.table({"job_name": ["j", "j"], "object_id": ["2", "2"], "asset_id": ["one", "two"]})
    made = with_assets(made, asked).select(OF_CANDIDATE)
    second, first = disputes(made, skills()).sort_by("object_id").to_pylist()
    assert [first["object_id"], second["object_id"]] == ["2", "0"]
    assert (first["asset_id"], second["asset_id"]) == ("two", None)
    assert first["expected_gain"] == pytest.approx(1 - max(share("xy", "bc", SKILLS).values()))
    assert second["expected_gain"] == pytest.approx(1 - max(share("xyy", "abd", SKILLS).values()))
    assert json.loads(second["workers"]) == {"x": ["a"], "y": ["b", "d"]} and second["labels"] == '["y", "x"]'
    assert (second["kind"], second["t_end_s"], second["n_annotators"]) == ("label", None, 3)
    assert second["severity"] == pytest.approx(2 / 3)


def test_a_part_of_a_large_job_loses_nothing_but_what_it_has_too_much_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the first of the job, a part misses those that are beyond its own first."""
    monkeypatch.setattr(parts, "FEW", 8)
    monkeypatch.setattr(of_job, "MOST", 12)
    kept, n_parts = kept_of_part(8), 16
    assert kept == 1
    lost_in_all = 0
    for seed in range(10):
        chance = np.random.default_rng(seed)
        of_part = [sheets_of(chance, range(4 * k, 4 * k + 4)) for k in range(n_parts)]
        known = skills(dict.fromkeys(SKILLS))
        whole = disputes(pa.concat_tables([candidates(one) for one in of_part]), known).to_pylist()
        apart = disputes(pa.concat_tables([candidates(one, 8) for one in of_part]), known).to_pylist()
        whole.sort(key=lambda row: (-row["expected_gain"], row["object_id"]))
        first = [(row["object_id"], row["t_start_s"]) for row in whole]
        missed = set(first) - {(row["object_id"], row["t_start_s"]) for row in apart}
        held = [[one for one in first if one[0] in sheets] for sheets in of_part]
        assert len(first) == 12 and missed == {one for some in held for one in some[kept:]}
        lost_in_all += len(missed)
    assert lost_in_all


def sheets_of(chance: np.random.Generator, objects: Iterable[int]) -> dict[str, dict[str, Sheet]]:
    """Two annotators of each object, who differ on one run of seconds."""
    found = {}
    for obj in objects:
        low, high = sorted(chance.choice(SECONDS + 1, 2, replace=False).tolist())
        found[f"{obj:02d}"] = {"a": ["A"] * SECONDS, "b": ["B" if low <= k < high else "A" for k in range(SECONDS)]}
    return found


def test_a_job_of_any_size_keeps_more_than_it_shows() -> None:
    """Where every part has that many: at least thirty times as many as are shown, and a number that does not grow."""
    for n_objects in (32_768, 40_000, 65_535, 200_000, 1_000_000, 3_000_000):
        in_all = kept_of_part(parts.stride(n_objects)) * n_objects / parts.OBJECTS
        assert 32 * of_job.MOST < in_all < 65_536
    assert PART.name in MEASURE_DISPUTE_CANDIDATE.arrow.names
