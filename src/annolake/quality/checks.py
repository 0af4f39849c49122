"""Checks of a job's silver tables after a landing: what no single row can tell.

Those of severity `fail` hold the release; what the row rules keep out of silver they find to be none. They need no
second look at rows of which the landing has shown it already (`Proven`). Most checks of severity `warn` add up over
objects: there a landing changes the count by what it changes of its own objects (`Before`). The others, and the one
against the registered media, look at the whole table every time.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import duckdb
import pyarrow as pa

from annolake.lake.engine import database
from annolake.lake.views import literal
from annolake.quality.gate import Count, all_hold, hash_of_key
from annolake.quality.rules import Rule, Severity, schema_rules, written_rules
from transforms.schemas import TABLES

CHECKED = (
    "silver.assignment",
    "silver.annotation",
    "silver.segment",
    "silver.classification",
    "silver.box",
    "silver.shape",
    "silver.text_span",
    "silver.consolidated",
    "silver.consolidated_class",
    "silver.consolidated_frame",
    "silver.consolidated_box",
    "silver.consolidated_shape",
    "silver.consolidated_span",
    "silver.consolidated_mask",
)
"""Parents first: written in this order and looked at in the other, no row is seen without what it belongs to while
another landing writes."""


@dataclass(frozen=True, slots=True)
class Check:
    """A query that counts what is wrong; `landing.job` has the one job."""

    table: str
    name: str
    severity: Severity
    count: str
    meaning: str

    @property
    def parent(self) -> str | None:
        """The table that has to have what a row of this one belongs to."""
        found = re.search(r"ANTI JOIN (\S+)", self.count)
        return found[1] if found else None

    is_of_objects: bool = False
    """Whether the count adds up over objects, each of which gives what its own rows (and the job) say."""

    @property
    def reads(self) -> frozenset[str]:
        """The tables of silver that it reads."""
        return frozenset(re.findall(r"silver\.\w+", self.count))

    @property
    def counts_rows(self) -> bool:
        """Whether it counts rows of its own table, so that it finds nothing where that has none."""
        return self.count.startswith(f"SELECT count(*) FROM {self.table} ")


@dataclass(frozen=True, slots=True)
class Proven:
    """A table whose rows are known to pass the checks of severity fail: new ones by the gate, others by a check."""

    n_rows: int
    """Rows of the job in the table."""
    is_complete: bool
    """Whether the gate let every row of this landing in, so that no row of another table lacks its own."""


@dataclass(frozen=True, slots=True)
class Before:
    """What was there before a landing, where all that came since is its own."""

    landing_id: str
    n_added: Mapping[str, int]
    """Rows of the landing, by table."""
    found: Mapping[tuple[str, str], int]
    """Table and check -> what the check found then, of checks whose count adds up over objects."""


_SAME_ANSWER = "(job_name, object_id, worker_id, revision)"
_SAME_LINE = "(job_name, object_id, line_hash)"


def _of(table: str, key: str, parent: str, meaning: str) -> Check:
    name = f"of_{'an' if parent.endswith('annotation') else 'a'}_{parent.split('.')[1]}"
    return Check(table, name, "fail", f"SELECT count(*) FROM {table} ANTI JOIN {parent} USING {key}", meaning)


def _among_answers(table: str, answers: str, more: str = "") -> Check:
    """Whether somebody gave each consolidated label, on the objects that somebody answered."""
    said = f"SELECT 1 FROM {answers} AS a WHERE a.object_id = c.object_id{more}"
    return Check(
        table, "label_among_answers", "warn",
        f"SELECT count(*) FROM {table} AS c WHERE EXISTS ({said}) AND NOT EXISTS ({said} AND a.label = c.label)",
        "the consolidated label is one that an annotator gave", True,
    )  # fmt: skip


WRITTEN = (
    _of("silver.segment", _SAME_ANSWER, "silver.annotation", "every segment belongs to an accepted answer"),
    _of("silver.classification", _SAME_ANSWER, "silver.annotation", "every label belongs to an accepted answer"),
    _of("silver.box", _SAME_ANSWER, "silver.annotation", "every box belongs to an accepted answer"),
    _of("silver.shape", _SAME_ANSWER, "silver.annotation", "every shape belongs to an accepted answer"),
    _of("silver.text_span", _SAME_ANSWER, "silver.annotation", "every span belongs to an accepted answer"),
    _of("silver.consolidated_frame", _SAME_LINE, "silver.consolidated", "every frame belongs to a labeled object"),
    _of("silver.consolidated_box", _SAME_LINE, "silver.consolidated", "every box belongs to a labeled object"),
    _of("silver.consolidated_shape", _SAME_LINE, "silver.consolidated", "every shape belongs to a labeled object"),
    _of("silver.consolidated_span", _SAME_LINE, "silver.consolidated", "every span belongs to a labeled object"),
    _of("silver.consolidated_class", _SAME_LINE, "silver.consolidated", "every class belongs to a labeled object"),
    _of("silver.consolidated_mask", _SAME_LINE, "silver.consolidated", "every mask belongs to a labeled object"),
    Check(
        "silver.annotation", "of_an_assignment", "fail",
        f"SELECT count(*) FROM silver.annotation ANTI JOIN silver.assignment USING {_SAME_ANSWER}",
        "everyone who answered had been asked",
    ),
    Check(
        "silver.segment", "within_asset", "fail",
        "SELECT count(*) FROM silver.segment AS s JOIN silver.asset AS a USING (asset_id) "
        "WHERE s.end_s > a.duration_s + 0.05",
        "no segment ends after its media",
    ),
    Check(
        "silver.annotation", "answered_once", "warn",
        "SELECT count(*) FROM (SELECT object_id, worker_id FROM silver.annotation GROUP BY ALL "
        "HAVING min(submitted_at) < max(submitted_at))",
        "a worker answers an object once; of several revisions the newest counts", True,
    ),
    Check(
        "silver.annotation", "answers_asked_for", "warn",
        "SELECT count(*) FROM landing.job AS j JOIN silver.consolidated AS c USING (job_name) LEFT JOIN "
        "(SELECT object_id, count(DISTINCT worker_id) AS n FROM silver.annotation GROUP BY object_id) AS a "
        "USING (object_id) WHERE c.outcome = 'labeled' AND coalesce(a.n, 0) < j.workers_per_object",
        "labeled objects have as many accepted answers as annotators were asked for", True,
    ),
    _among_answers("silver.consolidated_class", "silver.classification", " AND a.layer = 'class'"),
    _among_answers("silver.consolidated_box", "silver.box", " AND a.frame_no = c.frame_no"),
    _among_answers("silver.consolidated_shape", "silver.shape", " AND a.frame_no = c.frame_no AND a.kind = c.kind"),
    _among_answers("silver.consolidated_span", "silver.text_span"),
    Check(
        "silver.consolidated", "objects_counted", "warn",
        "SELECT abs(j.n_objects - (SELECT count(DISTINCT hash(object_id)) FROM silver.consolidated)) "
        "FROM landing.job AS j WHERE j.status = 'Completed' AND j.n_objects > 0",
        "the output manifest of a completed job has every object that its counters count",
    ),
)  # fmt: skip


def run_checks(tables: Mapping[str, pa.Table], job: pa.Table) -> list[Count]:
    """Counts of every check over the rows of one job; `tables` by name, `job` its row of `silver.job`."""
    with database() as connection:
        connection.execute("CREATE SCHEMA silver; CREATE SCHEMA landing")
        for name, rows in {**tables, "landing.job": job}.items():
            connection.register(name.replace(".", "__"), rows)
            connection.execute(f"CREATE VIEW {name} AS SELECT * FROM {name.replace('.', '__')}")
        return check_views(connection)


def check_views(
    connection: duckdb.DuckDBPyConnection,
    proven: Mapping[str, Proven] = MappingProxyType({}),
    before: Before | None = None,
) -> list[Count]:
    """Counts of every check over tables and views that are there already; `proven` tables are not looked at again.

    With `before`, checks that it has a count of look at the objects of its landing alone.
    """
    known = _touched(connection, before) if before else {}
    return [count for name in CHECKED for count in _counts(connection, name, proven, known)]


def _touched(connection: duckdb.DuckDBPyConnection, before: Before) -> Mapping[tuple[str, str], int]:
    """What the checks found before; their tables in `after` and `earlier` then have the rows of the landing's objects.

    Empty where the landing's rows are not there as it counted them: the whole must be looked at.
    """
    checks = [check for check in WRITTEN if (check.table, check.name) in before.found]
    tables = sorted({name for check in checks for name in check.reads})
    words = set(re.findall(r"\w+", " ".join(check.count for check in checks))) | {"object_id", "landing_id"}
    is_own = f"landing_id = {literal(before.landing_id)}"
    own = [f"SELECT object_id FROM {name} WHERE {is_own}" for name in tables if before.n_added.get(name)]
    connection.execute("CREATE SCHEMA after; CREATE SCHEMA earlier")
    connection.execute(f"CREATE TABLE touched AS {' UNION '.join(own) or 'SELECT NULL::VARCHAR AS object_id'}")
    for name in tables:
        columns, plain = ", ".join(c for c in TABLES[name].arrow.names if c in words), name.split(".")[1]
        rows = f"SELECT {columns} FROM {name} SEMI JOIN touched USING (object_id)"
        connection.execute(f"CREATE TABLE after.{plain} AS {rows}")
        connection.execute(f"CREATE VIEW earlier.{plain} AS FROM after.{plain} WHERE NOT ({is_own})")
        n_own = _row(connection, f"SELECT count(*) FROM after.{plain} WHERE {is_own}")[0]
        if n_own != before.n_added.get(name, 0):
            return {}
    return before.found


SAME_AS = {"within_asset": "ends_in_media"}
"""Check -> the row rule that says the same of a row."""


def forgive(counts: Iterable[Count], readmitted: pa.Table) -> list[Count]:
    """The counts without the rows of `readmitted` (`meta.readmission`) that somebody accepted as they are."""
    accepted = Counter((r["table_name"], r["rule"]) for r in readmitted.to_pylist() if r["is_accepted"])
    n_accepted = [(count, accepted[count.table, SAME_AS.get(count.rule, count.rule)]) for count in counts]
    return [replace(count, n_failed=max(0, count.n_failed - n)) if n else count for count, n in n_accepted]


def _counts(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    proven: Mapping[str, Proven],
    before: Mapping[tuple[str, str], int],
) -> Iterator[Count]:
    rules = [r for r in written_rules(table) if r.severity == "fail" and not r.is_on_landing]
    n_rows, n_keys, n_misfits, *failed = (
        [proven[table].n_rows] * 2 + [0] * (1 + len(rules)) if table in proven else _look(connection, table, rules)
    )
    key = ", ".join(TABLES[table].key)
    yield Count(table, "key_unique", "fail", n_rows, n_rows - n_keys, f"one row for each {key}")
    yield Count(table, "schema", "fail", n_rows, n_misfits, "nothing is missing, every value is in its range")
    for rule, n_failed in zip(rules, failed, strict=True):
        yield Count(table, rule.name, "fail", n_rows, n_failed, rule.meaning)
    for check in WRITTEN:
        if check.table == table:
            is_asked = (n_rows or not check.counts_rows) and not _is_proven(check, proven)
            n_failed = _found(connection, check, before.get((table, check.name))) if is_asked else 0
            yield Count(table, check.name, check.severity, n_rows, n_failed, check.meaning)


def _found(connection: duckdb.DuckDBPyConnection, check: Check, before: int | None) -> int:
    """What a check finds: `before` and what the landing changed of its objects, or the whole where that is None."""
    if before is None:
        return sum(_row(connection, check.count))
    now, then = (sum(_row(connection, check.count.replace("silver.", f"{at}."))) for at in ("after", "earlier"))
    return before + now - then


def _look(connection: duckdb.DuckDBPyConnection, table: str, rules: Sequence[Rule]) -> Sequence[int]:
    """Rows, keys, rows that break the schema, and rows that break each rule, of the whole table."""
    if not _row(connection, f"SELECT 1 FROM {table} LIMIT 1"):
        return [0] * (3 + len(rules))
    conditions = (all_hold(schema_rules(table)), *(r.holds for r in rules))
    sums = ", ".join(f"count(*) FILTER (WHERE NOT ({holds}))" for holds in conditions)
    return _row(connection, f"SELECT count(*), count(DISTINCT {hash_of_key(TABLES[table])}), {sums} FROM {table}")


def _is_proven(check: Check, proven: Mapping[str, Proven]) -> bool:
    """Whether every row of a proven table has what it belongs to, as that came with it or was there before."""
    parent = proven.get(check.parent or "")
    return check.table in proven and parent is not None and parent.is_complete


def _row(connection: duckdb.DuckDBPyConnection, sql: str) -> Sequence[int]:
    rows = connection.sql(sql).fetchall()
    return rows[0] if rows else ()
