"""Create one labeling job through the SageMaker API: upload what it needs, then `CreateLabelingJob`, idempotently.

Everything is written under keys that follow from the job's name and content, so doing it twice writes the same bytes.
The API has no client token: a name that is in use is looked at and compared, and adopted where it is this very job.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

from botocore.exceptions import ClientError

from annolake.config import Settings
from annolake.errors import LabelingError
from annolake.labeling.backend import code, labeling_errors
from annolake.labeling.batch import Batch, JobPlan
from annolake.labeling.clients import s3, sagemaker
from annolake.labeling.jobs import describe
from annolake.labeling.plan import CLASS_LAYER
from annolake.manifest.write import asset_line, manifest_text

LABEL_ATTRIBUTE = {"audio_segmentation": "segments", "video_classification": CLASS_LAYER}
LAMBDA_SUFFIX = {"video_classification": "VideoMultiClass"}
"""Task types with built-in pre- and post-annotation; the others hand each manifest line to the template as it is."""

LAMBDA_ACCOUNTS = {
    "us-east-1": "432418664414",
    "us-east-2": "266458841044",
    "us-west-2": "081040173940",
    "eu-west-1": "568282634449",
    "eu-central-1": "203001061592",
    "ap-northeast-1": "477331159723",
}
"""Amazon's accounts of the built-in Lambdas; the embedded service reads only the function's name."""

BURNED = {"Failed", "Stopped"}


def create_job(settings: Settings, batch: Batch, job: JobPlan) -> str:
    """Create the job, or adopt it where it exists as planned; returns its name.

    Raises `LabelingError` where the name belongs to another job or to one that ended without its labels, and
    `LabelingUnavailable` where the backend does not answer.
    """
    request = _request(settings, batch, job)
    with labeling_errors(f"Creating labeling job {job.job_name}"):
        try:
            sagemaker(settings).create_labeling_job(**request)
        except ClientError as error:
            if code(error) != "ResourceInUse":
                raise
            _adopt(settings, request)
    return job.job_name


def _adopt(settings: Settings, request: Mapping[str, Any]) -> None:
    """Accept a job of this name that is the one planned: an earlier try created it."""
    name = request["LabelingJobName"]
    there = describe(settings, name)
    wanted = {k: v for k, v in request.items() if k != "Tags"}
    if differences := list(_differences(wanted, there)):
        raise LabelingError(
            f"Labeling job {name} exists and is another one: {'; '.join(differences)}.",
            hint="A job's name is used up for ever; give the batch another id in the run's parameters.",
        )
    if there["LabelingJobStatus"] in BURNED:
        raise LabelingError(
            f"Labeling job {name} is {there['LabelingJobStatus']} ({there.get('FailureReason') or 'no reason given'}) "
            "and cannot be started again.",
            hint=f'Label its files in a new batch: trigger label_batch with {{"jobs": ["{name}"]}}.',
        )


def _differences(wanted: Mapping[str, Any], there: Mapping[str, Any], path: str = "") -> Iterator[str]:
    for key, value in wanted.items():
        found = there.get(key)
        if isinstance(value, Mapping) and isinstance(found, Mapping):
            yield from _differences(value, found, f"{path}{key}.")
        elif value != found:
            yield f"{path}{key} is {found!r}, not {value!r}"


# -- what a job is made of --------------------------------------------------------------------------------------------


def _request(settings: Settings, batch: Batch, job: JobPlan) -> dict[str, Any]:
    labels_uri = _upload_labels(settings, job)
    config: dict[str, Any] = {
        "WorkteamArn": settings.workteam_arn,
        "UiConfig": {"UiTemplateS3Uri": _upload_template(settings, job)},
        "TaskKeywords": list(job.task.keywords),
        "TaskTitle": job.task.title,
        "TaskDescription": job.task.description,
        "NumberOfHumanWorkersPerDataObject": job.task.workers_per_object,
        "TaskTimeLimitInSeconds": job.task.time_limit_s,
        "TaskAvailabilityLifetimeInSeconds": job.task.availability_s,
    }
    if job.task_type in LAMBDA_SUFFIX:
        config["PreHumanTaskLambdaArn"] = _lambda_arn(settings, "PRE", job.task_type)
        config["AnnotationConsolidationConfig"] = {
            "AnnotationConsolidationLambdaArn": _lambda_arn(settings, "ACS", job.task_type)
        }
    return {
        "LabelingJobName": job.job_name,
        "LabelAttributeName": LABEL_ATTRIBUTE[job.task_type],
        "InputConfig": {"DataSource": {"S3DataSource": {"ManifestS3Uri": _upload_manifest(settings, job)}}},
        "OutputConfig": {"S3OutputPath": f"s3://{settings.labeling_bucket}/output"},
        "RoleArn": settings.role_arn,
        "LabelCategoryConfigS3Uri": labels_uri,
        "HumanTaskConfig": config,
        "Tags": _tags(
            {
                "annolake:task-type": job.task_type,
                "annolake:batch": batch.batch_id,
                "annolake:level": str(batch.level),
                "annolake:labels-s3": labels_uri,
            }
        ),
    }


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _lambda_arn(settings: Settings, kind: str, task_type: str) -> str:
    account = LAMBDA_ACCOUNTS.get(settings.region, LAMBDA_ACCOUNTS["us-east-1"])
    return f"arn:aws:lambda:{settings.region}:{account}:function:{kind}-{LAMBDA_SUFFIX[task_type]}"


def _upload_manifest(settings: Settings, job: JobPlan) -> str:
    from annolake.lake.catalog import open_lake

    columns = ["asset_id", "uri", "duration_s", "peaks_uri", "playable_uri"]
    with open_lake(settings) as lake:
        rows = {r["asset_id"]: r for r in lake.scan("silver.asset", columns=columns).to_pylist()}
    if missing := [asset for asset in job.asset_ids if asset not in rows]:
        raise LabelingError(f"{job.job_name}: {len(missing)} assets are not registered, {missing[0]} among them.")
    key = f"manifests/{job.job_name}.manifest"
    lines = (manifest_line(rows[asset], job) for asset in job.asset_ids)
    return _put(settings, key, manifest_text(lines, f"s3://{settings.labeling_bucket}/{key}"))


def manifest_line(asset: Mapping[str, Any], job: JobPlan) -> dict[str, Any]:
    """One object of the input manifest; the segmentation template reads all of it as `task.input`."""
    line = asset_line(asset)
    if job.task_type not in LAMBDA_SUFFIX:
        line["categories"] = {layer: list(labels) for layer, labels in job.task.labels.items()}
    return line


def _upload_labels(settings: Settings, job: JobPlan) -> str:
    distinct = dict.fromkeys(label for labels in job.task.labels.values() for label in labels)
    config = {
        "document-version": "2018-11-28",
        "labels": [{"label": label} for label in distinct],
        # Ground Truth ignores what it does not know; landing reads here which label belongs to which layer
        "layers": {layer: list(labels) for layer, labels in job.task.labels.items()},
    }
    return _put(settings, f"labels/{job.job_name}.json", json.dumps(config, ensure_ascii=False, indent=1))


def _upload_template(settings: Settings, job: JobPlan) -> str:
    name = f"{job.task_type}.liquid.html"
    text = files("annolake.labeling").joinpath("templates", name).read_text(encoding="utf-8")
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return _put(settings, f"templates/{digest}/{name}", text)


def _put(settings: Settings, key: str, text: str) -> str:
    with labeling_errors(f"Uploading s3://{settings.labeling_bucket}/{key}"):
        s3(settings).put_object(Bucket=settings.labeling_bucket, Key=key, Body=text.encode())
    return f"s3://{settings.labeling_bucket}/{key}"
