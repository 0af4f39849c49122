"""The audit of a landing: the job's silver tables are checked for what no single row can tell, before a release."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from pyiceberg.expressions import EqualTo

from annolake.lake.catalog import Lake
from annolake.lake.proven import Landed, before, last_checks, proven
from annolake.lake.stage import rows_of
from annolake.lake.views import empty_rows
from annolake.quality.checks import CHECKED, check_views, forgive
from annolake.quality.gate import Count
from annolake.quality.rules import written_rules
from annolake.quality.suites import validate
from transforms.schemas import TABLES


def audit(
    lake: Lake, landed: Landed, gated: Iterable[Count], *, assets: pa.Table, job: pa.Table, docs: Path | None
) -> list[dict[str, Any]]:
    """Every check after a landing, and what its gate found (`gated`), as rows of `meta.check_result`.

    `assets` are the media of the job's objects (`lake.objects`), `job` its row of `silver.job`; `docs` is the folder
    of its Data Docs.
    """
    name = landed.job.job_name
    with closing(duckdb.connect()) as connection:
        _show_tables(connection, lake, name)
        connection.register("known_asset", assets)
        connection.register("job_row", job)
        connection.execute("CREATE VIEW silver.asset AS FROM known_asset; CREATE VIEW landing.job AS FROM job_row")
        last = last_checks(lake, name)
        known = proven(lake, landed, last)
        found = check_views(connection, known, before(lake, landed, known, last))
        checks = [*_gate_counts(gated), *forgive(found, lake.scan("meta.readmission", jobs=[name]))]
    return [
        {
            "job_name": name,
            "table_name": check.table,
            "check_name": check.rule,
            "severity": check.severity,
            "is_ok": is_ok,
            "n_rows": check.n_rows,
            "n_failed": check.n_failed,
            "detail": check.detail,
        }
        for check, is_ok in zip(checks, validate(name, checks, docs), strict=True)
    ]


def _show_tables(connection: duckdb.DuckDBPyConnection, lake: Lake, job_name: str) -> None:
    """The job's silver as views, children before parents: beside another landing no child is seen alone."""
    connection.execute("CREATE SCHEMA silver; CREATE SCHEMA landing; SET memory_limit = '400MB'")
    for name in reversed(CHECKED):
        table = lake.find(name)
        columns = TABLES[name].arrow.names
        rows = rows_of(connection, lake, table, columns, EqualTo("job_name", job_name)) if table else ""
        connection.execute(f"CREATE VIEW {name} AS SELECT * FROM {rows or empty_rows(name)}")


def _gate_counts(gated: Iterable[Count]) -> Iterator[Count]:
    """How many rows each written rule kept out; of the schema's rules those that were broken. Never a failure."""
    for count in gated:
        if count.n_failed or any(rule.name == count.rule for rule in written_rules(count.table)):
            yield replace(count, rule=f"gate_{count.rule}", severity="warn")
