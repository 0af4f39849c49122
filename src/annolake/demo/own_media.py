"""`annolake demo --media FOLDER`: the demo's path on files that nobody prepared; their labels come from people."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from annolake.airflow.client import AirflowClient
from annolake.config import Settings
from annolake.demo.watch import Watch
from annolake.labeling.jobs import JobState, list_jobs
from annolake.labeling.plan import TASK_TYPES
from annolake.processes.accounts import with_accounts
from annolake.processes.parts import airflow_part, dashboards_part, service_part
from annolake.processes.up import addresses

MOST_REASONS = 100


def run_own_media(settings: Settings, media: Path, console: Console) -> None:
    """Register a folder by the DAG, tell what became of each file, and show the jobs that wait for people.

    On a terminal everything stays up until Ctrl-C; otherwise it stops, and `annolake up` goes on from there.
    """
    from annolake.demo.run import Phases, demo_stack
    from annolake.media.sources import open_source

    folder = str(media.expanduser().absolute())
    source = open_source(settings, folder)
    source.candidates()  # a missing, empty or unreadable folder is told before anything starts
    settings = with_accounts(settings)
    stays = console.is_terminal
    parts = (service_part(settings), airflow_part(settings), *((dashboards_part(settings),) if stays else ()))
    phase = Phases(console)
    with demo_stack(settings, console, parts) as stack:
        with AirflowClient(settings) as airflow:
            watch = Watch(settings, stack, airflow)
            with phase("Waiting for Airflow") as say:
                stack.wait_ready(on_progress=say)
                watch.until("Airflow has read the DAGs", watch.dags, say=say)
            with phase("DAG ingest_media: probing and registering") as say:
                counts = watch.ingest(folder)
                told = f"{counts['registered']} registered, {counts['known']} known before, {counts['refused']} refused"
                say(f"DAG ingest_media: {told}")
            assets = print_files(settings, source.prefix, console)
            with phase("DAG label_batch: creating the labeling jobs") as say:
                if assets:
                    watch.until("Waiting for the labeling jobs", watch.jobs_of(assets))
                waiting = watch.until("Waiting for the tasks", lambda: _open_jobs(settings))
                say(f"{len(waiting)} labeling job{'s wait' if len(waiting) != 1 else ' waits'} for people")
        _print_waiting(waiting, console)
        if stays:
            console.print(addresses(settings), end="", soft_wrap=True)
            console.print("Ctrl-C stops everything; annolake up goes on from there.", style="dim")
            with contextlib.suppress(KeyboardInterrupt):
                stack.wait()
            console.print("\nStopping ...")
    if not stays:
        console.print("Everything is stopped. To label them, start it again and sign in at the portal: annolake up")


def _open_jobs(settings: Settings) -> list[JobState] | None:
    """Jobs that people can work at; None while the service has not read a manifest yet."""
    waiting = [job for job in list_jobs(settings) if not job.is_ended]
    return waiting if all(job.n_objects for job in waiting) else None


def print_files(settings: Settings, prefix: str, console: Console) -> list[str]:
    """Print what is registered of a source and what was refused and why; gives the files that can be labeled."""
    from pyiceberg.expressions import StartsWith

    from annolake.lake.catalog import open_lake

    with open_lake(settings) as lake:
        of_source = StartsWith("source_uri", prefix)
        objects = lake.scan("bronze.media_object", columns=["asset_id"], where=of_source)
        ids = {asset for asset in objects["asset_id"].to_pylist() if asset}
        assets = [a for a in lake.scan("silver.asset").to_pylist() if a["asset_id"] in ids]
        outcomes = lake.scan("bronze.landing_outcome", where=of_source).to_pylist()
    if assets:
        console.print(_registered(assets))
    newest = {o["source_uri"]: o for o in sorted(outcomes, key=lambda o: o["landed_at"])}
    if refused := [o for o in newest.values() if not o["is_ok"]]:
        console.print(_refused(refused, prefix))
    return [a["asset_id"] for a in assets if a["media_type"] in TASK_TYPES]


def _registered(assets: Sequence[dict[str, Any]]) -> Table:
    table = Table(title="\nRegistered", title_justify="left", title_style="bold", box=None, header_style="dim")
    for name in ("file", "type", "seconds", "sound", "picture"):
        table.add_column(name, justify="right" if name == "seconds" else "left")
    for a in sorted(assets, key=lambda a: a["name"])[:MOST_REASONS]:
        sound = f"{a['audio_codec']} {a['sample_rate_hz'] / 1000:g} kHz, {a['channels']} ch" if a["audio_codec"] else ""
        picture = f"{a['video_codec']} {a['width_px']} x {a['height_px']}" if a["video_codec"] else ""
        table.add_row(escape(a["name"]), a["media_type"], f"{a['duration_s']:.1f}", sound, picture)
    return table


def _refused(outcomes: Sequence[dict[str, Any]], prefix: str) -> Table:
    table = Table("file", "why", title="\nRefused", title_justify="left", title_style="bold", box=None)
    table.header_style = "dim"
    for outcome in sorted(outcomes, key=lambda o: o["source_uri"])[:MOST_REASONS]:
        name = outcome["source_uri"].removeprefix(prefix).lstrip("/") or outcome["source_uri"].rsplit("/", 1)[-1]
        table.add_row(escape(name), escape(outcome["reason"] or outcome["reason_code"] or ""))
    return table


def _print_waiting(jobs: Sequence[JobState], console: Console) -> None:
    if not jobs:
        console.print("\nNo labeling job is open: everything of this folder is labeled.")
        return
    table = Table(title="\nWaiting for people", title_justify="left", title_style="bold", box=None, header_style="dim")
    for name in ("job", "labeled", "open"):
        table.add_column(name, justify="left" if name == "job" else "right")
    for job in jobs:
        table.add_row(escape(job.job_name), str(job.n_labeled), str(job.n_unlabeled))
    console.print(table)
