"""Landing: every good answer once, every bad one with its reason, nobody's name."""

from __future__ import annotations

import itertools
import json
import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from annolake.lake.catalog import Lake
from annolake.lake.land import LandReport, land_outputs
from tests.lake.jobs import START, Job, answer, segments

KEY = "test-key"


def land(lake: Lake, job: Job, **facts: Any) -> LandReport:
    return land_outputs(lake, job.s3, job.facts(**facts), pseudonym_key=KEY)


def rows(lake: Lake, table: str, *columns: str) -> list[tuple[Any, ...]]:
    return sorted((tuple(r.values()) for r in lake.scan(table, columns=columns or None).to_pylist()), key=repr)


@pytest.fixture
def job(s3) -> Job:
    job = Job(s3)
    job.put_manifest(job.line(0), job.line(1))
    return job


def test_a_job_lands_once(lake: Lake, job: Job) -> None:
    full = segments(
        ("A", 0, 4.5), ("B", 4.5, 30.02),
        speechNonSpeech={"speech": True, "non-speech": False}, backgroundNoise={"music": True, "traffic": True},
        emotiontag="Neutral", textTranslationFinal="hello",
    )  # fmt: skip
    job.put_response(0, answer("01", full), answer("02", segments(("A", 0.25, 5)), at=200))
    job.put_response(1, answer("01", segments(), at=300))
    report = land(lake, job)
    assert (report.n_sources, report.n_lines, report.n_answers, report.faults) == (3, 2, 3, ())
    assert report.failed_checks == () and report.quarantined == {}
    one, two = (w for (w,) in sorted(set(rows(lake, "restricted.worker", "worker_id")), key=lambda r: r[0]))
    by_text = {r["text"]: r for r in lake.scan("silver.segment").to_pylist()}
    assert set(by_text) == {""}
    found = rows(lake, "silver.segment", "object_id", "label", "start_s", "end_s", "segment_no", "attributes")
    emotion = '{"emotion":""}'
    assert found == [
        ("0", "A", 0.0, 4.5, 0, emotion), ("0", "A", 0.25, 5.0, 0, emotion), ("0", "B", 4.5, 30.0, 1, emotion),
    ]  # fmt: skip
    assert rows(lake, "silver.classification", "layer", "label") == [
        ("backgroundNoise", "music"), ("backgroundNoise", "traffic"), ("speechNonSpeech", "speech"),
    ]  # fmt: skip
    annotations = rows(lake, "silver.annotation", "object_id", "n_segments", "transcript", "task_type")
    kind = "audio_segmentation"
    assert annotations == [("0", 1, None, kind), ("0", 2, "hello", kind), ("1", 0, None, kind)]
    assert rows(lake, "silver.assignment", "outcome", "time_spent_s") == [("answered", 40.5)] * 3
    assert [r[0] for r in rows(lake, "silver.consolidated", "outcome")] == ["labeled", "labeled"]
    assert {w for (w,) in rows(lake, "silver.annotation", "worker_id")} == {one, two}

    before = {name: lake.snapshot(name) for name in ("bronze.worker_response", "silver.segment", "meta.check_result")}
    again = land(lake, job)
    assert again.n_sources == 0 and str(again).endswith("nothing new.")
    assert before == {name: lake.snapshot(name) for name in before}


def test_the_same_answer_in_two_files_is_one(lake: Lake, job: Job) -> None:
    said = answer("01", segments(("A", 0, 1), ("B", 2, 3)))
    job.put_response(0, said, time="a")
    job.put_response(0, said, time="b", iteration=2)
    report = land(lake, job)
    assert (report.n_answers, report.quarantined, report.failed_checks) == (1, {}, ())
    assert len(rows(lake, "silver.annotation")) == len(rows(lake, "silver.assignment")) == 1
    assert rows(lake, "silver.segment", "label") == [("A",), ("B",)]


def test_nobody_is_named_outside_the_restricted_table(lake: Lake, job: Job) -> None:
    with_names = job.line(0) | {
        "segments": {"annotationsFromAllWorkers": [{"workerId": "private.us-east-1.01", "rawContent": "{}"}]}
    }
    job.put_manifest(with_names)
    job.put_response(0, answer("01", segments(("A", 0, 1))))
    land(lake, job)
    from transforms.schemas import TABLES

    told = 0
    for name in TABLES:
        text = json.dumps(lake.scan(name).to_pylist(), default=str)
        if name == "restricted.worker":
            assert "private.us-east-1.01" in text and "sub-01" in text
            continue
        assert "private.us-east-1.01" not in text and "sub-01" not in text, name
        told += "w_" in text
    assert told >= 4


def test_bad_answers_stop_nothing(lake: Lake, job: Job) -> None:
    good = answer("09", segments(("A", 0, 1)))
    job.put_raw(0, "{not json", time="a")
    job.put_raw(0, json.dumps({"answers": {"no": "list"}}), time="b")
    job.put_raw(0, b"\xff\xfe\x00", time="c")
    job.put_raw(0, "", time="d")
    nobody = {k: v for k, v in good.items() if k != "workerId"}
    timeless = good | {"submissionTime": "yesterday"}
    job.put_response(0, good, nobody, timeless, "text", good | {"answerContent": [1]}, time="e")
    job.put("output/Interviews-1/annotations/worker-response/iteration-1/strange.json", "{}")
    report = land(lake, job)
    outcomes = rows(lake, "bronze.landing_outcome", "line_no", "is_ok", "reason_code")
    assert outcomes == sorted(
        [
            (0, True, None), (0, True, "bad_answers"), (0, False, "answers_not_list"), (0, False, "malformed_json"),
            (0, False, "malformed_json"), (0, False, "malformed_json"), (0, False, "unknown_path"),
            (2, False, "no_worker"), (3, False, "no_submission_time"), (4, False, "answer_not_object"),
            (5, False, "malformed_answer"),
        ], key=repr,
    )  # fmt: skip
    assert len(report.faults) == 9
    assert any("it is an object" in fault for fault in report.faults)
    assert rows(lake, "silver.segment", "label") == [("A",)]
    assert land(lake, job).n_sources == 0  # what cannot be read is not read again at the same version


def test_bad_manifest_lines_have_their_number(lake: Lake, job: Job) -> None:
    job.put_manifest(job.line(0), "{oops", "", '{"id": 3}', "[]", job.line(4), '{"source-ref": "s3://x", "n": NaN}')
    report = land(lake, job)
    bad = rows(lake, "bronze.landing_outcome", "line_no", "reason_code")
    assert bad == [
        (0, "bad_lines"), (2, "malformed_json"), (4, "missing_source"), (5, "line_not_object"), (7, "malformed_json"),
    ]  # fmt: skip
    assert "(keys: id)" in next(f for f in report.faults if "Line 4" in f)
    assert rows(lake, "silver.consolidated", "object_id") == [("0",), ("4",)]


def test_segments_that_break_a_rule_are_quarantined_alone(lake: Lake, job: Job) -> None:
    said = [
        {"id": "A", "start": 0, "end": 2}, {"id": "A", "start": 1, "end": 3}, {"id": "B", "start": 1, "end": 3},
        {"id": "A", "start": 5, "end": 4}, {"id": "A", "start": 29, "end": 31000},
        {"id": "A", "start": 6000, "end": 7000}, {"id": "B", "start": 29, "end": 34},
        {"id": "Who", "start": 8, "end": 9}, {"id": "A", "start": -1, "end": 0.5}, {"id": "B", "start": "x", "end": 9},
        {"start": 10, "end": 11}, "text", {"id": "B", "start": "12.5", "end": 29.5},
    ]  # fmt: skip
    content = {"annotations": json.dumps({"streams": {"speaker": said, "other": [{"id": "A", "start": 0, "end": 1}]}})}
    job.put_response(0, answer("01", content))
    report = land(lake, job)
    assert rows(lake, "silver.segment", "segment_no", "label") == [(0, "A"), (12, "B"), (2, "B")]
    assert rows(lake, "silver.annotation", "n_segments") == [(14,)]
    broken = rows(lake, "silver.quarantine", "rule", "reason")
    rules = [rule for rule, _ in broken]
    assert sorted(set(rules)) == [
        "end_s_not_null", "ends_in_media", "known_label", "label_not_null", "no_overlap_in_track", "start_s_not_null",
        "starts_before_end", "starts_in_media",
    ]  # fmt: skip
    reasons = dict(broken)
    assert "milliseconds?" in next(r for _, r in broken if "7000" in r)
    assert "milliseconds" not in next(r for _, r in broken if "ends at 34" in r)
    assert '"Who" is not among those of layer speaker: A, B' in "".join(r for _, r in broken)
    assert "the job has no such layer" in "".join(r for _, r in broken)
    assert "starts at 5.0 s and ends at 4.0 s" in reasons["starts_before_end"]
    assert report.quarantined["silver.segment known_label"] == 2 and report.failed_checks == ()
    warned = lake.scan("meta.check_result").to_pylist()
    overlap = next(c for c in warned if c["check_name"] == "gate_no_overlap_in_layer")
    assert (overlap["severity"], overlap["n_failed"], overlap["is_ok"]) == ("warn", 2, False)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"speechNonSpeech": {"speech": True}}, 'has no "annotations"'),
        ({"annotations": "{nope"}, "is not JSON"),
        ({"annotations": json.dumps({"streams": [1]})}, 'no object "streams"'),
        ({"annotations": json.dumps({"streams": {"speaker": "A"}})}, "not a list of segments"),
    ],
)
def test_an_unreadable_answer_is_quarantined_whole(lake: Lake, job: Job, content: Any, reason: str) -> None:
    job.put_response(0, answer("01", content), answer("02", segments(("A", 0, 1))))
    land(lake, job)
    rules = rows(lake, "silver.quarantine", "table_name", "rule", "reason")
    assert reason in rules[0][2] and rules[0][:2] == ("silver.annotation", "readable")
    assert len(rows(lake, "silver.annotation")) == 1 and len(rows(lake, "silver.segment")) == 1
    assert rows(lake, "silver.classification") == []
    assert len(rows(lake, "silver.assignment")) == 2  # the person did answer


def test_submitted_before_taken(lake: Lake, job: Job) -> None:
    job.put_response(0, answer("01", segments(("A", 0, 1))) | {"acceptanceTime": "2026-01-08T09:00:00Z"})
    land(lake, job)
    rules = [(t, r) for t, r in rows(lake, "silver.quarantine", "table_name", "rule")]
    assert rules == [("silver.annotation", "submitted_after_accepted"), ("silver.segment", "answer_accepted")]
    assert rows(lake, "silver.segment") == []


def test_both_historical_shapes_and_triple_json(lake: Lake, job: Job) -> None:
    old = {"streams": {"speaker": [{"id": "A", "start": 0, "end": 1, "label": "hi", "x": 7}]}}
    arrays = {"streams": {"speaker": [[1, 2.5, "B", "Happy"], [3, 4, "A"]]}}
    new = {"streams": {"speaker": [{"id": "B", "start": 0, "end": 1, "text": "ho", "emotion": "Sad"}]}}
    job.put_response(
        0,
        answer("01", {"annotations": json.dumps(json.dumps(old))}),
        answer("02", {"annotations": arrays}),
        answer("03", json.dumps({"annotations": json.dumps(new)})),
    )
    land(lake, job)
    assert rows(lake, "silver.segment", "label", "start_s", "end_s", "text", "attributes") == [
        ("A", 0.0, 1.0, "hi", '{"x":7}'),
        ("A", 3.0, 4.0, None, None),
        ("B", 0.0, 1.0, "ho", '{"emotion":"Sad"}'),
        ("B", 1.0, 2.5, None, '{"emotion":"Happy"}'),
    ]


def test_video_classification(lake: Lake, s3) -> None:
    job = Job(s3, "Clips", "video_classification", "class", {"class": ["dog", "cat"]})
    labeled = {
        "source-ref": "s3://media/c.mp4",
        "class": 0,
        "class-metadata": {"class-name": "dog", "confidence": 0.95},
    }
    failed = {
        "source-ref": "s3://media/d.mp4",
        "class-metadata": {
            "retry-count": 1,
            "failure-reason": "ClientError: Annotation tasks expired.",
            "human-annotated": "true",
        },
    }
    job.put_manifest(
        labeled,
        failed,
        {"source-ref": "s3://media/e.mp4"},
        labeled | {"class-metadata": {"class-name": "cat", "confidence": 7}},
    )
    job.put_response(
        0,
        answer("01", {"crowd-classifier": {"label": "dog"}}, private=False),
        answer("02", {"crowd-classifier": {"label": "cow"}}),
        answer("03", {"crowd-classifier": {"labels": ["cat", "dog"]}}),
        answer("04", {"crowd-classifier": {}}),
    )
    job.put_response(3, answer("01", {"crowd-classifier": {"label": "dog"}}))
    land(lake, job)
    given = rows(lake, "silver.classification", "object_id", "layer", "label")
    assert given == [("0", "class", "cat"), ("0", "class", "dog"), ("0", "class", "dog"), ("3", "class", "dog")]
    assert rows(lake, "silver.consolidated", "object_id", "outcome", "label", "confidence") == [
        ("0", "labeled", "dog", 0.95), ("1", "failed", None, None), ("2", "unlabeled", None, None),
    ]  # fmt: skip
    rules = rows(lake, "silver.quarantine", "table_name", "rule")
    assert rules == [
        ("silver.annotation", "readable"), ("silver.classification", "known_label"),
        ("silver.consolidated", "confidence_in_range"), ("silver.consolidated_class", "confidence_in_range"),
    ]  # fmt: skip
    assert (
        next(r for r in lake.scan("silver.annotation").to_pylist() if r["accepted_at"] is None)["time_spent_s"] is None
    )


def test_what_comes_later_lands_alone(lake: Lake, job: Job) -> None:
    job.put_manifest(job.line(0), job.line(1, is_labeled=False))
    job.put_input(job.line(0, is_labeled=False), job.line(1, is_labeled=False))
    job.put_response(0, answer("01", segments(("A", 0, 1))))
    land(lake, job, status="InProgress")
    job.put_manifest(job.line(0), job.line(1))  # rewritten with more labels: its old lines do not land twice
    job.put_response(1, answer("01", segments(("B", 0, 31)), at=500))
    later = land(lake, job, modified_at=START + timedelta(hours=2))
    assert (later.n_sources, later.n_answers, later.n_rows["bronze.manifest_line"]) == (2, 1, 1)
    assert rows(lake, "silver.quarantine", "rule") == [("ends_in_media",)]  # 30 s, by the manifest
    assert rows(lake, "silver.consolidated", "object_id", "outcome") == [
        ("0", "labeled"), ("1", "labeled"), ("1", "unlabeled"),
    ]  # fmt: skip
    assert rows(lake, "silver.job", "status") == [("Completed",), ("InProgress",)]


def test_a_custom_job_made_elsewhere_is_recognised_by_its_answers(lake: Lake, job: Job) -> None:
    job.put_response(0, answer("01", segments(("anything", 0, 1))))
    land(lake, job, task_type="custom", labels={})
    assert rows(lake, "silver.job", "task_type") == [("audio_segmentation",)]
    assert rows(lake, "silver.segment", "label") == [("anything",)]


def test_nothing_there_yet(lake: Lake, s3) -> None:
    report = land(lake, Job(s3))
    assert report.n_sources == 0
    assert rows(lake, "silver.job", "output_uri") == [(None,)]


TABLES_OF_ROWS = (
    "bronze.worker_response", "bronze.manifest_line", "silver.annotation", "silver.segment", "silver.quarantine",
    "silver.assignment", "silver.consolidated", "restricted.worker",
)  # fmt: skip


def content(lake: Lake) -> dict[str, list[str]]:
    """Every row but for when and by which landing it came."""
    provenance = {"landing_id", "landed_at", "source_version", "source_modified_at", "observed_at", "answer_no"}
    provenance |= {"line_hash"}  # lines name their job, so their hashes differ

    def said(row: dict[str, Any]) -> str:
        return json.dumps({k: v for k, v in row.items() if k not in provenance}, default=str)

    return {name: sorted(said(r) for r in lake.scan(name).to_pylist()) for name in TABLES_OF_ROWS}


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(2, 60))])
def test_any_split_order_and_rerun_gives_the_same_rows(s3, make_settings, tmp_path, seed: int) -> None:
    from annolake.lake.catalog import open_lake

    chance = random.Random(seed)
    answers = {
        (item, worker): answer(
            f"{worker:02}",
            segments(*((chance.choice("ABC"), t, t + chance.choice([0.5, 3, -1])) for t in range(0, 30, 6))),
            at=100 + 10 * worker + item,
        )
        for item in range(3) for worker in range(3)
    }  # fmt: skip
    quiet, restless = Job(s3, "Quiet"), Job(s3, "Restless")
    everything = [quiet.line(i) for i in range(3)]
    quiet.put_manifest(*everything)
    for item in range(3):
        quiet.put_response(item, *(a for (i, _), a in answers.items() if i == item))
    with open_lake(make_settings(home=tmp_path / "quiet")) as lake:
        land(lake, quiet)
        expected = content(lake)
    with open_lake(make_settings(home=tmp_path / "restless")) as lake:
        arrived: dict[int, list[Any]] = {0: [], 1: [], 2: []}
        restless.put_input(*everything)
        for (item, _), one in chance.sample(list(answers.items()), len(answers)):
            arrived[item].append(one)
            restless.put_response(item, *arrived[item])
            if chance.random() < 0.3:
                restless.put_manifest(*everything[: chance.randint(1, 3)])
            if chance.random() < 0.4:
                land(lake, restless)
        restless.put_manifest(*everything)
        land(lake, restless)
        land(lake, restless)
        found = json.loads(json.dumps(content(lake)).replace("Restless", "Quiet").replace("restless", "quiet"))
    for name in TABLES_OF_ROWS:
        assert [r for r in found[name] if "line_hash" not in r] == [
            r for r in expected[name] if "line_hash" not in r
        ], name
        assert len(found[name]) == len(expected[name]) > 0, name


MOMENTS = [(0, False), (2, True), (4, False), (6, True), (8, False), (9, True)]
OTHERS = [moment for moment in itertools.product(range(10), (False, True)) if moment not in MOMENTS]


@pytest.mark.parametrize("moment", [*MOMENTS, *(pytest.param(m, marks=pytest.mark.soak) for m in OTHERS)])
def test_killed_anywhere_and_run_again(
    lake: Lake, job: Job, make_settings, monkeypatch, moment: tuple[int, bool]
) -> None:
    """The process goes before or just after its n-th commit; the next landing makes the rows of a quiet one."""
    n_commits, is_committed = moment
    job.put_response(0, answer("01", segments(("A", 0, 4), ("A", 3, 5))), answer("02", segments(("B", 1, 2))))
    job.put_response(1, "nobody", answer("02", segments(("B", 1, 2)), at=300))
    real, left = Lake.commit, [n_commits]

    def dying(self: Lake, *args: Any) -> Any:
        if left[0] == 0 and not is_committed:
            raise KeyboardInterrupt
        done = real(self, *args)
        if left[0] == 0:
            raise KeyboardInterrupt
        left[0] -= 1
        return done

    monkeypatch.setattr(Lake, "commit", dying)
    with pytest.raises(KeyboardInterrupt):
        land(lake, job)
    monkeypatch.setattr(Lake, "commit", real)
    assert land(lake, job).failed_checks == ()
    land(lake, job)
    from annolake.lake.catalog import open_lake

    with open_lake(make_settings(home=Path(lake.catalog.properties["warehouse"][7:]).parents[2] / "quiet")) as quiet:
        land(quiet, job)
        assert content(lake) == content(quiet)
        assert len(rows(lake, "bronze.landing_outcome")) == len(rows(quiet, "bronze.landing_outcome")) == 4
        assert len(rows(lake, "silver.job")) == 1
