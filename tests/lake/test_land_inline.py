"""Answers inside of manifest lines, and landings that are killed, meet each other or follow a longer manifest."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from annolake.config import Settings
from annolake.lake.catalog import Lake, open_lake
from annolake.lake.facts import JobFacts
from annolake.lake.fetch import LocalStore
from annolake.lake.land import LandReport, land_outputs
from tests.lake.conftest import empty_store
from tests.lake.jobs import START, answer, segments, stamp
from transforms.identity import worker_pseudonym

KEY = "test-key"
ROOT = "labeling/output/Talks"
PROVENANCE = {"landing_id", "landed_at", "source_version", "source_modified_at", "observed_at"}
COMPARED = (
    "bronze.manifest_line", "bronze.worker_response", "silver.assignment", "silver.annotation", "silver.segment",
    "silver.consolidated", "silver.quarantine", "restricted.worker", "silver.classification",
)  # fmt: skip


def facts(**changes: Any) -> JobFacts:
    stated: dict[str, Any] = {
        "job_name": "Talks", "label_attribute": "segments", "output_root": "s3://labeling/output/Talks",
        "input_uri": "", "status": "Completed", "created_at": START, "modified_at": START, "task_type": "custom",
        "workers_per_object": 2,
    }  # fmt: skip
    return JobFacts(**{**stated, **changes})


def track(worker: str, *parts: tuple[str, float, float], at: float | None = 100) -> dict[str, Any]:
    items = [{"start": s, "end": e, "labels": [label], "text": "t", "mood": "calm"} for label, s, e in parts]
    return {"workerId": f"private.us-east-1.{worker}", "segments": items} | (
        {} if at is None else {"submissionTime": stamp(at)}
    )


def line(number: int, said: Any, duration: float = 30.0) -> str:
    about = {"type": "groundtruth/custom", "job-name": "talks", "human-annotated": "yes"}
    return json.dumps(
        {"source-ref": f"s3://media/{number}.wav", "duration": duration, "segments": said, "segments-metadata": about}
    )


class Outputs:
    """A job's outputs in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def manifest(self, *lines: str) -> None:
        path = self.folder / ROOT / "manifests/output/output.manifest"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{one}\n" for one in lines))

    def response(self, object_id: int, *answers: Any, name: str = "a") -> None:
        path = self.folder / ROOT / f"annotations/worker-response/iteration-1/{object_id}/{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"answers": list(answers)}))


@pytest.fixture
def outputs(tmp_path: Path) -> Outputs:
    return Outputs(tmp_path / "buckets")


def land(lake: Lake, outputs: Outputs, **changes: Any) -> LandReport:
    return land_outputs(lake, LocalStore(outputs.folder), facts(**changes), pseudonym_key=KEY)


def content(lake: Lake) -> dict[str, list[str]]:
    """Every row but for when and by which landing it came, in no order."""
    return {
        name: sorted(
            json.dumps({k: v for k, v in row.items() if k not in PROVENANCE}, default=str, sort_keys=True)
            for row in lake.scan(name).to_pylist()
        )
        for name in COMPARED
    }


def rows(lake: Lake, table: str, *columns: str) -> list[tuple[Any, ...]]:
    return sorted((tuple(r.values()) for r in lake.scan(table, columns=columns).to_pylist()), key=repr)


def test_segments_inside_lines_become_rows(lake: Lake, outputs: Outputs) -> None:
    told = {"workerId": "private.us-east-1.03", "rawContent": json.dumps(segments(("B", 1, 2), rate={"4": True}))}
    arrays = {"annotations": json.dumps({"streams": {"speaker": [[3, 4.5, "A", "Happy"]]}})}
    old = {"workerId": "private.us-east-1.04", "rawContent": json.dumps(arrays)}
    twice = track("02", ("A", 0, 4), ("A", 3, 5))
    twice["segments"][1]["labels"] = ["A", "B"]
    outputs.manifest(
        line(0, {"tracks": [track("01", ("A", 0, 4), ("B", 4, 30)), twice]}),
        line(1, {"annotationsFromAllWorkers": [told, old]}),
        line(2, {"tracks": [track("01", ("A", 0, 31)), {"workerId": "private.us-east-1.02"}, {"segments": []}]}),
    )
    report = land(lake, outputs)
    assert report.n_lines == 3 and report.failed_checks == ()
    assert report.faults == ("Line 3: answer 3 in tracks has no workerId, so nobody can be asked about it.",)
    one, two = (worker_pseudonym(KEY, f"private.us-east-1.{n}") for n in ("01", "02"))
    found = rows(lake, "silver.segment", "object_id", "worker_id", "layer", "segment_no", "label", "start_s", "end_s")
    assert [r for r in found if r[0] == "0"] == sorted(
        [
            ("0", one, "segments", 0, "A", 0.0, 4.0), ("0", one, "segments", 1, "B", 4.0, 30.0),
            ("0", two, "segments", 0, "A", 0.0, 4.0), ("0", two, "segments", 2, "B", 3.0, 5.0),
        ], key=repr,
    )  # fmt: skip
    assert [r[2:] for r in found if r[0] == "1"] == [("speaker", 0, "B", 1.0, 2.0), ("speaker", 0, "A", 3.0, 4.5)] or [
        r[2:] for r in found if r[0] == "1"
    ] == [("speaker", 0, "A", 3.0, 4.5), ("speaker", 0, "B", 1.0, 2.0)]
    assert set(rows(lake, "silver.segment", "attributes")) >= {('{"mood":"calm"}',), ('{"emotion":"Happy"}',)}
    assert rows(lake, "silver.quarantine", "table_name", "rule") == [
        ("silver.annotation", "readable"), ("silver.segment", "ends_in_media"),
        ("silver.segment", "no_overlap_in_track"),
    ]  # fmt: skip
    assert rows(lake, "silver.classification", "layer", "label") == [("rate", "4")]
    assert [r[0] for r in rows(lake, "silver.annotation", "revision")].count(1) == 2  # without a time of their own
    assert {v for (v,) in rows(lake, "silver.consolidated", "value")} == {"{}"}
    text = json.dumps([lake.scan(name).to_pylist() for name in COMPARED if name != "restricted.worker"], default=str)
    assert "private.us-east-1" not in text and one in text


def test_an_answer_in_a_line_and_in_a_file_lands_once(lake: Lake, outputs: Outputs) -> None:
    said = segments(("A", 0, 1))
    outputs.manifest(
        line(0, {"annotationsFromAllWorkers": [{"workerId": "private.us-east-1.01", "rawContent": json.dumps(said)}]}),
        line(1, {"tracks": [track("01", ("A", 0, 1), at=200)]}),
    )
    outputs.response(0, answer("01", said))
    outputs.response(1, answer("01", said, at=200))
    assert land(lake, outputs).failed_checks == ()
    assert [r[0] for r in rows(lake, "silver.annotation", "object_id")] == ["0", "1"]
    assert len(rows(lake, "restricted.worker", "worker_id")) == 1


def test_a_longer_manifest_is_read_on_and_a_changed_one_by_its_changed_lines(lake: Lake, outputs: Outputs) -> None:
    first = [line(n, {"tracks": [track("01", ("A", 0, 1 + n))]}) for n in range(6)]
    outputs.manifest(*first[:3])
    land(lake, outputs)
    before = lake.snapshot("silver.segment")
    outputs.manifest(*first)
    longer = land(lake, outputs, modified_at=START + timedelta(hours=1))
    assert (longer.n_lines, longer.n_rows["silver.segment"]) == (3, 3)
    outputs.manifest(first[0], line(1, {"tracks": [track("02", ("B", 0, 1))]}), *first[2:])
    changed = land(lake, outputs, modified_at=START + timedelta(hours=2))
    assert (changed.n_lines, changed.n_rows["silver.segment"]) == (1, 1)
    assert rows(lake, "bronze.manifest_line", "line_no") == [(n,) for n in (1, 2, 2, 3, 4, 5, 6)]
    assert len(rows(lake, "silver.segment", "object_id")) == 7 and before != lake.snapshot("silver.segment")


def test_what_another_landing_has_added_is_left_out(lake: Lake, outputs: Outputs, monkeypatch) -> None:
    """A second landing begins and ends while the first is about to commit."""
    outputs.manifest(*(line(n, {"tracks": [track("01", ("A", 0, 1))]}) for n in range(4)))
    real = Lake.commit
    others: list[LandReport] = []

    def meeting(self: Lake, name: str, attempt: Any) -> Any:
        if name == "silver.annotation" and not others:
            monkeypatch.setattr(Lake, "commit", real)
            others.append(land(self, outputs))
        return real(self, name, attempt)

    monkeypatch.setattr(Lake, "commit", meeting)
    report = land(lake, outputs)
    assert others[0].n_rows["silver.segment"] == 4 and others[0].n_lines == 0  # bronze was there
    assert report.n_lines == 4 and "silver.segment" not in report.n_rows
    assert len(rows(lake, "silver.segment", "object_id")) == 4


def test_staged_files_go_to_a_warehouse_behind_s3(moto_endpoint: str, make_settings: Any, outputs: Outputs) -> None:
    empty_store(moto_endpoint)
    there = make_settings(
        warehouse="s3://labeling/warehouse", s3_endpoint=moto_endpoint, access_key="a", secret_key="b"
    )
    outputs.manifest(*(line(n, {"tracks": [track("01", ("A", 0, 1))]}) for n in range(3)))
    with open_lake(there) as lake:
        assert land(lake, outputs).n_rows["silver.segment"] == 3
        outputs.manifest(*(line(n, {"tracks": [track("01", ("A", 0, 2))]}) for n in range(4)))
        again = land(lake, outputs, modified_at=START + timedelta(hours=1))
        assert (again.n_lines, again.n_rows["silver.segment"], again.failed_checks) == (4, 4, ())


# -- killed ---------------------------------------------------------------------------------------------------------


def varied(outputs: Outputs, seed: int) -> None:
    chance = random.Random(seed)
    lines = [
        line(
            n, {"tracks": [track(f"{w:02}", ("A", 0, chance.choice([4, 31])), ("B", 2, 5), at=100 + w) for w in (1, 2)]}
        )
        for n in range(12)
    ]
    outputs.manifest(*lines, "{oops", line(13, {"annotationsFromAllWorkers": []}))
    for n in range(3):
        outputs.response(n, answer("03", segments(("A", 0, 1 + n)), at=300), "nobody")


def land_in_process(settings: Settings, folder: Path) -> None:
    with open_lake(settings) as lake:
        land_outputs(lake, LocalStore(folder), facts(), pseudonym_key=KEY)


SEEDS = [*range(10), *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(10, 200))]


@pytest.fixture(scope="module")
def quiet_seconds() -> list[float]:
    return []


@pytest.mark.parametrize("seed", SEEDS)
def test_killed_by_the_system_and_run_again(
    make_settings: Any, tmp_path: Path, outputs: Outputs, quiet_seconds: list[float], seed: int
) -> None:
    """SIGKILL at a random moment of a landing; the next one makes the rows of a quiet one."""
    varied(outputs, seed)
    with open_lake(make_settings(home=tmp_path / "quiet")) as quiet:
        began = time.monotonic()
        land(quiet, outputs)
        quiet_seconds.append(time.monotonic() - began)
        expected = content(quiet)
    settings = make_settings(home=tmp_path / "killed")
    fork = multiprocessing.get_context("forkserver")
    fork.set_forkserver_preload(["annolake.lake.land", "great_expectations", "pandas", "tests.lake.test_land_inline"])
    process = fork.Process(target=land_in_process, args=(settings, outputs.folder))
    process.start()
    process.join(random.Random(seed).uniform(0.05, 1.2 * min(quiet_seconds)))
    if process.is_alive() and process.pid:
        os.kill(process.pid, signal.SIGKILL)
    process.join(60)
    with open_lake(settings) as lake:
        assert land(lake, outputs).failed_checks == ()
        assert content(lake) == expected
        assert land(lake, outputs).n_sources == 0
