"""Distortions: what a skill says it does is what it does."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annolake.demo.answers import QUESTIONS, classification_answer, segmentation_answer
from annolake.demo.skill import TEAM, Skill, _alpha, generator, mark_turns, name_class, true_quality
from annolake.demo.truth import SPEAKERS, ItemTruth, Truth, Turn

CLASSES = ("rain", "waves", "rotating bar", "bouncing ball")
PERFECT = Skill("perfect", jitter_s=0.0)


def dialogue(seed: int, n: int = 9) -> ItemTruth:
    rng = np.random.default_rng(seed)
    at, turns = 1.0, []
    for k in range(n):
        end = at + float(rng.uniform(1.5, 6))
        turns.append(Turn(SPEAKERS[k % 2], round(at, 3), round(end, 3), f"line {k}"))
        at = end + float(rng.uniform(0.2, 0.9))
    answers = {
        "speechNonSpeech": ("speech",),
        "backgroundNoise": ("music",),
        "speakerGender": ("male",),
        "rate": ("4",),
    }
    return ItemTruth(f"d{seed}.wav", f"{seed:032x}", "dialogue", round(at + 1, 3), tuple(turns), None, answers)


def truth_of(n: int = 12, seed: int = 0) -> Truth:
    clips = [ItemTruth(f"c{k}.mp4", f"{k:031x}f", "clip", 5.0, (), CLASSES[k % 4]) for k in range(8)]
    items = (*(dialogue(seed * 100 + k) for k in range(n)), *clips)
    return Truth(seed, CLASSES, items, Path("truth.json"))


def test_the_perfect_say_the_truth() -> None:
    item = dialogue(1)
    assert mark_turns(item, PERFECT, generator(PERFECT, item.asset_id)) == list(item.turns)
    quality = true_quality(PERFECT, truth_of())
    assert quality.agreement == pytest.approx(1.0) and quality.accuracy == 1.0


def test_the_same_worker_says_the_same_of_the_same_file() -> None:
    item, other = dialogue(1), dialogue(2)
    for skill in TEAM:
        said = [mark_turns(item, skill, generator(skill, item.asset_id)) for _ in range(2)]
        assert said[0] == said[1]
        assert mark_turns(other, skill, generator(skill, other.asset_id)) != said[0]
        reseeded = replace(skill, seed=5)
        assert mark_turns(item, reseeded, generator(reseeded, item.asset_id)) != said[0]


@settings(deadline=None, max_examples=100)
@given(
    seed=st.integers(0, 10_000),
    jitter=st.floats(0, 3),
    offset=st.floats(-5, 5),
    rates=st.tuples(*[st.floats(0, 1)] * 3),
)
def test_marked_turns_are_always_possible(
    seed: int, jitter: float, offset: float, rates: tuple[float, float, float]
) -> None:
    skill = Skill("x", offset, jitter, *rates)
    item = dialogue(seed)
    marked = mark_turns(item, skill, generator(skill, item.asset_id))
    for turn in marked:
        assert 0 <= turn.start_s < turn.end_s <= item.duration_s and turn.speaker in SPEAKERS
    for a, b in pairwise(marked):
        assert a.end_s <= b.start_s


def test_an_offset_is_an_offset() -> None:
    skill = Skill("late", offset_s=0.3, jitter_s=0.07)
    shifts = []
    for seed in range(30):
        item = dialogue(seed)
        marked = mark_turns(item, skill, generator(skill, item.asset_id))
        assert len(marked) == len(item.turns)
        shifts += [m.start_s - t.start_s for m, t in zip(marked, item.turns, strict=True)]
    assert np.median(shifts) == pytest.approx(0.3, abs=0.02)
    assert np.std(shifts) == pytest.approx(0.07, abs=0.015)


def test_shares_are_shares() -> None:
    skill = Skill("x", jitter_s=0.0, miss_rate=0.25, wrong_rate=0.3)
    n = wrong = kept = 0
    for seed in range(200):
        item = dialogue(seed)
        true = {t.start_s: t.speaker for t in item.turns}
        marked = mark_turns(item, skill, generator(skill, item.asset_id))
        n, kept = n + len(item.turns), kept + len(marked)
        wrong += sum(true[m.start_s] != m.speaker for m in marked)
    assert kept / n == pytest.approx(0.75, abs=0.03)
    assert wrong / kept == pytest.approx(0.3, abs=0.03)
    clip = ItemTruth("c.mp4", "0" * 32, "clip", 5.0, (), "rain")
    rng = np.random.default_rng(1)
    given = [name_class(clip, CLASSES, skill, rng) for _ in range(2000)]
    assert given.count("rain") / 2000 == pytest.approx(0.7, abs=0.03) and set(given) == set(CLASSES)


@pytest.mark.parametrize("seed", range(5))
def test_the_team_has_its_order(seed: int) -> None:
    worth = {skill.name: true_quality(replace(skill, seed=seed), truth_of(seed=seed), draws=5) for skill in TEAM}
    agreement = {name: quality.agreement for name, quality in worth.items()}
    assert (
        min(agreement, key=lambda n: agreement[n]) == "careless"
        and max(agreement, key=lambda n: agreement[n]) == "anna"
    )
    assert agreement["careless"] < 0.45 < agreement["late"] < 1
    assert min(worth, key=lambda n: worth[n].accuracy) == "careless"
    assert worth["late"].offset_s == 0.3


def test_alpha_by_hand() -> None:
    """Four units, one differs: observed 1/4; shares 5/8 and 3/8: expected 30/64."""
    codes = np.array([[0, 0, 1, 1], [0, 0, 0, 1]], np.int8)
    assert _alpha(codes) == pytest.approx(1 - 0.25 / (30 / 64))


def test_shape_of_a_segmentation() -> None:
    item, now = dialogue(3), datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
    answer = segmentation_answer(item, PERFECT, generator(PERFECT, item.asset_id), now=now)
    assert set(answer) == {"annotations", *QUESTIONS, "emotiontag", "label", "textTranslationFinal"}
    annotations = json.loads(answer["annotations"])
    assert set(annotations) == {
        "categories", "streams", "startTimestamp", "startUTCTime", "endTimestamp", "endUTCTime", "elapsedTime",
    }  # fmt: skip
    assert annotations["endUTCTime"] == "Sat, 21 Nov 2026 12:00:00 GMT"
    assert annotations["endTimestamp"] - annotations["startTimestamp"] == annotations["elapsedTime"]
    segments = annotations["streams"]["speaker"]
    assert [(s["id"], s["start"], s["end"], s["text"]) for s in segments] == [
        (t.speaker, t.start_s, t.end_s, t.text) for t in item.turns
    ]
    assert answer["speechNonSpeech"] == {"speech": True, "non-speech": False}
    assert answer["backgroundNoise"] == {"traffic": False, "music": True, "ambient": False}
    assert answer["environmentalSounds"] == {"doorbell": False, "footsteps": False, "birdsChirping": False}
    assert answer["rate"] == {"1": False, "2": False, "3": False, "4": True, "5": False}
    json.dumps(answer)


@pytest.mark.parametrize(("how", "is_wrong"), [("too_long", "end"), ("backwards", "order")])
def test_a_malformed_segment_is_one_that_cannot_be(how: str, is_wrong: str) -> None:
    item = dialogue(4)
    answer = segmentation_answer(item, PERFECT, generator(PERFECT, item.asset_id), malformed=how)
    *good, bad = json.loads(answer["annotations"])["streams"]["speaker"]
    assert len(good) == len(item.turns)
    assert bad["end"] > item.duration_s if is_wrong == "end" else bad["end"] < bad["start"]


def test_shape_of_a_classification() -> None:
    clip = ItemTruth("c.mp4", "0" * 32, "clip", 5.0, (), "rain")
    rng = generator(PERFECT, clip.asset_id)
    assert classification_answer(clip, CLASSES, PERFECT, rng) == {"crowd-classifier": {"label": "rain"}}
