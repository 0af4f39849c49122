"""What a worker does with a task in hand: look, keep a draft, submit, release, decline.

An object is open to N workers; `n_taken` counts the leases and answers on it. A worker has one row an object, so no
second answer can exist. Each function is one short transaction.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, func, select, update

from annolake.service import clock
from annolake.service.core import Service
from annolake.service.faults import PortalFault
from annolake.service.lifecycle import finish_if_done, move
from annolake.service.tables import data_object, job, task
from annolake.service.task_types import BUILT_IN

JOB_FACTS = [column for column in job.c if column is not job.c.template]
"""All of a job but its template, which may be large."""

_is_own = (task.c.task_id == bindparam("of_task"), task.c.subject == bindparam("worker"))
_OWN = (
    select(*JOB_FACTS, *(task.c[name].label(f"task_{name}") for name in ("status", "lease_expires_us", "object_no")))
    .add_columns(task.c.idempotency_key)
    .select_from(job.join(task))
    .where(*_is_own)
)
_object_of_task = and_(data_object.c.job_id == task.c.job_id, data_object.c.object_no == task.c.object_no)
_LOCKED = (
    select(data_object.c.object_no)
    .select_from(data_object.join(task, _object_of_task))
    .where(*_is_own)
    .with_for_update(of=data_object)
)
_ENDED = (
    update(task)
    .where(task.c.task_id == bindparam("of_task"))
    .values({name: bindparam(f"new_{name}") for name in ("status", "ended_us")})
)
_SUBMITTED = _ENDED.values(answer=bindparam("new_answer"), draft=None, idempotency_key=bindparam("new_key"))
_mine = task.alias("mine")
TASKS = (
    select(task, data_object.c.line, data_object.c.prepared)
    .add_columns(
        select(func.count())
        .where(_mine.c.job_id == task.c.job_id, _mine.c.subject == task.c.subject, _mine.c.status == "submitted")
        .scalar_subquery()
        .label("n_answered_by_me")
    )
    .select_from(task.join(data_object, _object_of_task))
)
"""Tasks with what is shown with them: the object, and how many of the job the worker has answered."""
_SHOWN = TASKS.where(*_is_own)


@dataclass(frozen=True)
class Held:
    """A task in a worker's hands."""

    task: Row[Any]
    job: Row[Any]
    object: Row[Any]
    n_answered_by_me: int

    @classmethod
    def of(cls, row: Row[Any], job_row: Row[Any]) -> Held:
        """One of `TASKS`."""
        return cls(row, job_row, row, row.n_answered_by_me)

    @property
    def input(self) -> dict[str, Any]:
        """`task.input` as the template sees it."""
        return task_input(self.job, self.object)


def task_input(job_row: Row[Any], object_row: Row[Any]) -> dict[str, Any]:
    """What the pre-annotation function of the job makes, or made, of a manifest line."""
    values: dict[str, Any] = json.loads(object_row.prepared or object_row.line)
    if job_row.pre_type not in BUILT_IN or BUILT_IN[job_row.pre_type].ui:
        return values
    given = {"taskObject": values.get("source-ref", values.get("source")), "labels": job_row.labels or []}
    if BUILT_IN[job_row.pre_type].is_audit:
        given["manifestLine"] = values
    return given | ({"play-ref": values["play-ref"]} if "play-ref" in values else {})  # Ground Truth's own drops it


def find_task(service: Service, subject: str, task_id: str) -> Held:
    """The worker's own task, in whatever state."""
    with service.store.read() as connection:
        job_row = _own(connection, subject, task_id)
        return Held.of(connection.execute(_SHOWN, {"of_task": task_id, "worker": subject}).one(), job_row)


def save_draft(service: Service, subject: str, task_id: str, draft: str) -> None:
    """Keep what the worker has so far."""
    with service.store.write() as connection:
        _need_lease(_own(connection, subject, task_id), clock.now_us())
        connection.execute(update(task).where(task.c.task_id == task_id).values(draft=draft))


def submit(service: Service, subject: str, task_id: str, answer: str, key: str | None) -> None:
    """Take an answer in; it is on disk when this returns. The same key again is the same answer."""
    with service.store.write() as connection:
        row = _own_and_locked(service, connection, subject, task_id)
        if row.task_status == "submitted":
            if key is not None and key == row.idempotency_key:
                return
            raise PortalFault(409, "already_answered", "You have answered this task already.")
        now = clock.now_us()
        _need_lease(row, now)
        if row.status != "InProgress":
            raise PortalFault(409, "job_ended", f"The job is {row.status}; it takes no more answers.")
        values = {"new_status": "submitted", "new_ended_us": now, "new_answer": answer, "new_key": key}
        connection.execute(_SUBMITTED, {"of_task": task_id, **values})
        moved = move(connection, now, "TasksSubmitted", (row.job_id, row.task_object_no, subject), n_answered=1)
        is_over = finish_if_done(connection, row, moved, now)
    if is_over:
        service.wake.set()


def give_back(service: Service, subject: str, task_id: str, *, is_declined: bool, note: str | None = None) -> None:
    """Release a task to the pool, or decline it for good; harmless when it was given back already."""
    with service.store.write() as connection:
        row = _own_and_locked(service, connection, subject, task_id)
        if row.task_status == "submitted":
            raise PortalFault(409, "already_answered", "You have answered this task already.")
        if row.task_status != "leased":
            return
        now, status = clock.now_us(), "declined" if is_declined else "released"
        connection.execute(_ENDED, {"of_task": task_id, "new_status": status, "new_ended_us": now})
        of, kind = (row.job_id, row.task_object_no, subject), "TasksDeclined" if is_declined else "TasksReturned"
        moved = move(connection, now, kind, of, note, n_taken=-1, n_declined=int(is_declined))
        is_over = finish_if_done(connection, row, moved, now)
    if is_over:
        service.wake.set()


def _own(connection: Connection, subject: str, task_id: str) -> Row[Any]:
    """The job of one's own task, with the task's columns as `task_…`."""
    row = connection.execute(_OWN, {"of_task": task_id, "worker": subject}).first()
    if row is None:
        raise _no_such_task()
    return row


def _own_and_locked(service: Service, connection: Connection, subject: str, task_id: str) -> Row[Any]:
    if not service.store.is_sqlite:  # the object's row first, as everywhere; then the task as it is by now
        connection.execute(_LOCKED, {"of_task": task_id, "worker": subject})
    return _own(connection, subject, task_id)


def _no_such_task() -> PortalFault:
    return PortalFault(404, "no_such_task", "You have no such task.")


def _need_lease(row: Row[Any], now: int) -> None:
    if row.task_status in ("released", "declined"):
        raise PortalFault(409, "task_returned", "You have given this task back.")
    if row.task_status == "submitted":
        raise PortalFault(409, "already_answered", "You have answered this task already.")
    if row.task_status != "leased" or row.task_lease_expires_us <= now:
        raise PortalFault(409, "lease_expired", "The time for this task is over; it went back to the pool.")
