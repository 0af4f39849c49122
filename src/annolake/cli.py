"""The command `annolake`: each command parses, calls one library function and prints.

Exit codes: 0 done, 1 something failed (the message says what, where and what to do), 2 wrong use.
"""

from __future__ import annotations

import json
import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from annolake import __version__
from annolake.config import Settings
from annolake.errors import AnnolakeError

if TYPE_CHECKING:
    import pyarrow as pa

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
config_app = typer.Typer(help="Settings and where each came from.", no_args_is_help=True)
lake_app = typer.Typer(help="Tables and releases.", no_args_is_help=True)
release_app = typer.Typer(help="What readers see.", no_args_is_help=True)
gold_app = typer.Typer(help="Files whose truth is known, to score annotators.", no_args_is_help=True)
quarantine_app = typer.Typer(help="Rows that the quality gate kept out.", no_args_is_help=True)
app.add_typer(lake_app, name="lake", rich_help_panel=KEEP)
app.add_typer(gold_app, name="gold", rich_help_panel=DATA)
app.add_typer(quarantine_app, name="quarantine", rich_help_panel=LOOK)
app.add_typer(config_app, name="config", rich_help_panel=KEEP)
lake_app.add_typer(release_app, name="release")

PIPED_WIDTH = 110
out = Console(width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else PIPED_WIDTH)
err = Console(stderr=True)


class Format(StrEnum):
    """How `annolake sql` prints."""

    table = "table"
    csv = "csv"
    json = "json"


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


# -- start --------------------------------------------------------------------------------------------------------


@app.command(rich_help_panel=START)
def demo(
    seed: Annotated[int, typer.Option(help="Another seed makes other sample media and other annotators.")] = 1,
    media: Annotated[Path | None, typer.Option(help="Your own folder of audio and video instead of samples.")] = None,
) -> None:
    """Run the main job once, through every real part, and print what came out.

    Sample dialogues and clips are made, registered, labeled by simulated annotators through the portal's API, landed,
    checked, measured and released. With --media your own files are registered and wait for people in the portal.
    """
    from annolake.demo.run import run_demo

    run_demo(settings(), seed=seed, media=media, console=out)


@app.command(rich_help_panel=START)
def up() -> None:
    """Start the labeling service, Airflow and the dashboards; Ctrl-C stops all of them."""
    from annolake.processes.up import up as run

    run(settings(), out)


@app.command(rich_help_panel=START)
def serve() -> None:
    """Run the labeling service alone, in the foreground."""
    from annolake.service.run import serve as run

    run(settings())


# -- bring data in ------------------------------------------------------------------------------------------------


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

    table = Table("file", "layer", "truth", "jobs", header_style="bold")
    for row in list_gold(settings()):
        truth = row["label"] if row["label"] is not None else f"{row['n_segments']} segments"
        table.add_row(escape(row["asset"]), escape(row["layer"]), escape(truth), str(row["n_jobs"]))
    out.print(table)


# -- look at it ---------------------------------------------------------------------------------------------------


@app.command(rich_help_panel=LOOK)
def sql(
    statement: Annotated[
        str, typer.Argument(help="One SELECT over gold, silver, bronze and meta.", show_default=False)
    ],
    format: Annotated[Format, typer.Option("--format", "-f", help="table, csv or json.")] = Format.table,  # noqa: A002
    seconds: Annotated[float, typer.Option(help="Time limit.")] = 60.0,
    memory: Annotated[str, typer.Option(help="Memory limit.")] = "2GB",
) -> None:
    """Ask the lake; answers come from the latest release, read-only.

    Examples: annolake sql "select worker_id, offset_s from gold.worker_quality"; annolake sql "show tables".
    """
    from annolake.lake.sql import query

    table = query(settings(), statement, limit_seconds=seconds, limit_memory=memory)
    _print_rows(table, format)


def _print_rows(table: pa.Table, how: Format) -> None:
    if how is Format.table:
        rows = [[_cell(v) for v in row.values()] for row in table.slice(0, MOST_ROWS).to_pylist()]
        if not rows:
            out.print(f"No rows; the columns are {', '.join(table.column_names)}.")
            return
        out.print(_rows_table(table, rows) or _records_table(table, rows))
        rest = f", the first {MOST_ROWS} shown; --format csv gives all" if table.num_rows > MOST_ROWS else ""
        out.print(f"{table.num_rows:,} row{'s' * (table.num_rows != 1)}{rest}", style="dim")
    elif how is Format.csv:
        import csv

        writer = csv.writer(sys.stdout)
        writer.writerow(table.column_names)
        for batch in table.to_batches():
            writer.writerows(zip(*(batch.column(i).to_pylist() for i in range(batch.num_columns)), strict=True))
    else:
        json.dump(table.to_pylist(), sys.stdout, default=str, ensure_ascii=False, indent=1)
        sys.stdout.write("\n")


def _rows_table(table: pa.Table, rows: list[list[str]]) -> Table | None:
    """A row a line; None where that does not fit the width."""
    from pyarrow import types

    shown = Table(header_style="bold", box=SIMPLE_HEAD)
    for field in table.schema:
        number = types.is_integer(field.type) or types.is_floating(field.type)
        shown.add_column(field.name, justify="right" if number else "left", overflow="fold")
    for row in rows:
        shown.add_row(*row)
    needed = out.measure(shown, options=out.options.update(width=ANY_WIDTH)).maximum
    return shown if len(table.schema) == 1 or needed <= out.width else None


def _records_table(table: pa.Table, rows: list[list[str]]) -> Table:
    """A value a line, rows apart: nothing is cut, however wide."""
    shown = Table("column", "value", header_style="bold", box=SIMPLE_HEAD)
    shown.columns[1].overflow = "fold"
    for row in rows:
        for name, value in zip(table.column_names, row, strict=True):
            shown.add_row(name, value)
        shown.add_section()
    return shown


MOST_ROWS = 200
ANY_WIDTH = 10_000


def _cell(value: object) -> str:
    if value is None:
        return "[dim]NULL[/]"
    return f"{value:.4g}" if isinstance(value, float) else escape(str(value))


@app.command(rich_help_panel=LOOK)
def score(
    job: Annotated[list[str] | None, typer.Argument(help="Labeling jobs; all that are released if none.")] = None,
    segments: Annotated[
        Path | None,
        typer.Option(help="Files outside of the lake: a folder of <item>/<annotator>.txt, SALAMI's, or RTTM."),
    ] = None,
) -> None:
    """Measure agreement and annotators anew, and print them with intervals and chance floors.

    With --segments no lake is needed: two or more annotators' files are read and measured by the same code.
    """
    from annolake.score import print_score, score_files, score_jobs

    with out.status("Measuring ..."):
        tables = score_files(segments) if segments else score_jobs(settings(), job or [])
    print_score(tables, out)


@app.command(rich_help_panel=LOOK)
def jobs() -> None:
    """List the labeling jobs with their state and counters."""
    from annolake.labeling.jobs import list_jobs

    table = Table("job", "status", "labeled", "failed", "open", header_style="bold")
    for job in list_jobs(settings()):
        table.add_row(escape(job.job_name), job.status, str(job.n_labeled), str(job.n_failed), str(job.n_unlabeled))
    out.print(table)


@quarantine_app.command("list")
def quarantine_list() -> None:
    """Count the rows that the quality gate kept out, by table and rule."""
    _ask(
        "select job_name, table_name, rule, count(*) as n_rows, any_value(reason) as for_example"
        " from silver.quarantine group by all order by n_rows desc, job_name, rule"
    )


@quarantine_app.command("show")
def quarantine_show(rule: Annotated[str, typer.Argument(help="Name of the rule.", show_default=False)]) -> None:
    """Show the rows that broke one rule."""
    quoted = rule.replace("'", "''")
    _ask(f"select job_name, object_id, worker_id, reason, row from silver.quarantine where rule = '{quoted}'")  # noqa: S608


def _ask(statement: str) -> None:
    from annolake.lake.sql import query

    _print_rows(query(settings(), statement), Format.table)


# -- keep it running ----------------------------------------------------------------------------------------------


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


@config_app.command("show")
def config_show() -> None:
    """Print every setting, its value and where it came from; secrets are masked."""
    table = Table("setting", "value", "from", "meaning", header_style="bold", box=SIMPLE_HEAD)
    for name, value, origin, meaning in settings().explain():
        table.add_row(name, escape(value) or "[dim]-[/]", origin, meaning)
    out.print(table)


# -- edges --------------------------------------------------------------------------------------------------------


def main() -> None:
    """Entry point: errors that we raise on purpose are told in words, everything else is a bug and shows its trace."""
    try:
        app()
    except AnnolakeError as error:
        err.print(f"[bold red]{type(error).__name__}:[/] {escape(error.message)}")
        if error.hint:
            err.print(escape(error.hint))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)


def cli_page() -> str:
    """Text of docs/cli.md: every command's help."""
    parts = ["# Commands\n\nWritten by `make docs` from the commands themselves.\n"]
    _describe(typer.main.get_command(app), ["annolake"], parts)
    return "\n".join(parts)


def _describe(command: Any, path: list[str], parts: list[str]) -> None:
    subcommands = getattr(command, "commands", None)
    if subcommands is None or len(path) == 1:
        parts.append(f"## `{' '.join(path)}`\n\n{(command.help or '').strip()}\n")
        rows = [_parameter(p) for p in command.params if p.name not in {"help"}]
        if rows:
            parts.append("| option | meaning | default |\n|---|---|---|\n" + "\n".join(rows) + "\n")
    for name, sub in sorted((subcommands or {}).items()):
        _describe(sub, [*path, name], parts)


def _parameter(parameter: Any) -> str:
    names = ", ".join(parameter.opts) if parameter.param_type_name == "option" else parameter.name
    shown = parameter.default if parameter.default not in (None, False) else ""
    default = getattr(parameter, "show_default", None)
    shown = default if isinstance(default, str) else getattr(shown, "value", shown)
    return f"| `{names}` | {parameter.help or ''} | {shown or ''} |"
