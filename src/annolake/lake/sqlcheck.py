"""What an analyst's statement may be: one SELECT over tables of the release, by DuckDB's own parser.

The parsed statement is walked. A table must be one of the release or named in the statement itself, a function that
makes rows must be in `ROWS_FROM`, and no function may be in `HIDDEN`: those tell of files, settings or the machine,
or wait. The walk is one wall of several: `annolake.lake.sandbox` has the others.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import duckdb

from annolake.errors import SqlRefused
from annolake.lake.sqlwords import no_table
from annolake.lake.views import CURRENT, READABLE

ONE_SELECT = "Ask with one SELECT (or WITH ... SELECT); it reads the latest release and changes nothing."
LONGEST = 1_000_000
"""Most characters of a statement."""

ROWS_FROM = frozenset({
    "range", "generate_series", "unnest", "repeat", "repeat_row", "json_each", "json_tree",
    "duckdb_functions", "duckdb_keywords", "pg_timezone_names", "icu_calendar_names",
})  # fmt: skip
"""Functions that may stand in FROM."""

HIDDEN = frozenset({
    "current_setting", "getenv", "getvariable", "current_query", "json_serialize_plan", "json_execute_serialized_sql",
    "pg_get_viewdef", "pg_get_expr", "pg_get_constraintdef", "pg_sleep", "sleep_ms", "write_log", "setseed",
    "nextval", "currval", "setval",
})  # fmt: skip
CATALOG_VIEWS = frozenset({"tables", "columns", "schemata", "key_column_usage"})
"""Views of information_schema that say nothing of files."""


def check(statement: str) -> frozenset[str]:
    """Raise `SqlRefused` unless the statement is exactly one SELECT that may run; returns the tables that it names."""
    if len(statement) > LONGEST:
        raise SqlRefused(f"The statement has {len(statement):,} characters; {LONGEST:,} are allowed.")
    with duckdb.connect(config={"threads": 1}) as parser:
        try:
            statements = parser.extract_statements(statement)
        except duckdb.Error as error:
            raise SqlRefused(str(error).removeprefix("Parser Error: "), hint=ONE_SELECT) from None
        if len(statements) != 1:
            raise SqlRefused(f"{len(statements)} statements were given; one is allowed.", hint=ONE_SELECT)
        kind = statements[0].type
        if kind == duckdb.StatementType.MULTI:
            raise SqlRefused(
                "This PIVOT would make types before it asks.",
                hint="Name its columns: from (pivot gold.label_distribution on label in ('a', 'b') using sum(n_items))",
            )
        if kind != duckdb.StatementType.SELECT:
            raise SqlRefused(f"{kind.name} is not a question.", hint=ONE_SELECT)
        found = parser.execute("SELECT json_serialize_sql(?::VARCHAR)", [statement]).fetchall()[0][0]
    return _walk(found, statement)


def _walk(serialized: str, statement: str) -> frozenset[str]:
    try:
        tree = json.loads(serialized)
        if tree["error"]:
            raise SqlRefused(f"The statement cannot be checked: {tree['error_message']}", hint=ONE_SELECT)
        nodes = list(_nodes(tree))
    except RecursionError:
        raise SqlRefused("The statement is nested too deeply.") from None
    own = {entry["key"].lower() for node in nodes for entry in _map(node)}
    named = set()
    for node in nodes:
        _check_functions(node)
        path = [str(p).lower() for p in _table_path(node)]
        if path and (name := _table(path, own, statement)):
            named.add(name)
    return frozenset(named | ({"silver.annotation"} if any(_reads_answers(n) for n in named) else set()))


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Every object of the parsed statement."""
    if isinstance(tree, dict):
        yield tree
        for value in tree.values():
            yield from _nodes(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _nodes(value)


def _map(node: dict[str, Any]) -> list[dict[str, Any]]:
    """Named subqueries of a node."""
    entries: list[dict[str, Any]] = (node.get("cte_map") or {}).get("map") or []
    return entries


def _table_path(node: dict[str, Any]) -> list[str]:
    if node.get("type") == "BASE_TABLE":
        path: list[str] = node["qualified_name"]["path"]
        return path
    return []


def _check_functions(node: dict[str, Any]) -> None:
    name = str(node.get("function_name") or "").lower()
    if name in HIDDEN:
        raise SqlRefused(f"{name}() is not allowed: it tells of the machine, not of the data.", hint=ONE_SELECT)
    if node.get("type") == "TABLE_FUNCTION" and (made := _function(node)) not in ROWS_FROM:
        raise SqlRefused(f"{made}() reaches for something outside the release.", hint=ONE_SELECT)


def _function(node: dict[str, Any]) -> str:
    return str(node["function"].get("function_name", "")).lower()


def _table(path: list[str], own: set[str], statement: str) -> str | None:
    """The table of the release that a path names; None for one of the statement's own. Raises for any other."""
    if path[0] in ("memory", "recurring") and len(path) > 1:
        path = path[1:]
    by_topic = {name.split(".")[1]: name for name in reversed(READABLE)}
    name = ".".join(path)
    if len(path) == 1 and path[0] in own:
        return None
    if len(path) == 1 and path[0] in by_topic:
        return by_topic[path[0]]
    if name in READABLE:
        return name
    if path[0] == "information_schema" and path[-1] in CATALOG_VIEWS:
        return None
    raise no_table(name, statement)


def _reads_answers(name: str) -> bool:
    """Whether the view of a table reads `silver.annotation`."""
    return "silver.annotation" in CURRENT.get(name, "")
