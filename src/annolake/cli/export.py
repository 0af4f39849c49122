"""Commands that take data out of the lake."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from annolake.cli.app import LOOK, app, out, settings

export = typer.Typer(name="export", help="Take data out of the lake.", no_args_is_help=True)
app.add_typer(export, rich_help_panel=LOOK)

Method = Annotated[str, typer.Option(help="Consensus of labels: majority, one_coin or ground_truth.")]
Release = Annotated[int | None, typer.Option("--release", help="Release to read.", show_default="the latest")]


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


@export.command("training")
def export_training(  # noqa: PLR0917 - options of a command
    jobs: Annotated[list[str], typer.Argument(metavar="JOB...", help="Labeling jobs.", show_default=False)],
    folder: Annotated[Path, typer.Option("--out", help="New folder.", show_default=False)],
    split: Annotated[str, typer.Option(help="Shares of train, validation and test.")] = "1",
    seed: Annotated[int, typer.Option(help="Another seed makes another split.")] = 0,
    method: Method = "majority",
    release: Release = None,
) -> None:
    """Write Parquet for training, one row an object with its consensus, and a card.

    The split goes by the media's content: copies of one file, and its objects in several jobs, stay together. The same
    release gives the same files.
    """
    from annolake.export.training import export_training as run

    data = run(settings(), jobs, folder, shares=_shares(split), seed=seed, method=method, release_id=release)
    parts = ", ".join(f"{name} {rows.num_rows}" for name, rows in data.parts.items())
    out.print(escape(f"{folder}: {parts} objects of release {data.release_id}."))


@export.command("manifest")
def export_manifest(
    job: Annotated[str, typer.Argument(help="Labeling job.", show_default=False)],
    file: Annotated[Path, typer.Option("--out", help="File to write.", show_default=False)],
    method: Method = "majority",
    release: Release = None,
) -> None:
    """Write Ground Truth's augmented manifest of a job with what its annotators agreed on."""
    from annolake.export.manifest import export_manifest as run

    done = run(settings(), job, file, method=method, release_id=release)
    out.print(escape(f"{file}: {done.n_lines} lines, {done.n_labeled} labeled, {done.n_failed} failed."))


def _shares(text: str) -> list[float]:
    try:
        return [float(share) for share in text.split(",")]
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no list of shares; write it as 0.8,0.1,0.1") from None
