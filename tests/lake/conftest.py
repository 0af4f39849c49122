"""A lake in every storage that it promises: SQLite and PostgreSQL catalogs, local and S3 warehouses."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

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


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A private PostgreSQL: its SQLAlchemy URL. Not started as root, which it refuses."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not binaries:
        unavailable("no PostgreSQL under /usr/lib/postgresql")
    programs = binaries[-1].parent
    home = tmp_path_factory.mktemp("postgres")
    user: list[str] = []
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            unavailable("PostgreSQL does not run as root and setpriv is missing")
        user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        for folder in [home, *home.parents[:3]]:
            if str(folder).startswith("/tmp/pytest"):
                folder.chmod(0o755)
        os.chown(home, 65534, 65534)
    data, port = home / "data", free_port()

    def run(*command: str) -> None:
        done = subprocess.run([*user, *command], capture_output=True, text=True, cwd=home, timeout=120, check=False)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"

    run(str(programs / "initdb"), "-D", str(data), "-U", "lake", "-A", "trust", "--no-sync")
    options = f"-p {port} -k {home} -c listen_addresses=127.0.0.1 -c fsync=off"
    with_log = ["-l", str(home / "log"), "-w", "-t", "60"]
    run(str(programs / "pg_ctl"), "-D", str(data), "-o", options, *with_log, "start")
    try:
        yield f"postgresql+psycopg2://lake@127.0.0.1:{port}/postgres"
    finally:
        run(str(programs / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop")


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
