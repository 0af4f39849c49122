"""Build the gold tables, a task per SQL model, for the jobs whose silver changed, and release them.

**Triage**

- *A model's task failed*: the message names the SQL file and what DuckDB or a check said. Models before it are built;
  readers keep seeing the last release. Clear the task after the fix: it and the ones after it run again.
- *Task `release` failed with QualityError*: a check of severity fail did not hold; the message names it and the job.
- *CommitConflict*: other writers were faster 30 times in a row; clear the task.
- *All tasks are skipped*: no job's silver changed since the last release. That is a good end: `label_batch` builds and
  releases its own jobs.

**What it does.** `changed` compares silver with what the last release shows; each model is built for these jobs, in
the order that their SQL files read from each other: models of objects for the parts of a job that changed, the others
whole; `release` shows all of it to readers at once. Events of the asset `annotations` only wake it.

**Parameters.** `jobs`: names to build anew, changed or not; empty: what changed.

**Rerun and resume.** Safe at any moment: a model replaces its rows of a job, or of a part of it. One run at a time.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param, TaskGroup, chain, dag

from annolake.airflow.defaults import ANNOTATIONS, dag_options
from annolake.airflow.tasks import library_task, settings
from annolake.lake.sqlmodels import models, sums

FIRST, THEN = sums()
MODELS = [*FIRST, "measure", "boxes", "estimate", "disputes", "gold_items", "rework", *THEN, *models("gold")]
"""`annolake.lake.models.model_order()` without its imports of seconds, at every parse; a test compares them."""


@dag(
    schedule=[ANNOTATIONS],
    max_active_runs=1,
    params={"jobs": Param([], type="array", items={"type": "string"}, description="Job names; empty: what changed.")},
    **dag_options(__doc__, "lake"),
)
def build_gold() -> None:
    @library_task()
    def changed(params: dict[str, Any] | None = None) -> list[str]:
        from annolake.airflow.steps import jobs_to_build

        return jobs_to_build(settings(), (params or {}).get("jobs") or [])

    @library_task()
    def model(name: str, jobs: list[str]) -> str:
        from annolake.lake.models import build_model

        build_model(settings(), name, list(jobs))
        return name

    @library_task()
    def release(jobs: list[str]) -> int:
        from annolake.lake.release import publish

        return int(publish(settings(), list(jobs)).release_id)

    jobs = changed()
    with TaskGroup("models", prefix_group_id=False, tooltip="A task per SQL model; each reads what stands before it"):
        built = [model.override(task_id=name.replace(".", "_"))(name, jobs) for name in MODELS]
    chain(jobs, *built, release(jobs))


build_gold()
