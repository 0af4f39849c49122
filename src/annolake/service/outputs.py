"""What a job leaves in the bucket: worker responses, the output manifest, consolidation requests and responses.

Everything is a function of what the store holds: times come from there, orders are fixed. Written again after a crash,
every file has the same name and the same bytes. The manifest carries every input line, in input order, from the start.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Row, and_, func, literal_column, select, update

from annolake.service import clock
from annolake.service.consolidation import Label, consolidate, frame_responses, label_file
from annolake.service.core import Service
from annolake.service.jobs import output_uri
from annolake.service.own_functions import consolidate_by_function, is_answered, post_function, read_response
from annolake.service.tables import data_object, identity, task
from annolake.service.task_types import FILE_KINDS, TaskType, task_type

CHUNK = 200
NONE: Any = literal_column("0")  # in the statement's own words, so that the index of answers to write serves it
MANIFEST = "manifests/output/output.manifest"


def write_outputs(service: Service, job_row: Row[Any], *, is_final: bool) -> None:
    """Bring a job's output up to date; `is_final` adds what is written once, at the end."""
    write_responses(service, job_row)
    if is_final and (name := post_function(job_row)):
        for iteration in _iterations(service, job_row):
            _call_function(service, job_row, name, iteration)
    labels = _consolidate(service, job_row)
    write_manifest(service, job_row, labels)
    if is_final and task_type(job_row.task_type).kind:
        for iteration in _iterations(service, job_row):
            _write_request(service, job_row, iteration)
            _write_response(service, job_row, labels, iteration)


def write_manifest(service: Service, job_row: Row[Any], labels: dict[int, Label]) -> None:
    """Write the output manifest anew, at once for all readers."""
    lines = (_output_line(job_row, row, labels).encode() + b"\n" for row in _objects(service, job_row))
    service.objects.put(output_uri(job_row, MANIFEST), _joined(lines), "application/x-jsonlines")


def write_responses(service: Service, job_row: Row[Any]) -> None:
    """Write a file of all answers for each finished object that has none yet, and its label where that is a file."""
    o, kind = data_object.c, task_type(job_row.task_type)
    while True:
        todo = select(data_object).where(
            o.job_id == job_row.job_id, o.status.in_(("labeled", "failed")), o.n_answered > NONE, ~o.is_response_written
        )
        with service.store.read() as connection:
            rows = connection.execute(todo.order_by(o.object_no).limit(CHUNK)).all()
            answers = _answers_of(connection, job_row, [row.object_no for row in rows])
        if not rows:
            return
        for row in rows:
            given = answers[row.object_no]
            if kind.ui:
                _write_frames(service, job_row, row, given)
            else:
                content = {"answers": [response_answer(service, answer) for answer in given]}
                uri = output_uri(job_row, _response_path(row.iteration, row.object_no, given[-1].ended_us))
                service.objects.put(uri, [_dumps(content).encode()], "application/json")
            if kind.kind in FILE_KINDS and row.status == "labeled":
                by_subject = sorted(given, key=lambda answer: answer.subject)
                label = label_file(kind.kind, job_row.labels or [], by_subject)
                content_type = "application/json" if kind.ui else "image/png"
                service.objects.put(_label_uri(job_row, row, kind), [label], content_type)
        with service.store.write() as connection:
            written = and_(o.job_id == job_row.job_id, o.object_no.in_([row.object_no for row in rows]))
            connection.execute(update(data_object).where(written).values(is_response_written=True))


def _write_frames(service: Service, job_row: Row[Any], row: Row[Any], given: list[Row[Any]]) -> None:
    """The worker's answer on a sequence: a file a frame, in a folder by the worker (contract, section 3.1)."""
    names = {frame["frame-no"]: frame["frame"] for frame in json.loads(row.prepared)["frames"]}
    folder = f"annotations/worker-response/iteration-{row.iteration}/{row.object_no}"
    for answer in given:
        worker = service.digest("worker", answer.subject)[:40]
        kind = task_type(job_row.task_type).kind or ""
        for name, content in frame_responses(kind, job_row.labels or [], answer.answer, names):
            service.objects.put(output_uri(job_row, f"{folder}/{worker}/{name}"), [content], "application/json")


def _label_uri(job_row: Row[Any], row: Row[Any], kind: TaskType) -> str:
    """Where the label of an object is whose label is a file."""
    name = (
        f"{row.object_no}/SeqLabel.json" if kind.ui else f"{row.object_no}_{clock.creation_date(row.finished_us)}.png"
    )
    return output_uri(job_row, f"annotations/consolidated-annotation/output/{name}")


def response_answer(service: Service, row: Row[Any]) -> dict[str, Any]:
    """One answer as a worker-response file holds it."""
    issued = (row.issuer, row.issued_sub) if row.issuer else (service.settings.service_url, row.subject)
    identity_data = {"identityProviderType": "Oidc", "issuer": issued[0], "sub": issued[1]}
    return {
        "acceptanceTime": clock.iso_ms(row.accepted_us),
        "answerContent": json.loads(row.answer),
        "submissionTime": clock.iso_ms(row.ended_us),
        "timeSpentInSeconds": (row.ended_us // 1000 - row.accepted_us // 1000) / 1000,
        "workerId": service.worker_id(row.subject),
        "workerMetadata": {"identityData": identity_data},
    }


# -- the manifest's lines ------------------------------------------------------------------------------------------


def _output_line(job_row: Row[Any], row: Row[Any], labels: dict[int, Label]) -> str:
    added = _label_of(job_row, row, labels)
    line: str = row.line
    if not added:
        return line
    values = json.loads(line)
    if added.keys() & values.keys():  # an earlier failure of the same attribute: its metadata goes
        return _dumps({k: v for k, v in values.items() if k not in added} | added)
    return f"{line[:-1].rstrip()},{_dumps(added)[1:]}"  # what came in goes out byte by byte


def _label_of(job_row: Row[Any], row: Row[Any], labels: dict[int, Label]) -> dict[str, Any]:
    attribute, kind = job_row.label_attribute, task_type(job_row.task_type)
    if row.status == "failed":
        reason = {"retry-count": 1, "failure-reason": row.failure_reason, "human-annotated": "true"}
        return {f"{attribute}-metadata": reason}
    if row.status != "labeled":
        return {}
    if not kind.kind and not post_function(job_row):
        uri = output_uri(job_row, _response_path(row.iteration, row.object_no, row.last_us))
        return {
            attribute: {},
            f"{attribute}-metadata": _custom_metadata(job_row, row, kind) | {"worker-response-ref": uri},
        }
    label = labels.get(row.object_no)
    if label is None:  # finished after the answers were weighed, or still to be: a later writing has it
        return {}
    if not kind.kind:
        return {attribute: label.value, f"{attribute}-metadata": label.about | _custom_metadata(job_row, row, kind)}
    made = {
        "job-name": f"labeling-job/{job_row.name_key}",
        "human-annotated": "yes",
        "creation-date": clock.creation_date(row.finished_us),
        "type": kind.metadata_type,
    }
    value = _label_uri(job_row, row, kind) if kind.kind in FILE_KINDS else label.value
    return {attribute: value, f"{attribute}-metadata": label.about | made}


def _custom_metadata(job_row: Row[Any], row: Row[Any], kind: TaskType) -> dict[str, Any]:
    return {
        "type": kind.metadata_type,
        "job-name": job_row.name_key,
        "human-annotated": "yes",
        "creation-date": clock.creation_date(row.finished_us),
    }


def _response_path(iteration: int, object_no: int, last_us: int) -> str:
    return f"annotations/worker-response/iteration-{iteration}/{object_no}/{clock.file_stamp(last_us)}.json"


# -- consolidation -------------------------------------------------------------------------------------------------


def _consolidate(service: Service, job_row: Row[Any]) -> dict[int, Label]:
    kind = task_type(job_row.task_type).kind
    if post_function(job_row):
        uris = [_consolidation_uri(service, job_row, "response", i) for i in _iterations(service, job_row)]
        return {n: x for uri in uris for n, x in read_response(service, uri, job_row.label_attribute).items()}
    if not kind:
        return {}
    o = data_object.c
    finished = and_(o.job_id == task.c.job_id, o.object_no == task.c.object_no)
    query = (
        select(task.c.object_no, task.c.subject, task.c.answer)
        .join(data_object, finished)
        .where(task.c.job_id == job_row.job_id, task.c.status == "submitted", o.status == "labeled")
        .order_by(task.c.object_no, task.c.subject)
    )
    with service.store.read(streams=True) as connection:
        rows = connection.execution_options(yield_per=1000).execute(query)
        return consolidate(kind, job_row.labels or [], rows)


def _iterations(service: Service, job_row: Row[Any]) -> list[int]:
    """The batches that people have answered."""
    o = data_object.c
    query = select(o.iteration).distinct().where(o.job_id == job_row.job_id, o.n_answered > 0)
    with service.store.read() as connection:
        return sorted(connection.execute(query).scalars())


def _consolidation_uri(service: Service, job_row: Row[Any], name: str, iteration: int) -> str:
    o = data_object.c
    last = select(func.max(o.finished_us)).where(o.job_id == job_row.job_id, o.iteration == iteration)
    with service.store.read() as connection:
        stamp = clock.file_stamp(connection.execute(last).scalar_one() or 0)
    path = f"annotations/consolidated-annotation/consolidation-{name}/iteration-{iteration}/{stamp}.json"
    return output_uri(job_row, path)


def _call_function(service: Service, job_row: Row[Any], name: str, iteration: int) -> None:
    """Let the job's own function consolidate a batch, unless it has."""
    response_uri = _consolidation_uri(service, job_row, "response", iteration)
    if is_answered(service, response_uri):
        return
    todo = {row.object_no for row in _objects(service, job_row, iteration) if row.status == "labeled"}
    request_uri = _write_request(service, job_row, iteration)
    response = consolidate_by_function(service, job_row, name, request_uri, todo)
    service.objects.put(response_uri, [response], "application/json")


def _write_request(service: Service, job_row: Row[Any], iteration: int) -> str:
    rows = (row for row in _objects(service, job_row, iteration) if row.status == "labeled")
    uri = _consolidation_uri(service, job_row, "request", iteration)
    entries = (_dumps(_request_entry(service, job_row, row)).encode() for row in rows)
    service.objects.put(uri, _as_array(entries), "application/json")
    return uri


def _write_response(service: Service, job_row: Row[Any], labels: dict[int, Label], iteration: int) -> None:
    rows = (row for row in _objects(service, job_row, iteration) if row.status == "labeled")
    entries = (_dumps(_response_entry(job_row, row, labels)).encode() for row in rows)
    uri = _consolidation_uri(service, job_row, "response", iteration)
    service.objects.put(uri, _as_array(entries), "application/json")


def _request_entry(service: Service, job_row: Row[Any], row: Row[Any]) -> dict[str, Any]:
    values = json.loads(row.line)
    with service.store.read() as connection:
        given = _answers_of(connection, job_row, [row.object_no])[row.object_no]
    return {
        "datasetObjectId": str(row.object_no),
        "dataObject": {"s3Uri": values["source-ref"]} if "source-ref" in values else {"content": values["source"]},
        "annotations": [
            {"workerId": service.worker_id(a.subject), "annotationData": {"content": a.answer}} for a in given
        ],
    }


def _response_entry(job_row: Row[Any], row: Row[Any], labels: dict[int, Label]) -> dict[str, Any]:
    content = {"content": _label_of(job_row, row, labels)}
    return {"datasetObjectId": str(row.object_no), "consolidatedAnnotation": content}


# -- rows ----------------------------------------------------------------------------------------------------------


def _objects(service: Service, job_row: Row[Any], iteration: int | None = None) -> Iterator[Row[Any]]:
    """The objects of a job in input order with the time of their last answer, a chunk at a time."""
    o, last = data_object.c, -1
    answered = and_(task.c.job_id == o.job_id, task.c.object_no == o.object_no, task.c.status == "submitted")
    last_us = select(func.max(task.c.ended_us)).where(answered).correlate(data_object).scalar_subquery()
    query = select(data_object, last_us.label("last_us")).where(o.job_id == job_row.job_id)
    if iteration is not None:
        query = query.where(o.iteration == iteration)
    while True:
        with service.store.read() as connection:
            rows = connection.execute(query.where(o.object_no > last).order_by(o.object_no).limit(CHUNK)).all()
        if not rows:
            return
        yield from rows
        last = rows[-1].object_no


def _answers_of(connection: Any, job_row: Row[Any], numbers: list[int]) -> dict[int, list[Row[Any]]]:
    known = task.outerjoin(identity, identity.c.subject == task.c.subject)
    query = select(task, identity.c.issuer, identity.c.issued_sub).select_from(known)
    query = query.where(task.c.job_id == job_row.job_id, task.c.object_no.in_(numbers), task.c.status == "submitted")
    found: dict[int, list[Row[Any]]] = {number: [] for number in numbers}
    for row in connection.execute(query.order_by(task.c.object_no, task.c.ended_us, task.c.subject)):
        found[row.object_no].append(row)
    return found


def _joined(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Pieces of about a quarter megabyte."""
    pending: list[bytes] = []
    size = 0
    for line in lines:
        pending.append(line)
        size += len(line)
        if size > 1 << 18:
            yield b"".join(pending)
            pending, size = [], 0
    yield b"".join(pending)


def _as_array(entries: Iterator[bytes]) -> Iterator[bytes]:
    start = b"["
    for entry in entries:
        yield start + entry
        start = b","
    yield b"[]" if start == b"[" else b"]"


def _dumps(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
