"""Answers in the shape that the worker templates submit: a segmentation with its questions, a class for a clip."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import numpy as np

from annolake.demo.skill import Skill, mark_turns, name_class
from annolake.demo.truth import SPEAKERS, ItemTruth, Turn

QUESTIONS: dict[str, tuple[str, ...]] = {
    "speechNonSpeech": ("speech", "non-speech"),
    "backgroundNoise": ("traffic", "music", "ambient"),
    "speakerGender": ("male", "female"),
    "environmentalSounds": ("doorbell", "footsteps", "birdsChirping"),
    "rate": ("1", "2", "3", "4", "5"),
}
"""Questions of the segmentation template about the whole recording, with the values that may be chosen."""
SEVERAL = frozenset({"backgroundNoise", "environmentalSounds"})
EMOTIONS = ("Neutral", "Happy", "Angry", "Sad", "Worried")


def segmentation_answer(
    item: ItemTruth,
    skill: Skill,
    rng: np.random.Generator,
    *,
    malformed: str | None = None,
    now: datetime | None = None,
) -> dict[str, Any]:
    """A dialogue as the annotator segments it. `malformed`: `too_long` or `backwards` adds a segment that cannot be."""
    marked = mark_turns(item, skill, rng)
    segments = [_segment(turn, rng) for turn in marked]
    if malformed:
        segments.append(_malformed(malformed, marked, item.duration_s))
    elapsed_ms = int(1000 * item.duration_s * rng.uniform(1.2, 2.5))
    end = now or datetime.now(UTC)
    started = datetime.fromtimestamp(end.timestamp() - elapsed_ms / 1000, UTC)
    annotations = {
        "categories": {"speaker": list(SPEAKERS)},
        **_moment("start", started),
        "streams": {"speaker": segments},
        **_moment("end", end),
        "elapsedTime": elapsed_ms,
    }
    return {
        "annotations": json.dumps(annotations),
        **{question: _chosen(question, item.answers, skill, rng) for question in QUESTIONS},
        "emotiontag": segments[-1]["emotion"] if segments else "Neutral",
        "label": segments[-1]["text"] if segments else "",
        "textTranslationFinal": " ".join(turn.text for turn in marked),
    }


def classification_answer(
    item: ItemTruth, classes: Sequence[str], skill: Skill, rng: np.random.Generator
) -> dict[str, Any]:
    """A clip as the annotator classifies it."""
    return {"crowd-classifier": {"label": name_class(item, classes, skill, rng)}}


def _segment(turn: Turn, rng: np.random.Generator) -> dict[str, Any]:
    emotion = EMOTIONS[0] if rng.random() < 0.8 else EMOTIONS[int(rng.integers(len(EMOTIONS)))]
    return {"id": turn.speaker, "start": turn.start_s, "end": turn.end_s, "text": turn.text, "emotion": emotion}


def _malformed(how: str, marked: Sequence[Turn], duration_s: float) -> dict[str, Any]:
    last = marked[-1].end_s if marked else 0.0
    start, end = (last, duration_s + 4.0) if how == "too_long" else (duration_s, max(0.0, duration_s - 0.5))
    return {"id": SPEAKERS[0], "start": round(start, 3), "end": round(end, 3), "text": "", "emotion": "Neutral"}


def _moment(which: str, when: datetime) -> dict[str, Any]:
    utc = format_datetime(when, usegmt=True)
    return {f"{which}Timestamp": int(when.timestamp() * 1000), f"{which}UTCTime": utc}


def _chosen(
    question: str, answers: Mapping[str, tuple[str, ...]], skill: Skill, rng: np.random.Generator
) -> dict[str, bool]:
    options = QUESTIONS[question]
    chosen = set(answers.get(question, ()))
    if rng.random() < skill.wrong_rate:
        if question in SEVERAL:
            chosen ^= {options[int(rng.integers(len(options)))]}
        else:
            others = [option for option in options if option not in chosen]
            chosen = {others[int(rng.integers(len(others)))]}
    return {option: option in chosen for option in options}
