"""How simulated annotators distort the truth, and how good that makes them.

Everything is drawn from a generator seeded by worker and file: the same worker says the same of the same file however
the tasks are dealt out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from blake3 import blake3

from annolake.demo.truth import SPEAKERS, ItemTruth, Truth, Turn

SHORTEST_S = 0.1
"""Nobody marks less than that."""
GRID_S = 0.02
DRAWS = 20


@dataclass(frozen=True, slots=True)
class Skill:
    """How one annotator works: seconds late and of jitter a boundary; shares of turns missed, invented, mislabeled."""

    name: str
    offset_s: float = 0.0
    jitter_s: float = 0.05
    miss_rate: float = 0.0
    invent_rate: float = 0.0
    wrong_rate: float = 0.0
    malformed_rate: float = 0.0
    """Share of segmentations with a segment that cannot be."""
    seed: int = 0


TEAM = (
    Skill("anna", offset_s=-0.02, jitter_s=0.05, miss_rate=0.01, invent_rate=0.01, wrong_rate=0.02),
    Skill("ben", offset_s=0.02, jitter_s=0.08, miss_rate=0.02, invent_rate=0.01, wrong_rate=0.04),
    Skill("chloe", offset_s=0.0, jitter_s=0.10, miss_rate=0.03, invent_rate=0.02, wrong_rate=0.05),
    Skill("david", offset_s=0.01, jitter_s=0.12, miss_rate=0.03, invent_rate=0.02, wrong_rate=0.06),
    Skill("careless", jitter_s=0.6, miss_rate=0.25, invent_rate=0.15, wrong_rate=0.3, malformed_rate=1 / 6),
    Skill("late", offset_s=0.3, jitter_s=0.07, miss_rate=0.02, invent_rate=0.01, wrong_rate=0.04),
)
"""Four who differ a little, one who does not care, one who is late by 0.3 s."""


@dataclass(frozen=True, slots=True)
class TrueQuality:
    """What a skill comes to on given files: what estimates of it are to find."""

    agreement: float
    """Time-weighted alpha of the annotator with the truth; 1 is full, 0 is chance."""
    accuracy: float
    """Share of clips labeled right; NaN without clips."""
    offset_s: float


def generator(skill: Skill, asset_id: str, draw: int = 0) -> np.random.Generator:
    """The generator of what this worker says of this file."""
    digest = blake3(f"{skill.seed}/{skill.name}/{asset_id}/{draw}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))


def mark_turns(item: ItemTruth, skill: Skill, rng: np.random.Generator) -> list[Turn]:
    """The turns as the annotator marks them: in order, inside the recording, none over another."""
    marked = []
    for turn in item.turns:
        if rng.random() < skill.miss_rate:
            continue
        speaker = _other(SPEAKERS, turn.speaker, rng) if rng.random() < skill.wrong_rate else turn.speaker
        late, later = (float(shift) for shift in skill.offset_s + rng.normal(0, skill.jitter_s, 2))
        marked.append(Turn(speaker, turn.start_s + late, turn.end_s + later, turn.text))
    for _ in range(int(rng.binomial(len(item.turns), skill.invent_rate))):
        start = rng.uniform(0, item.duration_s - 1)
        speaker = SPEAKERS[int(rng.integers(len(SPEAKERS)))]
        marked.append(Turn(speaker, float(start), float(start + rng.uniform(0.4, 1.5)), "..."))
    return _apart(marked, item.duration_s)


def name_class(item: ItemTruth, classes: Sequence[str], skill: Skill, rng: np.random.Generator) -> str:
    """The class that the annotator gives to a clip."""
    label = item.label or ""
    return _other(classes, label, rng) if rng.random() < skill.wrong_rate else label


def true_quality(skill: Skill, truth: Truth, draws: int = DRAWS) -> TrueQuality:
    """Agreement with the truth to be expected of a skill on these files, by simulating it."""
    codes = []
    right = []
    for draw in range(draws):
        for item in truth.dialogues:
            marked = mark_turns(item, skill, generator(skill, item.asset_id, draw))
            codes.append(np.stack([_coded(item.turns, item.duration_s), _coded(marked, item.duration_s)]))
        for item in truth.clips:
            given = name_class(item, truth.classes, skill, generator(skill, item.asset_id, draw))
            right.append(given == item.label)
    agreement = _alpha(np.concatenate(codes, axis=1)) if codes else float("nan")
    return TrueQuality(agreement, float(np.mean(right)) if right else float("nan"), skill.offset_s)


def _other(choices: Sequence[str], but: str, rng: np.random.Generator) -> str:
    others = [choice for choice in choices if choice != but]
    return others[int(rng.integers(len(others)))]


def _apart(marked: Iterable[Turn], duration_s: float) -> list[Turn]:
    """Overlapping neighbours meet in the middle of what both claim; what is hardly there is left out."""
    kept: list[Turn] = []
    for turn in sorted(marked, key=lambda t: (t.start_s, t.end_s)):
        start, end = max(0.0, turn.start_s), min(duration_s, turn.end_s)
        if kept and start < kept[-1].end_s:
            last = kept.pop()
            middle = (start + min(last.end_s, end)) / 2
            if middle - last.start_s >= SHORTEST_S:
                kept.append(Turn(last.speaker, last.start_s, round(middle, 3), last.text))
            start = max(middle, last.end_s if end <= last.end_s else middle)
        if end - start >= SHORTEST_S:
            kept.append(Turn(turn.speaker, round(start, 3), round(end, 3), turn.text))
    return kept


def _coded(turns: Iterable[Turn], duration_s: float) -> npt.NDArray[np.int8]:
    """The speaker in each 20 ms: 0 for nobody."""
    code = np.zeros(round(duration_s / GRID_S), np.int8)
    for turn in turns:
        code[round(turn.start_s / GRID_S) : round(turn.end_s / GRID_S)] = SPEAKERS.index(turn.speaker) + 1
    return code


def _alpha(codes: npt.NDArray[np.int8]) -> float:
    """Krippendorff's nominal alpha of two annotators with a value each for every unit."""
    shares = np.bincount(codes.ravel()) / codes.size
    expected = 1 - float((shares**2).sum())
    observed = float((codes[0] != codes[1]).mean())
    return 1 - observed / expected if expected else float("nan")
