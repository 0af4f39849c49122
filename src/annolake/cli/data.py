"""Commands that bring data in."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from annolake.cli.app import DATA, app, out, settings


@app.command(rich_help_panel=DATA)
def ingest(
    source: Annotated[str, typer.Argument(help="A folder, a file or an s3:// prefix.", show_default=False)],
) -> None:
    """Probe and register audio and video; what cannot be used is listed with its reason.

    Needs the object store (annolake up). A rerun registers only what is new.
    """
    from annolake.labeling.batch import announce_media
    from annolake.media.ingest import ingest as run

    here = settings()
    with out.status("Looking at the media ...") as status:
        report = run(here, source, on_progress=lambda text: status.update(escape(str(text))))
    _print_ingest(report)
    if report.n_registered:
        out.print(escape(announce_media(here)))


def _print_ingest(report: Any) -> None:
    counts = (
        f"{report.n_known} already known, {report.n_duplicate} the same as another, "
        f"{report.n_skipped} that are no media, {report.n_refused} refused"
    )
    out.print(f"[bold]{report.n_registered}[/] registered; {counts}.")
    worth_telling = [o for o in report.outcomes if (o.reason and o.reason_code != "not_media") or not o.is_ok]
    if worth_telling:
        table = Table("file", "why", "in words", box=None, header_style="bold", pad_edge=False)
        for outcome in worth_telling:
            table.add_row(escape(outcome.name), outcome.reason_code, escape(outcome.reason or ""))
        out.print(table)


@app.command(rich_help_panel=DATA)
def land(
    job: Annotated[list[str], typer.Argument(help="Labeling jobs, also ones made elsewhere.", show_default=False)],
) -> None:
    """Land the outputs of labeling jobs, check them, build gold for them and release."""
    from annolake.lake.land import land_job
    from annolake.lake.models import build_gold
    from annolake.lake.release import publish

    here = settings()
    for name in job:
        with out.status(f"Landing {escape(name)} ..."):
            report = land_job(here, name)
        out.print(escape(str(report)))
    with out.status("Building gold ..."):
        build_gold(here, jobs=job)
    release = publish(here, job)
    out.print(f"Release [bold]{release.release_id}[/] shows it.")
