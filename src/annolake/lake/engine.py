"""DuckDB for one piece of work: an empty database in memory, in UTC, gone afterwards.

A new instance of DuckDB costs some 15 ms of processor time, more than most of the work on small tables; a process
keeps one and makes databases in it. Work with limits of its own (memory, access) takes its own instance.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import duckdb

_numbers = itertools.count()


@contextmanager
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to an empty database of its own; what is registered or made in it goes with it."""
    name = f"work_{next(_numbers)}"
    with _instance(os.getpid()).cursor() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"ATTACH ':memory:' AS {name}")
        connection.execute(f"USE {name}")
        try:
            yield connection
        finally:
            connection.execute("USE memory")
            connection.execute(f"DETACH {name}")


@contextmanager
def shared_by(n: int) -> Iterator[None]:
    """While `n` threads of this process run statements: each statement takes its share of the processors."""
    instance = _instance(os.getpid())
    threads = instance.execute("SELECT current_setting('threads')").fetchall()[0][0]
    instance.execute(f"SET threads = {max(1, threads // n)}")
    try:
        yield
    finally:
        instance.execute(f"SET threads = {threads}")


@cache
def _instance(pid: int) -> duckdb.DuckDBPyConnection:  # noqa: ARG001 - threads of DuckDB do not live on in a forked child
    return duckdb.connect()
