"""Mail a report on each job that people worked on in the last days: once a week, or now for named jobs.

**Triage**

- *All tasks are skipped*: no mail server is set (`smtp_host`), nobody is named (`report_mail_to`), or nobody answered
  anything in these days. The log says which. That is a good end.
- *Task `send` failed with DeliveryError*: the mail server did not take the message; it was tried 5 times. The message
  names the server and its answer. Clear the task when it is back.
- *Task `send` failed with LakeError, "has no answers of a job"*: a job that was named is not released yet, or is
  misspelled. `annolake jobs` lists them.
- *A report came twice*: the task was cleared, or died after the server took the message. Both have the same Message-ID.

**What it does.** `jobs` lists the jobs with answers since `days` days; `send` makes the report on each from the latest
release, one HTML file, and mails it to the addresses of the setting `report_mail_to`. `annolake report JOB` writes the
same file.

**Parameters.** `jobs`: names to report on now; empty: those with answers. `days`: how far back that looks.

**Rerun and resume.** Safe at any moment: it only reads the lake. A task that is run again sends its mail again.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import CronTriggerTimetable, Param, dag

from annolake.airflow.defaults import dag_options
from annolake.airflow.tasks import library_task, settings


@dag(
    schedule=CronTriggerTimetable("0 6 * * 1", timezone="UTC", run_immediately=False),
    max_active_runs=1,
    params={
        "jobs": Param([], type="array", items={"type": "string"}, description="Job names; empty: those with answers."),
        "days": Param(7, type="integer", minimum=1, description="How far back answers count."),
    },
    **dag_options(__doc__, "managers"),
)
def send_reports() -> None:
    @library_task()
    def jobs(params: dict[str, Any] | None = None) -> list[str]:
        from annolake.airflow.steps import jobs_to_report

        given = params or {}
        return jobs_to_report(settings(), given.get("jobs") or [], days=int(given.get("days") or 7))

    @library_task(map_index_template="{{ task.op_kwargs['job'] }}")
    def send(job: str) -> str:
        from annolake.report.write import send_report

        send_report(settings(), job)
        return job

    send.expand(job=jobs())


send_reports()
