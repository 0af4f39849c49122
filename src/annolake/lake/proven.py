"""Which tables of a job need no second look after a landing.

The gate has judged each row that a landing adds, and counted the keys of each batch; no object is in two batches, and
a commit leaves out every key that the table has. Of the rows before it a finished landing has kept what its checks
found. So a table has nothing that breaks a check of severity fail where nothing was found then, nothing is wrong with
the rows added, and both together are as many rows as the table has. Anything else (rows that another landing or
somebody else's program added, a landing that was killed before its checks, a check that failed) and all rows of the job
are looked at again, as after a re-admission.

Checks of severity warn that add up over objects are kept as sums in the same way: where all tables that one reads are
proven, what it found before and what changed of the landing's objects make what it finds now (`Before`).
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass

import pyarrow.compute as pc
from pyiceberg.expressions import AlwaysTrue, EqualTo

from annolake.lake.catalog import Lake
from annolake.lake.facts import JobFacts
from annolake.quality.checks import CHECKED, WRITTEN, Before, Proven

LAST = ["landing_id", "table_name", "check_name", "severity", "n_rows", "n_failed", "detail", "landed_at"]


@dataclass(frozen=True, slots=True)
class Landed:
    """What a landing has added, before its checks."""

    job: JobFacts
    landing_id: str
    n_rows: Mapping[str, int]
    """Rows by table."""
    n_doubled: Mapping[str, int]
    """Rows that share their key with another row of the landing."""
    incomplete: Set[str]
    """Tables of which the gate kept rows out."""


@dataclass(frozen=True, slots=True)
class Last:
    """What the checks of the job's last landing found."""

    n_rows: Mapping[str, int | None]
    """Table -> its rows; None where a check of severity fail failed."""
    found: Mapping[tuple[str, str], tuple[int, str]]
    """Table and check -> what it found, and what it says: a check that says something else is another one."""


def last_checks(lake: Lake, job_name: str) -> Last:
    """What the checks of the job's last landing found; nothing where there was none."""
    rows = lake.scan("meta.check_result", jobs=[job_name], columns=LAST)
    if rows.num_rows:
        newest = pc.sort_indices(rows, sort_keys=[("landed_at", "descending")])[0].as_py()
        rows = rows.filter(pc.equal(rows["landing_id"], rows["landing_id"][newest]))
    n_rows: dict[str, int | None] = {}
    found = {}
    for row in rows.to_pylist():
        name = row["table_name"]
        found[name, row["check_name"]] = row["n_failed"], row["detail"]
        if row["severity"] == "fail" and row["n_failed"]:
            n_rows[name] = None
        elif row["check_name"] == "key_unique":
            n_rows.setdefault(name, row["n_rows"])
    return Last(n_rows, found)


def proven(lake: Lake, landed: Landed, last: Last) -> dict[str, Proven]:
    """The tables that need no look after a landing."""
    found = {}
    for name in CHECKED:
        n_before = last.n_rows.get(name, 0)
        n_rows = _count(lake, name, landed.job.job_name)
        is_sum = n_before is not None and n_before + landed.n_rows.get(name, 0) == n_rows
        if n_rows and is_sum and not landed.n_doubled.get(name):
            found[name] = Proven(n_rows, name not in landed.incomplete)
    return found


def before(lake: Lake, landed: Landed, known: Mapping[str, Proven], last: Last) -> Before | None:
    """What checks found before a landing, of those that need no look at objects that it did not touch.

    The tables that they read are `known` (proven) or never had a row, and the job asked for as many answers then.
    """
    name = landed.job.job_name
    asked = lake.scan("silver.job", jobs=[name], columns=["workers_per_object"])["workers_per_object"]
    if not last.found or set(asked.to_pylist()) != {landed.job.workers_per_object}:
        return None
    never = {table for table in CHECKED if not last.n_rows.get(table, 0) and _count(lake, table, name) == 0}
    found = {}
    for check in WRITTEN:
        n_failed, said = last.found.get((check.table, check.name), (0, ""))
        if check.is_of_objects and said == check.meaning and check.reads <= never | known.keys():
            found[check.table, check.name] = n_failed
    return Before(landed.landing_id, landed.n_rows, found)


def _count(lake: Lake, name: str, job_name: str) -> int | None:
    """How many rows of the job a table has, by its metadata; None where that does not tell."""
    table = lake.find(name)
    tasks = lake.plan(table, EqualTo("job_name", job_name)) if table else []
    if any(task.delete_files or task.residual != AlwaysTrue() for task in tasks):
        return None
    return sum(int(task.file.record_count) for task in tasks)
