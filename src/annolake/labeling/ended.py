"""Jobs that have ended at the backend and are not in the lake."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from annolake.config import Settings
from annolake.labeling.jobs import ENDED, list_jobs

LANDABLE = frozenset({"Completed", "Stopped"})
OWN_LANDING = timedelta(minutes=30)
"""How long a job of a batch is left to the run that waits for it."""


def ended_jobs(settings: Settings, *, now: datetime | None = None) -> list[str]:
    """Names of completed and stopped jobs that `silver.job` does not show as ended, oldest first."""
    from annolake.lake.catalog import open_lake

    now = now or datetime.now(UTC)
    with open_lake(settings) as lake:
        landed = lake.scan("silver.job", columns=["job_name", "status"]).to_pylist()
        batches = lake.scan("bronze.batch_item", columns=["job_name"])
    done = {row["job_name"] for row in landed if row["status"] in ENDED}
    of_batch = set(batches["job_name"].unique().to_pylist())
    return [
        job.job_name
        for job in reversed(list_jobs(settings, ended=True))
        if job.status in LANDABLE
        and job.job_name not in done
        and not (job.job_name in of_batch and now - job.modified_at < OWN_LANDING)
    ]
