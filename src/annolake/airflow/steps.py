"""What DAG tasks do beyond one library call: end well where there is nothing to do, log what a person wants to read."""

from __future__ import annotations

import logging
from typing import Any

from airflow.sdk.exceptions import AirflowSkipException

from annolake.config import Settings

log = logging.getLogger(__name__)


def ingest_source(settings: Settings, source: str) -> dict[str, int]:
    """Ingest, with a line in the task's log for each refused file; returns the counts."""
    from annolake.media.ingest import ingest

    report = ingest(settings, source, on_progress=log.info)
    for outcome in report.outcomes:
        if not outcome.is_ok:
            log.warning("%s: %s", outcome.source_uri, outcome.reason)
    return {"registered": report.n_registered, "known": report.n_known, "refused": report.n_refused}


def plan_batch(
    settings: Settings, run_id: str, *, batch: str = "", assets: Any = (), jobs: Any = (), plan: Any = None
) -> str:
    """Plan and keep a batch; returns its URI, or skips the run where everything is labeled or being labeled."""
    from annolake.labeling.batch import batch_id_of, plan_media_batch, save_batch

    planned = plan_media_batch(settings, batch or batch_id_of(run_id), plan=plan, assets=assets or (), jobs=jobs or ())
    if planned is None:
        raise AirflowSkipException("Nothing is unlabeled: every registered file is in a batch.")
    for job in planned.jobs:
        log.info("%s: %d files, labels %s", job.job_name, len(job.asset_ids), job.task.labels)
    return save_batch(settings, planned)


def jobs_to_land(settings: Settings, named: list[str]) -> list[str]:
    """The named jobs, else those that ended and are not landed; skips the run where there is none."""
    from annolake.labeling.ended import ended_jobs

    jobs = named or ended_jobs(settings)
    if not jobs:
        raise AirflowSkipException("Nothing to land: every ended job is landed, or is being landed by its batch.")
    return jobs


def jobs_to_build(settings: Settings, named: list[str]) -> list[str]:
    """The named jobs, else those whose silver changed since the last release; skips the run where there is none."""
    from annolake.lake.release import unreleased_jobs

    jobs = named or unreleased_jobs(settings)
    if not jobs:
        raise AirflowSkipException("Nothing to build: the last release shows every landed job.")
    return jobs


def maintain_tables(
    settings: Settings, *, older_than: str, grace: str, keep: int, dry_run: bool, **_: Any
) -> dict[str, int]:
    """Maintain every table, with a line in the task's log for each that changed; returns the sums."""
    from annolake.lake.maintain import maintain
    from annolake.spans import read_span

    done = maintain(
        settings, older_than=read_span(older_than), grace=read_span(grace), keep=int(keep), is_dry_run=bool(dry_run)
    )
    for table in done:
        if table.n_files_before or table.n_snapshots or table.n_orphans:
            log.info("%s%s", "would do: " if dry_run else "", table)
    return {
        "files_put_together": sum(table.n_files_before for table in done),
        "snapshots_expired": sum(table.n_snapshots for table in done),
        "orphans_removed": sum(table.n_orphans for table in done),
        "bytes_freed": sum(table.orphan_bytes for table in done),
    }


def jobs_to_report(settings: Settings, named: list[str], *, days: int) -> list[str]:
    """The named jobs, else those with answers in the last days; skips the run where nobody is to get reports."""
    from datetime import UTC, datetime

    from annolake.report.write import active_jobs

    if not settings.smtp_host or not settings.report_mail_to:
        raise AirflowSkipException("Nobody gets reports: smtp_host and report_mail_to are to be set for that.")
    jobs = named or active_jobs(settings, days=days, now=datetime.now(UTC))
    if not jobs:
        raise AirflowSkipException(f"Nothing to report on: no answer of the last {days} days is released.")
    return jobs
