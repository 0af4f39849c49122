"""Worker-response files: rows of the good answers, and an outcome of each file, column by column.

A file of a usual shape is read typed (`lake.typed`), its segments with it; any other one with care. Little is imported
here, as in `lake.local`, and for the same reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from annolake.lake.local import Body, LocalStore, Source
from annolake.lake.segments import Segments
from annolake.lake.typed import Annotations, read_file
from transforms.frames import Folder, join_frames
from transforms.ground_truth import Answer, Fault, content_hash, object_of_response, read_answers
from transforms.identity import worker_pseudonym
from transforms.schemas import WORKER_RESPONSE

if TYPE_CHECKING:
    import duckdb

    from annolake.lake.fetch import Store

_NUMBERS: dict[str, pa.DataType] = {"answer_id": pa.int64(), "n_segments": pa.int32()}
_PEOPLE: dict[str, pa.DataType] = dict.fromkeys(
    ("worker_id", "backend_worker_id", "provider", "issuer", "subject"), pa.string()
)
_OUTCOMES: dict[str, pa.DataType] = {
    "kind": pa.string(),
    "job_name": pa.string(),
    "source_uri": pa.string(),
    "source_version": pa.string(),
    "line_no": pa.int64(),
    "is_ok": pa.bool_(),
    "reason_code": pa.string(),
    "reason": pa.string(),
    "landing_id": pa.string(),
    "landed_at": pa.timestamp("us", tz="UTC"),
}
ANSWERS = pa.schema([*_NUMBERS.items(), *WORKER_RESPONSE.arrow])
PEOPLE = pa.schema(_PEOPLE)
OUTCOMES = pa.schema(_OUTCOMES)

SLICE_FILES = 500
SLICE_BYTES = 3 << 19
"""What is read at a time: as many files, or as many bytes of large ones. More would not stay in a processor's cache."""
SLICES_AT_ONCE = 40
"""What is worked on together."""
WHOLE = "SELECT * EXCLUDE (answer_id, n_segments) FROM read_answers"


class Stamp(NamedTuple):
    """What the rows of a landing have in common, and the key of its pseudonyms."""

    job_name: str
    landing_id: str
    landed_at: datetime
    key: str


class Rows(NamedTuple):
    """What some files say."""

    answers: pa.Table
    """Rows of bronze; where the segments of an answer are read, with its number and theirs."""
    segments: pa.Table
    """Segments of the answers that have a number."""
    people: pa.Table
    """Who gave them."""
    outcomes: pa.Table
    """A fault, or that a whole file was read."""

    def show(self, connection: duckdb.DuckDBPyConnection, *, is_segmentation: bool) -> dict[str, pa.Table | str]:
        """Relations for the models, over `read_answers`, which has all rows of bronze.

        Where the job asks for segments, typed answers are tracks, as those in manifest lines are. In other jobs the
        models judge them like any other.
        """
        # In one piece: DuckDB would take several in any order, and bronze keeps that of the files.
        connection.register("read_answers", self.answers.combine_chunks())
        connection.register("read_segments", self.segments)
        if not is_segmentation:
            return {"bronze.worker_response": f"({WHOLE})"}
        return {
            "bronze.worker_response": f"({WHOLE} WHERE answer_id IS NULL)",
            "landing.track": "(SELECT *, NULL::VARCHAR AS problem FROM read_answers WHERE answer_id IS NOT NULL)",
            "landing.segment": "read_segments",
        }


class Pseudonyms(dict[str, str]):
    """workerId -> pseudonym, made when it is first asked for."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __missing__(self, worker: str) -> str:
        made = self[worker] = worker_pseudonym(self._key, worker)
        return made


class Responses:
    """Collects the answers of some files, all those of an object among them: here an answer counts once."""

    def __init__(self, stamp: Stamp, pseudonyms: Pseudonyms) -> None:
        self.stamp, self.pseudonyms = stamp, pseudonyms
        self._people: dict[str, tuple[str | None, ...]] = {}
        self._known: set[tuple[str, str, int, str]] = set()
        self._answers: list[tuple[Any, ...]] = []
        self._segments = Segments()
        self._outcomes: list[tuple[str, str, int, bool, str | None, str | None]] = []

    def read(self, body: Body) -> None:
        """Add what one file says, or why it cannot be read."""
        faults = self._read(body)
        if not faults:
            self._outcomes.append((body.source.uri, body.source.version, 0, True, None, None))
            return
        for fault in faults:
            self._note(body.source, fault)
        if not any(fault.line_no == 0 for fault in faults):
            self._note(body.source, Fault(0, "bad_answers", f"{len(faults)} answers did not land."), is_ok=True)

    def read_frames(self, folder: Folder, bodies: Sequence[Body]) -> None:
        """Add the one answer that the files of a worker's frames are together.

        While a file cannot be read the answer waits: without it, it would say that nothing is on that frame.
        """
        files = [(body.source.uri, body.content) for body in bodies if body.content is not None]
        if len(files) < len(bodies):
            for body in bodies:
                if body.content is None:
                    self._note(body.source, Fault(0, "unreadable", f"Not readable: {body.problem}."))
            return
        content, faults = join_frames(files)
        for body in bodies:
            fault = faults.get(body.source.uri)
            self._note(body.source, fault, is_ok=fault is None)
        if content is not None:
            newest = max(body.source.modified_at for body in bodies)
            # Stores tell whole seconds: a frame that came in the same one makes a newer answer all the same.
            submitted = newest + timedelta(milliseconds=len(files))
            version = content_hash(" ".join(sorted(body.source.version for body in bodies)))
            answer = Answer(0, folder.worker, None, None, None, None, submitted, None, content)
            self._add(Source(folder.uri, version, newest), folder.object_id, answer)

    def rows(self) -> Rows:
        """What was added."""
        segments, counts, is_sound = self._segments.columns()
        answers = _columns(self._answers, ANSWERS, self._constants(ANSWERS))
        if not is_sound.all():
            numbers = (None if n is None or not is_sound[n] else n for n in answers["answer_id"].to_pylist())
            answers = answers.set_column(0, ANSWERS.field(0), pa.array(numbers, pa.int64()))
        n_segments = pa.array(counts.astype(np.int32)).take(answers["answer_id"])
        return Rows(
            answers.set_column(1, ANSWERS.field(1), n_segments),
            segments,
            _columns(list(self._people.values()), PEOPLE, {}),
            _columns(self._outcomes, OUTCOMES, self._constants(OUTCOMES)),
        )

    def _constants(self, schema: pa.Schema) -> dict[str, Any]:
        same = {"kind": "worker_response", "n_segments": None, **self.stamp._asdict()}
        return {name: value for name, value in same.items() if name in schema.names}

    def _note(self, source: Source, fault: Fault | None, *, is_ok: bool = False) -> None:
        told = (fault.line_no, is_ok, fault.code, fault.reason) if fault else (0, is_ok, None, None)
        self._outcomes.append((source.uri, source.version, *told))

    def _read(self, body: Body) -> Sequence[Fault]:
        source, content, problem = body
        if content is None:
            return [Fault(0, "unreadable", f"Not readable: {problem}.")]
        object_id = object_of_response(source.uri)
        if object_id is None:
            return [Fault(0, "unknown_path", "The path is not worker-response/iteration-<n>/<object>/<time>.json.")]
        read = read_file(content)
        if read is not None:
            for answer, annotations in read:
                self._add(source, object_id, answer, annotations)
            return ()
        careful, faults = read_answers(content)
        for answer in careful:
            self._add(source, object_id, answer)
        return faults

    def _add(self, source: Source, object_id: str, answer: Answer, annotations: Annotations | None = None) -> None:
        name = answer.backend_worker_id
        worker, revision, hash_ = self.pseudonyms[name], answer.revision, content_hash(answer.content)
        if worker not in self._people:
            self._people[worker] = (worker, name, answer.provider, answer.issuer, answer.subject)
        if (key := (object_id, worker, revision, hash_)) in self._known:
            return
        self._known.add(key)
        self._answers.append(
            (
                None if annotations is None else self._segments.add(annotations),
                object_id,
                source.uri,
                source.version,
                answer.answer_no,
                worker,
                revision,
                answer.accepted_at,
                answer.submitted_at,
                answer.time_spent_s,
                answer.content,
                hash_,
            )
        )


def by_object(sources: Iterable[Source]) -> list[tuple[str, Source]]:
    """Sources with the objects that they are about, in the order of these; an empty one where the path tells none."""
    return sorted(((object_of_response(s.uri) or "", s) for s in sources), key=itemgetter(0))


def cut(sources: Iterable[tuple[str, Source]], n_files: int = SLICE_FILES) -> list[list[Source]]:
    """Slices to read at a time: of so many files or SLICE_BYTES, and then to the end of the object."""
    slices: list[list[Source]] = []
    size, last = SLICE_BYTES, None
    for object_id, source in sources:
        if object_id != last and (size >= SLICE_BYTES or len(slices[-1]) >= n_files):
            slices.append([])
            size = 0
        slices[-1].append(source)
        size, last = size + source.n_bytes, object_id
    return slices


def read_slices(
    store: Store | LocalStore, slices: Sequence[Sequence[Source]], stamp: Stamp, pseudonyms: Pseudonyms
) -> Iterator[Rows]:
    """Rows of each slice."""
    bodies = iter(store.read(source for slice_ in slices for source in slice_))
    for slice_ in slices:
        responses = Responses(stamp, pseudonyms)
        for body in islice(bodies, len(slice_)):
            try:
                responses.read(body)
            except Exception as error:
                error.add_note(f"This was when {body.source.uri} was read.")
                raise
        yield responses.rows()


def _columns(rows: Sequence[tuple[Any, ...]], schema: pa.Schema, constants: dict[str, Any]) -> pa.Table:
    """Rows of all columns but those that are the same in each."""
    if not rows:
        return schema.empty_table()
    columns = iter(zip(*rows, strict=True))
    return _table(
        (
            pa.repeat(pa.scalar(constants[kind.name], kind.type), len(rows))
            if kind.name in constants
            else next(columns)
            for kind in schema
        ),
        schema,
    )


def _table(columns: Iterable[Any], schema: pa.Schema) -> pa.Table:
    arrays = [
        column if isinstance(column, pa.Array) else pa.array(column, kind.type)
        for column, kind in zip(columns, schema, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)
