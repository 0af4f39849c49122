"""Re-admission: quarantined rows reach silver after all, once a fix makes their rule hold, or somebody accepts them.

The answers and lines of the objects concerned are read from bronze again and pass through the same models and the same
gate, with what is known now: the labels that the job offers today, the media that is registered today. Rows that are
good now are appended by their keys, so that a second run adds nothing. Quarantine stays as it is, as history; each row
that was let in is noted in `meta.readmission` with who and why, before it is appended: killed in between and run again,
the rest follows.
"""

from __future__ import annotations

import getpass
import json
import logging
import secrets
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from annolake.config import Settings
from annolake.errors import LabelingError, LakeError, Retryable
from annolake.labeling import clients
from annolake.lake.again import silver_again
from annolake.lake.catalog import Lake, open_lake
from annolake.lake.engine import database
from annolake.lake.facts import CUSTOM, JobFacts, describe_job, labels_json
from annolake.lake.fetch import Store, store_of
from annolake.quality.checks import forgive, run_checks
from annolake.quality.gate import Count, row_key
from annolake.quality.rules import rules_of
from annolake.quality.suites import validate
from transforms.schemas import CHECK_RESULT, JOB_TABLE, QUARANTINE, READMISSION, TABLES

log = logging.getLogger(__name__)

ACCEPTABLE = (
    "ends_in_media",
    "frame_known",
    "in_picture",
    "known_class",
    "known_label",
    "no_overlap_in_track",
    "submitted_after_accepted",
)
"""Rules that hold a row against something else, which may be wrong itself. What breaks any other has no meaning."""


@dataclass(frozen=True)
class Readmission:
    """What one re-admission did."""

    job_name: str
    readmission_id: str
    n_rows: dict[str, int] = field(default_factory=dict)
    """Table -> rows that are in silver now and were not before."""
    still_out: dict[str, int] = field(default_factory=dict)
    """`table rule` -> rows that still break it."""
    failed_checks: tuple[str, ...] = ()

    def __str__(self) -> str:
        n = sum(self.n_rows.values())
        out = sum(self.still_out.values())
        said = f"{self.job_name}: {n} rows let in" + (f", {out} still kept out" if out else "")
        held = f"; checks that hold the release: {', '.join(self.failed_checks)}" if self.failed_checks else ""
        return said + held


def release_quarantined(
    settings: Settings, job_name: str, *, accept: Iterable[str] = (), reason: str = "", by: str = ""
) -> Readmission:
    """Let in the quarantined rows of a job whose rules hold now, and those that break only rules in `accept`.

    Then builds gold of the job and publishes a release; without a row to let in, neither. Raises `LakeError` where a
    rule cannot be overridden or no reason is given, `QualityError` where a check then holds the release.
    """
    from annolake.lake.models import build_gold
    from annolake.lake.release import publish, unreleased_jobs

    with open_lake(settings) as lake, closing(clients.s3(settings)) as s3:
        job = job_as_known(settings, lake, job_name)
        done = readmit(lake, store_of(settings, s3), job, accept=accept, reason=reason, by=by)
    if done.n_rows or job_name in unreleased_jobs(settings):  # else it was done before
        build_gold(settings, [job_name])
        publish(settings, [job_name])
    return done


def readmit(
    lake: Lake, store: Store, job: JobFacts, *, accept: Iterable[str] = (), reason: str = "", by: str = ""
) -> Readmission:
    """Let quarantined rows of a described job into silver; see `release_quarantined`."""
    accept = sorted(set(accept))
    _check_acceptance(accept, reason)
    run = _Run(lake, job)
    if out := run.not_in_silver():
        run.let_in(store, out, accept, reason, by or getpass.getuser())
    failed = [check for landing_id in run.unchecked() for check in run.check(landing_id)]
    still = Counter(f"{r['table_name']} {r['rule']}" for r in kept_out(lake, job.job_name).to_pylist())
    done = Readmission(job.job_name, run.id, dict(run.rows), dict(sorted(still.items())), tuple(failed))
    log.info("%s", done)
    return done


def kept_out(lake: Lake, job_name: str | None = None) -> pa.Table:
    """The rows of `silver.quarantine` that no re-admission let in."""
    jobs = None if job_name is None else [job_name]
    quarantined = lake.scan(QUARANTINE.name, jobs=jobs)
    noted = lake.scan(READMISSION.name, jobs=jobs, columns=list(READMISSION.key))
    key = ["job_name", *QUARANTINE.key]
    return quarantined.join(noted.select(key), keys=key, join_type="left anti") if noted.num_rows else quarantined


def job_as_known(settings: Settings, lake: Lake, job_name: str) -> JobFacts:
    """What the labeling backend says of a job now; of one that it does not know, what was landed."""
    row = _last_state(lake, job_name)
    try:
        job = describe_job(settings, job_name)
    except LabelingError as error:
        if row is None or isinstance(error, Retryable):
            raise
        return _from_row(row)
    return replace(job, task_type=row["task_type"]) if row and job.task_type == CUSTOM else job


class _Run:
    """One re-admission of one job."""

    def __init__(self, lake: Lake, job: JobFacts) -> None:
        self.lake, self.job = lake, job
        self.at = datetime.now(UTC)
        self.id = f"readmit-{self.at:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
        self.rows: Counter[str] = Counter()

    def not_in_silver(self) -> list[dict[str, Any]]:
        """Quarantined rows whose key silver does not have."""
        return self._without_known(self.lake.scan(QUARANTINE.name, jobs=[self.job.job_name])).to_pylist()

    def let_in(self, store: Store, out: list[dict[str, Any]], accept: list[str], reason: str, by: str) -> None:
        """Read the objects of these quarantined rows again; note and append what is good now."""
        accepted = self.accepted([row for row in out if row["rule"] in accept])
        object_ids = {str(row["object_id"]) for row in out if row["object_id"] is not None}
        stamp = {"landing_id": self.id, "landed_at": self.at}
        silver = silver_again(self.lake, store, self.job, self.job_row(), object_ids, stamp, accepted)
        good = {(name, key) for name, rows in silver.rows.items() for key in _row_keys(name, rows)}
        noted = [row for row in out if (row["table_name"], row["row_key"]) in good]
        if noted:
            overridden = {(r["table_name"], r["row_key"], r["rule"]) for r in accepted.to_pylist()}
            self.note(noted, overridden, reason, by)
            self.keep_labels()
        for name, rows in silver.rows.items():
            self.rows[name] += self._write(name, rows)
        self.rows = +self.rows
        self._write(QUARANTINE.name, self._without_known(silver.quarantined))

    def accepted(self, asked: Iterable[dict[str, Any]]) -> pa.Table:
        """Rows and rules that somebody overrides, now or before."""
        columns = ("table_name", "row_key", "rule")
        before = self.lake.scan(READMISSION.name, jobs=[self.job.job_name]).to_pylist()
        chosen = [r for r in before if r["is_accepted"]] + list(asked)
        return pa.Table.from_pylist(
            [{c: r[c] for c in columns} for r in chosen], schema=pa.schema([(c, pa.string()) for c in columns])
        )

    def note(
        self, noted: Iterable[dict[str, Any]], overridden: set[tuple[str, str, str]], reason: str, by: str
    ) -> None:
        """Put on record who let these rows in; a rule that is not overridden holds by now."""
        rows = [
            {
                "job_name": self.job.job_name,
                "table_name": row["table_name"],
                "row_key": row["row_key"],
                "rule": row["rule"],
                "is_accepted": (row["table_name"], row["row_key"], row["rule"]) in overridden,
                "reason": reason or None,
                "decided_by": by,
                "landing_id": self.id,
                "landed_at": self.at,
            }
            for row in noted
        ]
        self._write(READMISSION.name, pa.Table.from_pylist(rows, schema=READMISSION.arrow))

    def keep_labels(self) -> None:
        """A new state of the job where its labels are not those that landed; gold reads them there."""
        row = _last_state(self.lake, self.job.job_name)
        if row is not None and self.job.labels and row["labels"] != labels_json(self.job):
            self._write(JOB_TABLE.name, self.job_row(modified_at=self.at))

    def unchecked(self) -> list[str]:
        """Re-admissions of the job that no check was made of yet: this one, and ones that were killed."""
        noted = self.lake.scan(READMISSION.name, jobs=[self.job.job_name], columns=["landing_id"])
        checked = self.lake.scan(CHECK_RESULT.name, jobs=[self.job.job_name], columns=["landing_id"])
        ids = {str(i) for i in noted["landing_id"].to_pylist()} | ({self.id} if self.rows else set())
        return sorted(ids - {str(i) for i in checked["landing_id"].to_pylist()})

    def check(self, landing_id: str) -> list[str]:
        """The checks of a landing, over all rows of the job; returns those that hold the release."""
        job = self.job.job_name
        silver = {n: self.lake.scan(n, jobs=[job]) for n in TABLES if n.startswith("silver.") and n in _PARTITIONED}
        silver["silver.asset"] = self.lake.scan("silver.asset")
        counts = forgive(run_checks(silver, self.job_row()), self.lake.scan(READMISSION.name, jobs=[job]))
        held = validate(job, counts)
        rows = [_result(job, count, is_ok) for count, is_ok in zip(counts, held, strict=True)]
        landing = {"landing_id": landing_id, "landed_at": self.at}
        self._write(CHECK_RESULT.name, pa.Table.from_pylist([r | landing for r in rows], schema=CHECK_RESULT.arrow))
        return [f"{r['table_name']} {r['check_name']}" for r in rows if r["severity"] == "fail" and not r["is_ok"]]

    def job_row(self, **changes: Any) -> pa.Table:
        known = _last_state(self.lake, self.job.job_name) or {}
        row = {**known, "labels": labels_json(self.job), "landing_id": self.id, "landed_at": self.at, **changes}
        return pa.Table.from_pylist([row], schema=JOB_TABLE.arrow)

    def _without_known(self, quarantined: pa.Table) -> pa.Table:
        """The quarantined rows whose key silver does not have."""
        unknown = []
        for name in sorted({str(n) for n in quarantined["table_name"].to_pylist()} & set(TABLES)):
            rows = quarantined.filter(pc.field("table_name") == name)
            there = self.lake.scan(name, jobs=[self.job.job_name], columns=list(TABLES[name].key))
            known = pa.array(sorted(_row_keys(name, there)), pa.string())
            unknown.append(rows.filter(~pc.field("row_key").isin(known)))
        return pa.concat_tables([quarantined.slice(0, 0), *unknown])

    def _write(self, name: str, rows: pa.Table) -> int:
        return self.lake.append_new(name, rows, landing_id=self.id, job_name=self.job.job_name)


_PARTITIONED = frozenset(name for name, spec in TABLES.items() if "job_name" in spec.partition)


def _check_acceptance(accept: list[str], reason: str) -> None:
    rules = {rule.name for name in TABLES for rule in rules_of(name)}
    for rule in accept:
        if rule not in rules:
            raise LakeError(f"No rule is called {rule}.", hint="See which were broken: annolake quarantine list")
        if rule not in ACCEPTABLE:
            raise LakeError(
                f"{rule} cannot be overridden: a row that breaks it has no meaning.",
                hint=f"Rules that can: {', '.join(ACCEPTABLE)}",
            )
    if accept and not reason.strip():
        raise LakeError("Rows are accepted for a reason only.", hint='Give it: --reason "..."')


def _row_keys(name: str, rows: pa.Table) -> set[str]:
    """The key of each row, as `silver.quarantine` has it."""
    with database() as connection:
        connection.register("keyed", rows)
        return {key for (key,) in connection.sql(f"SELECT {row_key(TABLES[name])} FROM keyed").fetchall()}


def _last_state(lake: Lake, job_name: str) -> dict[str, Any] | None:
    rows = lake.scan(JOB_TABLE.name, jobs=[job_name]).to_pylist()
    return max(rows, key=lambda r: (r["modified_at"], r["landed_at"]), default=None)


def _from_row(row: dict[str, Any]) -> JobFacts:
    output = str(row["output_uri"] or "").removesuffix("/manifests/output/output.manifest")
    labels = json.loads(row["labels"] or "{}")
    same = {f.name: row[f.name] for f in fields(JobFacts) if row.get(f.name) is not None}
    return JobFacts(**{**same, "output_root": output, "labels": labels})


def _result(job_name: str, count: Count, is_ok: bool) -> dict[str, Any]:
    return {
        "job_name": job_name,
        "table_name": count.table,
        "check_name": count.rule,
        "severity": count.severity,
        "is_ok": is_ok,
        "n_rows": count.n_rows,
        "n_failed": count.n_failed,
        "detail": count.detail,
    }
