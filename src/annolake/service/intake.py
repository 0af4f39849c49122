"""What a job is made of, read when it begins: its labels, its template, and the lines of its manifest as objects."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Row, delete, insert

from annolake.errors import AnnolakeError
from annolake.service import own_functions
from annolake.service.categories import labels_of, read_categories
from annolake.service.core import Service
from annolake.service.functions import Function, FunctionFailed
from annolake.service.manifests import InputLine, read_labels, read_manifest, read_template
from annolake.service.objects import ObjectMissing
from annolake.service.sequences import Unlabeled, prepare_sequence
from annolake.service.tables import data_object
from annolake.service.task_types import task_type
from annolake.service.templates import check_template
from annolake.service.worker_uis import built_in_ui

CHUNK = 2000

Prepare = Callable[[InputLine], tuple[str | None, bool]]
"""Makes (task's input, whether people are needed) of a line."""


def take_in(service: Service, row: Row[Any]) -> dict[str, Any]:
    """Keep the objects of a job; what its row is to say of labels, template and their number.

    Raises `ObjectMissing`, `TemplateFault` or another `AnnolakeError` with the reason why the job fails.
    """
    labels = _labels(service, row) if "LabelCategoryConfigS3Uri" in row.request else None
    template = built_in_ui(task_type(row.task_type))
    if template is None:
        template = read_template(service.objects, row.request["HumanTaskConfig"]["UiConfig"]["UiTemplateS3Uri"])
        check_template(template)
    return {"labels": labels, "template": template, **_read_objects(service, row)}


def _labels(service: Service, row: Row[Any]) -> list[str] | None:
    kind = task_type(row.task_type).kind
    if task_type(row.task_type).ui:
        return labels_of(_categories(service, row))
    try:
        return read_labels(service.objects, row.request["LabelCategoryConfigS3Uri"], 2 if kind == "class" else 1)
    except ObjectMissing:
        if kind:
            raise
        return None  # a custom template's configuration may have any form; nothing here reads it


def _categories(service: Service, row: Row[Any]) -> dict[str, Any]:
    uri, is_audit = row.request["LabelCategoryConfigS3Uri"], task_type(row.task_type).is_audit
    return read_categories(service.objects, uri, is_audit=is_audit)


def _manifest_uri(row: Row[Any]) -> str:
    uri: str = row.request["InputConfig"]["DataSource"]["S3DataSource"]["ManifestS3Uri"]
    return uri


def _read_objects(service: Service, row: Row[Any]) -> dict[str, int]:
    """Copy the manifest's lines into the store; counts: objects, those for which nobody is needed, failed ones."""
    batch_size = row.request["HumanTaskConfig"]["MaxConcurrentTaskCount"]
    with service.store.write() as connection:  # what an earlier, interrupted start has left
        connection.execute(delete(data_object).where(data_object.c.job_id == row.job_id))
    n: Counter[str] = Counter()
    lines = read_manifest(service.objects, _manifest_uri(row), row.label_attribute)
    with _preparing(service, row) as prepare:
        while chunk := list(itertools.islice(lines, CHUNK)):
            values = []
            for line in chunk:
                found = _begin(line, prepare, row)
                iteration = 1 + n["waiting"] // batch_size if found["status"] == "waiting" else 0
                n[found["status"]] += 1
                place = {"job_id": row.job_id, "object_no": line.object_no, "line": line.text}
                values.append({**place, **found, "iteration": iteration})
            with service.store.write() as connection:
                connection.execute(insert(data_object), values)
    if not n:
        raise AnnolakeError(f"{_manifest_uri(row)}: the manifest is empty; it needs at least one line")
    return {"n_objects": n.total(), "n_labeled": n["prelabeled"], "n_failed": n["failed"]}


def _begin(line: InputLine, prepare: Prepare, row: Row[Any]) -> dict[str, Any]:
    """How an object begins: waiting for people, labeled already, or failed."""
    begun: dict[str, Any] = {"status": "prelabeled", "prepared": None, "failure_reason": None, "finished_us": None}
    if line.has_label:
        return begun
    try:
        prepared, is_needed = prepare(line)
    except Unlabeled as reason:
        return begun | {"status": "failed", "failure_reason": str(reason), "finished_us": row.created_us}
    return begun | {"prepared": prepared} | ({"status": "waiting"} if is_needed else {})


@contextmanager
def _preparing(service: Service, row: Row[Any]) -> Iterator[Prepare]:
    """The job's own function, the reader of sequences, or nothing at all."""
    if task_type(row.task_type).ui:
        manifest, categories, objects = _manifest_uri(row), _categories(service, row), service.objects
        yield lambda line: (prepare_sequence(objects, manifest, line, categories), True)
        return
    name = own_functions.pre_function(row)
    if name is None:
        yield lambda _: (None, True)
        return
    with Function(service.settings, name) as function:

        def prepare(line: InputLine) -> tuple[str | None, bool]:
            try:
                return own_functions.prepare(function, row.arn, line.text)
            except FunctionFailed as error:
                raise FunctionFailed(f"Line {line.object_no + 1} of the manifest: {error}") from None

        yield prepare
