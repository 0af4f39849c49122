"""What all DAGs share: owner, retries, tags, assets. Imported by every DAG file, so it imports little."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import Asset

DEFAULT_ARGS: dict[str, Any] = {
    "owner": "labeling",
    # What may pass is tried again (annolake.airflow.tasks): 5 times, after 15 seconds, then longer and longer.
    "retries": 5,
    "retry_delay": timedelta(seconds=15),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=15),
}
TAG = "annolake"

MEDIA = Asset(name="media", uri="annolake://media", group="annolake")
"""Registered audio and video; an event says that there may be new files."""

ANNOTATIONS = Asset(name="annotations", uri="annolake://annotations", group="annolake")
"""Landed answers of labeling jobs; an event says that silver changed."""


def dag_options(doc: str | None, *tags: str) -> dict[str, Any]:
    """Arguments that every DAG has; `doc` is the file's docstring, the operator's manual."""
    return {
        "catchup": False,
        "default_args": DEFAULT_ARGS,
        "tags": [TAG, *tags],
        "doc_md": doc,
    }
