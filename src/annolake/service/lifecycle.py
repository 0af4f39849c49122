"""What becomes of a job's objects: they open, a few at a time, and close with their answers or when their time is up.

Each function runs in the caller's write transaction. On PostgreSQL the object's row is what orders all that happens to
its tasks, so it is locked before any of them is touched; on SQLite the write lock does that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from annolake.service import clock
from annolake.service.consolidation import read_answer
from annolake.service.store import LEASED, data_object, job, task, task_event
from annolake.service.task_types import task_type

EXPIRED = (
    "ClientError: Annotation tasks expired.  Probable Reasons are 1) TaskAvailabilityLifetimeInSeconds parameter is too"
    " small.  2) Reward is too low for workers to work on the task.  3) If you use a custom html template, your"
    " template may be broken.  4) Data (image/video/text) sent for annotation is broken or too big, preventing"
    " completion.  5) All workers declined the tasks."
)
UNUSABLE = "ClientError: None of the answers holds a label of the label category configuration, as the task asks."

_o = data_object.c
_is_object = (_o.job_id == bindparam("of_job"), _o.object_no == bindparam("of_object"))
_COUNTS = ("n_taken", "n_answered", "n_declined")
_MOVED = (
    update(data_object)
    .where(*_is_object)
    .values({name: _o[name] + bindparam(f"step_{name}") for name in _COUNTS})
    .returning(_o.object_no, _o.status, _o.available_until_us, *(_o[name] for name in _COUNTS))
)
_OBJECT = select(data_object).where(*_is_object)
_LOCKED = select(_o.object_no).where(*_is_object).with_for_update()


# -- time ----------------------------------------------------------------------------------------------------------


def expire_leases(connection: Connection, now: int) -> int:
    """Return the tasks whose time is up to the pool; how many."""
    due = select(task).where(task.c.status == LEASED, task.c.lease_expires_us <= now)
    rows = connection.execute(due.order_by(task.c.lease_expires_us).limit(500)).all()
    for row in sorted(rows, key=lambda r: (r.job_id, r.object_no)):  # the order in which all lock
        lock_object(connection, row.job_id, row.object_no)
        still = (task.c.task_id == row.task_id, task.c.status == LEASED, task.c.lease_expires_us <= now)
        if connection.execute(update(task).where(*still).values(status="expired", ended_us=now)).rowcount:
            moved = move_object(connection, row.job_id, row.object_no, n_taken=-1)
            record(connection, now, "TasksExpired", row.job_id, row.object_no, row.subject)
            finish_if_done(connection, job_row(connection, row.job_id), moved, now)
    return len(rows)


def end_leases(connection: Connection, job_id: int, now: int, kind: str, note: str) -> None:
    """Take all leased tasks of a job back."""
    rows = connection.execute(select(task).where(task.c.job_id == job_id, task.c.status == LEASED)).all()
    for row in sorted(rows, key=lambda r: r.object_no):
        lock_object(connection, row.job_id, row.object_no)
        still = (task.c.task_id == row.task_id, task.c.status == LEASED)
        if connection.execute(update(task).where(*still).values(status="expired", ended_us=now)).rowcount:
            move_object(connection, job_id, row.object_no, n_taken=-1)
            record(connection, now, kind, job_id, row.object_no, row.subject, note)


# -- opening and closing -------------------------------------------------------------------------------------------


def open_objects(connection: Connection, job_row: Row[Any], now: int) -> None:
    """Open the next objects of a job, as many as may be open at a time."""
    config = job_row.request["HumanTaskConfig"]
    here = _o.job_id == job_row.job_id
    n_open = connection.execute(select(func.count()).where(here, _o.status == "open")).scalar_one()
    n_free = config["MaxConcurrentTaskCount"] - n_open
    if n_free <= 0:
        return
    waiting = select(_o.object_no).where(here, _o.status == "waiting").order_by(_o.object_no).limit(n_free)
    numbers = connection.execute(waiting).scalars().all()
    if numbers:
        until = now + config["TaskAvailabilityLifetimeInSeconds"] * clock.SECOND
        opened = update(data_object).where(here, _o.status == "waiting", _o.object_no <= numbers[-1])
        connection.execute(opened.values(status="open", available_until_us=until))


def close_overdue(connection: Connection, job_row: Row[Any], object_no: int, now: int) -> None:
    """Finish an object whose time is up, unless somebody still works on it."""
    row = connection.execute(_OBJECT, {"of_job": job_row.job_id, "of_object": object_no}).one()
    finish_if_done(connection, job_row, row, now)


def finish_if_done(connection: Connection, job_row: Row[Any], row: Row[Any], now: int) -> bool:
    """Finish an object that has its answers, that enough workers declined, or whose time is up."""
    if row.status != "open":
        return False
    is_idle = row.n_taken == row.n_answered
    is_given_up = is_idle and (row.n_declined >= job_row.n_workers or row.available_until_us <= now)
    if row.n_answered < job_row.n_workers and not is_given_up:
        return False
    finish_object(connection, job_row, row.object_no, now)
    return True


def finish_object(connection: Connection, job_row: Row[Any], object_no: int, now: int) -> None:
    """Close an object: labeled with the answers that it has, or failed."""
    here = (task.c.job_id == job_row.job_id, task.c.object_no == object_no, task.c.status == "submitted")
    answers = connection.execute(select(task.c.answer).where(*here)).scalars().all()
    reason: str | None = None
    if not answers:
        reason = EXPIRED
    elif not _is_usable(job_row, answers):
        reason = UNUSABLE
    status = "failed" if reason else "labeled"
    is_open = (_o.job_id == job_row.job_id, _o.object_no == object_no, _o.status == "open")
    changes = {"status": status, "finished_us": now, "failure_reason": reason}
    if connection.execute(update(data_object).where(*is_open).values(**changes)).rowcount:
        _count(connection, job_row.job_id, f"n_{status}", now)
        if job_row.status == "InProgress":
            open_objects(connection, job_row, now)


def _is_usable(job_row: Row[Any], answers: Sequence[str | None]) -> bool:
    kind = task_type(job_row.task_type).kind
    return not kind or any(read_answer(kind, answer, job_row.labels or []) is not None for answer in answers)


def _count(connection: Connection, job_id: int, name: str, now: int) -> None:
    greatest = func.max if connection.dialect.name == "sqlite" else func.greatest
    values = {name: job.c[name] + 1, "change_no": job.c.change_no + 1}
    values["modified_us"] = greatest(job.c.modified_us, now)
    connection.execute(update(job).where(job.c.job_id == job_id).values(**values))


# -- rows ----------------------------------------------------------------------------------------------------------


def record(  # noqa: PLR0917 - the columns of the log
    connection: Connection, now: int, kind: str, job_id: int, object_no: int, subject: str, note: str | None = None
) -> None:
    """Append to the workers' activity log."""
    values = {"job_id": job_id, "object_no": object_no, "subject": subject, "note": note}
    connection.execute(insert(task_event), {"at_us": now, "kind": kind, **values})


def job_row(connection: Connection, job_id: int) -> Row[Any]:
    """A job as it is now."""
    return connection.execute(select(job).where(job.c.job_id == job_id)).one()


def lock_object(connection: Connection, job_id: int, object_no: int) -> None:
    """Have an object to oneself until the transaction ends."""
    if connection.dialect.name != "sqlite":
        connection.execute(_LOCKED, {"of_job": job_id, "of_object": object_no})


def move_object(connection: Connection, job_id: int, object_no: int, **steps: int) -> Row[Any]:
    """Add to an object's counts; its number, status and counts as they are then."""
    values = {f"step_{name}": steps.get(name, 0) for name in _COUNTS}
    return connection.execute(_MOVED, {"of_job": job_id, "of_object": object_no, **values}).one()
