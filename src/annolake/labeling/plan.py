"""What is asked about registered media: labels, wording, annotators an object, time limits.

The built-in plan serves until a team names its own, in a TOML file that the setting `labeling_plan` points to, or for
one run in the DAG's parameter `plan`; both have this shape, and whatever they leave out stays as it is here:

    [audio_segmentation]
    labels = { speaker = ["Customer", "Agent"] }

    [video_classification]
    labels = { class = ["Walk", "Trot", "Gallop"] }
    workers_per_object = 5
    gold = { share = 0.1, seed = 7 }

`gold` mixes files whose truth is known (`annolake gold add`) among the others, to score annotators: that share of a
job's objects, chosen and placed by the seed, of all known ones or of those that `assets` names.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from annolake.config import Settings
from annolake.errors import ConfigError

TASK_TYPES = {"audio": "audio_segmentation", "video": "video_classification"}
"""Media type -> what the plan asks about it."""

CLASS_LAYER = "class"
MAX_LABELS = 30
DAY_S = 86_400


def _distinct(labels: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(labels)) != len(labels):
        raise ValueError("a label stands there twice")
    return labels


Label = Annotated[str, Field(min_length=1, max_length=256)]
Labels = Annotated[tuple[Label, ...], Field(min_length=1, max_length=MAX_LABELS), AfterValidator(_distinct)]


class GoldPlan(BaseModel):
    """Files of known truth that are mixed into a job; nothing in the manifest tells them from the others."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    share: float = Field(gt=0, le=0.5)
    """Of the job's objects; at least one."""
    seed: int = 0
    assets: tuple[str, ...] = ()
    """Ids or names of the files to choose from; empty: all whose truth is known."""


class TaskPlan(BaseModel):
    """How one type of task is put to people; limits are Ground Truth's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    labels: dict[str, Labels] = Field(min_length=1)
    """Layer -> labels that may be given."""
    title: str = Field(min_length=1, max_length=128)
    description: str = Field(min_length=1, max_length=255)
    keywords: tuple[str, ...] = Field(("media",), min_length=1, max_length=5)
    workers_per_object: int = Field(3, ge=1, le=9)
    time_limit_s: int = Field(3600, ge=30, le=28_800)
    """For one task; then it returns to the others."""
    availability_s: int = Field(30 * DAY_S, ge=60, le=30 * DAY_S)
    """After that an object counts as failed with the answers that it has."""
    gold: GoldPlan | None = None
    """Gold items mixed in; none by default."""


class Plan(BaseModel):
    """What to ask, by type of task."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    audio_segmentation: TaskPlan
    video_classification: TaskPlan

    @model_validator(mode="after")
    def _one_question_about_videos(self) -> Self:
        labels = self.video_classification.labels
        if set(labels) != {CLASS_LAYER} or len(labels[CLASS_LAYER]) < 2:
            raise ValueError(f"video_classification has exactly one layer, {CLASS_LAYER!r}, with two labels or more")
        return self

    def task(self, task_type: str) -> TaskPlan:
        """The plan of one type of task."""
        plan: TaskPlan = getattr(self, task_type)
        return plan


DEFAULT: dict[str, dict[str, Any]] = {
    "audio_segmentation": {
        "labels": {"speaker": ["Speaker A", "Speaker B"]},
        "title": "Mark who speaks when",
        "description": "Listen, mark each stretch of speech with its speaker, then answer the questions on the clip.",
        "keywords": ["audio", "speech", "segmentation"],
    },
    "video_classification": {
        "labels": {CLASS_LAYER: ["People", "Animals", "Vehicles", "Nature", "Screen or graphics", "Other"]},
        "title": "Say what the video shows",
        "description": "Watch the video to its end and choose the one class that fits it best.",
        "keywords": ["video", "classification"],
        "time_limit_s": 1800,
    },
}


def load_plan(settings: Settings, overrides: Mapping[str, Mapping[str, Any]] | None = None) -> Plan:
    """The built-in plan, changed by the file that the settings name, then by `overrides` of the same shape.

    Raises `ConfigError` naming every unknown or malformed entry.
    """
    values = {task_type: dict(entries) for task_type, entries in DEFAULT.items()}
    where = ["the built-in plan"]
    if settings.labeling_plan:
        where.append(settings.labeling_plan)
        _merge(values, _read(Path(settings.labeling_plan)))
    if overrides:
        where.append("the run's parameter 'plan'")
        _merge(values, overrides)
    try:
        return Plan.model_validate(values)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'plan'}: {e['msg']}" for e in error.errors())
        raise ConfigError(f"Labeling plan ({', then '.join(where)}): {problems}.") from None


def _merge(values: dict[str, dict[str, Any]], changes: Mapping[str, Any]) -> None:
    for task_type, entries in changes.items():
        if isinstance(entries, Mapping):
            values.setdefault(task_type, {}).update(entries)
        else:
            values[task_type] = entries  # not a table: the model says so


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text())
    except OSError as error:
        raise ConfigError(
            f"Labeling plan {file}: {error.strerror}.", hint="The setting labeling_plan names it."
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"Labeling plan {file}: not valid TOML: {error}.") from None
