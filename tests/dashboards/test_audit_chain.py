"""The audit chain of one media through three jobs: labeled, adjusted, verified; gold is built from rows of silver.

`calls-l1`: ANN and BEN label a recording: A 0-20, B 20-40, A 40-55; the clip is a dog.
`calls-l2`: CAT adjusts it: B is A from 20 to 30, the end is 50; the clip is a bird.
`calls-l3`: DAN verifies the adjusted label: it stands. He is asked for a class alone.
The media is object 0 of the first job, 7 of the second, 3 of the third. Another recording is in `calls-l1` alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import duckdb
import pytest
from streamlit.testing.v1 import AppTest

from annolake.config import Settings
from annolake.lake.catalog import open_lake
from annolake.lake.models import build_gold
from annolake.lake.reader import ReleaseReader
from annolake.lake.release import publish
from dashboards.data import audit
from tests.small_lake import ANN, BEN, CAT, DAN, FILLED, START, Rows, filled

TRUTH = [("A", 0.0, 20.0), ("B", 20.0, 40.0), ("A", 40.0, 55.0)]
ADJUSTED = [("A", 0.0, 30.0), ("B", 30.0, 40.0), ("A", 40.0, 50.0)]
LAYERS = {"speaker": ["A", "B"], "class": ["dog", "bird"]}
FIRST, SECOND, THIRD = ("calls-l1", "0"), ("calls-l2", "7"), ("calls-l3", "3")


def _rows() -> Rows:
    rows: Rows = {name: [] for name in FILLED}
    jobs = (
        (FIRST[0], "audio_segmentation", LAYERS),
        (SECOND[0], "audio_segmentation", LAYERS),
        (THIRD[0], "verification_audio", {"verdict": ["correct", "wrong"]}),
    )
    for level, (name, kind, labels) in enumerate(jobs, 1):
        rows["silver.job"].append(
            {"job_name": name, "batch_id": "calls", "level": level, "task_type": kind, "labels": json.dumps(labels),
             "status": "Completed", "output_uri": f"s3://out/{name}.manifest", "created_at": START,
             "modified_at": START + timedelta(days=level)}
        )  # fmt: skip
    for asset in ("call", "other"):
        rows["silver.asset"].append(
            {"asset_id": asset, "uri": f"s3://media/{asset}", "name": f"{asset}.wav", "media_type": "audio",
             "duration_s": 60.0, "container": "wav", "content_hash": asset, "bytes": 1}
        )  # fmt: skip
    _answer(rows, FIRST, "call", ANN, 0, TRUTH, dog="dog")
    _answer(rows, FIRST, "call", BEN, 5, TRUTH, dog="dog")
    _answer(rows, (FIRST[0], "1"), "other", ANN, 9, TRUTH, dog="dog")
    _answer(rows, SECOND, "call", CAT, 60, TRUTH, dog="dog", counts=False)
    _answer(rows, SECOND, "call", CAT, 65, ADJUSTED, dog="bird")
    _answer(rows, THIRD, "call", DAN, 120, None, verdict="correct")
    came_out: tuple[tuple[tuple[str, str], dict[str, Any]], ...] = (
        (FIRST, {"label": None, "adjustment_status": None, "feedback": None}),
        (SECOND, {"label": None, "adjustment_status": "adjusted", "feedback": None}),
        (THIRD, {"label": "correct", "adjustment_status": None, "feedback": '["well cut"]'}),
    )
    for n, ((job, object_id), more) in enumerate(came_out):
        rows["silver.consolidated"].append(
            {"job_name": job, "object_id": object_id, "asset_id": "call", "line_hash": "x", "outcome": "labeled",
             "observed_at": START + timedelta(days=n), **more}
        )  # fmt: skip
    return rows


def _answer(  # noqa: PLR0917 - a row at a glance
    rows: Rows, at: tuple[str, str], asset: str, worker: str, minute: int, said: list[tuple[str, float, float]] | None,
    *, counts: bool = True, **classes: str,
) -> None:  # fmt: skip
    moment = START + timedelta(minutes=minute)
    key = {"job_name": at[0], "object_id": at[1], "asset_id": asset, "worker_id": worker,
           "revision": int(moment.timestamp() * 1000), "submitted_at": moment}  # fmt: skip
    rows["bronze.worker_response"].append({**key, "source_uri": f"s3://out/{at[0]}/{at[1]}/{minute}.json"})
    if not counts:
        return
    kind = "audio_segmentation" if said else "verification_audio"
    rows["silver.assignment"].append({**key, "outcome": "answered"})
    rows["silver.annotation"].append({**key, "task_type": kind, "n_segments": said and len(said), "answer": "{}"})
    rows["silver.segment"] += [
        {**key, "layer": "speaker", "segment_no": n, "label": label, "start_s": start, "end_s": end}
        for n, (label, start, end) in enumerate(said or ())
    ]
    layers = {"dog": "class"}
    rows["silver.classification"] += [
        {**key, "layer": layers.get(layer, layer), "label": label} for layer, label in classes.items()
    ]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    folder = tmp_path_factory.mktemp("chain")
    settings = Settings.load({"home": folder / "home"}, environ={}, file=folder / "none.toml")
    rows = _rows()
    jobs = [FIRST[0], SECOND[0], THIRD[0]]
    with open_lake(settings) as opened:
        for name, listed in rows.items():
            opened.table(name).append(filled(name, listed))
    build_gold(settings, jobs)
    publish(settings, jobs)
    with ReleaseReader(settings) as reader:
        yield reader.connection


@pytest.mark.parametrize("at", [FIRST, SECOND, THIRD], ids=lambda at: at[0])
def test_from_every_job_the_whole_chain_is_seen(lake: duckdb.DuckDBPyConnection, at: tuple[str, str]) -> None:
    objects = audit.same_media(lake, *at)
    assert objects == [FIRST, SECOND, THIRD]
    rows = audit.answers(lake, objects).table.to_pylist()
    assert [(r["job_name"], r["level"], r["task_type"], r["worker_id"], r["is_current"]) for r in rows] == [
        ("calls-l1", 1, "audio_segmentation", ANN, True), ("calls-l1", 1, "audio_segmentation", BEN, True),
        ("calls-l2", 2, "audio_segmentation", CAT, False), ("calls-l2", 2, "audio_segmentation", CAT, True),
        ("calls-l3", 3, "verification_audio", DAN, True),
    ]  # fmt: skip
    assert [r["source_uri"] for r in rows] == [
        f"s3://out/{part}.json" for part in ("calls-l1/0/0", "calls-l1/0/5", "calls-l2/7/60", "calls-l2/7/65",
                                              "calls-l3/3/120")
    ]  # fmt: skip
    assert [r["submitted_at"] - START for r in rows] == [timedelta(minutes=n) for n in (0, 5, 60, 65, 120)]


def test_what_an_adjustment_changed_is_told_in_seconds_and_labels(lake: duckdb.DuckDBPyConnection) -> None:
    first, _, replaced, adjusted, verified = audit.answers(lake, [FIRST, SECOND, THIRD]).table.to_pylist()
    assert (first["compared_with"], first["added_s"], first["relabeled"]) == (None, None, None)
    assert adjusted["compared_with"] == "calls-l1" and adjusted["relabeled"] == "dog → bird"
    assert adjusted["added_s"] == pytest.approx(10), "A from 20 to 30"
    assert adjusted["removed_s"] == pytest.approx(15), "B from 20 to 30, A from 50 to 55"
    assert (replaced["revision_no"], adjusted["revision_no"], replaced["n_segments"]) == (1, 2, None)
    assert verified["compared_with"] == "calls-l2" and verified["labels"] == "correct"
    assert verified["added_s"] is None is verified["removed_s"], "he was asked for no segments"


def test_what_came_out_of_each_level(lake: duckdb.DuckDBPyConnection) -> None:
    rows = audit.outcomes(lake, [FIRST, SECOND, THIRD]).table.to_pylist()
    assert [(r["job_name"], r["level"], r["label"], r["adjustment_status"]) for r in rows] == [
        ("calls-l1", 1, None, None), ("calls-l2", 2, None, "adjusted"), ("calls-l3", 3, "correct", None),
    ]  # fmt: skip
    assert json.loads(rows[-1]["feedback"]) == ["well cut"] and rows[-1]["source_uri"] == "s3://out/calls-l3.manifest"


def test_another_media_of_the_same_job_has_its_own_chain(lake: duckdb.DuckDBPyConnection) -> None:
    other = (FIRST[0], "1")
    assert audit.same_media(lake, *other) == [other]
    (row,) = audit.answers(lake, [other]).table.to_pylist()
    assert (row["job_name"], row["worker_id"], row["compared_with"]) == (FIRST[0], ANN, None)
    assert audit.answers(lake, audit.same_media(lake, "calls-l1", "99")).is_empty


def test_the_page_tells_the_chain(open_page: Callable[..., AppTest], lake: duckdb.DuckDBPyConnection) -> None:
    app = open_page(lake, "item", of=FIRST[0], item=FIRST[1])
    assert not app.exception
    (said,) = (d.value for d in app.dataframe if "compared_with" in d.value)
    assert list(said["job_name"]) == ["calls-l1", "calls-l1", "calls-l2", "calls-l2", "calls-l3"]
    changed = [value if isinstance(value, str) else None for value in said["changed"]]
    assert changed == [None, None, None, "+10.0 s, −15.0 s; dog → bird", "nothing"]
    (came_out,) = (d.value for d in app.dataframe if "adjustment_status" in d.value)
    assert list(came_out["level"]) == [1, 2, 3]
