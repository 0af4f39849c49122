"""A lake in every storage that it promises: SQLite and PostgreSQL catalogs, local and S3 warehouses."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from annolake.config import Settings
from annolake.lake.catalog import Lake, open_lake


def free_port() -> int:
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def unavailable(what: str) -> None:
    """Skip on a machine that lacks it, fail in CI, where it must be."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


NOBODY = 65534


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
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
    data, port = home / "data", free_port()
    initdb = [binaries[-1], "-D", data, "-U", "lake", "-A", "trust", "--no-sync"]
    made = subprocess.run(initdb, capture_output=True, text=True, cwd=home, timeout=120, check=False, **as_user)
    assert made.returncode == 0, made.stdout + made.stderr
    options = ["-p", str(port), "-k", str(home), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
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
    import sqlalchemy

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


@pytest.fixture
def empty_database(postgres: str) -> str:
    """A fresh database in it."""
    import sqlalchemy

    name = f"lake_{os.urandom(4).hex()}"
    engine = sqlalchemy.create_engine(postgres, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return postgres.rsplit("/", 1)[0] + f"/{name}"


@pytest.fixture(scope="session")
def moto_endpoint() -> Iterator[str]:
    """A real S3 over HTTP."""
    import logging

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=free_port(), verbose=False)
    server.start()
    try:
        yield f"http://127.0.0.1:{server.get_host_and_port()[1]}"
    finally:
        server.stop()


@pytest.fixture(params=["sqlite", "postgres"])
def any_settings(request: pytest.FixtureRequest, make_settings: Callable[..., Settings]) -> Settings:
    """Settings of an empty lake on each catalog."""
    if request.param == "postgres":
        return make_settings(catalog_uri=request.getfixturevalue("empty_database"))
    return make_settings()


@pytest.fixture
def any_lake(any_settings: Settings) -> Iterator[Lake]:
    with open_lake(any_settings) as lake:
        yield lake


@pytest.fixture
def lake(settings: Settings) -> Iterator[Lake]:
    with open_lake(settings) as opened:
        yield opened


@pytest.fixture
def s3(moto_endpoint: str):
    """A client of an S3 with one empty bucket, `labeling`."""
    return empty_store(moto_endpoint)


def empty_store(endpoint: str):
    """Empty the S3 and make its one bucket."""
    import boto3
    import httpx

    httpx.post(f"{endpoint}/moto-api/reset", timeout=30)
    client = boto3.client(
        "s3", endpoint_url=endpoint, aws_access_key_id="a", aws_secret_access_key="b", region_name="us-east-1"
    )
    client.create_bucket(Bucket="labeling")
    return client
