"""Commands that start things."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from annolake.cli.app import START, app, out, settings


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
