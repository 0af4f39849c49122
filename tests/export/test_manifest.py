"""Manifests out and in again: the readers of landing find the facts that were exported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from annolake.cli import app
from annolake.config import Settings
from annolake.errors import LakeError
from annolake.export.manifest import WORKER, export_manifest
from annolake.lake.reader import ReleaseReader
from tests.lake.said import rows, silver_of
from transforms.ground_truth import read_line
from transforms.inline import read_inline


def exported(settings: Settings, job: str, path: Path) -> list[dict[str, Any]]:
    export_manifest(settings, job, path)
    lines = path.read_bytes().splitlines()
    for number, line in enumerate(lines):
        assert not isinstance(read_line(number + 1, str(number), line, str), tuple)
    return [json.loads(line) for line in lines]


def gold(settings: Settings, statement: str) -> list[dict[str, Any]]:
    with ReleaseReader(settings) as reader:
        return reader.connection.sql(statement).to_arrow_table().to_pylist()


def test_classes(exported_from: Settings, tmp_path: Path) -> None:
    lines = exported(exported_from, "Clips", tmp_path / "clips.manifest")
    assert [line["kind"] for line in lines] == [0, 1] and [line["source"] for line in lines] == ["text 0", "text 1"]
    assert lines[1]["kind-metadata"] | {"creation-date": None} == {
        "class-name": "complaint", "confidence": pytest.approx(2 / 3), "type": "groundtruth/text-classification",
        "job-name": "labeling-job/clips", "human-annotated": "yes", "creation-date": None,
    }  # fmt: skip
    landed = silver_of(lines=lines, attribute="kind", task_type="text_classification")
    found = rows(landed, "silver.consolidated", "object_id", "outcome", "label", "confidence")
    known = gold(
        exported_from,
        "SELECT object_id, 'labeled' AS outcome, label, confidence FROM gold.consensus_label "
        "WHERE job_name = 'Clips' AND method = 'majority' ORDER BY object_id",
    )
    assert found == known and len(known) == 2


def test_segments(exported_from: Settings, tmp_path: Path) -> None:
    lines = exported(exported_from, "Talks-1", tmp_path / "talks.manifest")
    assert len(lines) == 8
    answers = []
    for number, line in enumerate(lines[:7]):
        found, faults = read_inline(line, "segments")
        assert faults == [] and [a.worker_id for a in found] == [WORKER] and found[0].submitted_at is not None
        answers.append((number, WORKER, json.loads(found[0].content)))
    landed = silver_of(answers=answers, labels={"speaker": ["A", "B"]}, task_type="audio_segmentation")
    assert landed.quarantined.num_rows == 0
    facts = ("object_id", "layer", "segment_no", "label", "start_s", "end_s")
    known = gold(
        exported_from,
        f"SELECT {', '.join(facts)} FROM gold.consensus_segment WHERE job_name = 'Talks-1' "
        "ORDER BY object_id, layer, segment_no",
    )
    assert rows(landed, "silver.segment", *facts) == known and len(known) == 14
    failed = lines[7]
    assert "segments" not in failed and failed["segments-metadata"]["failure-reason"] == "ClientError: expired"
    outcomes = rows(silver_of(lines=lines, attribute="segments"), "silver.consolidated", "outcome")
    assert [row["outcome"] for row in outcomes] == ["labeled"] * 7 + ["failed"]


def test_boxes(exported_from: Settings, tmp_path: Path) -> None:
    lines = exported(exported_from, "Pictures", tmp_path / "pictures.manifest")
    assert lines[0]["boxes"]["image_size"] == [{"width": 200, "height": 100, "depth": 3}]
    assert lines[1]["boxes"]["annotations"] == [] and lines[1]["boxes-metadata"]["class-map"] == {}
    landed = silver_of(lines=lines, attribute="boxes", task_type="bounding_box")
    assert landed.quarantined.num_rows == 0
    facts = ("object_id", "label", "left_px", "top_px", "width_px", "height_px", "confidence")
    known = gold(
        exported_from, f"SELECT {', '.join(facts)} FROM gold.consensus_box WHERE job_name = 'Pictures' AND is_accepted"
    )
    assert rows(landed, "silver.consolidated_box", *facts) == known and len(known) == 1


def test_the_command(exported_from: Settings, tmp_path: Path) -> None:
    command = ["--home", str(exported_from.home), "export", "manifest", "Talks-1"]
    done = CliRunner().invoke(app, [*command, "--out", str(tmp_path / "m" / "talks.manifest")])
    assert done.exit_code == 0 and "8 lines, 7 labeled, 1 failed." in " ".join(done.output.split())
    assert [p.name for p in (tmp_path / "m").iterdir()] == ["talks.manifest"]
    again = tmp_path / "again.manifest"
    export_manifest(exported_from, "Talks-1", again)
    assert again.read_bytes() == (tmp_path / "m" / "talks.manifest").read_bytes()
    with pytest.raises(LakeError, match="no job Nobody"):
        export_manifest(exported_from, "Nobody", tmp_path / "x")
