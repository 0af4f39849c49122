"""Whether the ports are free, before anything starts."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable
from dataclasses import dataclass

from annolake.errors import ProcessError


@dataclass(frozen=True, slots=True)
class Port:
    """A port that a part listens on and the setting that moves it."""

    host: str
    number: int
    title: str
    setting: str


def require_free(ports: Iterable[Port]) -> None:
    """Raise `ProcessError` naming every taken port and how to change it."""
    problems = [problem for port in ports if (problem := _problem(port))]
    if problems:
        raise ProcessError("\n".join(problems), hint="Each setting is also a flag; annolake config show lists them.")


def _problem(port: Port) -> str | None:
    family = socket.AF_INET6 if ":" in port.host else socket.AF_INET
    change = f"set ANNOLAKE_{port.setting.upper()} or --{port.setting.replace('_', '-')}"
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a listener that just ended is no hindrance
        try:
            listener.bind((port.host, port.number))
            listener.listen()
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return f"port {port.number} ({port.title}) is taken; {change}"
            return f"port {port.number} ({port.title}) cannot be used on {port.host}: {error.strerror}; {change}"
    return None
