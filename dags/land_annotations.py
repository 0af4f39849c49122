"""Land the outputs of ended labeling jobs that no batch is landing: jobs made elsewhere, and leftovers.

**Triage**

- *Task `find` failed with LabelingUnavailable*: the labeling backend did not answer in any retry; the next run, at most
  15 minutes later, does the same work.
- *One mapped task `land` failed*: the others are landed. The message names file and line, or the check that did not
  hold. Clear it after the fix; the next scheduled run takes it up too.
- *A job does not appear*: only `Completed` and `Stopped` jobs are landed. `annolake jobs` shows the states. A job of a
  batch is left to its own run for half an hour.
- *All tasks are skipped*: there was nothing new. That is a good end.

**What it does.** `find` lists the ended jobs at the labeling backend that `silver.job` does not show as ended; `land`
lands each and passes it through the quality gate. The asset `annotations` then wakes `build_gold`, which releases them.

**Parameters.** `jobs`: names to land now, landed before or not; empty: what is new.

**Rerun and resume.** Safe at any moment and beside other landings: rows are appended exactly once by their keys.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import CronTriggerTimetable, Param, dag

from annolake.airflow.defaults import ANNOTATIONS, dag_options
from annolake.airflow.tasks import library_task, settings


@dag(
    schedule=CronTriggerTimetable("*/15 * * * *", timezone="UTC", run_immediately=False),
    max_active_runs=1,
    params={"jobs": Param([], type="array", items={"type": "string"}, description="Job names; empty: what is new.")},
    **dag_options(__doc__, "labeling"),
)
def land_annotations() -> None:
    @library_task()
    def find(params: dict[str, Any] | None = None) -> list[str]:
        from annolake.airflow.steps import jobs_to_land

        return jobs_to_land(settings(), (params or {}).get("jobs") or [])

    @library_task(outlets=[ANNOTATIONS], map_index_template="{{ task.op_kwargs['job'] }}")
    def land(job: str) -> str:
        from annolake.lake.land import land_job

        land_job(settings(), job)
        return job

    land.expand(job=find())


land_annotations()
