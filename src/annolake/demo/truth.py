"""What is true of the sample media; kept apart from it, so that no part of the pipeline can look."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

SPEAKERS = ("Speaker A", "Speaker B")
"""Whoever speaks first is Speaker A."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One speaker talking without a long pause; seconds from the start of the recording."""

    speaker: str
    start_s: float
    end_s: float
    text: str = ""


@dataclass(frozen=True, slots=True)
class ItemTruth:
    """What is true of one file: the turns and answers of a dialogue, or the class of a clip."""

    name: str
    asset_id: str
    kind: str
    duration_s: float
    turns: tuple[Turn, ...] = ()
    label: str | None = None
    answers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Question about the whole recording -> the options that hold."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true of all files of one seed; `path` is where it is kept."""

    seed: int
    classes: tuple[str, ...]
    items: tuple[ItemTruth, ...]
    path: Path

    @property
    def dialogues(self) -> list[ItemTruth]:
        return [i for i in self.items if i.kind == "dialogue"]

    @property
    def clips(self) -> list[ItemTruth]:
        return [i for i in self.items if i.kind == "clip"]

    def find(self, asset_id: str) -> ItemTruth | None:
        """The truth of the file with that content; None where it is not of these samples."""
        return next((i for i in self.items if i.asset_id == asset_id), None)

    def save(self) -> None:
        document = {
            "seed": self.seed,
            "classes": self.classes,
            "items": [asdict(i) for i in self.items],
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        staged = self.path.with_suffix(".new")
        staged.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")
        staged.replace(self.path)

    @classmethod
    def load(cls, path: Path) -> Truth:
        found = json.loads(path.read_text())
        return cls(found["seed"], tuple(found["classes"]), tuple(map(_item, found["items"])), path)


def _item(found: dict[str, Any]) -> ItemTruth:
    turns = tuple(Turn(**turn) for turn in found["turns"])
    answers = {question: tuple(options) for question, options in found["answers"].items()}
    return ItemTruth(**{**found, "turns": turns, "answers": answers})
