"""Evaluating the rules over one release, and over what no release can show: running jobs and landings held back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa

from annolake.alerts.rules import Rule
from annolake.config import Settings
from annolake.errors import LabelingError

JOB: pa.Schema = pa.schema(
    [
        ("job_name", pa.string()),
        ("status", pa.string()),
        ("n_objects", pa.int64()),
        ("n_labeled", pa.int64()),
        ("n_failed", pa.int64()),
        ("n_unlabeled", pa.int64()),
        ("created_at", pa.timestamp("us", tz="UTC")),
        ("modified_at", pa.timestamp("us", tz="UTC")),
    ]  # type: ignore[arg-type]  # stub
)
"""`watch.job`: the jobs as the labeling backend shows them."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One subject past a rule's threshold; `is_met` where that is certain and rests on enough."""

    rule: str
    subject: str
    severity: str
    is_met: bool
    text: str
    value: float
    lo: float | None
    hi: float | None
    threshold: float
    n: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What the rules found; `left_out` are those that could not be asked, with the reason."""

    release_id: int
    findings: tuple[Finding, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    failed: tuple[str, ...] = ()
    """Of the rules left out, those whose statement is wrong."""


def evaluate(
    connection: duckdb.DuckDBPyConnection,
    rules: Iterable[Rule],
    *,
    release_id: int,
    now: datetime,
    watched: Mapping[str, pa.Table | str],
) -> Evaluation:
    """Ask every rule; `watched` are the tables of `watch.*`, a text where one cannot be had and why."""
    found: list[Finding] = []
    left_out: dict[str, str] = {}
    failed: list[str] = []
    with connection.cursor() as cursor:
        cursor.execute("SET TimeZone = 'UTC'; CREATE SCHEMA IF NOT EXISTS watch")
        for name, rows in watched.items():
            if isinstance(rows, pa.Table):
                cursor.register(name.replace(".", "__"), rows)
                cursor.execute(f"CREATE OR REPLACE VIEW {name} AS FROM {name.replace('.', '__')}")
        for rule in rules:
            missing = [str(watched[name]) for name in sorted(rule.reads) if isinstance(watched.get(name), str)]
            if missing:
                left_out[rule.name] = "; ".join(missing)
                continue
            try:
                found += ask(cursor, rule, now)
            except (duckdb.Error, KeyError, ValueError) as error:
                left_out[rule.name] = f"sql/alerts/{rule.name}.sql: {error}"
                failed.append(rule.name)
    return Evaluation(release_id, tuple(found), left_out, tuple(failed))


def ask(connection: duckdb.DuckDBPyConnection, rule: Rule, now: datetime) -> list[Finding]:
    """The findings of one rule, in the order of their subjects."""
    given = {"threshold": rule.threshold, "minimum": rule.minimum, "now": now}
    parameters = {name: value for name, value in given.items() if f"${name}" in rule.sql}
    rows = connection.sql(rule.sql, params=parameters).to_arrow_table().to_pylist()
    return sorted((_finding(rule, row) for row in rows), key=lambda finding: finding.subject)


def _finding(rule: Rule, row: Mapping[str, Any]) -> Finding:
    return Finding(
        rule=rule.name,
        subject=json.dumps({column: row[column] for column in rule.grain}, ensure_ascii=False),
        severity=rule.severity,
        is_met=bool(row["is_met"]),
        text=rule.says.format_map(row),
        value=float(row["value"]),
        lo=row["lo"],
        hi=row["hi"],
        threshold=rule.threshold,
        n=int(row["n"]),
    )


def running_jobs(settings: Settings) -> pa.Table | str:
    """`watch.job`; where the labeling backend does not answer, the reason."""
    from annolake.labeling.jobs import list_jobs

    try:
        states = list_jobs(settings)
    except LabelingError as error:
        return error.message
    rows = [{**asdict(state), "n_objects": state.n_objects} for state in states]
    return pa.Table.from_pylist([{name: row[name] for name in JOB.names} for row in rows], schema=JOB)
