"""Commands that look at what is there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from annolake.cli.app import LOOK, app, out, settings
from annolake.cli.rows import Format, print_rows


@app.command(rich_help_panel=LOOK)
def sql(
    statement: Annotated[
        str, typer.Argument(help="One SELECT over gold, silver, bronze and meta.", show_default=False)
    ],
    format: Annotated[Format, typer.Option("--format", "-f", help="table, csv or json.")] = Format.table,  # noqa: A002
    seconds: Annotated[float, typer.Option(help="Time limit.")] = 60.0,
    memory: Annotated[str, typer.Option(help="Memory limit.")] = "2GB",
) -> None:
    """Ask the lake; answers come from the latest release, read-only.

    Examples: annolake sql "select worker_id, offset_s from gold.worker_quality"; annolake sql "show tables".
    """
    from annolake.lake.sql import query

    table = query(settings(), statement, limit_seconds=seconds, limit_memory=memory)
    print_rows(table, format)


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
def jobs() -> None:
    """List the labeling jobs with their state and counters."""
    from annolake.labeling.jobs import list_jobs

    table = Table("job", "status", "labeled", "failed", "open", header_style="bold")
    for job in list_jobs(settings()):
        table.add_row(escape(job.job_name), job.status, str(job.n_labeled), str(job.n_failed), str(job.n_unlabeled))
    out.print(table)
