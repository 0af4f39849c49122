"""Landing: the outputs of one labeling job become bronze and silver rows, each once.

A landing reads the versions of files that no earlier one finished with (`bronze.landing_outcome` is that ledger, and
written last), appends what is new to bronze, then what it means to silver through the quality gate, then the checks.
Killed anywhere and run again, or run twice at once: the same rows, since every append joins against what is there.
"""

from __future__ import annotations

import logging
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyiceberg.expressions import And, EqualTo

from annolake.config import Settings
from annolake.labeling import clients
from annolake.lake.catalog import Lake, open_lake
from annolake.lake.facts import CUSTOM, JobFacts, describe_job, labels_json
from annolake.lake.fetch import Body, Source, download, find_source, list_sources, read_lines
from annolake.lake.objects import Objects
from annolake.lake.silver import LABEL, build_silver
from annolake.quality.checks import run_checks
from annolake.quality.gate import Count
from annolake.quality.rules import written_rules
from annolake.quality.suites import validate
from transforms import schemas
from transforms.ground_truth import (
    Answer,
    Fault,
    Line,
    content_hash,
    object_of_label_file,
    object_of_response,
    read_answers,
    read_label_file,
    read_line,
)
from transforms.identity import worker_pseudonym

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

log = logging.getLogger(__name__)

LINES_AT_ONCE = 50_000
FILES_AT_ONCE = 5_000
PARENTS_FIRST = (
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
"""Written in this order and checked in the other: beside another landing, no row is seen without what it belongs to."""
LEDGER_KEY = ("source_uri", "source_version", "line_no", "is_ok")


@dataclass(frozen=True)
class LandReport:
    """What one landing found and did."""

    job_name: str
    landing_id: str
    n_sources: int = 0
    """Files read: manifests and worker responses."""
    n_lines: int = 0
    n_answers: int = 0
    n_rows: dict[str, int] = field(default_factory=dict)
    """Table -> rows appended."""
    quarantined: dict[str, int] = field(default_factory=dict)
    """`table rule` -> rows that broke it."""
    faults: tuple[str, ...] = ()
    """Why inputs did not land, in words."""
    failed_checks: tuple[str, ...] = ()
    """Checks of severity fail that do not hold: they hold the release."""

    def __str__(self) -> str:
        if not self.n_sources:
            return f"{self.job_name}: nothing new."
        parts = [f"{self.job_name}: {self.n_lines} lines and {self.n_answers} answers of {self.n_sources} files landed"]
        if self.quarantined:
            parts.append(f"{sum(self.quarantined.values())} rows quarantined")
        if self.faults:
            parts.append(f"{len(self.faults)} inputs refused, the first: {self.faults[0]}")
        if self.failed_checks:
            parts.append(f"checks that hold the release: {', '.join(self.failed_checks)}")
        return "; ".join(parts)


def land_job(settings: Settings, job_name: str) -> LandReport:
    """Land what is new of a labeling job. Safe to run again, and at the same time elsewhere.

    Raises `LabelingError` where the backend does not know the job, `LabelingUnavailable` while it does not answer.
    """
    job = describe_job(settings, job_name)
    with open_lake(settings) as lake, closing(clients.s3(settings)) as s3:
        return land_outputs(
            lake,
            s3,
            job,
            pseudonym_key=settings.pseudonym_key,
            docs=settings.home / "data-docs" / job.job_name,
        )


def land_outputs(
    lake: Lake, s3: S3Client, job: JobFacts, *, pseudonym_key: str, docs: Path | None = None
) -> LandReport:
    """Land the outputs that stand in the object store for a job that is described already."""
    return _Landing(lake, s3, job, pseudonym_key).run(docs)


@dataclass
class _Part:
    """Some inputs of a landing, read."""

    answers: list[dict[str, Any]] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)
    workers: list[dict[str, Any]] = field(default_factory=list)
    is_again: bool = False
    """Lines that landed before: the file with their labels is new."""


class _Landing:
    """One run for one job; counts while it goes."""

    def __init__(self, lake: Lake, s3: S3Client, job: JobFacts, pseudonym_key: str) -> None:
        self.lake, self.s3, self.job, self.key = lake, s3, job, pseudonym_key
        self.at = datetime.now(UTC)
        self.id = f"land-{self.at:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
        self.objects = Objects(lake, s3, job)
        self.outcomes: list[dict[str, Any]] = []
        self.rows: Counter[str] = Counter()
        self.counts: dict[tuple[str, str], Count] = {}
        self.n_lines = self.n_answers = 0
        self._pseudonyms: dict[str, str] | None = None
        self._files: pa.Table | None = None

    def run(self, docs: Path | None) -> LandReport:
        manifest, responses, files = self._new_sources()
        sources = [s for s in (manifest, *responses, *files) if s]
        if not sources and not self._is_new_state():
            return LandReport(self.job.job_name, self.id)
        labeled_anew = self._land_label_files(files)
        if manifest:
            for part in self._manifest_parts(manifest):
                self._land(part)
        elif labeled_anew:
            self._land(_Part(lines=self._lines_of(labeled_anew), is_again=True))
        for part in self._response_parts(responses):
            self._land(part)
        failed = self._check(docs)
        self._append("bronze.landing_outcome", self._table(schemas.LANDING_OUTCOME, self.outcomes), key=LEDGER_KEY)
        self._append("silver.job", self._job_row())
        report = LandReport(
            job_name=self.job.job_name,
            landing_id=self.id,
            n_sources=len(sources),
            n_lines=self.n_lines,
            n_answers=self.n_answers,
            n_rows=dict(self.rows),
            quarantined={f"{t} {r}": c.n_failed for (t, r), c in self.counts.items() if _quarantines(c)},
            faults=tuple(str(o["reason"]) for o in self.outcomes if not o["is_ok"]),
            failed_checks=tuple(failed),
        )
        log.info("%s", report)
        return report

    # -- what there is to read -----------------------------------------------------------------------------------

    def _new_sources(self) -> tuple[Source | None, list[Source], list[Source]]:
        done = self.lake.scan(
            "bronze.landing_outcome",
            columns=["source_uri", "source_version", "reason_code"],
            where=And(EqualTo("job_name", self.job.job_name), EqualTo("line_no", 0)),
        ).to_pylist()
        read = {(r["source_uri"], r["source_version"]) for r in done if r["reason_code"] != "unreadable"}
        manifest = find_source(self.s3, self.job.manifest_uri)
        if manifest and (manifest.uri, manifest.version) in read:
            manifest = None
        found = (s for s in list_sources(self.s3, self.job.responses_uri) if s.uri.endswith(".json"))
        labels = (s for s in list_sources(self.s3, self.job.label_files_uri) if object_of_label_file(s.uri))
        responses, files = ([s for s in some if (s.uri, s.version) not in read] for some in (found, labels))
        return manifest, responses, files

    def _is_new_state(self) -> bool:
        known = self.lake.scan("silver.job", jobs=[self.job.job_name], columns=["modified_at"])
        return self.job.modified_at not in known["modified_at"].to_pylist()

    # -- reading -------------------------------------------------------------------------------------------------

    def _manifest_parts(self, source: Source) -> Iterator[_Part]:
        part, object_no, bad = _Part(), 0, 0
        for line_no, raw in enumerate(read_lines(self.s3, source), start=1):
            if not raw.strip():
                continue  # some tools write blank lines between; they are no objects
            found = read_line(line_no, str(object_no), raw, self._pseudonym)
            object_no += 1
            if isinstance(found, Fault):
                bad += 1
                self._outcome("manifest_line", source, found)
                continue
            self.objects.add(found)
            part.lines.append(self._line_row(source, found))
            if len(part.lines) >= LINES_AT_ONCE:
                yield part
                part = _Part()
        yield part
        whole = Fault(0, "bad_lines", f"{bad} of {object_no} lines did not land.") if bad else None
        self._outcome("manifest_line", source, whole, is_ok=True)

    def _response_parts(self, sources: Sequence[Source]) -> Iterator[_Part]:
        for start in range(0, len(sources), FILES_AT_ONCE):
            part = _Part()
            for body in download(self.s3, sources[start : start + FILES_AT_ONCE]):
                self._read_response(body, part)
            yield part

    def _read_response(self, body: Body, part: _Part) -> None:
        object_id = object_of_response(body.source.uri)
        if body.content is None:
            self._outcome("worker_response", body.source, Fault(0, "unreadable", f"Not readable: {body.problem}."))
            return
        if object_id is None:
            reason = "The path is not worker-response/iteration-<n>/<object>/<time>.json."
            self._outcome("worker_response", body.source, Fault(0, "unknown_path", reason))
            return
        answers, faults = read_answers(body.content)
        for answer in answers:
            self._add_answer(part, body.source, object_id, answer)
        for fault in faults:
            self._outcome("worker_response", body.source, fault)
        if not any(f.line_no == 0 for f in faults):
            bad = Fault(0, "bad_answers", f"{len(faults)} answers did not land.") if faults else None
            self._outcome("worker_response", body.source, bad, is_ok=True)

    def _add_answer(self, part: _Part, source: Source, object_id: str, answer: Answer) -> None:
        worker = worker_pseudonym(self.key, answer.backend_worker_id, answer.issuer, answer.subject)
        part.workers.append(
            {
                "worker_id": worker,
                "backend_worker_id": answer.backend_worker_id,
                "provider": answer.provider,
                "issuer": answer.issuer,
                "subject": answer.subject,
            }
        )
        part.answers.append(
            {
                "job_name": self.job.job_name,
                "object_id": object_id,
                "source_uri": source.uri,
                "source_version": source.version,
                "answer_no": answer.answer_no,
                "worker_id": worker,
                "revision": answer.revision,
                "accepted_at": answer.accepted_at,
                "submitted_at": answer.submitted_at,
                "time_spent_s": answer.time_spent_s,
                "answer": answer.content,
                "answer_hash": content_hash(answer.content),
            }
        )

    def _line_row(self, source: Source, line: Line) -> dict[str, Any]:
        return {
            "job_name": self.job.job_name,
            "source_uri": source.uri,
            "source_version": source.version,
            "source_modified_at": source.modified_at,
            "line_no": line.line_no,
            "object_id": line.object_id,
            "line": line.text,
            "line_hash": line.hash,
        }

    def _land_label_files(self, sources: Sequence[Source]) -> set[str]:
        """Keep new files of labels; returns the objects that they label. The lines that name them give the rest."""
        rows = []
        for body in download(self.s3, sources):
            unreadable = Fault(0, "unreadable", f"Not readable: {body.problem}.")
            content = unreadable if body.content is None else read_label_file(body.content)
            if isinstance(content, Fault):
                self._outcome("label_file", body.source, content)
                continue
            rows.append(
                {
                    "job_name": self.job.job_name,
                    "object_id": object_of_label_file(body.source.uri),
                    "source_uri": body.source.uri,
                    "source_version": body.source.version,
                    "source_modified_at": body.source.modified_at,
                    "content": content,
                    "content_hash": content_hash(content),
                }
            )
            self._outcome("label_file", body.source, None, is_ok=True)
        self._append("bronze.label_file", self._table(schemas.LABEL_FILE, rows))
        return {str(row["object_id"]) for row in rows}

    def _label_files(self) -> pa.Table:
        if self._files is None:
            self._files = self.lake.scan("bronze.label_file", jobs=[self.job.job_name])
        return self._files

    def _lines_of(self, object_ids: set[str]) -> list[dict[str, Any]]:
        """The lines of some objects that landed before."""
        rows = self.lake.scan("bronze.manifest_line", jobs=[self.job.job_name]).to_pylist()
        return [row for row in rows if row["object_id"] in object_ids]

    def _pseudonym(self, backend_worker_id: str) -> str:
        """The pseudonym of a worker who is named in a manifest, where only the backend's id stands."""
        if self._pseudonyms is None:
            known = self.lake.scan("restricted.worker", columns=["backend_worker_id", "worker_id"]).to_pylist()
            self._pseudonyms = {row["backend_worker_id"]: row["worker_id"] for row in known}
        return self._pseudonyms.get(backend_worker_id) or worker_pseudonym(self.key, backend_worker_id)

    def _outcome(self, kind: str, source: Source, fault: Fault | None, *, is_ok: bool = False) -> None:
        self.outcomes.append(
            {
                "kind": kind,
                "job_name": self.job.job_name,
                "source_uri": source.uri,
                "source_version": source.version,
                "line_no": fault.line_no if fault else 0,
                "is_ok": is_ok,
                "reason_code": fault.code if fault else None,
                "reason": fault.reason if fault else None,
                "seconds": None,
            }
        )

    # -- writing -------------------------------------------------------------------------------------------------

    def _land(self, part: _Part) -> None:
        if not part.answers and not part.lines:
            return
        if self.job.task_type == CUSTOM:
            self.job = replace(self.job, task_type=_task_type(part.answers, self.objects))
        self.n_lines += 0 if part.is_again else len(part.lines)
        self.n_answers += len(part.answers)
        answers = self._table(schemas.WORKER_RESPONSE, part.answers)
        lines = self._table(schemas.MANIFEST_LINE, part.lines)
        self._append("restricted.worker", self._table(schemas.WORKER_IDENTITY, part.workers))
        self._append("bronze.worker_response", answers)
        self._append("bronze.manifest_line", lines)
        ids = {str(row["object_id"]) for row in (*part.answers, *part.lines)}
        silver = build_silver(
            answers,
            lines,
            job=self._job_row(),
            objects=self.objects.table(ids),
            labels=_labels(self.job),
            files=self._label_files(),
        )
        for name in PARENTS_FIRST:
            self._append(name, silver.rows[name])
        self._append("silver.quarantine", silver.quarantined)
        for count in silver.counts:
            self.counts[count.table, count.rule] = _sum(self.counts.get((count.table, count.rule)), count)

    def _append(self, name: str, rows: pa.Table, key: Sequence[str] = ()) -> None:
        within = EqualTo("job_name", self.job.job_name) if name == "bronze.landing_outcome" else None
        n = self.lake.append_new(name, rows, landing_id=self.id, job_name=self.job.job_name, key=key, within=within)
        if n:
            self.rows[name] += n

    def _check(self, docs: Path | None) -> list[str]:
        """Judge and keep the counts; returns the names of those that hold the release."""
        job = self.job.job_name
        silver = {name: self.lake.scan(name, jobs=[job]) for name in reversed(PARENTS_FIRST)}
        checks = [
            *self._gate_counts(),
            *run_checks(
                {**silver, "silver.asset": self.objects.assets()},
                self._job_row(),
                self.lake.scan("meta.readmission", jobs=[job]),
            ),
        ]
        held = validate(job, checks, docs)
        rows = [
            {
                "job_name": job,
                "table_name": check.table,
                "check_name": check.rule,
                "severity": check.severity,
                "is_ok": is_ok,
                "n_rows": check.n_rows,
                "n_failed": check.n_failed,
                "detail": check.detail,
            }
            for check, is_ok in zip(checks, held, strict=True)
        ]
        self._append("meta.check_result", self._table(schemas.CHECK_RESULT, rows))
        return [f"{r['table_name']} {r['check_name']}" for r in rows if r["severity"] == "fail" and not r["is_ok"]]

    def _gate_counts(self) -> Iterator[Count]:
        """How many rows each written rule kept out; of the schema's rules those that were broken. Never a failure."""
        for count in self.counts.values():
            if count.n_failed or any(rule.name == count.rule for rule in written_rules(count.table)):
                yield replace(count, rule=f"gate_{count.rule}", severity="warn")

    def _table(self, spec: schemas.Table, rows: Iterable[dict[str, Any]]) -> pa.Table:
        landing = {"landing_id": self.id, "landed_at": self.at}
        return pa.Table.from_pylist([row | landing for row in rows], schema=spec.arrow)

    def _job_row(self) -> pa.Table:
        job = self.job
        row = {
            "job_name": job.job_name,
            "batch_id": job.batch_id,
            "level": job.level,
            "task_type": job.task_type,
            "label_attribute": job.label_attribute,
            "labels": labels_json(job),
            "workers_per_object": job.workers_per_object,
            "status": job.status,
            "n_objects": job.n_objects,
            "n_labeled": job.n_labeled,
            "n_failed": job.n_failed,
            "input_uri": job.input_uri,
            "output_uri": job.manifest_uri if self.n_lines else None,
            "created_at": job.created_at,
            "modified_at": job.modified_at,
        }
        return self._table(schemas.JOB_TABLE, [row])


def _task_type(answers: Iterable[dict[str, Any]], objects: Objects) -> str:
    """What a custom job asks for, by the shape of its answers: segments of its media, else nothing known."""
    if any("streams" in a["answer"] and '"annotations"' in a["answer"] for a in answers):
        return f"{objects.media_type()}_segmentation"
    return CUSTOM


def _labels(job: JobFacts) -> pa.Table:
    rows = [
        {"layer": layer, "label": label, "label_no": number}
        for layer, labels in job.labels.items()
        for number, label in enumerate(labels)
    ]
    return pa.Table.from_pylist(rows, schema=LABEL)


def _quarantines(count: Count) -> bool:
    return count.severity == "fail" and count.n_failed > 0


def _sum(before: Count | None, count: Count) -> Count:
    if before is None:
        return count
    detail = count.detail if count.n_failed else before.detail
    return replace(count, n_rows=before.n_rows + count.n_rows, n_failed=before.n_failed + count.n_failed, detail=detail)
