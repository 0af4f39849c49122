"""Gold items: truths are kept once, mixed into jobs by share and seed, and not to be told from other objects."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from annolake.config import Settings
from annolake.errors import LabelingError, LakeError
from annolake.labeling.batch import plan_media_batch
from annolake.labeling.create import manifest_line
from annolake.labeling.gold import add_gold, list_gold
from annolake.lake.catalog import open_lake

from .conftest import Register

CLASSES = ["People", "Animals"]
PLAN = {"video_classification": {"gold": {"share": 0.2, "seed": 3}}}


def write(path: Path, *lines: object) -> Path:
    path.write_text("".join((x if isinstance(x, str) else json.dumps(x)) + "\n" for x in lines))
    return path


def truths(settings: Settings, path: Path, numbers: range) -> None:
    lines = [{"asset": f"video-{n:03d}.mp4", "layer": "class", "label": CLASSES[n % 2]} for n in numbers]
    add_gold(settings, write(path, *lines))


def test_truths_are_kept_once_and_the_newest_counts(service: Settings, register: Register, tmp_path: Path) -> None:
    ids = register(service, audio=range(1), video=range(1))
    said = [
        {"asset": "video-000.mp4", "layer": "class", "label": "People"},
        {"asset": ids[0], "layer": "speaker", "segments": [{"start": 0, "end": 2.5, "label": "Speaker A"}]},
    ]
    assert add_gold(service, write(tmp_path / "a", *said)).n_added == 2
    again = add_gold(service, write(tmp_path / "a", *said, "", said[0] | {"label": "Animals"}))
    assert (again.n_added, again.n_known) == (1, 1)
    rows = list_gold(service)
    assert [(r["asset"], r["layer"], r["label"], r["n_segments"]) for r in rows] == [
        ("audio-000.wav", "speaker", None, 1),
        ("video-000.mp4", "class", "Animals", None),
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ({"asset": "nothing.wav", "layer": "x", "label": "y"}, "not registered"),
        ({"asset": "audio-000.wav", "layer": "x"}, "exactly one of label and segments"),
        ({"asset": "audio-000.wav", "layer": "x", "label": ""}, "not empty"),
        ({"asset": "audio-000.wav", "layer": "x", "labels": "y"}, "unknown keys labels"),
        ({"asset": "audio-000.wav", "layer": "x", "segments": [{"start": 2, "end": 1, "label": "a"}]}, "start < end"),
        ({"asset": "audio-000.wav", "layer": "x", "segments": [{"start": 0, "end": 900, "label": "a"}]}, "millisec"),
        ("{", "not JSON"),
    ],
)
def test_bad_lines_are_named_and_nothing_is_kept(
    service: Settings, register: Register, tmp_path: Path, line: object, words: str
) -> None:
    register(service, audio=range(1), video=range(1))
    good = {"asset": "video-000.mp4", "layer": "class", "label": "People"}
    with pytest.raises(LakeError, match=rf"line 2: .*{words}"):
        add_gold(service, write(tmp_path / "a", good, line))
    assert list_gold(service) == []


def test_gold_items_are_mixed_in_by_share_and_seed(service: Settings, register: Register, tmp_path: Path) -> None:
    register(service, video=range(20))
    truths(service, tmp_path / "a", range(12, 20))
    batch = plan_media_batch(service, "b-1", plan=PLAN)
    assert batch is not None
    job = batch.jobs[0]
    with open_lake(service) as lake:
        rows = lake.scan("bronze.batch_item").to_pylist()
        assets = {r["asset_id"]: r for r in lake.scan("silver.asset").to_pylist()}
    golden = {r["asset_id"] for r in rows if r["is_gold"]}
    known = {r["asset_id"] for r in list_gold(service)}
    assert len(job.asset_ids) == 15 and len(golden) == 3 and golden < known
    assert set(job.asset_ids) - golden == set(assets) - known  # the others keep for later jobs
    places = [k for k, asset in enumerate(job.asset_ids) if asset in golden]
    assert places not in ([0, 1, 2], [12, 13, 14])
    assert plan_media_batch(service, "b-1", plan=PLAN) == batch

    keys = {frozenset(manifest_line(assets[a], job)) for a in job.asset_ids}
    assert len(keys) == 1  # nothing tells a gold item
    assert not any("gold" in json.dumps(manifest_line(assets[a], job)) for a in job.asset_ids)

    register(service, video=range(20, 32))
    second = plan_media_batch(service, "b-2", plan=PLAN)
    assert second is not None
    with open_lake(service) as lake:
        later = {r["asset_id"] for r in lake.scan("bronze.batch_item").to_pylist()
                 if r["is_gold"] and r["batch_id"] == "b-2"}  # fmt: skip
    assert len(later) == 3 and not later & golden  # those that were used least
    again = plan_media_batch(service, "b-3", jobs=[job.job_name])
    assert again is not None and set(again.jobs[0].asset_ids) == set(job.asset_ids) - golden


def test_without_a_truth_that_fits_nothing_is_planned(service: Settings, register: Register, tmp_path: Path) -> None:
    register(service, video=range(3))
    add_gold(service, write(tmp_path / "a", {"asset": "video-000.mp4", "layer": "class", "label": "Unheard of"}))
    with pytest.raises(LabelingError, match="no file has a known truth"):
        plan_media_batch(service, "b-1", plan=PLAN)
    with open_lake(service) as lake:
        assert lake.scan("bronze.batch_item").num_rows == 0
    assert plan_media_batch(service, "b-1") is not None
