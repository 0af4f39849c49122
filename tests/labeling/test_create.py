"""Jobs are created through boto3, once; a name that is in use is adopted only where it is this very job."""

from __future__ import annotations

import json

import pytest

from annolake.config import Settings
from annolake.errors import LabelingError, LabelingUnavailable
from annolake.labeling.batch import Batch, create_jobs, plan_media_batch
from annolake.labeling.clients import s3, sagemaker
from annolake.labeling.ended import ended_jobs
from annolake.labeling.jobs import describe, job_state, job_states, list_jobs

from .conftest import Register


@pytest.fixture
def batch(service: Settings, register: Register) -> Batch:
    register(service, audio=range(3), video=range(2))
    planned = plan_media_batch(service, "b-1")
    assert planned is not None
    return planned


def test_jobs_are_as_the_contract_says(service: Settings, batch: Batch) -> None:
    assert create_jobs(service, batch) == ["b-1-audio-segmentation", "b-1-video-classification"]
    audio, video = (describe(service, job.job_name) for job in batch.jobs)
    bucket = service.labeling_bucket
    assert audio["InputConfig"]["DataSource"]["S3DataSource"]["ManifestS3Uri"] == (
        f"s3://{bucket}/manifests/b-1-audio-segmentation.manifest"
    )
    assert audio["LabelAttributeName"] == "segments" and video["LabelAttributeName"] == "class"
    assert "PreHumanTaskLambdaArn" not in audio["HumanTaskConfig"]
    assert video["HumanTaskConfig"]["PreHumanTaskLambdaArn"].endswith(":function:PRE-VideoMultiClass")
    tags = {t["Key"]: t["Value"] for t in sagemaker(service).list_tags(ResourceArn=audio["LabelingJobArn"])["Tags"]}
    assert tags == {
        "annolake:task-type": "audio_segmentation",
        "annolake:batch": "b-1",
        "annolake:level": "1",
        "annolake:labels-s3": f"s3://{bucket}/labels/b-1-audio-segmentation.json",
    }
    manifest = s3(service).get_object(Bucket=bucket, Key="manifests/b-1-audio-segmentation.manifest")["Body"].read()
    lines = [json.loads(line) for line in manifest.splitlines()]
    assert [line["asset-id"] for line in lines] == list(batch.jobs[0].asset_ids)
    assert lines[0]["categories"] == {"speaker": ["Speaker A", "Speaker B"]}
    assert lines[0]["peaks-ref"].startswith(f"s3://{service.media_bucket}/peaks/")
    labels = json.loads(
        s3(service).get_object(Bucket=bucket, Key="labels/b-1-video-classification.json")["Body"].read()
    )
    assert labels["layers"] == {"class": [entry["label"] for entry in labels["labels"]]}


def test_a_second_creation_adopts_the_jobs(service: Settings, batch: Batch) -> None:
    assert create_jobs(service, batch) == create_jobs(service, batch)
    assert len(list_jobs(service)) == 2


def test_another_job_of_that_name_is_refused(service: Settings, batch: Batch) -> None:
    create_jobs(service, batch)
    job = batch.jobs[0]
    other = job.model_copy(update={"task": job.task.model_copy(update={"workers_per_object": 5})})
    with pytest.raises(LabelingError, match=r"NumberOfHumanWorkersPerDataObject is 3, not 5"):
        create_jobs(service, batch.model_copy(update={"jobs": (other,)}))


def test_a_stopped_job_is_not_taken_for_a_running_one(service: Settings, batch: Batch) -> None:
    name = create_jobs(service, batch)[0]
    sagemaker(service).stop_labeling_job(LabelingJobName=name)
    with pytest.raises(LabelingError, match="is Stop") as told:
        while True:
            create_jobs(service, batch)  # Stopping is still running
    assert f'{{"jobs": ["{name}"]}}' in str(told.value.hint)


def test_states_and_lists(service: Settings, batch: Batch) -> None:
    names = create_jobs(service, batch)
    states = job_states(service, names)
    assert [s.job_name for s in states] == names
    assert not any(s.is_ended for s in states)
    assert {j.job_name for j in list_jobs(service)} == set(names)
    assert list_jobs(service, ended=True) == [] and ended_jobs(service) == []
    with pytest.raises(LabelingError, match="Labeling job nothing does not exist") as told:
        job_state(service, "nothing")
    assert not isinstance(told.value, LabelingUnavailable)


def test_a_service_that_is_down_is_retryable(settings: Settings) -> None:
    with pytest.raises(LabelingUnavailable, match="does not answer") as told:
        job_state(settings, "b-1-audio-segmentation")
    assert "annolake up" in str(told.value.hint)
    with pytest.raises(LabelingUnavailable, match="does not answer"):
        list_jobs(settings)
