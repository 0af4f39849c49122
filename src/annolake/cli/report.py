"""The command that reports on a job."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from annolake.cli.app import LOOK, app, out, settings


@app.command("report", rich_help_panel=LOOK)
def report(
    job: Annotated[str, typer.Argument(help="Labeling job.", show_default=False)],
    file: Annotated[Path | None, typer.Option("--out", help="HTML file.", show_default="JOB.html")] = None,
    mail_to: Annotated[list[str] | None, typer.Option(help="Mail it to this address instead; repeatable.")] = None,
) -> None:
    """Write a report on a job: one HTML file to send around, from the latest release.

    It has agreement with intervals and chance floors, labels, confusions, annotators by pseudonym, the worst objects
    and the checks. It opens in any browser, on a phone and on paper, and fetches nothing.
    """
    from annolake.report.write import send_report, write_report

    if mail_to:
        out.print(f"Sent to {escape(', '.join(send_report(settings(), job, mail_to)))}.")
        return
    target = file or Path(f"{job}.html")
    found = write_report(settings(), job, target)
    out.print(f"{escape(str(target))}: release {found.release_id}, {len(found.layers)} layers.")
