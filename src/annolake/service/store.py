"""The store: what the service knows, in SQLite or PostgreSQL through SQLAlchemy Core; `tables` says what.

Two kinds of access: `read()` changes nothing, `write()` is a transaction, committed and on disk when it returns. On
SQLite a write begins IMMEDIATE (no upgrade from reader to writer, so no lost race) behind a lock of this process, which
is fair where SQLite's own waiting is not; WAL with `synchronous=FULL` makes a commit survive a power cut. Statements
that decide something are conditional updates or lock the row that they read, so that PostgreSQL gives the same
answers.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import make_url

from annolake.errors import ConfigError
from annolake.service.migrations import migrate

_POOL = {"max_overflow": 0}
"""One that is opened anew for a request is slow."""


class Store:
    """Connections and transactions."""

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        if self.is_sqlite:
            if not parsed.database:
                raise ConfigError("service_database: the store needs a file; an in-memory SQLite loses answers.")
            _make_private(Path(parsed.database))
        if self.is_sqlite:
            self._engine = create_engine(
                parsed, **_POOL, pool_size=48, connect_args={"timeout": 30, "check_same_thread": False}
            )
            event.listen(self._engine, "connect", _prepare_sqlite)
            event.listen(self._engine, "begin", _begin_sqlite)
            self._reader = self._engine
        else:
            self._engine = create_engine(parsed, **_POOL, pool_size=28)
            # PostgreSQL shows each statement what is committed by then, in a transaction or not: without one is
            # quicker. These are connections of their own, since to change a connection's mode is two statements.
            self._reader = create_engine(parsed, **_POOL, pool_size=20, isolation_level="AUTOCOMMIT")
        self._writes: Any = threading.Lock() if self.is_sqlite else nullcontext()
        self._writer = self._engine.execution_options(is_write=True)
        try:
            with self.write() as connection:
                migrate(connection)
        except Exception:
            self.close()
            raise

    @contextmanager
    def read(self, *, streams: bool = False) -> Iterator[Connection]:
        """Statements that only read; `streams` where rows are still fetched while others are worked on."""
        engine = self._engine if streams else self._reader
        with engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is durable once the block has ended without an exception."""
        with self._writes, self._writer.connect() as connection, connection.begin():
            yield connection

    def close(self) -> None:
        """Give all connections back to the database."""
        self._engine.dispose()
        self._reader.dispose()


def _make_private(path: Path) -> None:
    """A file that only its owner reads, whatever the umask; SQLite gives its companions the same mode."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.chmod(0o600)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver shall not begin transactions by itself
    for pragma in ("busy_timeout=30000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    is_write = connection.get_execution_options().get("is_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_write else "BEGIN")
