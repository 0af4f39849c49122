"""The gate: splits rows into good ones and quarantined ones by the rules of their table, in DuckDB."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import duckdb
import pyarrow as pa

from annolake.lake.views import empty_rows
from annolake.quality.rules import Rule, rules_of
from transforms.schemas import QUARANTINE, TABLES, Table

PROVENANCE = ("landing_id", "landed_at")
"""Columns of the landing, not of the row: left out of the row's JSON, so that a rerun says the same."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows of a landing, or of a table, broke one rule."""

    table: str
    rule: str
    severity: str
    n_rows: int
    n_failed: int
    detail: str


@dataclass(frozen=True)
class Gated:
    """Where the good rows stand, the quarantined ones, and the count of every rule."""

    connection: duckdb.DuckDBPyConnection
    table: str
    relation: str
    """The good rows, with the helper columns of the model."""
    n_good: int
    n_keys: int
    """How many different keys the good rows have."""
    quarantined: pa.Table
    counts: tuple[Count, ...]

    @property
    def good(self) -> pa.Table:
        """The good rows in the table's columns."""
        names = ", ".join(f'"{n}"' for n in TABLES[self.table].arrow.names)
        rows: pa.Table = self.connection.sql(f"SELECT {names} FROM {self.relation}").to_arrow_table()
        return rows


def gate(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    relation: str,
    accepted: pa.Table | None = None,
    *,
    is_stored: bool = True,
    key: str = "",
) -> Gated:
    """Split the rows of `relation` by the rules of `table`; a row is looked at once, and again only where it fails.

    `accepted` (table_name, row_key, rule) are rows that somebody lets in although they break that rule. Where not
    `is_stored` the rows are computed again by whoever reads the good ones, unless some of them fail. Good rows have as
    many keys as values of `key`, an expression that is cheaper than a hash of the columns.
    """
    spec, rules = TABLES[table], rules_of(table)
    if accepted is not None and accepted.num_rows:
        connection.register("accepted", accepted)
        rules = tuple(_but_for_accepted(rule, row_key(spec)) for rule in rules)
    failing = [r for r in rules if r.severity == "fail"]
    judged, checked = f"(SELECT *, {all_hold(failing)} AS __holds FROM {relation})", f"{_flat(table)}_checked"
    if is_stored:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {checked} AS FROM {judged}")
        judged = checked
    n_rows, n_good, n_keys, warned = _judge(connection, judged, key or hash_of_key(spec), rules)
    if n_good < n_rows and not is_stored:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {checked} AS FROM {judged}")
        judged = checked
    where = " WHERE __holds" if n_good < n_rows else ""
    good = f"(SELECT * EXCLUDE (__holds) FROM {judged}{where})"
    bad = QUARANTINE.empty()
    failed = dict.fromkeys(rules, 0) | warned
    if n_good < n_rows:
        rows = f"(SELECT * FROM {judged} WHERE NOT __holds)"
        failed |= _sums(connection, rows, failing)
        broken = f"(SELECT * EXCLUDE (__holds), {_broken(failing)} AS __broken FROM {rows})"
        present = {name for name, *_ in connection.execute(f"DESCRIBE FROM {relation}").fetchall()}
        bad = connection.sql(_quarantine(spec, broken, failing, "_source_uri" in present)).to_arrow_table()
    counts = tuple(
        Count(r.table, r.name, r.severity, n_rows, n, _detail(connection, judged, r) if n else r.meaning)
        for r, n in failed.items()
    )
    return Gated(connection, table, good, n_good, n_keys, bad.cast(QUARANTINE.arrow), counts)


def gate_nothing(connection: duckdb.DuckDBPyConnection, table: str) -> Gated:
    """What the gate leaves of no rows."""
    return Gated(connection, table, empty_rows(table), 0, 0, QUARANTINE.empty(), _none_counted(table))


@cache
def _none_counted(table: str) -> tuple[Count, ...]:
    return tuple(Count(r.table, r.name, r.severity, 0, 0, r.meaning) for r in rules_of(table))


def all_hold(rules: Sequence[Rule]) -> str:
    """Whether no rule is broken, as an SQL expression; one that cannot be told (NULL) is not broken.

    AND is false where one part is false, whatever the others are: one coalesce does for all of them.
    """
    return f"coalesce({' AND '.join(f'({r.holds})' for r in rules) or 'true'}, true)"


def row_key(spec: Table) -> str:
    """The key of a row as JSON text, as an SQL expression."""
    key = ", ".join(f"""'{k}': "{k}" """ for k in spec.key)
    return f"CAST(to_json({{{key}}}) AS VARCHAR)"


def hash_of_key(spec: Table) -> str:
    """A number for the key of a row, as an SQL expression: two keys in 10^9 rows share one by a chance of 1 in 40."""
    return f"hash({', '.join(spec.key)})"


def _but_for_accepted(rule: Rule, key: str) -> Rule:
    keys = f"SELECT row_key FROM accepted WHERE table_name = '{rule.table}' AND rule = '{rule.name}'"
    return replace(rule, holds=f"({rule.holds}) OR {key} IN ({keys})")


def _flat(table: str) -> str:
    return table.replace(".", "__")


def _broken(rules: Sequence[Rule]) -> str:
    cases = ", ".join(f"CASE WHEN NOT ({r.holds}) THEN {n} END" for n, r in enumerate(rules))
    return f"list_filter([{cases}]::INTEGER[], lambda n: n IS NOT NULL)"


def _judge(
    connection: duckdb.DuckDBPyConnection, relation: str, key: str, rules: Sequence[Rule]
) -> tuple[int, int, int, dict[Rule, int]]:
    """How many rows there are, how many are good, with how many keys, and how many break each rule of severity warn."""
    warned = [r for r in rules if r.severity == "warn"]
    sums = "".join(f", count(*) FILTER (WHERE NOT ({r.holds}))" for r in warned)
    n_good = "count(*) FILTER (WHERE __holds)"
    n_keys = f"count(DISTINCT {key}) FILTER (WHERE __holds)"
    found = connection.execute(f"SELECT count(*), {n_good}, {n_keys}{sums} FROM {relation}").fetchall()
    n_rows, good, keys, *failed = found[0]
    return n_rows, good, keys, dict(zip(warned, failed, strict=True))


def _sums(connection: duckdb.DuckDBPyConnection, relation: str, rules: Sequence[Rule]) -> dict[Rule, int]:
    """How many rows break each rule."""
    sums = ", ".join(f"count(*) FILTER (WHERE NOT ({r.holds}))" for r in rules)
    return dict(zip(rules, connection.execute(f"SELECT {sums} FROM {relation}").fetchall()[0], strict=True))


def _detail(connection: duckdb.DuckDBPyConnection, relation: str, rule: Rule) -> str:
    example = connection.execute(f"SELECT min({rule.reason}) FROM {relation} WHERE NOT ({rule.holds})").fetchall()
    return f"{rule.meaning}; for example: {example[0][0]}"


def _quarantine(spec: Table, relation: str, rules: Sequence[Rule], has_source: bool) -> str:
    reasons = " ".join(f"WHEN {n} THEN {r.reason}" for n, r in enumerate(rules))
    titles = " ".join(f"WHEN {n} THEN '{r.name}'" for n, r in enumerate(rules))
    columns = spec.arrow.names
    said = ", ".join(f'"{n}" := "{n}"' for n in columns if n not in PROVENANCE)
    return f"""
        SELECT
            {"job_name" if "job_name" in columns else "''"} AS job_name,
            '{spec.name}' AS table_name,
            {row_key(spec)} AS row_key,
            CASE number {titles} END AS rule,
            coalesce(CASE number {reasons} END, 'broken') AS reason,
            {"object_id" if "object_id" in columns else "NULL"} AS object_id,
            {"worker_id" if "worker_id" in columns else "NULL"} AS worker_id,
            {"_source_uri" if has_source else "NULL"} AS source_uri,
            CAST(to_json(whole) AS VARCHAR) AS row,
            landing_id,
            landed_at
        FROM (
            SELECT *, unnest(__broken) AS number, struct_pack({said}) AS whole
            FROM {relation}
        )
        ORDER BY row_key, number
    """
