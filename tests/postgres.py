"""A private PostgreSQL for the tests, and fresh databases in it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

NOBODY = 65534


def unavailable(what: str) -> None:
    """Skip on a machine that lacks it, fail in CI, where it must be."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


@contextmanager
def running_postgres(port: int, *, fsync: str = "off") -> Iterator[str]:
    """A private PostgreSQL: its SQLAlchemy URL. As root it runs as nobody, since it refuses root.

    Its folder stands apart from pytest's own, which every new session closes to other users again.
    """
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not binaries:
        unavailable("no PostgreSQL under /usr/lib/postgresql")
    as_user: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    home = Path(tempfile.mkdtemp(prefix="annolake-postgres-"))
    if as_user:
        os.chown(home, NOBODY, NOBODY)
    data = home / "data"
    initdb = [binaries[-1], "-D", data, "-U", "lake", "-A", "trust", "--no-sync"]
    made = subprocess.run(initdb, capture_output=True, text=True, cwd=home, timeout=120, check=False, **as_user)
    assert made.returncode == 0, made.stdout + made.stderr
    options = ["-p", str(port), "-k", str(home), "-c", "listen_addresses=127.0.0.1", "-c", f"fsync={fsync}"]
    with (home / "log").open("w") as log:
        command = [binaries[-1].with_name("postgres"), "-D", data, *options]
        server = subprocess.Popen(command, cwd=home, stdout=log, stderr=log, **as_user)
    url = f"postgresql+psycopg2://lake@127.0.0.1:{port}/postgres"
    try:
        _wait_for(url, server, home / "log")
        yield url
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(60)
        shutil.rmtree(home, ignore_errors=True)


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    engine = sqlalchemy.create_engine(url)
    deadline = time.monotonic() + 60
    while True:
        try:
            with engine.connect():
                break
        except sqlalchemy.exc.OperationalError:
            assert server.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
    engine.dispose()


def new_database(postgres: str) -> str:
    """URL of a fresh database in a running server."""
    name = f"test_{os.urandom(4).hex()}"
    engine = sqlalchemy.create_engine(postgres, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return postgres.rsplit("/", 1)[0] + f"/{name}"
