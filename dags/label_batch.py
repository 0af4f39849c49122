"""Have people label what is not labeled yet: one run is one level of one batch, from the plan to the release.

**Triage**

- *Task `wait` failed, "Labeling ended without all of its labels"*: a job was stopped or failed; the message says which
  and why. Nothing of this level is reported complete. Its name is used up: label its files in a new batch with the
  parameters `{"jobs": ["<job>"]}`. What its other jobs have collected is landed by `land_annotations`.
- *Task `wait` is deferred for days*: people are still labeling. `annolake jobs` shows the counters; the portal shows
  tasks to members of the job's work team only.
- *Task `create` failed, "exists and is another one"*: a job of this name was made with other settings. Trigger again
  with another `batch` and the same `assets`.
- *Task `release` failed with QualityError*: a check of severity fail did not hold; the message names it. Readers keep
  seeing the last release. `annolake quarantine list` shows the rows; after the fix clear the task.
- *Any task failed with …Unavailable or CommitConflict*: it was tried 5 times; clear it when the other side is back.
- *All tasks are skipped*: it was woken and found nothing unlabeled. That is a good end.

**What it does.** `plan` takes the registered files that no batch has and claims them in `bronze.batch_item`; `create`
writes manifests and makes the jobs through the SageMaker API; `wait` defers until they are completed; `land` lands each
job and passes it through the quality gate; `gold` builds the models for these jobs; `release` shows it all to readers
at once and emits the asset `annotations`.

**Parameters**, all optional. `batch`: id that names the jobs; from the run id by default. `assets`: ids of files to
label, whether labeled before or not. `jobs`: jobs whose files are labeled again. `plan`: labels, wording, workers an
object, by task type, as in `annolake.labeling.plan`, e.g.
`{"audio_segmentation": {"labels": {"speaker": ["Customer", "Agent"]}}}`.

**Rerun and resume.** Clear any task: jobs that exist as planned are adopted, landing is exactly-once. The batch id
follows from the run, so a repeated run makes nothing twice. Up to 500 batches may wait for people at the same time;
they hold no worker.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param, dag

from annolake.airflow.defaults import ANNOTATIONS, MEDIA, dag_options
from annolake.airflow.operators import GroundTruthWaitOperator
from annolake.airflow.tasks import library_task, settings


@dag(
    schedule=[MEDIA],
    # Batches wait for people for weeks: Airflow's default of 16 would let 16 of them block the 17th.
    max_active_runs=500,
    params={
        "batch": Param("", type="string", description="Batch id; empty: from the run id."),
        "assets": Param([], type="array", items={"type": "string"}, description="Asset ids; empty: what is unlabeled."),
        "jobs": Param([], type="array", items={"type": "string"}, description="Jobs whose files to label again."),
        "plan": Param({}, type="object", description="Changes of the labeling plan, by task type."),
    },
    **dag_options(__doc__, "labeling"),
)
def label_batch() -> None:
    @library_task()
    def plan(params: dict[str, Any] | None = None, run_id: str | None = None) -> str:
        from annolake.airflow.steps import plan_batch

        return plan_batch(settings(), str(run_id), **(params or {}))

    @library_task()
    def create(batch_uri: str) -> list[str]:
        from annolake.labeling.batch import create_jobs, load_batch

        here = settings()
        return create_jobs(here, load_batch(here, batch_uri))

    @library_task(map_index_template="{{ task.op_kwargs['job'] }}")
    def land(job: str) -> str:
        from annolake.lake.land import land_job

        land_job(settings(), job)
        return job

    @library_task()
    def gold(jobs: list[str]) -> list[str]:
        from annolake.lake.models import build_gold

        build_gold(settings(), list(jobs))
        return list(jobs)

    @library_task(outlets=[ANNOTATIONS])
    def release(jobs: list[str]) -> int:
        from annolake.lake.release import publish

        return int(publish(settings(), list(jobs)).release_id)

    wait = GroundTruthWaitOperator(task_id="wait", jobs=create(plan()))
    release(gold(land.expand(job=wait.output)))


label_batch()
