"""A lake in every storage that it promises: SQLite and PostgreSQL catalogs, local and S3 warehouses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import duckdb
import pytest

from annolake.config import Settings
from annolake.lake.catalog import Lake, open_lake
from annolake.lake.views import in_order, view
from tests.conftest import free_port
from tests.postgres import new_database


@pytest.fixture
def empty_database(postgres: str) -> str:
    """A fresh database in it."""
    return new_database(postgres)


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


@contextmanager
def shown(lake: Lake, *names: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """Silver tables as readers see them, of what the lake has now."""
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA silver")
        for name in in_order(names):
            connection.register(name.replace(".", "_"), lake.scan(name))
            connection.execute(view(name, name.replace(".", "_")))
        yield connection
