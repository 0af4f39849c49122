"""The command `annolake`: each command parses, calls one library function and prints.

Exit codes: 0 done, 1 something failed (the message says what, where and what to do), 2 wrong use.
"""

from __future__ import annotations

import sys

from rich.console import Console
from rich.markup import escape

# In the order of --help.
from annolake.cli import start, data, gold, sql, export, look, report, template, quarantine, lake, alerts, config  # isort: skip
from annolake.cli.app import app
from annolake.errors import AnnolakeError

__all__ = [
    "alerts",
    "app",
    "config",
    "data",
    "export",
    "gold",
    "lake",
    "look",
    "main",
    "quarantine",
    "report",
    "sql",
    "start",
    "template",
]

err = Console(stderr=True)


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
