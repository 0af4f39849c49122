"""The command `annolake sql`: one statement, statements from a pipe, or a session at the terminal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from annolake.cli.app import LOOK, app, settings
from annolake.cli.rows import Format, print_rows


@app.command(rich_help_panel=LOOK)
def sql(
    statement: Annotated[
        str | None,
        typer.Argument(help="One SELECT over gold, silver, bronze and meta; none: a session.", show_default=False),
    ] = None,
    format: Annotated[Format, typer.Option("--format", "-f", help="How rows are shown.")] = Format.table,  # noqa: A002
    file: Annotated[
        Path | None, typer.Option("--out", "-o", help="File for the rows; .parquet, .csv and .json say the format.")
    ] = None,
    seconds: Annotated[float, typer.Option(help="Time limit.")] = 60.0,
    memory: Annotated[str, typer.Option(help="Memory limit.")] = "2GB",
) -> None:
    """Ask the lake; answers come from the latest release, read-only.

    Without a statement a session starts: completion, history, `.help`. Statements may also come from a pipe.
    Examples: annolake sql "select worker_id, offset_s from gold.worker_quality"; annolake sql "show tables";
    annolake sql "from gold.agreement_item" --out items.parquet.
    """
    from annolake.cli.shell import Shell
    from annolake.lake.sql import Session

    if file is not None and format is Format.table and file.suffix[1:] in [*Format]:
        format = Format(file.suffix[1:])  # noqa: A001
    with Session(settings(), limit_seconds=seconds, limit_memory=memory) as session:
        if statement is not None:
            print_rows(session.ask(statement), format, file)
            return
        shell = Shell(session, format, file)
        if sys.stdin.isatty():
            shell.talk(settings().home / "sql_history")
        elif not shell.read(sys.stdin):
            raise typer.Exit(1)
