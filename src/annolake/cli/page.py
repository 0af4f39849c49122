"""Text of docs/cli.md: every command's help."""

from __future__ import annotations

from typing import Any

import typer

from annolake.cli import app


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
