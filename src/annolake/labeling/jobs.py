"""Labeling jobs as they stand at the backend."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from annolake.config import Settings
from annolake.errors import LabelingError
from annolake.labeling.backend import code, labeling_errors
from annolake.labeling.clients import sagemaker

DONE = "Completed"
ENDED = frozenset({DONE, "Failed", "Stopped"})


@dataclass(frozen=True, slots=True)
class JobState:
    """Status and counters of one job; counters are 0 until the backend has read the manifest."""

    job_name: str
    status: str
    n_labeled: int
    n_human: int
    n_machine: int
    n_failed: int
    n_unlabeled: int
    created_at: datetime
    modified_at: datetime
    failure_reason: str = ""
    output_uri: str = ""

    @property
    def n_objects(self) -> int:
        return self.n_labeled + self.n_failed + self.n_unlabeled

    @property
    def is_ended(self) -> bool:
        return self.status in ENDED

    @property
    def is_completed(self) -> bool:
        return self.status == DONE

    def __str__(self) -> str:
        failed = f", {self.n_failed} failed" if self.n_failed else ""
        reason = f": {self.failure_reason}" if self.failure_reason else ""
        return f"{self.job_name} is {self.status} ({self.n_labeled} of {self.n_objects} labeled{failed}){reason}"


def job_state(settings: Settings, job_name: str) -> JobState:
    """What the backend says of one job.

    Raises `LabelingError` where it does not know the job and `LabelingUnavailable` where it does not answer.
    """
    return _state(describe(settings, job_name))


def job_states(settings: Settings, job_names: Iterable[str]) -> list[JobState]:
    """`job_state` of several jobs, in order, over one connection."""
    client = sagemaker(settings)
    return [_state(describe(settings, name, client=client)) for name in job_names]


def describe(settings: Settings, job_name: str, *, client: Any = None) -> dict[str, Any]:
    """DescribeLabelingJob's answer; `LabelingError` where there is no such job."""
    client = client or sagemaker(settings)
    with labeling_errors(f"Looking at labeling job {job_name}"):
        try:
            return dict(client.describe_labeling_job(LabelingJobName=job_name))
        except ClientError as error:
            if is_absent(error):
                raise LabelingError(
                    f"Labeling job {job_name} does not exist at {settings.sagemaker_endpoint_url or 'AWS'}.",
                    hint="List the jobs: annolake jobs",
                ) from error
            raise


def list_jobs(settings: Settings, *, ended: bool = False) -> list[JobState]:
    """All jobs of the backend, newest first; only those whose outputs are final where `ended`."""
    with labeling_errors("Listing the labeling jobs"):
        pages = (
            sagemaker(settings)
            .get_paginator("list_labeling_jobs")
            .paginate(SortBy="CreationTime", SortOrder="Descending")
        )
        states = [_state(summary) for page in pages for summary in page["LabelingJobSummaryList"]]
    return [s for s in states if s.is_ended] if ended else states


def is_absent(error: ClientError) -> bool:
    """Whether the backend means "no such job"; Amazon has used both codes."""
    message = str(error.response.get("Error", {}).get("Message", "")).lower()
    return code(error) == "ResourceNotFound" or (
        code(error) == "ValidationException" and any(w in message for w in ("not found", "does not exist", "not exist"))
    )


def _state(answer: Any) -> JobState:
    counters = answer["LabelCounters"]
    return JobState(
        job_name=answer["LabelingJobName"],
        status=answer["LabelingJobStatus"],
        n_labeled=counters.get("TotalLabeled", 0),
        n_human=counters.get("HumanLabeled", 0),
        n_machine=counters.get("MachineLabeled", 0),
        n_failed=counters.get("FailedNonRetryableError", 0),
        n_unlabeled=counters.get("Unlabeled", 0),
        created_at=answer["CreationTime"],
        modified_at=answer["LastModifiedTime"],
        failure_reason=answer.get("FailureReason", ""),
        output_uri=answer.get("LabelingJobOutput", {}).get("OutputDatasetS3Uri", ""),
    )
