"""Gold items through the lake: truth kept, object planted, scored apart, shown by `score_jobs`."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pyarrow as pa
import pytest
from rich.console import Console

from annolake.config import Settings
from annolake.labeling.gold import add_gold
from annolake.lake.catalog import open_lake
from annolake.lake.sql import query
from annolake.score import score_jobs
from annolake.score_page import print_score
from tests.lake.jobs import START
from tests.lake.test_release import land, make_job, register
from transforms.schemas import BATCH_ITEM


def test_planted_objects_are_scored_apart(settings: Settings, s3, tmp_path: Path) -> None:
    register(settings)
    turns = [("A", 1.0, 6.0), ("B", 6.0, 20.0), ("A", 20.0, 29.0)]
    line = {"asset": "0.wav", "layer": "speaker",
            "segments": [{"start": a, "end": b, "label": tag} for tag, a, b in turns]}  # fmt: skip
    (tmp_path / "truth").write_text(json.dumps(line))
    assert add_gold(settings, tmp_path / "truth").n_added == 1
    claim = {"asset_id": "asset-0", "claim": "gold Late", "batch_id": "b", "job_name": "Late",
             "task_type": "audio_segmentation", "claimed_at": START, "is_gold": True}  # fmt: skip
    with open_lake(settings) as lake:
        lake.append_new(BATCH_ITEM.name, pa.Table.from_pylist([claim], schema=BATCH_ITEM.arrow))
    land(settings, make_job(s3, "Late", late_s=0.3))

    tables = score_jobs(settings)
    compared = {r["n_items"] for r in tables["gold.agreement_job"].to_pylist() if r["layer"] == "speaker"}
    assert compared == {3}  # of four objects
    rows = query(
        settings,
        "select gold_n, gold_acc, gold_offset_s, gold_boundary_f, n_items from gold.worker_quality "
        "where layer = 'speaker' order by gold_offset_s",
    ).to_pylist()
    assert [(r["gold_n"], r["n_items"]) for r in rows] == [(1, 3)] * 3
    assert [r["gold_offset_s"] for r in rows] == pytest.approx([0.0, 0.02, 0.3])
    assert rows[0]["gold_acc"] == pytest.approx(1.0) and rows[2]["gold_acc"] == pytest.approx(1 - 4 * 0.3 / 30)
    disputed = query(settings, "select distinct object_id from gold.dispute_queue order by all")
    assert disputed["object_id"].to_pylist() == ["1", "2", "3"]

    console = Console(file=io.StringIO(), width=120)
    print_score(tables, console)
    assert "Late · speaker" in console.file.getvalue() and " gold " in console.file.getvalue()  # type: ignore[attr-defined]
