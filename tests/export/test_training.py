"""Data sets for training: what they hold, that a source is never torn, and that a release gives the same bytes."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from annolake.cli import app
from annolake.config import Settings
from annolake.errors import LakeError
from annolake.export.training import export_training

TALKS = ["Talks-1", "Talks-2"]


def test_a_row_an_answered_object(exported_from: Settings, tmp_path: Path) -> None:
    data = export_training(exported_from, ["Talks-1"], tmp_path / "set")
    rows = pq.read_table(tmp_path / "set" / "train.parquet").to_pylist()
    assert [row["object_id"] for row in rows] == [str(n) for n in range(7)], "the failed object is left out"
    row = rows[0]
    assert row["asset_id"] == "asset-0" and row["source_uri"] == "s3://media/0.wav" and row["duration_s"] == 30
    assert row["n_workers"] == 2 and row["release_id"] == data.release_id == 1 and row["split"] == "train"
    assert [(s["layer"], s["label"], s["support"]) for s in row["segments"]] == [
        ("speaker", "A", 2),
        ("speaker", "B", 2),
    ]
    assert row["segments"][0]["start_s"] == pytest.approx(1.05) and 0.9 < row["segments"][0]["confidence"] <= 1
    assert [a["layer"] for a in row["agreement"]] == ["speaker"] and row["agreement"][0]["observed_agreement"] > 0.9
    assert row["labels"] is None and row["boxes"] is None
    unregistered = rows[6]
    assert unregistered["asset_id"] is None and unregistered["source"] == row["source"] == "asset:asset-0"


def test_classes_and_boxes(exported_from: Settings, tmp_path: Path) -> None:
    data = export_training(exported_from, ["Clips", "Pictures"], tmp_path / "set")
    rows = {(row["job_name"], row["object_id"]): row for row in data.parts["train"].to_pylist()}
    assert len(rows) == 4
    label = rows["Clips", "1"]["labels"][0]
    assert (label["layer"], label["label"], label["support"]) == ("class", "complaint", 2)
    assert label["confidence"] == pytest.approx(2 / 3) and rows["Clips", "1"]["source_text"] == "text 1"
    box = rows["Pictures", "0"]["boxes"][0]
    assert (box["label"], box["left_px"], box["width_px"], box["support"]) == ("cat", 10.5, 30, 2)
    assert rows["Pictures", "1"]["boxes"] is None and rows["Pictures", "1"]["n_workers"] == 2


@pytest.mark.parametrize("seed", range(4))
def test_no_source_is_torn(exported_from: Settings, tmp_path: Path, seed: int) -> None:
    """The same media in two jobs, and a copy of it at another place."""
    together = export_training(exported_from, TALKS, tmp_path / "both", shares=(0.5, 0.25, 0.25), seed=seed)
    parts = defaultdict(set)
    for name, rows in together.parts.items():
        for row in rows.to_pylist():
            parts[row["source"]].add(name)
            assert row["split"] == name
    assert len(parts) == 6 and all(len(names) == 1 for names in parts.values())
    for job in TALKS:
        alone = export_training(exported_from, [job], tmp_path / job, shares=(0.5, 0.25, 0.25), seed=seed)
        for name, rows in alone.parts.items():
            assert all(parts[source] == {name} for source in rows["source"].to_pylist())


def test_the_same_release_gives_the_same_bytes(exported_from: Settings, tmp_path: Path) -> None:
    for name in ("one", "two"):
        command = ["--home", str(exported_from.home), "export", "training", "--out", str(tmp_path / name)]
        done = CliRunner().invoke(app, [*command, "Talks-1", "Talks-2", "--split", "0.7,0.3"])
        assert done.exit_code == 0, done.output
    files = sorted(p.name for p in (tmp_path / "one").iterdir())
    assert files == ["README.md", "test.parquet", "train.parquet"]
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes(), file


def test_the_card_says_what_is_in_it(exported_from: Settings, tmp_path: Path) -> None:
    data = export_training(exported_from, TALKS, tmp_path / "set", shares=(0.5, 0.5), seed=3)
    card = (tmp_path / "set" / "README.md").read_text()
    for name, rows in data.parts.items():
        sources = len(set(rows["source"].to_pylist()))
        hours = sum({r["source"]: r["duration_s"] or 0 for r in rows.to_pylist()}.values()) / 3600
        assert f"| {name} | 0.5 | {rows.num_rows} | {sources} | {hours:.2f} |" in card
    assert "| speaker | A | 0 | 14 | 0 |" in card
    assert "--split 0.5,0.5 --seed 3 --method majority --release 1" in card
    assert all(f"| `{name}` |" in card for name in data.parts["train"].schema.names)


def test_wrong_use_is_told(exported_from: Settings, settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(LakeError, match="The release has no job Nobody"):
        export_training(exported_from, ["Nobody"], tmp_path / "x")
    with pytest.raises(LakeError, match=r"The split makes no sense: the shares add up to 0\.9"):
        export_training(exported_from, TALKS, tmp_path / "x", shares=(0.8, 0.1))
    with pytest.raises(LakeError, match="No consensus is called best"):
        export_training(exported_from, TALKS, tmp_path / "x", method="best")
    with pytest.raises(LakeError, match="No job was named"):
        export_training(exported_from, [], tmp_path / "x")
    (tmp_path / "file").touch()
    with pytest.raises(LakeError, match="has something in it"):
        export_training(exported_from, TALKS, tmp_path)
    with pytest.raises(LakeError, match="Nothing is released yet"):
        export_training(settings, TALKS, tmp_path / "x")
    assert not (tmp_path / "x").exists()
