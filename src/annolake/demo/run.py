"""`annolake demo`: the main job once, through every real part, from media to a release and what it says.

Nothing is shortened for it: the DAGs are triggered over Airflow's REST API, the annotators answer over the portal's
HTTP API, and what is printed comes from the release, as any reader would see it.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from annolake.airflow.client import AirflowClient
from annolake.config import Settings
from annolake.demo.watch import Watch
from annolake.errors import ConfigError
from annolake.processes.accounts import with_accounts
from annolake.processes.lock import hold
from annolake.processes.parts import airflow_part, service_part
from annolake.processes.stack import Part, Stack
from annolake.processes.up import interruptible

NEXT = """
[bold]Next[/]
  {annolake} up                  portal, Airflow and dashboards; Ctrl-C stops them
  {annolake} quarantine list     what the quality gate kept out
  {annolake} sql "select * from gold.agreement_job"
  {annolake} sql "select worker_id, offset_s from gold.worker_quality where layer = 'speaker'"
  make demo MEDIA=/path/to/media   the same path on your own files
"""


def run_demo(
    settings: Settings,
    *,
    seed: int = 1,
    media: Path | None = None,
    console: Console | None = None,
    dialogues: int = 12,
    clips: int = 8,
) -> None:
    """Run the main job on sample media of a seed, or take up your own `media` and leave it to people.

    Raises an `AnnolakeError` where anything fails; every process is stopped before it does.
    """
    console = console or Console()
    if media is not None:
        from annolake.demo.own_media import run_own_media

        run_own_media(settings, media, console)
        return
    from annolake.demo.clips import CLASSES

    began = time.monotonic()
    settings = demo_settings(with_accounts(settings), tuple(CLASSES))
    with demo_stack(settings, console, (service_part(settings), airflow_part(settings))) as stack:
        _run(settings, stack, console, seed=seed, dialogues=dialogues, clips=clips)
    console.print(f"\nEverything is stopped. The demo took {time.monotonic() - began:.0f} s.", highlight=False)
    console.print(NEXT.format(annolake=command()), highlight=False, soft_wrap=True, end="")


def command() -> str:
    """How to call `annolake` from here: by name where it is on the path, else where it is installed."""
    if shutil.which("annolake"):
        return "annolake"
    here = Path(sys.executable).with_name("annolake")
    return str(here.relative_to(Path.cwd()) if here.is_relative_to(Path.cwd()) else here)


def demo_settings(settings: Settings, classes: tuple[str, ...]) -> Settings:
    """The settings with the sample clips' classes as labels, unless a plan of one's own is set."""
    if settings.labeling_plan:
        raise ConfigError(
            f"The sample clips have classes of their own; the plan {settings.labeling_plan} does not ask for them.",
            hint="Unset labeling_plan for the demo, or show it your own media: annolake demo --media FOLDER",
        )
    import json

    plan = settings.home / "demo" / "plan.toml"
    plan.parent.mkdir(parents=True, exist_ok=True)
    plan.write_text(f"[video_classification]\nlabels = {{ class = {json.dumps(classes)} }}\n")
    # the demo looks often: it waits for programs, not for people
    return settings.model_copy(update={"labeling_plan": str(plan), "airflow_poll_seconds": 2.0})


@contextlib.contextmanager
def demo_stack(settings: Settings, console: Console, parts: tuple[Part, ...]) -> Iterator[Stack]:
    """The started parts, on a state folder that nobody else uses; all of them end with the block."""

    def ready(part: Part, seconds: float) -> None:
        console.print(f"[green]✓[/] {part.title} is up [dim]({seconds:.1f} s)[/]", highlight=False)

    with interruptible(), hold(settings.home, "annolake demo") as holder:
        stack = Stack(parts, mark=holder.mark, logs=settings.home / "logs", on_ready=ready)
        with stack:
            stack.start()
            try:
                yield stack
            except KeyboardInterrupt:
                console.print("\nStopping ...")
                raise


class Phases:
    """Prints each phase with its time as it ends, and meanwhile what it is doing."""

    def __init__(self, console: Console) -> None:
        self.console = console

    @contextlib.contextmanager
    def __call__(self, doing: str) -> Iterator[Callable[[str], None]]:
        began = time.monotonic()
        done = [doing]
        with self.console.status(escape(doing)) as status:

            def say(text: str) -> None:
                done[0] = text
                status.update(escape(text))

            yield say
        seconds = time.monotonic() - began
        self.console.print(f"[green]✓[/] {escape(done[0])} [dim]({seconds:.1f} s)[/]", highlight=False)


def _run(settings: Settings, stack: Stack, console: Console, *, seed: int, dialogues: int, clips: int) -> None:
    from annolake.demo.annotators import make_crew, work_jobs
    from annolake.demo.report import print_report
    from annolake.demo.samples import make_samples

    phase = Phases(console)
    folder = settings.home / "demo" / "media"
    with phase("Making sample media") as say:  # while the processes start
        truth = make_samples(folder, seed, dialogues, clips, on_progress=lambda text: say(f"Sample media: {text}"))
        say(f"Sample media: {len(truth.dialogues)} dialogues and {len(truth.clips)} clips, seed {seed}")
    assets = [item.asset_id for item in truth.items]
    with AirflowClient(settings) as airflow:
        watch = Watch(settings, stack, airflow)
        with phase("Waiting for Airflow") as say:
            stack.wait_ready(on_progress=say)
            watch.until("Airflow has read the DAGs", watch.dags, say=say)
        with phase("DAG ingest_media: probing and registering") as say:
            before = watch.batches_of(assets)
            counts = watch.ingest(str(folder))
            say(f"DAG ingest_media: {counts['registered']} files registered, {counts['known']} known before")
        with phase("DAG label_batch: creating the labeling jobs") as say:
            if before:  # the same seed again: nothing is unlabeled, so these files are asked for by name
                airflow.trigger("label_batch", {"batch": f"demo-{seed}-{secrets.token_hex(3)}", "assets": assets})
            jobs = watch.until("Waiting for the labeling jobs", watch.jobs_of(assets, but=before))
            say(f"DAG label_batch: created {' and '.join(jobs)}")
        with phase("Annotators at work over the portal's API") as say:
            crew = make_crew(settings, seed)
            n_answers = work_jobs(settings, truth, crew, jobs, on_progress=say, check=stack.check)
            say(f"{len(crew)} simulated annotators gave {n_answers} answers over the portal's API")
        with phase("Landing, checks, gold, release") as say:
            release = watch.until("Landing, checks, gold, release", watch.release_of(jobs))
            say(f"Landed, checked, built and released as release {release}")
    print_report(settings, jobs, crew, console)
