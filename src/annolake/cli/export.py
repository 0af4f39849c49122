"""Commands that take data out of the lake."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from annolake.cli.app import LOOK, app, out, settings

export = typer.Typer(name="export", help="Take data out of the lake.", no_args_is_help=True)
app.add_typer(export, rich_help_panel=LOOK)


@export.command()
def duckdb(
    file: Annotated[Path, typer.Option("--out", "-o", help="File to write.")] = Path("lake.duckdb"),
    release: Annotated[int | None, typer.Option(help="Release to export.", show_default="the latest")] = None,
    copy: Annotated[bool, typer.Option(help="Put the rows into the file; always so where the lake is on S3.")] = False,
    keep_days: Annotated[float, typer.Option(help="Days that the files behind the views are kept.", min=0)] = 30,
) -> None:
    """Write one release to a file that any DuckDB 2 client opens, from any folder.

    Without --copy it holds views on the lake's own files, by absolute paths: for programs on this machine.
    Example: annolake export duckdb --out lake.duckdb; duckdb lake.duckdb "from gold.agreement_job".
    """
    from annolake.lake.duckdb_file import export_duckdb

    with out.status("Writing ..."):
        done = export_duckdb(settings(), file, release_id=release, copy=copy, keep_days=keep_days)
    out.print(f"{file} shows release {done.release_id} of {done.released_at:%Y-%m-%d %H:%M} UTC.")
