"""`annolake up`: everything on this machine, until Ctrl-C."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from annolake.airflow.environment import USER
from annolake.config import Settings
from annolake.processes.accounts import portal_accounts, with_accounts
from annolake.processes.lock import hold
from annolake.processes.parts import airflow_part, dashboards_part, service_part
from annolake.processes.stack import Part, Stack

ORGANISATION = "your organisation's accounts"
DOORS = {"local": "no sign-in", "off": "no sign-in here: a proxy's matter", "oidc": ORGANISATION}


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
            console.print(addresses(settings), end="", soft_wrap=True)
            console.print("Ctrl-C stops all of them.", style="dim")
            stack.wait()
        except KeyboardInterrupt:
            console.print("\nStopping ...")
        finally:
            stack.stop()
        console.print("Everything is stopped.")


def addresses(settings: Settings) -> Text:
    """Where each part is and how to sign in; one line each, however narrow the terminal."""
    people = ", ".join(f"{name} / {password}" for name, password in portal_accounts(settings).items())
    rows = [
        ("Portal", f"{settings.portal_url}/portal/", people if settings.portal_local_accounts else ORGANISATION),
        ("Airflow", settings.airflow_url, f"{USER} / {settings.airflow_password}"),
        ("Dashboards", settings.dashboards_url_public or settings.dashboards_url, DOORS[settings.dashboards_sign_in]),
        ("Ground Truth, S3", settings.service_url, f"keys in {settings.home.name}/secrets.toml"),
    ]
    return Text.assemble(*(part for row in rows for part in _line(*row)), no_wrap=True, overflow="ignore")


def _line(what: str, where: str, sign_in: str) -> list[tuple[str, str]]:
    return [(f"{what:18}", "bold"), (f"{where:33}", ""), (f"{sign_in}\n", "dim")]


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
