"""How a question is asked: filters as bound values, the answer with its statement."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from textwrap import dedent
from typing import Any, Protocol, TypeAlias, runtime_checkable

import duckdb
import pyarrow as pa

Cursor: TypeAlias = duckdb.DuckDBPyConnection


class Reader(Protocol):
    """What gives a cursor for one statement; the rows of one job may do where one is named."""

    def cursor(self, statement: str, job: str | None = None) -> Cursor: ...


@runtime_checkable
class Knowing(Reader, Protocol):
    """A reader that may know the answer to a question already."""

    def answer(self, question: Hashable, ask: Callable[[], pa.Table]) -> pa.Table: ...


Connection: TypeAlias = duckdb.DuckDBPyConnection | Reader
"""Where questions are asked: a release, or any connection that has its tables."""


@dataclass(frozen=True, slots=True)
class Where:
    """Filters that pages share; an empty tuple keeps everything."""

    jobs: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()

    def of_jobs(self) -> Where:
        """The same without layers, for tables that have none."""
        return Where(self.jobs)


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows, and the statement that gives them again."""

    table: pa.Table
    sql: str

    @property
    def is_empty(self) -> bool:
        return self.table.num_rows == 0

    def column(self, name: str) -> list[Any]:
        """The values of one column."""
        values: list[Any] = self.table[name].to_pylist()
        return values

    def with_all(self, *names: str) -> pa.Table:
        """The rows in which none of these columns is NULL."""
        table = self.table
        for name in names:
            table = table.filter(table[name].is_valid())
        return table


def ask(
    connection: Connection,
    statement: str,
    where: Where | None = None,
    values: Mapping[str, object] | None = None,
    *,
    job: str | None = None,
) -> Answer:
    """Run a statement with its filters as bound values; a cursor of its own lets threads ask at the same time.

    A statement that is about one job, by its filter or by `job`, may be shown the rows of no other.
    """
    given = {k: v for k, v in (("jobs", where and where.jobs), ("layers", where and where.layers)) if v}
    columns = {"jobs": "job_name", "layers": "layer"}
    conditions = "".join(f" and {columns[name]} in ${name}" for name in given)
    statement = statement.replace(" {filter}", conditions).replace("where true and ", "where ")
    parameters = {**{k: list(v) for k, v in given.items()}, **(values or {})}
    one = where.jobs[0] if where and len(where.jobs) == 1 else job
    shown = _shown(statement, parameters)

    def rows() -> pa.Table:
        with _cursor(connection, statement, one) as cursor:
            table: pa.Table = cursor.sql(statement, params=parameters).to_arrow_table()
            return table

    return Answer(connection.answer(shown, rows) if isinstance(connection, Knowing) else rows(), shown)


def _cursor(connection: Connection, statement: str, job: str | None) -> duckdb.DuckDBPyConnection:
    if not isinstance(connection, duckdb.DuckDBPyConnection):
        return connection.cursor(statement, job)
    cursor = connection.cursor()
    cursor.execute("set TimeZone = 'UTC'")  # a cursor does not have its connection's
    return cursor


def _shown(statement: str, parameters: Mapping[str, object]) -> str:
    filled = re.sub(r"\$(\w+)", lambda found: _literal(parameters[found[1]]), dedent(statement))
    return filled.strip()


def _literal(value: object) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, Iterable):
        return "(" + ", ".join(_literal(v) for v in value) + ")"
    return str(value).lower() if isinstance(value, bool) else str(value)
