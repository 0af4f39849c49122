"""What is known of a labeling job before its labels are read: asked of the Ground Truth API, or stated."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

from botocore.exceptions import BotoCoreError, ClientError

from annolake.config import Settings
from annolake.errors import LabelingError, LabelingUnavailable
from annolake.labeling import clients
from transforms import strict_json

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient

BUILT_IN = {
    "VideoMultiClass": "video_classification",
    "VideoClassification": "video_classification",  # as the documentation calls it
    "ImageMultiClass": "image_classification",
    "ImageMultiClassMultiLabel": "image_classification",
    "TextMultiClass": "text_classification",
    "TextMultiClassMultiLabel": "text_classification",
    "BoundingBox": "bounding_box",
    "SemanticSegmentation": "semantic_segmentation",
    "NamedEntityRecognition": "named_entity_recognition",
}
"""Ground Truth's pre-annotation functions by the end of their name."""

CUSTOM = "custom"
THROTTLED = (
    "ThrottlingException",
    "Throttling",
    "RequestLimitExceeded",
    "SlowDown",
    "ServiceUnavailable",
    "503",
    "500",
)


@dataclass(frozen=True, slots=True)
class JobFacts:
    """One labeling job, as far as landing needs it."""

    job_name: str
    label_attribute: str
    output_root: str
    """`s3://bucket/prefix/<job name>`: manifests and annotations stand under it."""
    input_uri: str
    status: str
    created_at: datetime
    modified_at: datetime
    task_type: str = CUSTOM
    labels: Mapping[str, list[str]] = field(default_factory=dict)
    """Layer -> labels that may be given; empty where unknown."""
    workers_per_object: int = 1
    n_objects: int = 0
    n_labeled: int = 0
    n_failed: int = 0
    batch_id: str | None = None
    level: int | None = None

    @property
    def manifest_uri(self) -> str:
        return f"{self.output_root}/manifests/output/output.manifest"

    @property
    def responses_uri(self) -> str:
        return f"{self.output_root}/annotations/worker-response/"

    @property
    def label_files_uri(self) -> str:
        return f"{self.output_root}/annotations/consolidated-annotation/output/"


def describe_job(settings: Settings, job_name: str) -> JobFacts:
    """Ask the labeling backend about a job: description, tags and labels.

    Raises `LabelingError` for a job that it does not know, `LabelingUnavailable` while it does not answer.
    """
    try:
        with closing(clients.sagemaker(settings)) as sagemaker, closing(clients.s3(settings)) as s3:
            return _describe(sagemaker, s3, job_name)
    except ClientError as error:
        code, message = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
        kind = LabelingUnavailable if code in THROTTLED else LabelingError
        raise kind(f"Labeling job {job_name}: {code}: {message}", hint="List the jobs: annolake jobs") from error
    except BotoCoreError as error:
        raise LabelingUnavailable(
            f"Labeling job {job_name}: the labeling backend does not answer: {error}", hint="Start it: annolake up"
        ) from error


def _describe(sagemaker: SageMakerClient, s3: S3Client, job_name: str) -> JobFacts:
    job = sagemaker.describe_labeling_job(LabelingJobName=job_name)
    tags = _tags(sagemaker, job["LabelingJobArn"])
    human, counters = job["HumanTaskConfig"], job["LabelCounters"]
    source = job["InputConfig"]["DataSource"]
    level = tags.get("annolake:level", "")
    labels_uri = tags.get("annolake:labels-s3") or job.get("LabelCategoryConfigS3Uri", "")
    task_type = tags.get("annolake:task-type") or task_type_of(human.get("PreHumanTaskLambdaArn", ""))
    return JobFacts(
        job_name=job["LabelingJobName"],
        label_attribute=job.get("LabelAttributeName") or job["LabelingJobName"],
        output_root=f"{job['OutputConfig']['S3OutputPath'].rstrip('/')}/{job['LabelingJobName']}",
        input_uri=source.get("S3DataSource", {}).get("ManifestS3Uri", ""),
        status=job["LabelingJobStatus"],
        created_at=job["CreationTime"],
        modified_at=job["LastModifiedTime"],
        task_type=task_type,
        labels=_labels(s3, labels_uri) if labels_uri else {},
        workers_per_object=human["NumberOfHumanWorkersPerDataObject"],
        n_objects=sum(counters.get(c, 0) for c in ("TotalLabeled", "FailedNonRetryableError", "Unlabeled")),  # type: ignore[misc]
        n_labeled=counters.get("TotalLabeled", 0),
        n_failed=counters.get("FailedNonRetryableError", 0),
        batch_id=tags.get("annolake:batch") or None,
        level=int(level) if level.isdigit() else None,
    )


def task_type_of(pre_function_arn: str) -> str:
    """The task type behind a pre-annotation function; `custom` for none and for one's own.

    >>> task_type_of("arn:aws:lambda:us-east-1:432418664414:function:PRE-VideoMultiClass")
    'video_classification'
    """
    found = re.search(r":function:PRE-([A-Za-z0-9]+)$", pre_function_arn)
    if not found:
        return CUSTOM
    name = found.group(1)
    return BUILT_IN.get(name) or re.sub(r"(?<!^)(?=[A-Z][a-z])", "_", name).lower()


def is_segmentation(task_type: str) -> bool:
    """Whether a task asks for stretches of its media.

    >>> is_segmentation("audio_segmentation"), is_segmentation("image_semantic_segmentation")
    (True, False)
    """
    return task_type.endswith("segmentation") and not task_type.endswith("semantic_segmentation")


def read_labels(document: Any) -> dict[str, list[str]]:
    """Layer -> labels of a label category configuration; the labels of a classification are layer `class`.

    >>> read_labels({"document-version": "2018-11-28", "labels": [{"label": "dog"}, {"label": "cat"}]})
    {'class': ['dog', 'cat']}
    >>> read_labels({"categories": {"speaker": ["Speaker A", "Speaker B"]}})
    {'speaker': ['Speaker A', 'Speaker B']}
    """
    if not isinstance(document, dict):
        return {}
    layers: dict[str, list[str]] = {}
    for key in ("categories", "layers"):
        if isinstance(tracks := document.get(key), dict):
            layers |= {str(k): [str(x) for x in v] for k, v in tracks.items() if isinstance(v, list)}
    if not layers and isinstance(classes := document.get("labels"), list):
        names = [c.get("label") if isinstance(c, dict) else c for c in classes]
        if found := [n for n in names if isinstance(n, str)]:
            layers["class"] = found
    return layers


def _labels(s3: S3Client, uri: str) -> dict[str, list[str]]:
    place = urlparse(uri)
    try:
        body = s3.get_object(Bucket=place.netloc, Key=place.path.lstrip("/"))["Body"].read()
        return read_labels(strict_json.load(body))
    except ClientError as error:
        if error.response["Error"].get("Code") in THROTTLED:
            raise
        return {}  # deleted meanwhile: the labels are unknown and none is refused
    except ValueError as error:
        raise LabelingError(f"{uri} is not JSON: {error}", hint="Put the label categories of the job back.") from None


def _tags(sagemaker: SageMakerClient, arn: str) -> dict[str, str]:
    pages = sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn)
    return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}


def labels_json(facts: JobFacts) -> str | None:
    """The labels as `silver.job` keeps them."""
    return json.dumps(facts.labels, ensure_ascii=False, sort_keys=True) if facts.labels else None
