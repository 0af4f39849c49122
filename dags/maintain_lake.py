"""Keep the lake small and fast: put small files together, expire snapshots, remove files that nothing refers to.

**Triage**

- *Task `maintain` failed with CommitConflict*: writers were faster 30 times in a row; the next day's run does the same
  work. Clear it at a quieter hour if the lake is large.
- *It failed with LakeError, "catalog does not answer"*: the catalog's database was away; clear the task.
- *It was killed or ran out of memory*: clear it. Nothing is lost: each table's files change in one commit.
- *The lake still grows*: `annolake lake status` names the table; a release that somebody leased, a tag that another
  engine set, or a `keep` that is too high holds its files. See docs/operations.md, "The catalog or the disk grows".

**What it does.** For each table: files below 32 MiB of one partition become one, sorted by the table's key, in a commit
that leaves rows that came meanwhile alone; snapshots that no kept release shows expire; files that no snapshot refers
to, and that are older than the grace period, are removed. Kept are the last releases, those that were the newest less
than `older_than` ago, and those that a reader has open. The log has a line a table.

**Parameters.** `older_than`: releases stay that were the newest less than this ago. `grace`: files that nothing refers
to stay this long, since a running landing has not committed its own yet. `keep`: how many of the last releases stay
in any case. `dry_run`: only say what would be done.

**Rerun and resume.** Safe at any moment and beside landings, builds and readers. One run at a time.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import CronTriggerTimetable, Param, dag

from annolake.airflow.defaults import dag_options
from annolake.airflow.tasks import library_task, settings

SPAN = r"^\d+[mhdw]$"


@dag(
    schedule=CronTriggerTimetable("30 3 * * *", timezone="UTC", run_immediately=False),
    max_active_runs=1,
    params={
        "older_than": Param("7d", type="string", pattern=SPAN, description="Releases of this age may go."),
        "grace": Param("72h", type="string", pattern=SPAN, description="Files of this age that nothing refers to go."),
        "keep": Param(10, type="integer", minimum=1, description="The last releases that stay."),
        "dry_run": Param(False, type="boolean", description="Only say what would be done."),
    },
    **dag_options(__doc__, "lake"),
)
def maintain_lake() -> None:
    @library_task()
    def maintain(params: dict[str, Any] | None = None) -> dict[str, int]:
        from annolake.airflow.steps import maintain_tables

        return maintain_tables(settings(), **(params or {}))

    maintain()


maintain_lake()
