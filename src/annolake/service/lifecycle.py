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
from annolake.service.tables import LEASED, data_object, job, task, task_event
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
_LOGGED = insert(task_event).values(
    job_id=bindparam("of_job"),
    object_no=bindparam("of_object"),
    **{name: bindparam(f"log_{name}") for name in ("at_us", "kind", "subject", "note")},
)
_MOVED_AND_LOGGED = _MOVED.add_cte(_LOGGED.cte("logged"))
_OBJECT = select(data_object).where(*_is_object)
_LOCKED = select(_o.object_no).where(*_is_object).with_for_update()
_ANSWERS = select(task.c.answer).where(
    task.c.job_id == bindparam("of_job"), task.c.object_no == bindparam("of_object"), task.c.status == "submitted"
)
_CLOSED = (
    update(data_object)
    .where(*_is_object, _o.status == "open")
    .values({name: bindparam(f"new_{name}") for name in ("status", "finished_us", "failure_reason")})
)
_is_waiting = (_o.job_id == bindparam("of_job"), _o.status == "waiting")
_FIRST = select(_o.object_no).where(*_is_waiting).order_by(_o.object_no).limit(1).with_for_update(skip_locked=True)
_NEXT_OPENED = (
    update(data_object)
    .where(*_is_waiting, _o.object_no == _FIRST.scalar_subquery())
    .values(status="open", available_until_us=bindparam("until"))
)


# -- time ----------------------------------------------------------------------------------------------------------


def expire_leases(connection: Connection, now: int) -> int:
    """Return the tasks whose time is up to the pool; how many."""
    due = select(task).where(task.c.status == LEASED, task.c.lease_expires_us <= now)
    rows = connection.execute(due.order_by(task.c.lease_expires_us).limit(500)).all()
    for row in sorted(rows, key=lambda r: (r.job_id, r.object_no)):  # the order in which all lock
        lock_object(connection, row.job_id, row.object_no)
        still = (task.c.task_id == row.task_id, task.c.status == LEASED, task.c.lease_expires_us <= now)
        if connection.execute(update(task).where(*still).values(status="expired", ended_us=now)).rowcount:
            moved = move(connection, now, "TasksExpired", (row.job_id, row.object_no, row.subject), n_taken=-1)
            finish_if_done(connection, job_row(connection, row.job_id), moved, now)
    return len(rows)


def end_leases(connection: Connection, job_id: int, now: int, kind: str, note: str) -> None:
    """Take all leased tasks of a job back."""
    rows = connection.execute(select(task).where(task.c.job_id == job_id, task.c.status == LEASED)).all()
    for row in sorted(rows, key=lambda r: r.object_no):
        lock_object(connection, row.job_id, row.object_no)
        still = (task.c.task_id == row.task_id, task.c.status == LEASED)
        if connection.execute(update(task).where(*still).values(status="expired", ended_us=now)).rowcount:
            move(connection, now, kind, (job_id, row.object_no, row.subject), note, n_taken=-1)


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
    """Finish an object that has its answers, that enough workers declined, or whose time is up.

    Returns whether that was the last that the job needed.
    """
    if row.status != "open":
        return False
    is_idle = row.n_taken == row.n_answered
    is_given_up = is_idle and (row.n_declined >= job_row.n_workers or row.available_until_us <= now)
    if row.n_answered < job_row.n_workers and not is_given_up:
        return False
    return finish_object(connection, job_row, row.object_no, now)


def finish_object(connection: Connection, job_row: Row[Any], object_no: int, now: int) -> bool:
    """Close an object: labeled with the answers that it has, or failed; whether the job needs no more."""
    place = {"of_job": job_row.job_id, "of_object": object_no}
    answers = connection.execute(_ANSWERS, place).scalars().all()
    reason: str | None = None
    if not answers:
        reason = EXPIRED
    elif not _is_usable(job_row, answers):
        reason = UNUSABLE
    status = "failed" if reason else "labeled"
    changes = {"new_status": status, "new_finished_us": now, "new_failure_reason": reason}
    if not connection.execute(_CLOSED, place | changes).rowcount:
        return False
    if job_row.status == "InProgress":  # one for the one that closed; the engine sees to what more may be open
        until = now + job_row.request["HumanTaskConfig"]["TaskAvailabilityLifetimeInSeconds"] * clock.SECOND
        connection.execute(_NEXT_OPENED, {"of_job": job_row.job_id, "until": until})
    counts = _count(connection, job_row.job_id, f"n_{status}", now)  # last: all who finish wait for the job's row
    return is_all_done(counts) or is_enough(job_row.request, counts)


def is_all_done(counts: Row[Any]) -> bool:
    """Whether every object is labeled or failed."""
    return bool(counts.n_labeled + counts.n_failed == counts.n_objects)


def is_enough(request: dict[str, Any], counts: Row[Any]) -> bool:
    """Whether one of the StoppingConditions is met."""
    conditions = request.get("StoppingConditions") or {}
    count = conditions.get("MaxHumanLabeledObjectCount")
    percentage = conditions.get("MaxPercentageOfInputDatasetLabeled")
    if count is not None and counts.n_labeled >= count:
        return True
    return percentage is not None and 100 * counts.n_labeled >= percentage * counts.n_objects


def _is_usable(job_row: Row[Any], answers: Sequence[str | None]) -> bool:
    kind = task_type(job_row.task_type).kind
    return not kind or any(read_answer(kind, answer, job_row.labels or []) is not None for answer in answers)


def _count(connection: Connection, job_id: int, name: str, now: int) -> Row[Any]:
    greatest = func.max if connection.dialect.name == "sqlite" else func.greatest
    values = {name: job.c[name] + 1, "change_no": job.c.change_no + 1}
    values["modified_us"] = greatest(job.c.modified_us, now)
    counted = update(job).where(job.c.job_id == job_id).values(**values)
    return connection.execute(counted.returning(job.c.n_objects, job.c.n_labeled, job.c.n_failed)).one()


# -- rows ----------------------------------------------------------------------------------------------------------


def job_row(connection: Connection, job_id: int) -> Row[Any]:
    """A job as it is now."""
    return connection.execute(select(job).where(job.c.job_id == job_id)).one()


def lock_object(connection: Connection, job_id: int, object_no: int) -> None:
    """Have an object to oneself until the transaction ends."""
    if connection.dialect.name != "sqlite":
        connection.execute(_LOCKED, {"of_job": job_id, "of_object": object_no})


def move(
    connection: Connection, now: int, kind: str, of: tuple[int, int, str], note: str | None = None, **steps: int
) -> Row[Any]:
    """Log what became of a task, `of` a job, an object and a worker, and add to the object's counts.

    Returns the object's number, status and counts as they are then.
    """
    values = {f"step_{name}": steps.get(name, 0) for name in _COUNTS} | {"of_job": of[0], "of_object": of[1]}
    logged = {"log_at_us": now, "log_kind": kind, "log_subject": of[2], "log_note": note}
    if connection.dialect.name != "sqlite":
        return connection.execute(_MOVED_AND_LOGGED, values | logged).one()
    connection.execute(_LOGGED, values | logged)
    return connection.execute(_MOVED, values).one()
