"""Waiting in the demo, with an eye on the processes and the DAG runs: every wait ends, well or with the reason."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, TypeVar

from annolake.airflow.client import AirflowClient
from annolake.config import Settings
from annolake.errors import LabelingUnavailable, ProcessError
from annolake.labeling.jobs import list_jobs
from annolake.processes.stack import Stack

LOOK_EVERY_S = 0.5
LOOK_AT_RUNS_EVERY_S = 4.0
LOG_LINES = 15
OURS = ("ingest_media", "label_batch")
"""DAGs whose failure ends the demo; the others may be busy with what an earlier run left."""
DAGS = frozenset({"ingest_media", "label_batch", "land_annotations", "build_gold"})

Found = TypeVar("Found")


class Watch:
    """Looks until something is there."""

    def __init__(self, settings: Settings, stack: Stack, airflow: AirflowClient) -> None:
        self.settings = settings
        self.stack = stack
        self.airflow = airflow
        self.started = datetime.now(UTC)

    def until(
        self,
        what: str,
        look: Callable[[], Found | None],
        patience_s: float = 300.0,
        say: Callable[[str], None] | None = None,
    ) -> Found:
        """What `look` finds, looked for again and again.

        Raises `ProcessError` where a process died, a DAG run failed meanwhile, or patience ends.
        """
        if say:
            say(what)
        began = looked_at_runs = time.monotonic()
        while True:
            self.stack.check()
            try:
                found = look()
            except LabelingUnavailable:
                found = None  # it restarts, or it died and the next check says so
            if found is not None:
                return found
            now = time.monotonic()
            if now - looked_at_runs > LOOK_AT_RUNS_EVERY_S:
                self._refuse_failed_runs()
                looked_at_runs = now
            if now - began > patience_s:
                told = f"{what}: not done after {patience_s:.0f} s. {self._troubles()}".rstrip()
                raise ProcessError(told, hint=f"The logs are in {self.stack.logs}.")
            time.sleep(LOOK_EVERY_S)

    # -- what is waited for --------------------------------------------------------------------------------------

    def dags(self) -> bool | None:
        """Whether Airflow has read all DAG files; raises where it cannot read one."""
        if errors := self.airflow.import_errors():
            raise ProcessError("Airflow cannot read a DAG file:\n" + "\n".join(errors))
        return True if self.airflow.dag_ids() >= DAGS else None

    def run_ended(self, dag_id: str, run_id: str) -> Callable[[], bool | None]:
        """Look whether a run has succeeded."""

        def look() -> bool | None:
            state = self.airflow.call("GET", f"/dags/{dag_id}/dagRuns/{run_id}")["state"]
            if state == "failed":
                raise self._failure(dag_id, run_id)
            return True if state == "success" else None

        return look

    def ingest(self, source: str) -> dict[str, int]:
        """Have `ingest_media` register a folder; gives its counts."""
        run_id = self.airflow.trigger("ingest_media", {"source": source})
        self.until("DAG ingest_media", self.run_ended("ingest_media", run_id), patience_s=3600)
        counts: dict[str, int] = self.airflow.result("ingest_media", run_id, "ingest")
        return counts

    def batches_of(self, assets: Iterable[str]) -> frozenset[str]:
        """Batches that these files were given to so far."""
        return frozenset(row["batch_id"] for row in self._items(assets))

    def jobs_of(self, assets: Iterable[str], but: frozenset[str] = frozenset()) -> Callable[[], list[str] | None]:
        """Look for the jobs that label all of these files, but of some batches; they exist at the backend."""
        wanted = set(assets)

        def look() -> list[str] | None:
            rows = [row for row in self._items(wanted) if row["batch_id"] not in but]
            if {row["asset_id"] for row in rows} != wanted:
                return None
            names = {row["job_name"] for row in rows}
            return sorted(names) if names <= {job.job_name for job in list_jobs(self.settings)} else None

        return look

    def _items(self, assets: Iterable[str]) -> list[dict[str, Any]]:
        from pyiceberg.expressions import In

        from annolake.lake.catalog import open_lake

        columns = ["asset_id", "batch_id", "job_name"]
        with open_lake(self.settings) as lake:
            rows = lake.scan("bronze.batch_item", columns=columns, where=In("asset_id", sorted(set(assets))))
        found: list[dict[str, Any]] = rows.to_pylist()
        return found

    def release_of(self, jobs: Iterable[str]) -> Callable[[], int | None]:
        """Look for the release that shows all of these jobs."""
        from annolake.lake.release import releases

        wanted = set(jobs)

        def look() -> int | None:
            known = [r for r in releases(self.settings) if r.state != "held"]
            shown = {job for r in known for job in r.jobs}
            return known[0].release_id if wanted <= shown else None

        return look

    # -- failures ------------------------------------------------------------------------------------------------

    def _refuse_failed_runs(self) -> None:
        for dag_id in OURS:
            for run in self.airflow.runs(dag_id):
                if run["state"] == "failed" and _time(run["start_date"]) >= self.started:
                    raise self._failure(dag_id, run["dag_run_id"])

    def _troubles(self) -> str:
        """What the tasks logged that are being tried again."""
        running = [(dag_id, run) for dag_id in OURS for run in self.airflow.runs(dag_id) if run["state"] == "running"]
        tasks = [task for dag_id, run in running for task in self.airflow.tasks(dag_id, run["dag_run_id"])]
        again = [task for task in tasks if task["state"] == "up_for_retry"]
        return "\n".join(f"Task {t['dag_id']}.{t['task_id']} is tried again:\n{self._log(t)}" for t in again[:2])

    def _failure(self, dag_id: str, run_id: str) -> ProcessError:
        failed = [t for t in self.airflow.tasks(dag_id, run_id) if t["state"] == "failed"]
        told = "\n".join(f"Task {t['task_display_name']}:\n{self._log(t)}" for t in failed[:2])
        return ProcessError(f"The run {run_id} of DAG {dag_id} failed. {told}", hint=f"Logs are in {self.stack.logs}.")

    def _log(self, task: dict[str, Any]) -> str:
        lines = self.airflow.log(task)
        return "\n".join(f"  {line}" for line in lines[-LOG_LINES:])


def _time(text: str | None) -> datetime:
    return datetime.fromisoformat(text) if text else datetime.min.replace(tzinfo=UTC)
