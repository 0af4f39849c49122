"""Analysts' SQL: one SELECT over the latest release, on a DuckDB that can reach nothing else.

A read-only connection would still read any file and write anywhere. So: one statement, a SELECT by DuckDB's own
parser; file access off but for the very files of the release; configuration locked; no Python variables as tables;
limits of memory and time.
"""

from __future__ import annotations

import difflib
import re
import threading
from collections.abc import Iterable

import duckdb
import pyarrow as pa
import sqlglot
from sqlglot import exp

from annolake.config import Settings
from annolake.errors import SqlRefused
from annolake.lake.reader import READABLE, ReleaseReader
from annolake.lake.views import literal
from transforms.schemas import TABLES

REACH = """
    SET allowed_paths = [{files}];
    SET enable_external_access = false;
    SET memory_limit = {memory};
    SET autoinstall_known_extensions = false;
    SET autoload_known_extensions = false;
    SET lock_configuration = true;
"""
ROWS_AT_ONCE = 100_000
ONE_SELECT = "Ask with one SELECT (or WITH ... SELECT); it reads the latest release and changes nothing."


def query(settings: Settings, statement: str, *, limit_seconds: float = 60.0, limit_memory: str = "2GB") -> pa.Table:
    """Rows of one SELECT over the latest release: `gold.*`, `silver.*`, `bronze.*`, `measure.*`, `meta.*`.

    Raises `SqlRefused` for anything but one SELECT, for what it may not reach, past a limit, and with a suggestion
    where a name is not known.
    """
    tables = check(statement)
    if not re.fullmatch(r"\d+(\.\d+)? ?([kKMGT]i?B)", limit_memory):
        raise SqlRefused(f"The memory limit {limit_memory!r} is not a size.", hint="Write it as 512MB or 2GB.")
    if not 0 < limit_seconds <= threading.TIMEOUT_MAX:
        raise SqlRefused(f"The time limit {limit_seconds:g} s is not a number of seconds above 0.")
    is_local = settings.warehouse_url.startswith("file://")
    with ReleaseReader(settings, materialised=None if is_local else tables) as reader:
        connection = reader.connection
        files = ", ".join(map(literal, reader.files))
        connection.execute(REACH.format(files=files, memory=literal(limit_memory)))
        return _run(connection, statement, limit_seconds, limit_memory)


def check(statement: str) -> frozenset[str]:
    """Raise `SqlRefused` unless the statement is exactly one SELECT; returns the tables that it names."""
    with duckdb.connect() as parser:
        try:
            statements = parser.extract_statements(statement)
        except duckdb.Error as error:
            raise SqlRefused(str(error).removeprefix("Parser Error: "), hint=ONE_SELECT) from None
    if len(statements) != 1:
        raise SqlRefused(f"{len(statements)} statements were given; one is allowed.", hint=ONE_SELECT)
    if statements[0].type != duckdb.StatementType.SELECT:
        raise SqlRefused(f"{statements[0].type.name} is not a question.", hint=ONE_SELECT)
    return _tables(statement)


def _tables(statement: str) -> frozenset[str]:
    """Tables of the release that a statement may read; all where that cannot be told."""
    try:
        parsed = sqlglot.parse_one(statement, dialect="duckdb")
    except sqlglot.errors.SqlglotError:
        return frozenset(READABLE)
    named = [(t.db, t.name) for t in parsed.find_all(exp.Table)]
    by_topic = {name.split(".")[1]: name for name in reversed(READABLE)}
    found = {f"{db}.{name}" if db else by_topic.get(name, "") for db, name in named} & set(READABLE)
    return frozenset(found | ({"silver.annotation"} if found & {"silver.segment", "silver.classification"} else set()))


def _run(connection: duckdb.DuckDBPyConnection, statement: str, limit_seconds: float, limit_memory: str) -> pa.Table:
    clock = threading.Timer(limit_seconds, connection.interrupt)
    clock.daemon = True
    clock.start()
    try:
        return _fetch(connection.sql(statement).to_arrow_reader(ROWS_AT_ONCE), _bytes(limit_memory))
    except duckdb.InterruptException:
        raise _too_long(limit_seconds) from None
    except duckdb.OutOfMemoryException as error:
        raise _too_large(_first_line(error)) from None
    except duckdb.PermissionException:
        raise SqlRefused("The statement reaches for something outside the release.", hint=ONE_SELECT) from None
    except duckdb.Error as error:
        raise _explained(error, statement) from None
    except OSError as error:  # DuckDB's own, met while the rows are fetched
        if "INTERRUPT Error" in str(error):
            raise _too_long(limit_seconds) from None
        if "Out of Memory Error" in str(error):
            raise _too_large(_first_line(error)) from None
        raise SqlRefused(_first_line(error)) from None
    finally:
        clock.cancel()


def _fetch(reader: pa.RecordBatchReader, limit: float) -> pa.Table:
    """The rows, which DuckDB's own limit does not count once they are handed over."""
    batches, size = [], 0
    for batch in reader:
        size += batch.nbytes
        if size > limit:
            raise _too_large(f"its rows alone are more than {size / 1e6:,.0f} MB")
        batches.append(batch)
    return pa.Table.from_batches(batches, reader.schema)


def _bytes(size: str) -> float:
    """Bytes of a limit such as 512MB or 2GiB."""
    number, unit = re.fullmatch(r"([\d.]+) ?(\w+)", size).groups()  # type: ignore[union-attr] # checked before
    return float(number) * float(1024 if "i" in unit else 1000) ** ("KMGT".index(unit[0].upper()) + 1)


def _too_long(limit_seconds: float) -> SqlRefused:
    return SqlRefused(
        f"The statement ran longer than {limit_seconds:g} s and was stopped.",
        hint="Ask for fewer jobs (where job_name = ...), or give it more time: annolake sql --seconds 300",
    )


def _too_large(why: str) -> SqlRefused:
    return SqlRefused(
        f"The statement needs more memory than it may use: {why}",
        hint="Ask for less, or give it more: annolake sql --memory 4GB",
    )


def _explained(error: duckdb.Error, statement: str) -> SqlRefused:
    text = str(error)
    if missing := re.search(r'Table with name "?([^"\s]+)"? does not exist', text):
        return _no_table(missing.group(1), statement)
    if missing := re.search(r'Referenced column "([^"]+)"', text):
        return _no_column(missing.group(1), _tables(statement))
    if missing := re.search(r'does not have a column named "([^"]+)"', text):
        return _no_column(missing.group(1), _tables(statement))
    return SqlRefused(_first_line(error))


def _no_table(name: str, statement: str) -> SqlRefused:
    if "restricted" in statement.lower():
        return SqlRefused("restricted.* says who the annotators are; it is not part of a release.")
    known = {n.split(".")[1]: n for n in reversed(READABLE)} | {n: n for n in READABLE}
    close = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    meant = f"; did you mean {known[close[0]]}?" if close else "."
    return SqlRefused(f"No table is called {name}{meant}", hint=f"The tables: {', '.join(sorted(READABLE))}")


def _no_column(name: str, tables: Iterable[str]) -> SqlRefused:
    where = sorted(tables)
    columns = {c: t for t in reversed(where or READABLE) for c in TABLES[t].arrow.names}
    close = difflib.get_close_matches(name.lower(), columns, n=1, cutoff=0.5)
    meant = f"; did you mean {close[0]} of {columns[close[0]]}?" if close else "."
    hint = "".join(f"{t} has: {', '.join(TABLES[t].arrow.names)}. " for t in where).strip()
    return SqlRefused(f"No column is called {name}{meant}", hint=hint or None)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
