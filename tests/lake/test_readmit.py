"""Quarantined rows let in: after a fix of what kept them out, or because somebody accepts them; twice is once."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from annolake.cli import app
from annolake.config import Settings
from annolake.errors import LakeError
from annolake.lake import readmit as readmission
from annolake.lake.catalog import open_lake
from annolake.lake.fetch import S3Store
from annolake.lake.land import land_outputs
from annolake.lake.models import build_model
from annolake.lake.readmit import Readmission, kept_out, readmit
from annolake.lake.release import publish, unreleased_jobs
from annolake.lake.sql import query
from tests.lake.jobs import START, Job, answer, segments
from transforms import schemas

BOTH = {"speaker": ["A", "B"]}
ONE = {"speaker": ["A"]}


@pytest.fixture
def job(s3) -> Job:
    """Two objects, two people who both use the label B; the second ends after the media."""
    job = Job(s3, labels=ONE)
    job.put_manifest(job.line(0), job.line(1))
    for item in range(2):
        job.put_response(
            item,
            answer("x", segments(("A", 1, 9), ("B", 9, 20)), at=100 + item),
            answer("y", segments(("A", 1, 10), ("B", 10, 29 + 4 * item)), at=200 + item),
        )
    return job


def land(settings: Settings, job: Job) -> None:
    with open_lake(settings) as lake:
        land_outputs(lake, job.s3, job.facts(), pseudonym_key="k")
    publish(settings, [job.name])


def show(settings: Settings, job: Job) -> None:
    """The figures of agreement, and a release of them."""
    for model in ("measure", "measure.unit", "measure.unit_label", "gold.agreement_job"):
        build_model(settings, model, [job.name])
    publish(settings, [job.name])


def let_in(settings: Settings, job: Job, **options: Any) -> Readmission:
    with open_lake(settings) as lake:
        done = readmit(lake, S3Store(job.s3), job.facts(), **options)
    if done.n_rows:
        publish(settings, [job.name])
    return done


def count(settings: Settings, table: str, where: str = "true") -> int:
    with open_lake(settings) as lake, duckdb.connect() as connection:
        connection.register("found", lake.scan(table))
        return connection.sql(f"SELECT count(*) FROM found WHERE {where}").fetchall()[0][0]


def register(settings: Settings, number: int, duration_s: float) -> None:
    row = dict.fromkeys(schemas.ASSET_TABLE.arrow.names) | {
        "asset_id": f"asset-{number}", "uri": f"s3://media/{number}.wav", "name": f"{number}.wav",
        "media_type": "audio", "duration_s": duration_s, "container": "wav", "bytes": 1, "content_hash": "c",
        "landing_id": "m", "landed_at": START,
    }  # fmt: skip
    with open_lake(settings) as lake:
        lake.append_new(schemas.ASSET_TABLE.name, pa.Table.from_pylist([row], schema=schemas.ASSET_TABLE.arrow))


def test_a_label_that_the_job_lacked(settings: Settings, job: Job) -> None:
    land(settings, job)
    show(settings, job)
    rules = {"known_label": 4, "ends_in_media": 1}
    assert count(settings, "silver.segment") == 4 and count(settings, "silver.quarantine") == 5
    figures = "SELECT * FROM gold.agreement_job WHERE measure = 'alpha' AND layer = 'speaker'"
    before = query(settings, figures).to_pylist()

    same = let_in(settings, job, by="ann")  # nothing was fixed yet
    assert same.n_rows == {} and same.still_out == {f"silver.segment {rule}": n for rule, n in rules.items()}

    job.labels = BOTH
    done = let_in(settings, job, reason="the list lacked B", by="ann")
    show(settings, job)
    assert done.n_rows == {"silver.segment": 3} and done.still_out == {
        "silver.segment ends_in_media": 1, "silver.segment known_label": 1,
    }  # fmt: skip
    assert done.failed_checks == ()
    assert count(settings, "silver.segment", "label = 'B'") == 3
    assert count(settings, "silver.quarantine") == 5, "quarantine is history"
    assert query(settings, figures).to_pylist() != before
    labels = query(settings, "SELECT labels FROM silver.job")["labels"].to_pylist()
    assert [json.loads(text) for text in labels] == [BOTH]
    noted = query(settings, "SELECT * FROM meta.readmission").to_pylist()
    assert len(noted) == 3 and {(r["rule"], r["is_accepted"], r["decided_by"], r["reason"]) for r in noted} == {
        ("known_label", False, "ann", "the list lacked B")
    }
    again = let_in(settings, job, by="ben")
    assert again.n_rows == {} and count(settings, "meta.readmission") == 3 and unreleased_jobs(settings) == []


def test_the_same_rows_as_if_nothing_had_been_wrong(settings: Settings, make_settings, job: Job, tmp_path) -> None:
    land(settings, job)
    job.labels = BOTH
    let_in(settings, job)
    right = make_settings(home=tmp_path / "right")
    land(right, job)
    for table in ("silver.segment", "silver.annotation", "silver.assignment"):
        columns = [c for c in schemas.TABLES[table].arrow.names if c not in ("landing_id", "landed_at")]
        statement = f"SELECT {', '.join(columns)} FROM {table} ORDER BY ALL"
        assert query(settings, statement).equals(query(right, statement)), table


def test_media_that_was_registered_with_its_true_length(settings: Settings, job: Job) -> None:
    job.labels = BOTH
    land(settings, job)
    with open_lake(settings) as lake:
        assert [r["rule"] for r in kept_out(lake, job.name).to_pylist()] == ["ends_in_media"]
    register(settings, 1, 40.0)
    assert let_in(settings, job).n_rows == {"silver.segment": 1}
    assert count(settings, "silver.segment", "end_s = 33") == 1
    with open_lake(settings) as lake:
        assert kept_out(lake).num_rows == 0


def test_accepted_by_a_person_for_a_reason(settings: Settings, job: Job) -> None:
    job.labels = BOTH
    register(settings, 1, 30.0)
    land(settings, job)
    done = let_in(settings, job, accept=["ends_in_media"], reason="the recorder cut the file", by="ann")
    assert done.n_rows == {"silver.segment": 1} and done.still_out == {} and done.failed_checks == ()
    noted = query(settings, "SELECT rule, is_accepted, reason, decided_by FROM meta.readmission").to_pylist()
    assert noted == [
        {"rule": "ends_in_media", "is_accepted": True, "reason": "the recorder cut the file", "decided_by": "ann"}
    ]
    # Later answers are judged as ever; the accepted row holds no release.
    job.put_response(1, answer("z", segments(("A", 1, 9), ("B", 9, 35)), at=300), time="2026-01-08_08:00:00")
    with open_lake(settings) as lake:
        report = land_outputs(lake, job.s3, job.facts(modified_at=START + timedelta(hours=2)), pseudonym_key="k")
    assert report.quarantined == {"silver.segment ends_in_media": 1} and report.failed_checks == ()
    publish(settings, [job.name])
    assert count(settings, "silver.segment", "end_s > 30") == 1


def test_killed_after_the_note(settings: Settings, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows follow, are checked and released; nothing is noted twice."""
    land(settings, job)
    job.labels = BOTH
    write = readmission._Run._write

    def dies(run, name: str, rows: pa.Table) -> int:
        if name == "silver.segment":
            raise KeyboardInterrupt
        return write(run, name, rows)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(readmission._Run, "_write", dies)
        let_in(settings, job)
    assert let_in(settings, job).n_rows == {"silver.segment": 3}
    assert count(settings, "meta.readmission") == 3 and count(settings, "silver.segment") == 7
    assert unreleased_jobs(settings) == []


def test_an_answer_and_its_segments(settings: Settings, job: Job) -> None:
    """An answer that was rejected takes its segments along, out and in."""
    job.labels = BOTH
    entry = answer("w", segments(("A", 2, 8)), at=500)
    entry["acceptanceTime"] = "2026-01-08T09:00:00.000Z"  # after it was submitted
    job.put_response(0, entry, time="2026-01-08_08:30:00")
    land(settings, job)
    assert count(settings, "silver.annotation") == 4
    done = let_in(settings, job, accept=["submitted_after_accepted"], reason="a clock was wrong", by="ann")
    assert done.n_rows == {"silver.annotation": 1, "silver.segment": 1} and done.failed_checks == ()
    assert count(settings, "silver.annotation") == 5
    noted = query(settings, "SELECT rule, is_accepted FROM meta.readmission ORDER BY ALL").to_pylist()
    assert [(r["rule"], r["is_accepted"]) for r in noted] == [
        ("answer_accepted", False), ("submitted_after_accepted", True),
    ]  # fmt: skip


def test_answers_that_stand_in_manifest_lines(settings: Settings, s3) -> None:
    """Tracks of two workers, ready to use; a label is missing in the job's list."""
    job = Job(s3, labels=ONE)
    tracks = [
        {"workerId": f"private.us-east-1.{worker}", "submissionTime": "2026-01-08T07:05:00.000Z", "layer": "speaker",
         "segments": [{"start": 1, "end": 9, "label": "A"}, {"start": 9, "end": 20, "label": "B"}]}
        for worker in "xy"
    ]  # fmt: skip
    job.put_manifest(job.line(0) | {job.attribute: {"tracks": tracks}}, job.line(1))
    land(settings, job)
    assert count(settings, "silver.segment") == 2 and count(settings, "silver.quarantine") == 2
    job.labels = BOTH
    assert let_in(settings, job).n_rows == {"silver.segment": 2}
    assert count(settings, "silver.segment", "label = 'B'") == 2


def test_an_answer_without_a_time_in_a_line_that_was_written_anew(settings: Settings, s3) -> None:
    job = Job(s3, labels=ONE)
    for label in ("A", "B", "A", "B"):
        track = {"workerId": "private.us-east-1.x", "segments": [{"start": 1, "end": 9, "label": label}]}
        job.put_manifest(job.line(0) | {job.attribute: {"tracks": [track | {"layer": "speaker"}]}})
        land(settings, job)
    assert query(settings, "SELECT * FROM silver.segment").num_rows == 0, "the newest says B, which is no label"
    job.labels = BOTH
    assert let_in(settings, job).n_rows == {"silver.segment": 1}
    assert query(settings, "SELECT label, revision FROM silver.segment").to_pylist() == [{"label": "B", "revision": 4}]
    assert count(settings, "silver.quarantine") == 2, "that of an earlier version stays out"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"accept": ["known_labels"], "reason": "x"}, "No rule is called known_labels"),
        ({"accept": ["starts_before_end"], "reason": "x"}, "starts_before_end cannot be overridden"),
        ({"accept": ["label_not_null"], "reason": "x"}, "label_not_null cannot be overridden"),
        ({"accept": ["known_label"], "reason": " "}, "for a reason only"),
    ],
)
def test_what_cannot_be_accepted(settings: Settings, job: Job, options: dict[str, Any], said: str) -> None:
    with pytest.raises(LakeError, match=said):
        let_in(settings, job, **options)


def test_the_commands_tell_what_is_out(settings: Settings, job: Job) -> None:
    job.labels = BOTH
    register(settings, 1, 30.0)
    land(settings, job)
    assert "ends_in_media" in told(settings, "list")
    let_in(settings, job, accept=["ends_in_media"], reason="cut short", by="ann")
    shown = told(settings, "show", "ends_in_media")
    assert "accepted" in shown and "cut short" in shown and "ann" in shown


def told(settings: Settings, *arguments: str) -> str:
    done = CliRunner().invoke(app, ["--home", str(settings.home), "quarantine", *arguments])
    assert done.exit_code == 0, done.output
    return done.output


def test_a_job_that_the_backend_does_not_know(settings: Settings, job: Job) -> None:
    land(settings, job)
    with open_lake(settings) as lake:
        row = readmission._last_state(lake, job.name)
    known = readmission._from_row(row)
    stated = job.facts()
    for name in ("job_name", "label_attribute", "output_root", "labels", "task_type", "created_at", "modified_at"):
        assert getattr(known, name) == getattr(stated, name), name


def test_nothing_in_quarantine(settings: Settings, s3) -> None:
    assert let_in(settings, Job(s3)).n_rows == {}
