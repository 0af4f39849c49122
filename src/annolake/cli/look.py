"""Commands that look at what is there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from annolake.cli.app import LOOK, app, out, settings


@app.command(rich_help_panel=LOOK)
def score(
    job: Annotated[list[str] | None, typer.Argument(help="Labeling jobs; all that are released if none.")] = None,
    segments: Annotated[
        Path | None,
        typer.Option(help="Files outside of the lake: <item>/<annotator>.txt, SALAMI's, RTTM, or labels.txt."),
    ] = None,
) -> None:
    """Measure agreement and annotators anew, and print them with intervals and chance floors.

    With --segments no lake is needed: two or more annotators' files are read and measured by the same code.
    """
    from annolake.score import score_files, score_jobs
    from annolake.score_page import print_score

    with out.status("Measuring ..."):
        tables = score_files(segments) if segments else score_jobs(settings(), job or [])
    print_score(tables, out)


@app.command(rich_help_panel=LOOK)
def jobs(
    events: Annotated[bool, typer.Option("--events", help="What ended when, and whether the webhook took it.")] = False,
) -> None:
    """List the labeling jobs: state, counters, what they wait for; or the embedded service's log of their ends."""
    from annolake.labeling.jobs import list_jobs

    if events:
        _print_events()
        return

    found = list_jobs(settings())
    if not found:
        out.print("There is no labeling job yet. Media becomes one: annolake ingest FOLDER, then the DAG label_batch")
        return
    waits = _reasons() if any(job.status == "InProgress" for job in found) else {}
    table = Table("job", "status", "labeled", "failed", "open", *(["now"] if waits else []), header_style="bold")
    for job in found:
        counts = (str(job.n_labeled), str(job.n_failed), str(job.n_unlabeled))
        table.add_row(
            escape(job.job_name), job.status, *counts, *([escape(waits.get(job.job_name, ""))] if waits else [])
        )
    out.print(table)


def _reasons() -> dict[str, str]:
    """Why each job in progress of the embedded service moves or stands; other backends do not tell."""
    from annolake.service.standstill import reasons
    from annolake.service.store import Store

    if settings().sagemaker_endpoint:
        return {}
    store = Store(settings().service_database_url)
    try:
        return reasons(store)
    finally:
        store.close()


def _print_events() -> None:
    import json

    from annolake.service.clock import iso_ms
    from annolake.service.events import list_events
    from annolake.service.store import Store

    store = Store(settings().service_database_url)
    found = list_events(store)
    store.close()
    if not found:
        out.print("No labeling job has ended yet.")
        return
    table = Table("time", "job", "status", "told", "attempts", header_style="bold")
    for event in found:
        status = json.loads(event.body)["detail"]["LabelingJobStatus"]
        told = iso_ms(event.delivered_us) if event.delivered_us else event.problem or "-"
        table.add_row(iso_ms(event.at_us), escape(event.job_name), status, escape(told), str(event.n_attempts))
    out.print(table)
