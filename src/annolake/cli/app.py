"""The application: its options, which every command's settings take first, and where it prints."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from annolake import __version__
from annolake.config import Settings

START, DATA, LOOK, KEEP = "Start", "Bring data in", "Look at it", "Keep it running"

app = typer.Typer(
    name="annolake",
    help="The open lakehouse for media annotation: media to labels to tables to agreement figures.",
    epilog="First time here? [bold]make demo[/] runs the whole path on sample media, then try "
    '[bold]annolake sql "select * from gold.agreement_job"[/].',
    rich_markup_mode="rich",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

PIPED_WIDTH = 110
out = Console(width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else PIPED_WIDTH)
err = Console(stderr=True)


class Given:
    """Flags of the main command, for every subcommand's settings."""

    flags: dict[str, Any] = {}  # noqa: RUF012 - set once by the callback


def settings() -> Settings:
    """The settings of this invocation: its flags first."""
    return Settings.load(Given.flags)


def _version(wanted: bool) -> None:
    if wanted:
        out.print(f"annolake {__version__}")
        raise typer.Exit


@app.callback()
def common(
    home: Annotated[Path | None, typer.Option(help="Folder of all local state.", show_default=".annolake")] = None,
    service_port: Annotated[int | None, typer.Option(help="Port of the labeling service.", show_default="8701")] = None,
    airflow_port: Annotated[int | None, typer.Option(help="Port of Airflow.", show_default="8702")] = None,
    dashboards_port: Annotated[int | None, typer.Option(help="Port of the dashboards.", show_default="8703")] = None,
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """Options of every command; each is also a setting (`annolake config show`)."""
    Given.flags = {
        "home": home,
        "service_port": service_port,
        "airflow_port": airflow_port,
        "dashboards_port": dashboards_port,
    }
