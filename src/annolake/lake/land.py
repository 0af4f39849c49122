"""Landing: the outputs of one labeling job become bronze and silver rows, each once.

A landing reads the versions of files that no earlier one finished with (`lake.ledger`, written last), makes bronze and
silver rows of them batch by batch in DuckDB (`lake.bulk`, `sql/silver/`), each through the quality gate, stages them as
Parquet files and registers those with one commit a table (`lake.stage`), then checks (`lake.audit`). Killed anywhere
and run again, or run twice at once: the same rows, since every commit leaves out what is there.
"""

from __future__ import annotations

import logging
import secrets
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
from pyiceberg.expressions import EqualTo, GreaterThan

from annolake.config import Settings
from annolake.labeling import clients
from annolake.lake.audit import audit
from annolake.lake.bulk import parts_without_rows, read_batch
from annolake.lake.catalog import Lake, open_lake
from annolake.lake.crew import Crew
from annolake.lake.facts import CUSTOM, JobFacts, describe_job, is_segmentation, labels_json
from annolake.lake.fetch import LocalStore, S3Store, Source, Store, store_of
from annolake.lake.ledger import FAULT_KEY, LEDGER, Ledger
from annolake.lake.lines import LineReader, Undecodable, ahead
from annolake.lake.objects import Objects, media_type
from annolake.lake.proven import Landed
from annolake.lake.report import LandReport
from annolake.lake.responses import Pseudonyms, Responses, Rows, Stamp, by_object
from annolake.lake.rewritten import KNOWN_COLUMNS, N_EARLIER, hash_now, know_lines, mark_lines, marked, newest_lines
from annolake.lake.silver import Models, offered, open_models, stamped
from annolake.lake.spread import Readers, gather
from annolake.lake.stage import Stage
from annolake.lake.views import literal
from annolake.quality.checks import CHECKED
from annolake.quality.gate import Count
from transforms import schemas
from transforms.frames import folder_of_frame
from transforms.ground_truth import Fault, content_hash, object_of_label_file, read_label_file
from transforms.identity import worker_pseudonym
from transforms.inline import LAST_UNTIMED, UNTIMED

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["LandReport", "land_job", "land_outputs"]

log = logging.getLogger(__name__)

BATCH_BYTES = 32 << 20
AT_ONCE_BYTES = 64 << 20
"""Lines that are worked on at a time: what is made of them takes five times as much memory."""
LEAST_BYTES = 4 << 20
"""What one thread lands alone: to plan the statements of another batch takes longer."""
FRAME_DEPTH = 3
"""Slashes in `iteration-<n>/<object>/<worker>/<frame>.json`."""
BRONZE = ("bronze.worker_response", "bronze.manifest_line")
LABELS_SAID = ["source_uri", "source_modified_at", "landed_at", "content_hash"]
Judged = tuple[list[Count], dict[str, int]]
"""The count of every rule, and by table how many good rows share their key with another one of their batch."""


def land_job(settings: Settings, job_name: str) -> LandReport:
    """Land what is new of a labeling job. Safe to run again, and at the same time elsewhere.

    Raises `LabelingError` where the backend does not know the job, `LabelingUnavailable` while it does not answer.
    """
    job = describe_job(settings, job_name)
    with open_lake(settings) as lake, closing(clients.s3(settings)) as s3:
        return land_outputs(
            lake,
            store_of(settings, s3),
            job,
            pseudonym_key=settings.pseudonym_key,
            docs=settings.home / "data-docs" / job.job_name,
        )


def land_outputs(
    lake: Lake, store: Store | S3Client, job: JobFacts, *, pseudonym_key: str, docs: Path | None = None
) -> LandReport:
    """Land the outputs that stand in a store, or behind an S3 client, for a job that is described already."""
    found = store if isinstance(store, S3Store | LocalStore) else S3Store(store)  # type: ignore[arg-type]
    with ExitStack() as opened:
        return _Landing(lake, found, job, pseudonym_key, opened).run(docs)


class _Landing:
    """One run for one job; counts while it goes."""

    def __init__(self, lake: Lake, store: Store, job: JobFacts, pseudonym_key: str, opened: ExitStack) -> None:
        self.lake, self.store, self.job, self.key = lake, store, job, pseudonym_key
        self.at = datetime.now(UTC)
        self.id = f"land-{self.at:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
        self.ledger = Ledger(lake, job.job_name)
        self.objects = Objects(lake, store, job)
        self.rows: Counter[str] = Counter()
        self.counts: dict[tuple[str, str], Count] = {}
        self.n_doubled: Counter[str] = Counter()
        self.is_answered_in_files = False
        self._files: pa.Table | None = None
        self._told: tuple[JobFacts, dict[str, pa.Table | str]] | None = None
        scratch = tempfile.mkdtemp(prefix="annolake-landing-")
        opened.callback(shutil.rmtree, scratch, ignore_errors=True)
        self.connection = opened.enter_context(closing(open_models(scratch)))
        self.models = Models(self.connection)
        self.stamp = Stamp(job.job_name, self.id, self.at, pseudonym_key)
        self.readers = opened.enter_context(Readers(store, self.stamp))

    def run(self, docs: Path | None) -> LandReport:
        manifest, responses, files = self._new_sources()
        sources = [s for s in (manifest, *responses, *files) if s]
        if not sources and not self._is_new_state():
            return LandReport(self.job.job_name, self.id)
        labeled_anew = self._land_label_files(files)
        self._land_responses(responses)
        if manifest:
            self._land_manifest(manifest)
        if labeled_anew:  # also beside a manifest: what is known of it is not read again
            self._land_again(labeled_anew)
        failed = self._audit(docs)
        faults, read = self.ledger.rows({"landing_id": self.id, "landed_at": self.at})
        self._append(LEDGER, faults, key=FAULT_KEY)
        self._append(LEDGER, read)
        self._append("silver.job", self._job_row())
        report = LandReport(
            job_name=self.job.job_name,
            landing_id=self.id,
            n_sources=len(sources),
            n_lines=self.rows["bronze.manifest_line"],
            n_answers=self.rows["bronze.worker_response"],
            n_rows={name: n for name, n in self.rows.items() if n},
            quarantined={f"{t} {r}": c.n_failed for (t, r), c in self.counts.items() if _quarantines(c)},
            faults=self.ledger.faults,
            failed_checks=tuple(failed),
        )
        log.info("%s", report)
        return report

    # -- what there is to read -----------------------------------------------------------------------------------

    def _new_sources(self) -> tuple[Source | None, list[Source], list[Source]]:
        manifest = self.store.find(self.job.manifest_uri)
        self.has_manifest = manifest is not None
        if manifest and self.ledger.is_read(manifest):
            manifest = None
        responses = [s for s in self.readers.list(self.job.responses_uri) if s.uri.endswith(".json")]
        self.is_answered_in_files = bool(responses)
        labels = (s for s in self.readers.list(self.job.label_files_uri) if object_of_label_file(s.uri))
        new_responses, new_labels = ([s for s in some if not self.ledger.is_read(s)] for some in (responses, labels))
        if changed := {folder_of_frame(s.uri) for s in new_responses if self._is_frame(s)}:
            # The frames of a worker are one answer: where one file is new, all of them are read.
            new_responses = [s for s in new_responses if not self._is_frame(s)]
            new_responses += [s for s in responses if self._is_frame(s) and folder_of_frame(s.uri) in changed]
        return manifest, new_responses, new_labels

    def _is_frame(self, source: Source) -> bool:
        """Whether a worker response is below a folder of its worker, by its path."""
        return source.uri.count("/", len(self.job.responses_uri)) == FRAME_DEPTH

    def _is_new_state(self) -> bool:
        known = self.lake.scan("silver.job", jobs=[self.job.job_name], columns=["modified_at"])
        return self.job.modified_at not in known["modified_at"].to_pylist()

    # -- reading -------------------------------------------------------------------------------------------------

    def _land_responses(self, sources: Sequence[Source]) -> None:
        if not sources:
            return
        sorted_ = by_object(sources)
        self.objects.find(object_id for object_id, _ in sorted_ if object_id)
        frames = [s for s in sources if self._is_frame(s)]
        self._land_whole([(object_id, s) for object_id, s in sorted_ if not self._is_frame(s)] if frames else sorted_)
        self._land_frames(frames)

    def _land_whole(self, sources: Sequence[tuple[str, Source]]) -> None:
        """Files of whole answers, read ahead of what is made of them, with one commit a table."""
        people = []
        with Stage(self.lake, self.id, self.job.job_name, self.connection) as stage:
            for rows in ahead(gather(self.readers.read(sources))):
                self._stage_answers(stage, rows)
                people.append(rows.people)
            self.readers.close()
            self._commit_answers(stage, people)

    def _land_frames(self, sources: Sequence[Source]) -> None:
        """Files of frames: those of a folder are one answer."""
        pseudonyms = Pseudonyms(self.key)
        for folder, frames in groupby(sources, key=lambda s: folder_of_frame(s.uri)):
            part, bodies = Responses(self.stamp, pseudonyms), list(self.store.read(frames))
            if folder is None:  # no iteration or no object: the ledger says so
                for body in bodies:
                    part.read(body)
            else:
                self.objects.find([folder.object_id])
                part.read_frames(folder, bodies)
            rows = part.rows()
            with Stage(self.lake, self.id, self.job.job_name, self.connection) as stage:
                self._stage_answers(stage, rows)
                self._commit_answers(stage, [rows.people])

    def _stage_answers(self, stage: Stage, rows: Rows) -> None:
        self.ledger.note_files(rows.outcomes)
        if not rows.answers.num_rows:
            return
        if self.job.task_type == CUSTOM and any(_has_streams(str(text)) for text in rows.answers["answer"].to_pylist()):
            self.job = replace(self.job, task_type=f"{self.objects.media_type()}_segmentation")
        given = rows.show(self.connection, is_segmentation=is_segmentation(self.job.task_type))
        stage.write("bronze.worker_response", "read_answers")
        self._stage(stage, given | {"landing.object": self.objects.table(self.connection)})

    def _commit_answers(self, stage: Stage, people: Sequence[pa.Table]) -> None:
        named = [worker for rows in people for worker in rows.to_pylist()]
        self._append("restricted.worker", self._table(schemas.WORKER_IDENTITY, named))
        self._commit(stage)

    def _land_manifest(self, source: Source) -> None:
        """Every line that no finished landing has read."""
        faults: list[Fault] = []
        reader, known = self._reader(source)
        answered = self._answered_in_files()
        self.objects.assets()  # looked up before the threads, which then only read what is known
        self._label_files()
        with Stage(self.lake, self.id, self.job.job_name, self.connection) as stage:

            def land(models: Models, batch: tuple[pa.Table, list[Undecodable]]) -> tuple[list[Fault], Judged]:
                found = read_batch(models.connection, *batch, self.job.label_attribute, known)
                if known:
                    mark_lines(models.connection)
                if answered is not None:
                    models.connection.register("answered_in_file", answered)
                return found, self._stage_lines(models, stage, source, _kept(answered), is_rewritten=bool(known))

            # A batch may tell what a custom job's task is; those after it are of that type.
            crew = Crew(self.connection)
            for found, judged in crew.work(
                land, _batches(reader, crew.size, source.n_bytes), lambda: self.job.task_type == CUSTOM
            ):
                faults += found
                self._note(judged)
            self._commit(stage)
        self.ledger.note_manifest(source, faults, reader.position)

    def _reader(self, source: Source) -> tuple[LineReader, str]:
        """A reader that stands where the last landing ended, if the bytes before are the same; else at the start.

        The other is a relation of lines that say what they said, or empty text.
        """
        for position in self.ledger.positions(source.uri):
            reader = self._new_reader(source)
            if reader.skip(position):
                return reader, ""
            break
        finished = self.ledger.finished(source.uri)
        if not finished and not self.ledger.is_begun(source.uri):
            return self._new_reader(source), ""
        among = EqualTo("source_uri", source.uri)
        lines = self.lake.scan("bronze.manifest_line", jobs=[self.job.job_name], columns=KNOWN_COLUMNS, where=among)
        return self._new_reader(source), know_lines(self.connection, lines, finished)

    def _new_reader(self, source: Source) -> LineReader:
        return LineReader(self.store.chunks(source), self._pseudonym)

    def _pseudonym(self, worker: str) -> str:
        return worker_pseudonym(self.key, worker)

    def _stage_lines(self, models: Models, stage: Stage, source: Source, kept: str, *, is_rewritten: bool) -> Judged:
        """Bronze and silver of the batch that `read_batch` left in its tables; `kept` says which answers count."""
        connection = models.connection
        if self.job.task_type == CUSTOM and _has_inline_segments(connection):
            names = connection.execute("SELECT source FROM landing_line LIMIT 1000").fetchall()
            self.job = replace(self.job, task_type=f"{media_type(n for (n,) in names)}_segmentation")
        told = f"{literal(self.job.job_name)} AS job_name, {literal(source.uri)} AS source_uri"
        version = f"{literal(source.version)} AS source_version"
        landed = f"{literal(self.id)} AS landing_id, TIMESTAMPTZ {literal(self.at.isoformat())} AS landed_at"
        modified = f"TIMESTAMPTZ {literal(source.modified_at.isoformat())}"
        line = f"{told}, {version}, {modified} AS source_modified_at, line_no, object_id, line_hash, {landed}"
        lines, text = (marked(name) if is_rewritten else name for name in ("landing_line", "landing_text"))
        revision = f"coalesce(epoch_ms(submitted_at), {UNTIMED}){f' + {N_EARLIER}' if is_rewritten else ''}"
        stage.write("bronze.manifest_line", f"(SELECT {line}, line FROM {text})", connection)
        answer = (
            f"{told}, object_id, worker_id, {revision} AS revision, accepted_at, "
            f"coalesce(submitted_at, {modified}) AS submitted_at, time_spent_s, answer_hash, {landed}"
        )
        none = parts_without_rows(connection)
        empty = {name.replace("_", ".", 1) for name in none} | ({"landing.object"} if "landing_line" in none else set())
        if "landing_content" in none:
            empty.add("bronze.worker_response")
        return self._stage_silver(
            models,
            stage,
            {
                "landing.line": f"(SELECT {line}, said, about, source_text FROM {lines})",
                "landing.track": f"""(SELECT {answer}, answer_id, n_segments, problem
                    FROM landing_track AS t WHERE {kept})""",
                "landing.segment": "landing_segment",
                "bronze.worker_response": f"""(SELECT {answer}, {version}, answer_no, content AS answer
                    FROM landing_content AS t WHERE {kept})""",
                "landing.object": self.objects.described(connection, "landing_line"),
            },
            empty,
        )

    def _answered_in_files(self) -> pa.Table | None:
        """Whose answers with a time stand in files, by object; None where none do."""
        if not self.is_answered_in_files:
            return None
        return self.lake.scan(
            "silver.assignment",
            jobs=[self.job.job_name],
            columns=["object_id", "worker_id"],
            where=GreaterThan("revision", LAST_UNTIMED),
        )

    def _land_label_files(self, sources: Sequence[Source]) -> set[str]:
        """Keep new files of labels; returns the objects that they label. The lines that name them give the rest."""
        rows = []
        said = self._labels_said() if sources else {}
        for body in self.store.read(sources):
            unreadable = Fault(0, "unreadable", f"Not readable: {body.problem}.")
            content = unreadable if body.content is None else read_label_file(body.content, self._pseudonym)
            if isinstance(content, Fault):
                self.ledger.note("label_file", body.source, content)
                continue
            rows.append(
                {
                    "job_name": self.job.job_name,
                    "object_id": object_of_label_file(body.source.uri),
                    "source_uri": body.source.uri,
                    "source_version": body.source.version,
                    "source_modified_at": body.source.modified_at,
                    "content": content,
                    "content_hash": hash_now(said.get(body.source.uri, ()), content_hash(content)),
                }
            )
            self.ledger.note("label_file", body.source, None, is_ok=True)
        self._append("bronze.label_file", self._table(schemas.LABEL_FILE, rows))
        return {str(row["object_id"]) for row in rows}

    def _labels_said(self) -> dict[str, list[str]]:
        """File of labels -> what it said so far, the newest last."""
        rows = self.lake.scan("bronze.label_file", jobs=[self.job.job_name], columns=LABELS_SAID)
        said: dict[str, list[str]] = {}
        for uri, *_, hash_ in sorted(zip(*rows.select(LABELS_SAID).to_pydict().values(), strict=True)):
            said.setdefault(uri, []).append(hash_)
        return said

    def _label_files(self) -> pa.Table:
        if self._files is None:
            self._files = self.lake.scan("bronze.label_file", jobs=[self.job.job_name])
        return self._files

    def _land_again(self, object_ids: set[str]) -> None:
        """Silver of the newest lines that landed before, since the file with their labels is new."""
        newest = newest_lines(self.lake, self.job.job_name, object_ids)
        lines = stamped(newest, {"landing_id": self.id, "landed_at": self.at})
        self.objects.find(object_ids)
        with Stage(self.lake, self.id, self.job.job_name, self.connection) as stage:
            self._stage(stage, {"bronze.manifest_line": lines, "landing.object": self.objects.table(self.connection)})
            self._commit(stage)

    # -- writing -------------------------------------------------------------------------------------------------

    def _stage(self, stage: Stage, given: Mapping[str, pa.Table | str]) -> None:
        """Silver of some bronze rows, to the stage."""
        self._note(self._stage_silver(self.models, stage, given))

    def _stage_silver(
        self, models: Models, stage: Stage, given: Mapping[str, pa.Table | str], empty: Set[str] | None = None
    ) -> Judged:
        silver = models.run(self._about(self.job) | dict(given), empty=empty)
        for name in CHECKED:
            if silver.gated[name].n_good:
                stage.write(name, silver.gated[name].relation, models.connection)
        if silver.quarantined.num_rows:
            models.connection.register("quarantined_rows", silver.quarantined)
            stage.write("silver.quarantine", "quarantined_rows", models.connection)
        return silver.counts, silver.n_doubled

    def _about(self, job: JobFacts) -> dict[str, pa.Table | str]:
        """What the models are told of the job; the same tables for all batches."""
        if self._told is None or self._told[0] is not job:
            tables: dict[str, pa.Table | str] = {
                "bronze.label_file": self._label_files(),
                "landing.job": self._job_row(),
                "landing.label": offered(job.labels),
            }
            self._told = job, tables
        return self._told[1]

    def _commit(self, stage: Stage) -> None:
        for name in (*BRONZE, *CHECKED, "silver.quarantine"):
            self.rows[name] += stage.commit(name)

    def _append(self, name: str, rows: pa.Table, key: Sequence[str] = ()) -> None:
        within = EqualTo("job_name", self.job.job_name) if name == LEDGER else None
        self.rows[name] += self.lake.append_new(
            name, rows, landing_id=self.id, job_name=self.job.job_name, key=key, within=within
        )

    def _note(self, judged: Judged) -> None:
        counts, n_doubled = judged
        self.n_doubled.update(n_doubled)
        for count in counts:
            self.counts[count.table, count.rule] = _sum(self.counts.get((count.table, count.rule)), count)

    def _audit(self, docs: Path | None) -> list[str]:
        """Check the tables and keep the counts; returns the names of those that hold the release."""
        incomplete = {table for (table, _), count in self.counts.items() if _quarantines(count)}
        landed = Landed(self.job, self.id, self.rows, self.n_doubled, incomplete)
        gated, assets = self.counts.values(), self.objects.assets()
        rows = audit(self.lake, landed, gated, assets=assets, job=self._job_row(), docs=docs)
        self._append("meta.check_result", self._table(schemas.CHECK_RESULT, rows))
        return [f"{r['table_name']} {r['check_name']}" for r in rows if r["severity"] == "fail" and not r["is_ok"]]

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
            "output_uri": job.manifest_uri if self.has_manifest else None,
            "created_at": job.created_at,
            "modified_at": job.modified_at,
        }
        return self._table(schemas.JOB_TABLE, [row])


def _batches(reader: LineReader, n_at_once: int, n_bytes: int) -> Iterator[tuple[pa.Table, list[Undecodable]]]:
    """Batches of lines, each with those that were left out; one for each thread where few are left to read."""
    left = n_bytes - reader.position.n_bytes
    share = -(-left // n_at_once) if left > LEAST_BYTES else BATCH_BYTES
    for batch in reader.batches(min(BATCH_BYTES, AT_ONCE_BYTES // n_at_once, share)):
        left_out, reader.undecodable = reader.undecodable, []
        yield batch, left_out


def _kept(answered: pa.Table | None) -> str:
    """Which answers in lines count: all but those without a time whose worker's answer stands in a file."""
    if answered is None:
        return "true"
    return """(t.submitted_at IS NOT NULL OR NOT EXISTS (SELECT 1 FROM answered_in_file AS f
        WHERE f.object_id = t.object_id AND f.worker_id = t.worker_id))"""


def _has_inline_segments(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether a batch has answers about stretches of the media."""
    tracks = connection.execute("SELECT 1 FROM landing_track LIMIT 1").fetchall()
    contents = connection.execute("SELECT content FROM landing_content LIMIT 1000").fetchall()
    return bool(tracks) or any(_has_streams(text) for (text,) in contents)


def _has_streams(answer: str) -> bool:
    """Whether an answer holds segments of its media, in System A's form."""
    return "streams" in answer and '"annotations"' in answer


def _quarantines(count: Count) -> bool:
    return count.severity == "fail" and count.n_failed > 0


def _sum(before: Count | None, count: Count) -> Count:
    if before is None:
        return count
    detail = count.detail if count.n_failed else before.detail
    return replace(count, n_rows=before.n_rows + count.n_rows, n_failed=before.n_failed + count.n_failed, detail=detail)
