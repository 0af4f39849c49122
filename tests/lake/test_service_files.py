"""Labels that are files of their own, from the labeling service to silver: sequences of frames, and masks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from annolake.config import Settings
from annolake.lake.catalog import open_lake
from annolake.lake.facts import describe_job
from annolake.lake.land import land_job
from tests.conftest import free_port
from tests.contract import test_masks, test_sequences
from tests.lake.label_json import sequence
from tests.service.lab import Lab, open_lab


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("files-service")
    flags = {"home": folder / "home", "service_port": free_port()}
    with open_lab(Settings.load(flags, environ={}, file=folder / "none.toml")) as lab:
        yield lab


def test_the_real_sequence_is_the_same_in_silver(lab: Lab, shared_data: Path) -> None:
    real = json.loads((shared_data / "ground_truth/video_object_tracking/SeqLabel.json").read_text())
    frames = real["tracking-annotations"]
    labels = ["Person", "Cyclist", "Vehicle"]
    line = test_sequences.put_sequence(lab, "real", [frame["frame"] for frame in frames])
    config = {"labels": [{"label": label} for label in labels]}
    request = test_sequences.video_request(lab, "Cars", "VideoObjectTracking", [line], config)
    test_sequences.run(lab, request, test_sequences.answer_of(real, labels))
    facts = describe_job(lab.settings, "Cars")
    assert (facts.task_type, facts.labels) == ("video_object_tracking", {"class": labels})
    report = land_job(lab.settings, "Cars")
    assert (report.n_lines, report.n_answers, report.faults, report.failed_checks) == (1, 1, (), ())
    assert report.quarantined == {}
    with open_lake(lab.settings) as lake:
        fused = [
            sorted(
                lake.scan(f"silver.consolidated_{name}").to_pylist(),
                key=lambda r: (r["frame_no"], r.get(f"{name}_no", 0)),
            )
            for name in ("frame", "box", "shape")
        ]
        said = lake.scan("silver.box").to_pylist()
    again = sequence(*fused)["tracking-annotations"]
    assert [{"frame-attributes": {}, **frame} for frame in again] == frames
    assert len(said) == len(fused[1]) == 890
    place = ("frame_no", "track_id", "track_name", "label", "left_px", "top_px", "width_px", "height_px")
    assert {tuple(b[c] for c in place) for b in said} == {tuple(b[c] for c in place) for b in fused[1]}


def test_a_mask_lands_as_its_reference_and_colours(lab: Lab) -> None:
    line = test_masks.run(lab, "Lakes", "SemanticSegmentation", [test_masks.painted(np.eye(4))])
    report = land_job(lab.settings, "Lakes")
    assert (report.n_lines, report.n_answers, report.faults, report.failed_checks) == (1, 1, (), ())
    with open_lake(lab.settings) as lake:
        rows = [r for r in lake.scan("silver.consolidated_mask").to_pylist() if r["job_name"] == "Lakes"]
    colors = line["mask-ref-metadata"]["internal-color-map"]
    assert {r["mask_uri"] for r in rows} == {line["mask-ref"]}
    assert {(str(r["class_no"]), r["label"], r["hex_color"]) for r in rows} == {
        (number, about["class-name"], about["hex-color"]) for number, about in colors.items()
    }
