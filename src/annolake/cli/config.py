"""Commands about settings."""

from __future__ import annotations

import typer
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from annolake.cli.app import KEEP, app, out, settings

config_app = typer.Typer(help="Settings and where each came from.", no_args_is_help=True)
app.add_typer(config_app, name="config", rich_help_panel=KEEP)


@config_app.command("show")
def config_show() -> None:
    """Print every setting, its value and where it came from; secrets are masked."""
    table = Table("setting", "value", "from", "meaning", header_style="bold", box=SIMPLE_HEAD)
    for name, value, origin, meaning in settings().explain():
        table.add_row(name, escape(value) or "[dim]-[/]", origin, meaning)
    out.print(table)
