"""Which tables of a job need no second look after a landing.

The gate has judged each row that a landing adds, and counted the keys of each batch; no object is in two batches, and
a commit leaves out every key that the table has. Of the rows before it a finished landing has kept what its checks
found. So a table has nothing that breaks a check of severity fail where nothing was found then, nothing is wrong with
the rows added, and both together are as many rows as the table has. Anything else (rows that another landing or
somebody else's program added, a landing that was killed before its checks, a check that failed) and all rows of the job
are looked at again, as after a re-admission.
"""

from __future__ import annotations

from collections.abc import Mapping, Set

import pyarrow.compute as pc
from pyiceberg.expressions import AlwaysTrue, EqualTo

from annolake.lake.catalog import Lake
from annolake.quality.checks import CHECKED, Proven

LAST = ["landing_id", "table_name", "check_name", "severity", "n_rows", "n_failed", "landed_at"]


def proven(
    lake: Lake, job_name: str, added: Mapping[str, int], n_doubled: Mapping[str, int], incomplete: Set[str]
) -> dict[str, Proven]:
    """The tables that need no look, after a landing that added so many rows to each.

    `n_doubled` are rows that share their key with another row of the landing, `incomplete` the tables of which the
    gate kept rows out.
    """
    before = _last_checks(lake, job_name)
    found = {}
    for name in CHECKED:
        n_before = before.get(name, 0)
        n_rows = _count(lake, name, job_name)
        if n_rows and n_before is not None and not n_doubled.get(name) and n_before + added.get(name, 0) == n_rows:
            found[name] = Proven(n_rows, name not in incomplete)
    return found


def _last_checks(lake: Lake, job_name: str) -> dict[str, int | None]:
    """Table -> the rows that the job's last checks counted; None where one of severity fail failed."""
    rows = lake.scan("meta.check_result", jobs=[job_name], columns=LAST)
    if rows.num_rows:
        newest = pc.sort_indices(rows, sort_keys=[("landed_at", "descending")])[0].as_py()
        rows = rows.filter(pc.equal(rows["landing_id"], rows["landing_id"][newest]))
    found: dict[str, int | None] = {}
    for row in rows.to_pylist():
        name = row["table_name"]
        if row["severity"] == "fail" and row["n_failed"]:
            found[name] = None
        elif row["check_name"] == "key_unique":
            found.setdefault(name, row["n_rows"])
    return found


def _count(lake: Lake, name: str, job_name: str) -> int | None:
    """How many rows of the job a table has, by its metadata; None where that does not tell."""
    table = lake.find(name)
    tasks = lake.plan(table, EqualTo("job_name", job_name)) if table else []
    if any(task.delete_files or task.residual != AlwaysTrue() for task in tasks):
        return None
    return sum(int(task.file.record_count) for task in tasks)
