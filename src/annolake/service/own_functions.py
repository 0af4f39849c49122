"""Where a job calls functions of one's own: before an object becomes tasks, and when its answers become a label."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Row, update

from annolake.service import clock
from annolake.service.consolidation import Label
from annolake.service.core import Service
from annolake.service.functions import VERSION, Function, FunctionFailed, own_function
from annolake.service.objects import ObjectMissing, read_bytes
from annolake.service.tables import data_object, job

ATTEMPTS = 3
FLAGS = ("isHumanAnnotationRequired", "humanAnnotationRequired")
RESPONSE_LIMIT = 1 << 30
MISSING = "ClientError: The post-annotation function {name} gave no label for this object."

log = logging.getLogger(__name__)


def pre_function(job_row: Row[Any]) -> str | None:
    """The job's own pre-annotation function."""
    return own_function(job_row.request["HumanTaskConfig"].get("PreHumanTaskLambdaArn"))


def post_function(job_row: Row[Any]) -> str | None:
    """The job's own post-annotation function."""
    config = job_row.request["HumanTaskConfig"].get("AnnotationConsolidationConfig", {})
    return own_function(config.get("AnnotationConsolidationLambdaArn"))


def prepare(function: Function, job_arn: str, line: str) -> tuple[str, bool]:
    """(`task.input` as JSON, whether people are needed) of a manifest line; raises `FunctionFailed`."""
    answer = function({"version": VERSION, "labelingJobArn": job_arn, "dataObject": json.loads(line)})
    if not isinstance(answer, dict) or not isinstance(answer.get("taskInput"), dict):
        raise FunctionFailed(
            f'The function {function.name} must answer {{"taskInput": {{...}}}}, not {_shown(answer)}.'
        )
    said = next((answer[flag] for flag in FLAGS if flag in answer), True)
    is_needed = {"true": True, "false": False}.get(str(said).lower())
    if is_needed is None:
        raise FunctionFailed(f"The function {function.name}: {FLAGS[0]} must be true or false, not {_shown(said)}.")
    return json.dumps(answer["taskInput"], separators=(",", ":")), is_needed


def consolidate_by_function(service: Service, job_row: Row[Any], name: str, request_uri: str, todo: set[int]) -> bytes:
    """Call the post-annotation function for one batch of objects; the response file.

    Objects that it gives no label for are failed with a reason, before the response counts: a start after a crash
    calls it again for those that are still labeled, and writes the same.
    """
    request = {
        "version": VERSION,
        "labelingJobArn": job_row.arn,
        "labelCategories": job_row.labels,
        "labelAttributeName": job_row.label_attribute,
        "roleArn": job_row.request["RoleArn"],
        "payload": {"s3Uri": request_uri},
        "outputConfig": f"{job_row.request['OutputConfig']['S3OutputPath'].rstrip('/')}/{job_row.name}/annotations",
    }
    try:
        entries = list(_usable(_call(service, name, request), job_row.label_attribute, todo))
        reason = MISSING.format(name=name)
    except FunctionFailed as error:
        entries, reason = [], f"ClientError: {error}"
    _fail(service, job_row, todo - {int(entry["datasetObjectId"]) for entry in entries}, reason)
    return json.dumps(entries, separators=(",", ":")).encode()


def is_answered(service: Service, uri: str) -> bool:
    """Whether a response file is there."""
    try:
        service.objects.open(uri).close()
    except ObjectMissing:
        return False
    return True


def read_response(service: Service, uri: str, attribute: str) -> dict[int, Label]:
    """Object number -> label of a response file; empty while it is not there."""
    try:
        entries = json.loads(read_bytes(service.objects, uri, RESPONSE_LIMIT))
    except ObjectMissing:
        return {}
    contents = ((int(e["datasetObjectId"]), e["consolidatedAnnotation"]["content"]) for e in entries)
    return {n: Label(content[attribute], dict(content.get(f"{attribute}-metadata", {}))) for n, content in contents}


def _call(service: Service, name: str, request: dict[str, Any]) -> Any:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with Function(service.settings, name) as function:
                return function(request)
        except FunctionFailed as error:
            log.warning("%s (attempt %d of %d)", error, attempt, ATTEMPTS)
            if attempt == ATTEMPTS:
                raise
    raise AssertionError


def _usable(answer: Any, attribute: str, todo: set[int]) -> Iterator[dict[str, Any]]:
    """The entries that label an object of this batch, the first of each, in input order."""
    if not isinstance(answer, list):
        raise FunctionFailed(f"The post-annotation function must answer a list, not {_shown(answer)}.")
    found: dict[int, dict[str, Any]] = {}
    for entry in answer:
        label = entry.get("consolidatedAnnotation") if isinstance(entry, dict) else None
        content = label.get("content") if isinstance(label, dict) else None
        number = str(entry.get("datasetObjectId", "")) if isinstance(entry, dict) else ""
        if isinstance(content, dict) and attribute in content and number.isdecimal() and int(number) in todo:
            metadata = content.get(f"{attribute}-metadata", {})
            kept = {k: v for k, v in content.items() if k != f"{attribute}-metadata" or isinstance(metadata, dict)}
            said = {"datasetObjectId": number, "consolidatedAnnotation": {"content": kept}}
            found.setdefault(int(number), said)
    yield from (found[number] for number in sorted(found))


def _fail(service: Service, job_row: Row[Any], numbers: set[int], reason: str) -> None:
    o, now = data_object.c, clock.now_us()
    with service.store.write() as connection:
        for number in sorted(numbers):
            here = (o.job_id == job_row.job_id, o.object_no == number, o.status == "labeled")
            values = {"status": "failed", "failure_reason": reason, "finished_us": o.finished_us}
            if connection.execute(update(data_object).where(*here).values(**values)).rowcount:
                counts: dict[str, Any] = {"n_labeled": job.c.n_labeled - 1, "n_failed": job.c.n_failed + 1}
                counts |= {"change_no": job.c.change_no + 1, "modified_us": now}
                connection.execute(update(job).where(job.c.job_id == job_row.job_id).values(**counts))


def _shown(value: Any) -> str:
    return repr(value)[:200]
