"""Waiting for people: `GroundTruthWaitOperator`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from annolake.airflow.tasks import annolake_errors, settings
from annolake.airflow.triggers import LabelingJobsTrigger, judge
from annolake.labeling.jobs import job_states


class GroundTruthWaitOperator(BaseOperator):
    """Wait, deferred, until labeling jobs are completed; returns their names.

    A job that is `Failed` or `Stopped` fails the task at once, without retries. A backend that stays away longer than
    `patience_s` fails the try, and the task's retries wait anew.
    """

    template_fields: Sequence[str] = ("jobs",)

    def __init__(self, *, jobs: Any, poll_s: float | None = None, patience_s: float = 900.0, **options: Any) -> None:
        super().__init__(**options)
        self.jobs = jobs
        self.poll_s = poll_s
        self.patience_s = patience_s

    def execute(self, context: Any) -> list[str]:
        here = settings()
        jobs = list(self.jobs)
        with annolake_errors():
            verdict = judge(job_states(here, jobs))
        if verdict is None:
            trigger = LabelingJobsTrigger(jobs, self.poll_s or here.airflow_poll_seconds, self.patience_s)
            self.defer(trigger=trigger, method_name="resume")  # leaves by an exception
        return self.resume(context, verdict or {})

    def resume(self, context: Any, event: dict[str, str]) -> list[str]:  # noqa: ARG002
        """Go on with what the trigger saw."""
        match event["status"]:
            case "completed":
                self.log.info("%s", event["message"])
                return list(self.jobs)
            case "unavailable":
                raise AirflowException(event["message"])
            case "ended":
                raise AirflowFailException(f"Labeling ended without all of its labels: {event['message']}")
            case _:
                raise AirflowFailException(event["message"])
