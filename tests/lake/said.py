"""Silver rows of answers and manifest lines, without a store: the models alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pyarrow as pa

from annolake.lake.silver import LABEL, OBJECT, Silver, build_silver
from tests.lake.jobs import START
from transforms import schemas
from transforms.ground_truth import content_hash

JOB_NAME = "Job-1"
LANDING = {"landing_id": "land-1", "landed_at": START}


def silver_of(
    *,
    answers: Sequence[tuple[int, str, Any]] = (),
    lines: Sequence[Mapping[str, Any] | str] = (),
    files: Mapping[int, Any] | None = None,
    labels: Mapping[str, list[str]] | None = None,
    attribute: str = "said",
    task_type: str = "custom",
    media: Mapping[int, Mapping[str, Any]] | None = None,
    submitted_s: float = 60,
    revision: int | None = None,
) -> Silver:
    """`answers` are (object, worker, content), `files` object -> SeqLabel, `media` object -> width_px, fps, ...

    Answers come `submitted_s` seconds after their tasks were taken, each with a revision of its own or the one given.
    """
    ids = {str(n) for n, *_ in answers} | {str(n) for n in range(len(lines))}
    objects = [{"object_id": i, **(media or {}).get(int(i), {})} for i in sorted(ids)]
    offered = [
        {"layer": layer, "label": label, "label_no": number}
        for layer, known in (labels or {}).items()
        for number, label in enumerate(known)
    ]
    return build_silver(
        _table(
            schemas.WORKER_RESPONSE,
            [
                _answer(n, *one)
                | {"submitted_at": START + timedelta(seconds=submitted_s)}
                | ({} if revision is None else {"revision": revision})
                for n, one in enumerate(answers)
            ],
        ),
        _table(schemas.MANIFEST_LINE, [_line(n, line) for n, line in enumerate(lines)]),
        job=_table(schemas.JOB_TABLE, [_job(attribute, task_type)]),
        objects=pa.Table.from_pylist(objects, schema=OBJECT),
        labels=pa.Table.from_pylist(offered, schema=LABEL),
        files=_table(schemas.LABEL_FILE, [_file(n, content) for n, content in (files or {}).items()]),
    )


def rows(silver: Silver, table: str, *columns: str) -> list[dict[str, Any]]:
    """The rows of a table in the order of its key."""
    found = silver.rows[table]
    found = found.sort_by([(name, "ascending") for name in schemas.TABLES[table].key])
    return found.select(list(columns) if columns else found.schema.names).to_pylist()


def reasons(silver: Silver) -> set[tuple[str, str]]:
    """(table, rule) of everything that is in quarantine."""
    return {(r["table_name"], r["rule"]) for r in silver.quarantined.to_pylist()}


def _table(spec: schemas.Table, found: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist([row | LANDING for row in found], schema=spec.arrow)


def _answer(number: int, object_id: int, worker: str, content: Any) -> dict[str, Any]:
    text = content if isinstance(content, str) else json.dumps(content)
    return {
        "job_name": JOB_NAME, "object_id": str(object_id), "source_uri": f"s3://x/{number}", "source_version": "1",
        "answer_no": 0, "worker_id": worker, "revision": 1000 + number, "accepted_at": START,
        "submitted_at": START + timedelta(seconds=60), "time_spent_s": 9.0, "answer": text,
        "answer_hash": content_hash(text),
    }  # fmt: skip


def _line(number: int, line: Mapping[str, Any] | str) -> dict[str, Any]:
    text = line if isinstance(line, str) else json.dumps(line)
    return {
        "job_name": JOB_NAME, "source_uri": "s3://x/manifest", "source_version": "1", "source_modified_at": START,
        "line_no": number + 1, "object_id": str(number), "line": text, "line_hash": content_hash(text),
    }  # fmt: skip


def _file(number: int, content: Any) -> dict[str, Any]:
    text = content if isinstance(content, str) else json.dumps(content)
    return {
        "job_name": JOB_NAME, "object_id": str(number), "source_uri": f"s3://x/{number}/SeqLabel.json",
        "source_version": "1", "source_modified_at": START + timedelta(seconds=9), "content": text,
        "content_hash": content_hash(text),
    }  # fmt: skip


def _job(attribute: str, task_type: str) -> dict[str, Any]:
    return {
        "job_name": JOB_NAME, "batch_id": None, "level": None, "task_type": task_type, "label_attribute": attribute,
        "labels": None, "workers_per_object": 1, "status": "Completed", "n_objects": 0, "n_labeled": 0, "n_failed": 0,
        "input_uri": "s3://x", "output_uri": None, "created_at": START, "modified_at": START,
    }  # fmt: skip
