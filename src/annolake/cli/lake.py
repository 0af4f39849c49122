"""Commands about tables and releases."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from annolake.cli.app import KEEP, app, out, settings
from annolake.cli.rows import Format, print_rows
from annolake.spans import read_span

lake_app = typer.Typer(help="Tables and releases.", no_args_is_help=True)
release_app = typer.Typer(help="What readers see.", no_args_is_help=True)
app.add_typer(lake_app, name="lake", rich_help_panel=KEEP)
lake_app.add_typer(release_app, name="release")

Output = Annotated[Format, typer.Option("--output", "-o", help="table, csv or json.")]
Grace = Annotated[str, typer.Option(help="Files that nothing refers to stay this long, for running landings.")]


@lake_app.command("status")
def lake_status(
    orphans: Annotated[bool, typer.Option("--orphans", help="Count files that nothing refers to: lists all.")] = False,
    grace: Grace = "72h",
    output: Output = Format.table,
) -> None:
    """Show rows, files, snapshots and the last commit of each table."""
    from annolake.lake.history import status

    _print([asdict(s) for s in status(settings(), grace=read_span(grace) if orphans else None)], output)


@lake_app.command("history")
def lake_history(
    table: Annotated[str, typer.Argument(help="Such as silver.segment.", show_default=False)],
    limit: Annotated[int, typer.Option(help="Most commits to show.")] = 50,
    output: Output = Format.table,
) -> None:
    """Show the commits of a table: who wrote when, and what it changed."""
    from annolake.lake.history import history

    _print([asdict(c) for c in history(settings(), table, limit)], output)


@lake_app.command("maintain")
def lake_maintain(  # noqa: PLR0917 - options of a command
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done; change nothing.")] = False,
    table: Annotated[list[str] | None, typer.Option(help="Only this table; may be given again.")] = None,
    older_than: Annotated[str, typer.Option(help="Releases stay that were the newest less than this ago.")] = "7d",
    grace: Grace = "72h",
    keep: Annotated[int, typer.Option(min=1, help="The last releases stay, this many.")] = 10,
    output: Output = Format.table,
) -> None:
    """Put small files together, expire snapshots, remove files that nothing refers to.

    Safe beside running landings, builds and readers, and to run again after it was killed.
    """
    from annolake.lake.maintain import maintain

    done = maintain(
        settings(), table or (), older_than=read_span(older_than), grace=read_span(grace), keep=keep, is_dry_run=dry_run
    )
    rows = [asdict(m) for m in done]
    if output is Format.json:
        return _print(rows, output)
    said = [row for row in rows if row["n_files_before"] or row["n_snapshots"] or row["n_orphans"]]
    _print([{k: v for k, v in row.items() if k != "orphans"} for row in said], output, "Nothing to do.")
    if dry_run and output is Format.table:
        for row in said:
            for path in row["orphans"]:
                out.print(escape(f"would remove {path}"), style="dim")
    return None


@lake_app.command("rollback")
@release_app.command("rollback")
def release_rollback(release_id: Annotated[int, typer.Argument(help="Release to show again.")]) -> None:
    """Publish an earlier release anew, as the latest; jobs that changed since stay so until `release resume`."""
    from annolake.lake.release import rollback

    release = rollback(settings(), release_id)
    out.print(f"Release {release.release_id} shows release {release_id} again.")
    _tell_withdrawn(release.withdrawn)


@release_app.command("list")
def release_list() -> None:
    """List the releases, newest first."""
    from annolake.lake.release import releases, withdrawn_jobs

    found = releases(settings())
    if not found:
        out.print("Nothing was released yet. Land a finished job: annolake land JOB")
        return
    table = Table("release", "made", "tables", "jobs", "state", header_style="bold")
    for r in found:
        table.add_row(
            str(r.release_id),
            f"{r.released_at:%Y-%m-%d %H:%M:%S}",
            str(len(r.snapshots)),
            escape(", ".join(r.jobs)),
            r.state,
        )
    out.print(table)
    _tell_withdrawn(withdrawn_jobs(settings()))


@release_app.command("hold")
def release_hold(release_id: Annotated[int, typer.Argument(help="Release to hide from readers.")]) -> None:
    """Hide a release: readers see the newest one that is not held, and its jobs stay so until `release resume`."""
    from annolake.lake.release import hold, withdrawn_jobs

    out.print(f"Readers now see release {hold(settings(), release_id).release_id}.")
    _tell_withdrawn(withdrawn_jobs(settings()))


@release_app.command("resume")
def release_resume(
    job: Annotated[list[str], typer.Argument(help="Jobs that a hold or a rollback withdrew.", show_default=False)],
) -> None:
    """Show withdrawn jobs again, as the tables hold them now."""
    from annolake.lake.release import resume

    out.print(f"Release {resume(settings(), job).release_id} shows {escape(', '.join(job))}.")


def _tell_withdrawn(jobs: Iterable[str]) -> None:
    if named := ", ".join(jobs):
        out.print(f"Withdrawn, until `annolake lake release resume JOB`: {escape(named)}")


def _print(rows: Iterable[dict[str, Any]], output: Format, nothing: str = "Nothing is there yet.") -> None:
    import pyarrow as pa

    rows = list(rows)
    if rows or output is not Format.table:
        print_rows(pa.Table.from_pylist(rows), output)
    else:
        out.print(nothing)
