"""Evaluate the alert rules at the latest release, note what began or ended, and tell it.

**Triage**

- *Task `watch` failed with LakeError naming a file of `sql/alerts`*: the statement of that rule is wrong; the other
  rules were evaluated and told. Fix the file; the next run takes it up.
- *Task `watch` is skipped*: nothing was released yet. It passes with the first release.
- *"... could not be told by webhook" in the log, task green*: the mail server or webhook did not take the message; the
  next run tries again, 20 times at most. `meta.alert` has every attempt with the reason.
- *"rule job_stalled was left out"*: the labeling backend did not answer. Nothing was raised or cleared by that rule.

**What it does.** Runs each SELECT of `sql/alerts` over the latest release. A subject that meets its rule with certainty
and has no open episode gets one in `meta.alert`; one whose figure is back ends it. Each change is told once to the log,
and to the webhook and the addresses of the settings `alert_webhook` and `alert_mail_to`, where they are set.

**Parameters.** None. Thresholds stand in the headers of `sql/alerts`.

**Rerun and resume.** Safe at any moment and beside another run: an episode is noted once, a message is claimed before
it is sent. A run that is killed between the claim and the answer leaves the message in doubt; it is sent again after
ten minutes, marked as a possible repeat.
"""

from __future__ import annotations

from airflow.sdk import CronTriggerTimetable, dag

from annolake.airflow.defaults import dag_options
from annolake.airflow.tasks import library_task, settings


@dag(
    schedule=CronTriggerTimetable("*/15 * * * *", timezone="UTC", run_immediately=False),
    max_active_runs=1,
    **dag_options(__doc__, "managers"),
)
def watch_alerts() -> None:
    @library_task()
    def watch() -> dict[str, int]:
        from airflow.sdk.exceptions import AirflowSkipException

        from annolake.alerts.watch import watch
        from annolake.lake.release import latest

        if latest(settings()) is None:
            raise AirflowSkipException("There is no release to look at yet.")
        done = watch(settings())
        stages = [row["stage"] for row in done.noted]
        return {"raised": stages.count("raised"), "cleared": stages.count("cleared")}

    watch()


watch_alerts()
