"""`annolake up`: everything on this machine, until Ctrl-C."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from annolake.airflow.environment import USER
from annolake.config import Settings
from annolake.processes.accounts import portal_accounts, with_accounts
from annolake.processes.lock import hold
from annolake.processes.parts import airflow_part, dashboards_part, service_part
from annolake.processes.stack import Part, Stack


def up(settings: Settings, console: Console) -> None:
    """Start service, Airflow and dashboards, print where they are, stop all of them on Ctrl-C or TERM.

    Raises `ProcessError` where a port is taken, another run holds the state folder, or a part ends by itself.
    """
    settings = with_accounts(settings)
    parts = (service_part(settings), airflow_part(settings), dashboards_part(settings))
    with interruptible(), hold(settings.home, "annolake up") as holder:
        stack = Stack(parts, mark=holder.mark, logs=settings.home / "logs", on_ready=reporter(console))
        try:
            with console.status("Starting ...") as status:
                stack.start()
                stack.wait_ready(on_progress=lambda text: status.update(escape(text)))
            console.print(addresses(settings))
            console.print("Ctrl-C stops all of them.", style="dim")
            stack.wait()
        except KeyboardInterrupt:
            console.print("\nStopping ...")
        finally:
            stack.stop()
        console.print("Everything is stopped.")


def addresses(settings: Settings) -> Table:
    """Where each part is and how to sign in."""
    table = Table("what", "where", "sign in", box=None, header_style="bold", pad_edge=False)
    people = ", ".join(f"{name} / {password}" for name, password in portal_accounts(settings).items())
    table.add_row("Portal for annotators", f"{settings.service_url}/portal/", escape(people))
    table.add_row("Airflow", settings.airflow_url, escape(f"{USER} / {settings.airflow_password}"))
    table.add_row("Dashboards", settings.dashboards_url, "[dim]none needed[/]")
    table.add_row("Ground Truth API and S3", settings.service_url, "[dim]keys: annolake config show[/]")
    return table


def reporter(console: Console) -> Callable[[Part, float], None]:
    """A function that prints each part as it becomes ready."""

    def report(part: Part, seconds: float) -> None:
        console.print(f"[green]✓[/] {part.title} [dim]{part.url} ({seconds:.1f} s)[/]")

    return report


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Let TERM and a closed terminal end the block as Ctrl-C does."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
