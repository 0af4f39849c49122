"""The labeling plan: built in, changed by a file and by a run, wrong entries named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from annolake.config import Settings
from annolake.errors import ConfigError
from annolake.labeling.plan import load_plan


def test_built_in_plan_is_valid(settings: Settings) -> None:
    plan = load_plan(settings)
    assert plan.audio_segmentation.labels == {"speaker": ("Speaker A", "Speaker B")}
    assert plan.audio_segmentation.workers_per_object == plan.video_classification.workers_per_object == 3
    assert len(plan.video_classification.labels["class"]) >= 2


def test_file_then_run_change_what_they_name(make_settings: Callable[..., Settings], tmp_path: Path) -> None:
    file = tmp_path / "plan.toml"
    file.write_text(
        '[audio_segmentation]\nlabels = { speaker = ["Customer", "Agent"] }\nworkers_per_object = 5\n'
        '[video_classification]\nlabels = { class = ["Walk", "Trot"] }\n'
    )
    plan = load_plan(make_settings(labeling_plan=str(file)), {"audio_segmentation": {"workers_per_object": 2}})
    assert plan.audio_segmentation.labels == {"speaker": ("Customer", "Agent")}
    assert plan.audio_segmentation.workers_per_object == 2
    assert plan.audio_segmentation.title == load_plan(make_settings()).audio_segmentation.title
    assert plan.video_classification.labels == {"class": ("Walk", "Trot")}


@pytest.mark.parametrize(
    ("overrides", "named"),
    [
        ({"audio_segmentation": {"label": {"speaker": ["A"]}}}, "audio_segmentation.label"),
        ({"audio_segmentation": {"labels": {"speaker": ["A", "A"]}}}, "stands there twice"),
        ({"audio_segmentation": {"labels": {}}}, "audio_segmentation.labels"),
        ({"audio_segmentation": {"workers_per_object": 10}}, "workers_per_object"),
        ({"video_classification": {"labels": {"class": ["one"]}}}, "two labels or more"),
        ({"video_classification": {"labels": {"kind": ["a", "b"]}}}, "exactly one layer"),
        ({"image_classification": {"labels": {"class": ["a", "b"]}}}, "image_classification"),
        ({"audio_segmentation": "everything"}, "audio_segmentation"),
    ],
)
def test_wrong_entries_are_named(settings: Settings, overrides: dict[str, object], named: str) -> None:
    with pytest.raises(ConfigError, match="Labeling plan") as told:
        load_plan(settings, overrides)  # type: ignore[arg-type]
    assert named in told.value.message


def test_unreadable_file_is_named(make_settings: Callable[..., Settings], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load_plan(make_settings(labeling_plan=str(tmp_path / "none.toml")))
    (tmp_path / "half.toml").write_text("[audio")
    with pytest.raises(ConfigError, match="not valid TOML"):
        load_plan(make_settings(labeling_plan=str(tmp_path / "half.toml")))
