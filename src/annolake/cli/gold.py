"""Commands about files whose truth is known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from annolake.cli.app import DATA, app, out, settings

gold_app = typer.Typer(help="Files whose truth is known, to score annotators.", no_args_is_help=True)
app.add_typer(gold_app, name="gold", rich_help_panel=DATA)


@gold_app.command("add")
def gold_add(file: Annotated[Path, typer.Argument(help="JSON lines, one truth each.", show_default=False)]) -> None:
    """Keep truths about registered files: a label of the whole file, or its segments.

    A line: {"asset": "clip.mp4", "layer": "class", "label": "dog"} or {"asset": "call.wav", "layer": "speaker",
    "segments": [{"start": 0.4, "end": 2.1, "label": "Agent"}]}. A plan's gold mixes them into jobs.
    """
    from annolake.labeling.gold import add_gold

    report = add_gold(settings(), file)
    out.print(f"[bold]{report.n_added}[/] truths kept, {report.n_known} known already.")


@gold_app.command("list")
def gold_list() -> None:
    """List the known truths and how many jobs each file was mixed into."""
    from annolake.labeling.gold import list_gold

    found = list_gold(settings())
    if not found:
        out.print("No truth is known yet. Add some: annolake gold add --help")
        return
    table = Table("file", "layer", "truth", "jobs", header_style="bold")
    for row in found:
        truth = row["label"] if row["label"] is not None else f"{row['n_segments']} segments"
        table.add_row(escape(row["asset"]), escape(row["layer"]), escape(truth), str(row["n_jobs"]))
    out.print(table)
