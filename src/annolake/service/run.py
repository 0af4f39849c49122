"""Run the service: `serve` until a signal comes, `running` beside a test, a demo or a notebook."""

from __future__ import annotations

import fcntl
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from annolake.config import Settings
from annolake.errors import ProcessError

PATIENCE_SECONDS = 30.0


SWITCH_SECONDS = 0.0005
"""How long the engine's thread may keep an annotator's request from going on, each time that it asks; Python's own 5 ms
add up to seconds over the statements of a request."""


def serve(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM; open requests get three seconds."""
    sys.setswitchinterval(SWITCH_SECONDS)
    with _listening(settings) as (server, listener):
        server.run(sockets=[listener])


@contextmanager
def running(settings: Settings) -> Iterator[str]:
    """The service in a thread of this process; gives its URL."""
    with _listening(settings) as (server, listener):
        thread = threading.Thread(target=server.run, args=([listener],), name="labeling-service", daemon=True)
        thread.start()
        try:
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not server.started:
                if not thread.is_alive() or time.monotonic() > deadline:
                    raise ProcessError("The labeling service did not start; its log says why.")
                time.sleep(0.01)
            yield settings.service_url
        finally:
            server.should_exit = True
            thread.join(timeout=PATIENCE_SECONDS)


@contextmanager
def _listening(settings: Settings) -> Iterator[tuple[uvicorn.Server, socket.socket]]:
    from annolake.service.app import create_app

    with _only_one(settings.home / "service" / "service.lock"), _listener(settings) as listener:
        config = uvicorn.Config(
            create_app(settings),
            access_log=False,
            log_config=None,
            lifespan="on",
            timeout_graceful_shutdown=3,
            server_header=False,
            proxy_headers=False,
        )
        yield uvicorn.Server(config), listener


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """Two engines on one store would write the same files at the same time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            raise ProcessError(
                f"A labeling service (process {file.read().strip() or '?'}) already serves {path.parent.parent}.",
                hint="Stop it first, or set another home: ANNOLAKE_HOME=/other/folder",
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


@contextmanager
def _listener(settings: Settings) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.service_port))
        except OSError as error:
            raise ProcessError(
                f"The labeling service cannot listen on {settings.host}:{settings.service_port}: {error.strerror}.",
                hint="Take another port: ANNOLAKE_SERVICE_PORT=8801",
            ) from None
        yield listener


if __name__ == "__main__":
    import logging

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    serve(Settings.load())
