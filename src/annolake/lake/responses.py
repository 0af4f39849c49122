"""Worker-response files: rows of the good answers, a fault for each of the others.

A file of a usual shape is read typed (`lake.typed`), its segments with it; any other one with care.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast

import duckdb
import numpy as np
import pyarrow as pa

from annolake.lake.bulk import SEGMENT
from annolake.lake.catalog import first_by_key
from annolake.lake.fetch import Body, Source
from annolake.lake.ledger import Ledger
from annolake.lake.typed import Segments, read_file
from transforms.frames import Folder, join_frames
from transforms.ground_truth import Answer, Fault, content_hash, object_of_response, read_answers
from transforms.identity import worker_pseudonym
from transforms.schemas import WORKER_RESPONSE

_NUMBERS: dict[str, pa.DataType] = {"answer_id": pa.int64(), "n_segments": pa.int32()}
ANSWERS = pa.schema([*_NUMBERS.items(), *WORKER_RESPONSE.arrow])
SEGMENTS = pa.schema({"answer_id": pa.int64(), "segment_no": pa.int32()} | SEGMENT)

FILES_AT_ONCE = 20_000
BYTES_AT_ONCE = 64 << 20
"""What is in memory together: as many files, or as many bytes of large ones."""
WHOLE = "SELECT * EXCLUDE (answer_id, n_segments) FROM read_answers"


class Rows(NamedTuple):
    """Answers of some files."""

    answers: pa.Table
    """Rows of bronze; where the segments of an answer are read, with its number and theirs."""
    segments: pa.Table
    """Segments of the answers that have a number."""

    def show(self, connection: duckdb.DuckDBPyConnection, *, is_segmentation: bool) -> dict[str, pa.Table | str]:
        """Relations for the models, over `read_answers`, which has all rows of bronze.

        Where the job asks for segments, typed answers are tracks, as those in manifest lines are. In other jobs the
        models judge them like any other.
        """
        connection.register("read_answers", self.answers)
        connection.register("read_segments", self.segments)
        if not is_segmentation:
            return {"bronze.worker_response": f"({WHOLE})"}
        return {
            "bronze.worker_response": f"({WHOLE} WHERE answer_id IS NULL)",
            "landing.track": "(SELECT *, NULL::VARCHAR AS problem FROM read_answers WHERE answer_id IS NOT NULL)",
            "landing.segment": "read_segments",
        }


@dataclass
class Workers:
    """Who gave the answers of a landing."""

    key: str
    """Of the pseudonyms."""
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By pseudonym."""
    _pseudonyms: dict[str, str] = field(default_factory=dict)

    def pseudonym(self, answer: Answer) -> str:
        """The worker's, who is noted where not yet known."""
        name = answer.backend_worker_id
        worker = self._pseudonyms.get(name)
        if worker is None:
            worker = self._pseudonyms[name] = worker_pseudonym(self.key, name)
            self.rows.setdefault(
                worker,
                {
                    "worker_id": worker,
                    "backend_worker_id": name,
                    "provider": answer.provider,
                    "issuer": answer.issuer,
                    "subject": answer.subject,
                },
            )
        return worker


class Responses:
    """Collects the answers of some files."""

    def __init__(self, workers: Workers) -> None:
        self.workers = workers
        self._n_typed = self._n_files = self._n_bytes = 0
        self._answers: list[tuple[Any, ...]] = []
        self._segments = Segments([], [], [], [], [], [], [])
        self._answer_ids: list[int] = []

    @property
    def is_full(self) -> bool:
        """Whether it is time to work on what was read."""
        return self._n_files >= FILES_AT_ONCE or self._n_bytes >= BYTES_AT_ONCE

    def read(self, body: Body, ledger: Ledger) -> None:
        """Add what one file says; what cannot be read goes to the ledger."""
        self._n_files += 1
        self._n_bytes += len(body.content or b"")
        faults = self._read(body, ledger.job_name)
        for fault in faults:
            ledger.note("worker_response", body.source, fault)
        if not any(fault.line_no == 0 for fault in faults):
            bad = Fault(0, "bad_answers", f"{len(faults)} answers did not land.") if faults else None
            ledger.note("worker_response", body.source, bad, is_ok=True)

    def read_frames(self, folder: Folder, bodies: Sequence[Body], ledger: Ledger) -> None:
        """Add the one answer that the files of a worker's frames are together.

        While a file cannot be read the answer waits: without it, it would say that nothing is on that frame.
        """
        files = [(body.source.uri, body.content) for body in bodies if body.content is not None]
        if len(files) < len(bodies):
            for body in bodies:
                if body.content is None:
                    unreadable = Fault(0, "unreadable", f"Not readable: {body.problem}.")
                    ledger.note("worker_response", body.source, unreadable)
            return
        content, faults = join_frames(files)
        for body in bodies:
            fault = faults.get(body.source.uri)
            ledger.note("worker_response", body.source, fault, is_ok=fault is None)
        if content is not None:
            newest = max(body.source.modified_at for body in bodies)
            # Stores tell whole seconds: a frame that came in the same one makes a newer answer all the same.
            submitted = newest + timedelta(milliseconds=len(files))
            version = content_hash(" ".join(sorted(body.source.version for body in bodies)))
            answer = Answer(0, folder.worker, None, None, None, None, submitted, None, content)
            self._add(Source(folder.uri, version, newest), ledger.job_name, folder.object_id, answer)

    def rows(self, landing_id: str, landed_at: datetime) -> Rows:
        """What was added, an answer that stands there twice once."""
        said = self._segments
        answers = ((*row, landing_id, landed_at) for row in self._answers)
        columns = _table(zip(*answers, strict=True), ANSWERS) if self._answers else ANSWERS.empty_table()
        return Rows(
            first_by_key(columns, WORKER_RESPONSE.key),
            _table((*self._places(), *said[2:]), SEGMENTS),
        )

    def _places(self) -> tuple[Any, Any, Any]:
        """Of every segment its answer's number, its own number in the track, and its layer."""
        counts = np.array(self._segments.counts, np.int64)
        track = np.repeat(np.arange(len(counts)), counts)
        first = np.cumsum(counts) - counts
        layers = pa.array(self._segments.layers, pa.string())
        return (
            pa.array(np.array(self._answer_ids, np.int64)[track]),
            pa.array((np.arange(len(track)) - first[track]).astype(np.int32)),
            layers.take(track),
        )

    def _read(self, body: Body, job_name: str) -> list[Fault]:
        if body.content is None:
            return [Fault(0, "unreadable", f"Not readable: {body.problem}.")]
        object_id = object_of_response(body.source.uri)
        if object_id is None:
            return [Fault(0, "unknown_path", "The path is not worker-response/iteration-<n>/<object>/<time>.json.")]
        faults: list[Fault] = []
        read = read_file(body.content)
        if read is None:
            careful, faults = read_answers(body.content)
            read = [(answer, None) for answer in careful]
        for answer, segments in read:
            self._add(body.source, job_name, object_id, answer, segments)
        return faults

    def _add(
        self, source: Source, job_name: str, object_id: str, answer: Answer, segments: Segments | None = None
    ) -> None:
        answer_id = n_segments = None
        if segments is not None:
            answer_id, n_segments = self._n_typed, len(segments.label)
            self._n_typed += 1
            self._answer_ids += [answer_id] * len(segments.layers)  # of the tracks
            for mine, more in zip(self._segments, segments, strict=True):
                cast("list[Any]", mine).extend(cast("list[Any]", more))
        self._answers.append(
            (
                answer_id,
                n_segments,
                job_name,
                object_id,
                source.uri,
                source.version,
                answer.answer_no,
                self.workers.pseudonym(answer),
                answer.revision,
                answer.accepted_at,
                answer.submitted_at,
                answer.time_spent_s,
                answer.content,
                content_hash(answer.content),
            )
        )


def _table(columns: Iterable[Any], schema: pa.Schema) -> pa.Table:
    arrays = [
        column if isinstance(column, pa.Array) else pa.array(column, kind.type)
        for column, kind in zip(columns, schema, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)
