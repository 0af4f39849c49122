"""The gate: splits rows into good ones and quarantined ones by the rules of their table, in DuckDB."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

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
    """`good` and `quarantined` rows, and the count of every rule."""

    good: pa.Table
    quarantined: pa.Table
    counts: tuple[Count, ...]


def gate(connection: duckdb.DuckDBPyConnection, table: str, relation: str) -> Gated:
    """Split the rows of `relation` by the rules of `table`; leaves a view `<relation>_good` with the helper columns."""
    spec, rules = TABLES[table], rules_of(table)
    present = {name for name, *_ in connection.sql(f"DESCRIBE {relation}").fetchall()}
    checked, good = f"{relation}_checked", f"{relation}_good"
    failing = [r for r in rules if r.severity == "fail"]
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {_flat(checked)} AS SELECT *, {_broken(failing)} AS __broken FROM {relation}"
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {_flat(good)} AS "
        f"SELECT * EXCLUDE (__broken) FROM {_flat(checked)} WHERE len(__broken) = 0"
    )
    names = ", ".join(f'"{n}"' for n in spec.arrow.names)
    rows = connection.sql(f"SELECT {names} FROM {_flat(good)}").to_arrow_table()
    counts = _counts(connection, _flat(checked), rules)
    bad = connection.sql(_quarantine(spec, _flat(checked), failing, "_source_uri" in present)).to_arrow_table()
    return Gated(rows, bad.cast(QUARANTINE.arrow), counts)


def good_rows(relation: str) -> str:
    """The temporary table that `gate` left with the good rows and the helper columns."""
    return _flat(f"{relation}_good")


def _flat(relation: str) -> str:
    return relation.replace(".", "__")


def _broken(rules: Sequence[Rule]) -> str:
    cases = ", ".join(f"CASE WHEN NOT ({r.holds}) THEN {n} END" for n, r in enumerate(rules))
    return f"list_filter([{cases}]::INTEGER[], lambda n: n IS NOT NULL)"


def _counts(connection: duckdb.DuckDBPyConnection, relation: str, rules: Sequence[Rule]) -> tuple[Count, ...]:
    """One pass counts every rule; an example is taken of those that were broken."""
    sums = ", ".join(f"count(*) FILTER (WHERE NOT ({r.holds}))" for r in rules)
    n_rows, *failed = connection.sql(f"SELECT count(*), {sums} FROM {relation}").fetchall()[0]
    return tuple(
        Count(r.table, r.name, r.severity, n_rows, n, _detail(connection, relation, r) if n else r.meaning)
        for r, n in zip(rules, failed, strict=True)
    )


def _detail(connection: duckdb.DuckDBPyConnection, relation: str, rule: Rule) -> str:
    example = connection.sql(f"SELECT min({rule.reason}) FROM {relation} WHERE NOT ({rule.holds})").fetchall()
    return f"{rule.meaning}; for example: {example[0][0]}"


def _quarantine(spec: Table, relation: str, rules: Sequence[Rule], has_source: bool) -> str:
    key = ", ".join(f"""'{k}': "{k}" """ for k in spec.key)
    reasons = " ".join(f"WHEN {n} THEN {r.reason}" for n, r in enumerate(rules))
    titles = " ".join(f"WHEN {n} THEN '{r.name}'" for n, r in enumerate(rules))
    columns = spec.arrow.names
    said = ", ".join(f'"{n}" := "{n}"' for n in columns if n not in PROVENANCE)
    return f"""
        SELECT
            {"job_name" if "job_name" in columns else "''"} AS job_name,
            '{spec.name}' AS table_name,
            CAST(to_json({{{key}}}) AS VARCHAR) AS row_key,
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
