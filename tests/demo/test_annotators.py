"""The annotators against the real service: from samples to answers in its buckets."""

from __future__ import annotations

import json
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from annolake.config import Settings
from annolake.demo.annotators import TEAM, Skill, annotate, find_item, make_crew, work_jobs
from annolake.demo.portal import PortalWorker
from annolake.demo.run import demo_settings
from annolake.demo.truth import SPEAKERS, Truth
from annolake.errors import LabelingError
from annolake.labeling.batch import create_jobs, plan_media_batch
from annolake.labeling.clients import s3, sagemaker
from annolake.labeling.jobs import job_states
from annolake.media.ingest import ingest
from annolake.service.run import running
from tests.conftest import free_port

Samples = tuple[Path, Truth]


@pytest.fixture(scope="module")
def labeled(tmp_path_factory: pytest.TempPathFactory, samples: Samples) -> tuple[Settings, list[str], list[Any], int]:
    """Samples registered, put to the crew, and answered; the service is stopped again."""
    folder, truth = samples
    home = tmp_path_factory.mktemp("labeled")
    flags = {"home": home / "home", "service_port": free_port()}
    settings = demo_settings(Settings.load(flags, environ={}, file=home / "none.toml"), truth.classes)
    with running(settings):
        report = ingest(settings, str(folder))
        assert (report.n_registered, report.n_refused) == (12, 0)
        assert ingest(settings, str(folder)).n_known == 12
        batch = plan_media_batch(settings, "b1")
        assert batch is not None
        jobs = create_jobs(settings, batch)
        crew = make_crew(settings, seed=11, truth=truth)
        n_answers = work_jobs(settings, truth, crew, jobs)
        assert [s.status for s in job_states(settings, jobs)] == ["Completed", "Completed"]
    return settings, jobs, crew, n_answers


def answers_of(settings: Settings, job: str) -> dict[str, list[dict[str, Any]]]:
    """Object -> answers, from the worker responses in the bucket."""
    root = settings.buckets_folder / settings.labeling_bucket / "output" / job / "annotations" / "worker-response"
    found: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(root.rglob("*.json")):
        found.setdefault(path.relative_to(root).parts[1], []).extend(json.loads(path.read_text())["answers"])
    return found


def subject_of(answer: dict[str, Any]) -> str:
    return str(answer["workerMetadata"]["identityData"]["sub"])


def test_everything_is_answered_by_three_and_shared_fairly(labeled: Any) -> None:
    settings, jobs, crew, n_answers = labeled
    assert n_answers == 12 * 3
    names = {member.subject: member.name for member in crew}
    for job in jobs:
        given = answers_of(settings, job)
        assert len(given) == 6
        who = {obj: {names[subject_of(a)] for a in answers} for obj, answers in given.items()}
        assert all(len(workers) == 3 for workers in who.values())
        shares = Counter(name for workers in who.values() for name in workers)
        assert set(shares.values()) == {3}  # 6 objects x 3 over 6 workers
    pairs = {pair for job in jobs for o in answers_of(settings, job).values()
             for pair in combinations(sorted({names[subject_of(a)] for a in o}), 2)}  # fmt: skip
    assert len(pairs) > 9  # not always the same three together: of 15 pairs two fixed trios would make 6


def test_answers_are_the_truth_distorted_by_the_skill_of_who_gave_them(labeled: Any, samples: Samples) -> None:
    settings, jobs, crew, _ = labeled
    _, truth = samples
    names = {member.subject: member.name for member in crew}
    manifests = {job: _lines(settings, job) for job in jobs}
    n_malformed = 0
    distance: dict[str, list[float]] = {}
    for job in jobs:
        for number, line in enumerate(manifests[job]):
            item = truth.find(line["asset-id"])
            assert item is not None and line["duration"] == pytest.approx(item.duration_s, abs=0.05)
            for answer in answers_of(settings, job)[str(number)]:
                content = answer["answerContent"]
                if item.kind == "clip":
                    assert content["crowd-classifier"]["label"] in truth.classes
                    continue
                segments = json.loads(content["annotations"])["streams"]["speaker"]
                assert {s["id"] for s in segments} <= set(SPEAKERS)
                bad = [s for s in segments if s["end"] > item.duration_s or s["end"] < s["start"]]
                n_malformed += len(bad)
                assert not bad or names[subject_of(answer)] == "careless"
                off = distance.setdefault(names[subject_of(answer)], [])
                starts = [t.start_s for t in item.turns]
                off += [min((s["start"] - t for t in starts), key=abs) for s in segments if s not in bad]
    assert n_malformed >= 1
    assert sorted(distance["late"])[len(distance["late"]) // 2] == pytest.approx(0.3, abs=0.06)
    assert sorted(distance["anna"])[len(distance["anna"]) // 2] == pytest.approx(-0.02, abs=0.04)


def _lines(settings: Settings, job: str) -> list[dict[str, Any]]:
    path = settings.buckets_folder / settings.labeling_bucket / "manifests" / f"{job}.manifest"
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_file_that_is_no_sample_is_declined(settings: Settings, samples: Samples) -> None:
    _, truth = samples
    with running(settings):
        client = s3(settings)
        client.put_object(
            Bucket=settings.labeling_bucket, Key="in.manifest", Body=b'{"source-ref": "s3://x/strange.wav"}'
        )
        client.put_object(Bucket=settings.labeling_bucket, Key="t.html", Body=b"<crowd-form></crowd-form>")
        sagemaker(settings).create_labeling_job(
            LabelingJobName="strange",
            LabelAttributeName="x",
            InputConfig={
                "DataSource": {"S3DataSource": {"ManifestS3Uri": f"s3://{settings.labeling_bucket}/in.manifest"}}
            },
            OutputConfig={"S3OutputPath": f"s3://{settings.labeling_bucket}/output"},
            RoleArn=settings.role_arn,
            HumanTaskConfig={
                "WorkteamArn": settings.workteam_arn,
                "UiConfig": {"UiTemplateS3Uri": f"s3://{settings.labeling_bucket}/t.html"},
                "TaskTitle": "t",
                "TaskDescription": "t",
                "NumberOfHumanWorkersPerDataObject": 1,
                "TaskTimeLimitInSeconds": 60,
            },
        )
        (member,) = make_crew(settings, 1, truth, TEAM[:1])
        looks = iter(range(200))

        def over() -> bool:
            if next(looks) == 199:
                pytest.fail("nobody declined it")
            return job_states(settings, ["strange"])[0].is_ended

        said: list[Skill] = []
        n = annotate(
            settings, [member.how], {member.name: member.password}, truth, over, on_answer=lambda s, _: said.append(s)
        )
        assert n == 0 and not said
        assert job_states(settings, ["strange"])[0].n_failed == 1


def test_a_wrong_password_is_said(settings: Settings) -> None:
    with (
        running(settings),
        pytest.raises(LabelingError, match="401 wrong_credentials"),
        PortalWorker(settings.service_url, "anna", "guess"),
    ):
        pass


def test_the_file_of_a_task(samples: Samples) -> None:
    _, truth = samples
    item = truth.items[0]
    uri = f"s3://annolake-media/assets/{item.asset_id[:2]}/{item.asset_id}.wav"
    assert find_item(truth, {"source-ref": uri}) is item
    assert find_item(truth, {"taskObject": uri, "labels": []}) is item
    assert find_item(truth, {"source-ref": "s3://annolake-media/in/place.wav", "asset-id": item.asset_id}) is item
    assert find_item(truth, {"source-ref": "s3://annolake-media/in/place.wav"}) is None
