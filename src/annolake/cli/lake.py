"""Commands about tables and releases."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from annolake.cli.app import KEEP, app, out, settings

lake_app = typer.Typer(help="Tables and releases.", no_args_is_help=True)
release_app = typer.Typer(help="What readers see.", no_args_is_help=True)
app.add_typer(lake_app, name="lake", rich_help_panel=KEEP)
lake_app.add_typer(release_app, name="release")


@release_app.command("list")
def release_list() -> None:
    """List the releases, newest first."""
    from annolake.lake.release import releases

    table = Table("release", "made", "tables", "jobs", "state", header_style="bold")
    for r in releases(settings()):
        table.add_row(
            str(r.release_id),
            f"{r.released_at:%Y-%m-%d %H:%M:%S}",
            str(len(r.snapshots)),
            escape(", ".join(r.jobs)),
            r.state,
        )
    out.print(table)


@release_app.command("hold")
def release_hold(release_id: Annotated[int, typer.Argument(help="Release to hide from readers.")]) -> None:
    """Hide a release: readers see the newest one that is not held."""
    from annolake.lake.release import hold

    out.print(f"Readers now see release {hold(settings(), release_id).release_id}.")


@release_app.command("rollback")
def release_rollback(release_id: Annotated[int, typer.Argument(help="Release to show again.")]) -> None:
    """Publish an earlier release anew, as the latest."""
    from annolake.lake.release import rollback

    out.print(f"Release {rollback(settings(), release_id).release_id} shows release {release_id} again.")
