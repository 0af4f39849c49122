"""The task queue: take, draft, submit, release, decline, expire.

An object is open to N workers; `n_taken` counts the leases and answers on it. A worker has one row an object, so no
second answer can exist; what was declined or answered never comes back to the same worker, what was released or ran
out may, after everything that is new to them. Each function is one short transaction, or runs in the caller's.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, exists, func, insert, select, update

from annolake.service import clock
from annolake.service.consolidation import read_answer
from annolake.service.core import Service
from annolake.service.faults import PortalFault
from annolake.service.store import account, data_object, job, task, task_event
from annolake.service.task_types import BUILT_IN, task_type
from annolake.service.teams import teams_of

OURS_FOR_EVER = ("leased", "submitted", "declined")
EXPIRED = (
    "ClientError: Annotation tasks expired.  Probable Reasons are 1) TaskAvailabilityLifetimeInSeconds parameter is too"
    " small.  2) Reward is too low for workers to work on the task.  3) If you use a custom html template, your"
    " template may be broken.  4) Data (image/video/text) sent for annotation is broken or too big, preventing"
    " completion.  5) All workers declined the tasks."
)
UNUSABLE = "ClientError: None of the answers holds a label of the label category configuration, as the task asks."


@dataclass(frozen=True)
class Held:
    """A task in a worker's hands."""

    task: Row[Any]
    job: Row[Any]
    object: Row[Any]
    n_answered_by_me: int

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


# -- taking --------------------------------------------------------------------------------------------------------


def take(service: Service, subject: str, job_name: str | None = None) -> Held | str:
    """The worker's open task, or a new one, or in plain words why there is none."""
    now = clock.now_us()
    with service.store.read() as connection:  # an idle worker who asks again and again takes no write lock
        jobs = _jobs_of(connection, subject, job_name)
        held = _held(connection, subject, jobs, now)
        if held is not None:
            return held
        if not any(_pick(connection, row, subject, now) is not None for row in jobs if row.status == "InProgress"):
            return _why_idle(connection, jobs, subject)
    with service.store.write() as connection:
        connection.execute(select(account.c.subject).where(account.c.subject == subject).with_for_update())
        now = clock.now_us()
        jobs = _jobs_of(connection, subject, job_name)
        held = _held(connection, subject, jobs, now)
        if held is not None:
            return held
        for row in jobs:
            picked = _pick(connection, row, subject, now, is_locked=True) if row.status == "InProgress" else None
            if picked is not None:
                _lease(connection, row, picked, subject, now)
                return _held(connection, subject, [row], now) or "The task ran out of time at once."
        return _why_idle(connection, jobs, subject)


def _jobs_of(connection: Connection, subject: str, job_name: str | None) -> list[Row[Any]]:
    query = select(job).where(job.c.workteam_arn.in_(teams_of(connection, subject)))
    if job_name is None:
        query = query.where(job.c.status.in_(("Initializing", "InProgress")))
    else:
        query = query.where(job.c.name_key == job_name.lower())
    rows = list(connection.execute(query.order_by(job.c.created_us, job.c.job_id)))
    if job_name is not None and not rows:
        raise PortalFault(404, "no_such_job", f"Your teams have no job {job_name}.")
    return rows


def _held(connection: Connection, subject: str, jobs: Sequence[Row[Any]], now: int) -> Held | None:
    by_id = {row.job_id: row for row in jobs}
    query = (
        select(task)
        .where(task.c.subject == subject, task.c.status == "leased", task.c.lease_expires_us > now)
        .where(task.c.job_id.in_(by_id))
        .order_by(task.c.accepted_us)
        .limit(1)
    )
    row = connection.execute(query).first()
    return None if row is None else _view(connection, row, by_id[row.job_id])


def _view(connection: Connection, row: Row[Any], job_row: Row[Any]) -> Held:
    is_object = _is_object(row.job_id, row.object_no)
    object_row = connection.execute(select(data_object).where(*is_object)).one()
    return Held(row, job_row, object_row, count_answers(connection, row.job_id, row.subject))


def count_answers(connection: Connection, job_id: int, subject: str) -> int:
    """How many objects of a job a worker has answered."""
    query = select(func.count()).where(task.c.job_id == job_id, task.c.subject == subject, task.c.status == "submitted")
    return int(connection.execute(query).scalar_one())


def _open_to(job_row: Row[Any], subject: str, now: int, barring: Sequence[str] | None) -> Select[Any]:
    o = data_object.c
    mine = exists().where(task.c.job_id == o.job_id, task.c.object_no == o.object_no, task.c.subject == subject)
    if barring is not None:
        mine = mine.where(task.c.status.in_(barring))
    return select(o.object_no, o.available_until_us).where(
        o.job_id == job_row.job_id,
        o.status == "open",
        o.n_taken < job_row.n_workers,
        o.available_until_us > now,
        ~mine,
    )


def _pick(
    connection: Connection, job_row: Row[Any], subject: str, now: int, *, is_locked: bool = False
) -> Row[Any] | None:
    for barring in (None, OURS_FOR_EVER):  # first what the worker never had, then what went back to the pool
        query = _open_to(job_row, subject, now, barring).order_by(data_object.c.object_no).limit(1)
        if is_locked:
            query = query.with_for_update(skip_locked=True)
        row = connection.execute(query).first()
        if row is not None:
            return row
    return None


def count_available(connection: Connection, job_row: Row[Any], subject: str) -> int:
    """How many objects of a job the worker could take now."""
    if job_row.status != "InProgress":
        return 0
    query = _open_to(job_row, subject, clock.now_us(), OURS_FOR_EVER).subquery()
    return int(connection.execute(select(func.count()).select_from(query)).scalar_one())


def _lease(connection: Connection, job_row: Row[Any], picked: Row[Any], subject: str, now: int) -> None:
    limit = job_row.request["HumanTaskConfig"]["TaskTimeLimitInSeconds"] * clock.SECOND
    values = {
        "status": "leased",
        "accepted_us": now,
        "lease_expires_us": min(now + limit, picked.available_until_us),
        "ended_us": None,
    }
    here = (task.c.job_id == job_row.job_id, task.c.object_no == picked.object_no, task.c.subject == subject)
    if connection.execute(update(task).where(*here).values(**values)).rowcount == 0:
        place = {"job_id": job_row.job_id, "object_no": picked.object_no, "subject": subject}
        connection.execute(insert(task).values(task_id=secrets.token_hex(16), **place, **values))
    _move_object(connection, job_row.job_id, picked.object_no, n_taken=1)
    record(connection, now, "TasksAccepted", job_row.job_id, picked.object_no, subject)


def _why_idle(connection: Connection, jobs: Sequence[Row[Any]], subject: str) -> str:
    if not jobs:
        return "Your team has no labeling job at the moment."
    running = [row.job_id for row in jobs if row.status == "InProgress"]
    if not running:
        if any(row.status == "Initializing" for row in jobs):
            return "The job is being prepared; its tasks come in a moment."
        return f"The job is over: {jobs[0].status}."
    o = data_object.c
    open_ones = select(func.count()).where(o.job_id.in_(running), o.status == "open")
    n_open = connection.execute(open_ones).scalar_one()
    mine = exists().where(
        task.c.job_id == o.job_id,
        task.c.object_no == o.object_no,
        task.c.subject == subject,
        task.c.status.in_(OURS_FOR_EVER),
    )
    n_others = connection.execute(open_ones.where(~mine)).scalar_one()
    if n_others:
        return "Other annotators work on all that is left; a task comes back if it is released or runs out of time."
    if n_open:
        return "You have done all that is open to you; the rest is for others of your team."
    return "Everything is labeled; the job is about to end."


# -- what a worker does with a task --------------------------------------------------------------------------------


def find_task(service: Service, subject: str, task_id: str) -> Held:
    """The worker's own task, in whatever state."""
    with service.store.read() as connection:
        row = _own(connection, subject, task_id)
        return _view(connection, row, _job_row(connection, row.job_id))


def save_draft(service: Service, subject: str, task_id: str, draft: str) -> None:
    """Keep what the worker has so far."""
    with service.store.write() as connection:
        row = _own(connection, subject, task_id)
        _need_lease(row, clock.now_us())
        connection.execute(update(task).where(task.c.task_id == task_id).values(draft=draft))


def submit(service: Service, subject: str, task_id: str, answer: str, key: str | None) -> None:
    """Take an answer in; it is on disk when this returns. The same key again is the same answer."""
    with service.store.write() as connection:
        row = _own(connection, subject, task_id)
        _lock_object(connection, row.job_id, row.object_no)
        row = _own(connection, subject, task_id)
        if row.status == "submitted":
            if key is not None and key == row.idempotency_key:
                return
            raise PortalFault(409, "already_answered", "You have answered this task already.")
        now = clock.now_us()
        _need_lease(row, now)
        job_row = _job_row(connection, row.job_id)
        if job_row.status != "InProgress":
            raise PortalFault(409, "job_ended", f"The job is {job_row.status}; it takes no more answers.")
        values = {"status": "submitted", "ended_us": now, "answer": answer, "draft": None, "idempotency_key": key}
        connection.execute(update(task).where(task.c.task_id == task_id).values(**values))
        _move_object(connection, row.job_id, row.object_no, n_answered=1)
        record(connection, now, "TasksSubmitted", row.job_id, row.object_no, subject)
        is_finished = finish_if_done(connection, job_row, row.object_no, now)
    if is_finished:
        service.wake.set()


def give_back(service: Service, subject: str, task_id: str, *, is_declined: bool, note: str | None = None) -> None:
    """Release a task to the pool, or decline it for good; harmless when it was given back already."""
    with service.store.write() as connection:
        row = _own(connection, subject, task_id)
        _lock_object(connection, row.job_id, row.object_no)
        row = _own(connection, subject, task_id)
        if row.status == "submitted":
            raise PortalFault(409, "already_answered", "You have answered this task already.")
        if row.status != "leased":
            return
        now, status = clock.now_us(), "declined" if is_declined else "released"
        connection.execute(update(task).where(task.c.task_id == task_id).values(status=status, ended_us=now))
        _move_object(connection, row.job_id, row.object_no, n_taken=-1, n_declined=int(is_declined))
        kind = "TasksDeclined" if is_declined else "TasksReturned"
        record(connection, now, kind, row.job_id, row.object_no, subject, note)
        is_finished = finish_if_done(connection, _job_row(connection, row.job_id), row.object_no, now)
    if is_finished:
        service.wake.set()


# -- what time does with tasks -------------------------------------------------------------------------------------


def expire_leases(connection: Connection, now: int) -> int:
    """Return the tasks whose time is up to the pool; how many."""
    due = select(task).where(task.c.status == "leased", task.c.lease_expires_us <= now)
    rows = connection.execute(due.order_by(task.c.job_id, task.c.object_no).limit(500)).all()
    for row in rows:
        _lock_object(connection, row.job_id, row.object_no)
        still = (task.c.task_id == row.task_id, task.c.status == "leased", task.c.lease_expires_us <= now)
        if connection.execute(update(task).where(*still).values(status="expired", ended_us=now)).rowcount:
            _move_object(connection, row.job_id, row.object_no, n_taken=-1)
            record(connection, now, "TasksExpired", row.job_id, row.object_no, row.subject)
            finish_if_done(connection, _job_row(connection, row.job_id), row.object_no, now)
    return len(rows)


def end_leases(connection: Connection, job_id: int, now: int, kind: str, note: str) -> None:
    """Take all leased tasks of a job back."""
    rows = connection.execute(select(task).where(task.c.job_id == job_id, task.c.status == "leased")).all()
    for row in sorted(rows, key=lambda r: r.object_no):
        _lock_object(connection, row.job_id, row.object_no)
        still = (task.c.task_id == row.task_id, task.c.status == "leased")
        if connection.execute(update(task).where(*still).values(status="expired", ended_us=now)).rowcount:
            _move_object(connection, job_id, row.object_no, n_taken=-1)
            record(connection, now, kind, job_id, row.object_no, row.subject, note)


def finish_if_done(connection: Connection, job_row: Row[Any], object_no: int, now: int) -> bool:
    """Finish an object that has its answers, that enough workers declined, or whose time is up."""
    row = connection.execute(select(data_object).where(*_is_object(job_row.job_id, object_no))).one()
    if row.status != "open":
        return False
    is_idle = row.n_taken == row.n_answered
    is_given_up = is_idle and (row.n_declined >= job_row.n_workers or row.available_until_us <= now)
    if row.n_answered < job_row.n_workers and not is_given_up:
        return False
    finish_object(connection, job_row, object_no, now)
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
    values = {"status": status, "finished_us": now, "failure_reason": reason}
    changed = connection.execute(
        update(data_object)
        .where(*_is_object(job_row.job_id, object_no), data_object.c.status == "open")
        .values(**values)
    )
    if changed.rowcount:
        count = {f"n_{status}": job.c[f"n_{status}"] + 1, "change_no": job.c.change_no + 1}
        later = (
            func.max(job.c.modified_us, now)
            if connection.dialect.name == "sqlite"
            else func.greatest(job.c.modified_us, now)
        )
        connection.execute(update(job).where(job.c.job_id == job_row.job_id).values(**count, modified_us=later))
        if job_row.status == "InProgress":
            open_objects(connection, job_row, now)


def _is_usable(job_row: Row[Any], answers: Sequence[str | None]) -> bool:
    kind = task_type(job_row.task_type).kind
    return not kind or any(read_answer(kind, answer, job_row.labels or []) is not None for answer in answers)


def open_objects(connection: Connection, job_row: Row[Any], now: int) -> None:
    """Open the next objects of a job, as many as may be open at a time."""
    o, config = data_object.c, job_row.request["HumanTaskConfig"]
    here = o.job_id == job_row.job_id
    n_open = connection.execute(select(func.count()).where(here, o.status == "open")).scalar_one()
    n_free = config["MaxConcurrentTaskCount"] - n_open
    if n_free <= 0:
        return
    waiting = select(o.object_no).where(here, o.status == "waiting").order_by(o.object_no).limit(n_free)
    numbers = connection.execute(waiting).scalars().all()
    if numbers:
        until = now + config["TaskAvailabilityLifetimeInSeconds"] * clock.SECOND
        opened = update(data_object).where(here, o.status == "waiting", o.object_no <= numbers[-1])
        connection.execute(opened.values(status="open", available_until_us=until))


def record(  # noqa: PLR0917 - the columns of the log
    connection: Connection, now: int, kind: str, job_id: int, object_no: int, subject: str, note: str | None = None
) -> None:
    """Append to the workers' activity log."""
    values = {"job_id": job_id, "object_no": object_no, "subject": subject, "note": note}
    connection.execute(insert(task_event).values(at_us=now, kind=kind, **values))


# -- rows ----------------------------------------------------------------------------------------------------------


def _own(connection: Connection, subject: str, task_id: str) -> Row[Any]:
    row = connection.execute(select(task).where(task.c.task_id == task_id, task.c.subject == subject)).first()
    if row is None:
        raise PortalFault(404, "no_such_task", "You have no such task.")
    return row


def _need_lease(row: Row[Any], now: int) -> None:
    if row.status in ("released", "declined"):
        raise PortalFault(409, "task_returned", "You have given this task back.")
    if row.status == "submitted":
        raise PortalFault(409, "already_answered", "You have answered this task already.")
    if row.status != "leased" or row.lease_expires_us <= now:
        raise PortalFault(409, "lease_expired", "The time for this task is over; it went back to the pool.")


def _job_row(connection: Connection, job_id: int) -> Row[Any]:
    return connection.execute(select(job).where(job.c.job_id == job_id)).one()


def _is_object(job_id: int, object_no: int) -> tuple[Any, Any]:
    return data_object.c.job_id == job_id, data_object.c.object_no == object_no


def _lock_object(connection: Connection, job_id: int, object_no: int) -> None:
    """On PostgreSQL the object's row is what orders all that happens to its tasks; on SQLite the write lock does."""
    connection.execute(select(data_object.c.object_no).where(*_is_object(job_id, object_no)).with_for_update())


def _move_object(connection: Connection, job_id: int, object_no: int, **steps: int) -> None:
    values = {name: data_object.c[name] + step for name, step in steps.items()}
    connection.execute(update(data_object).where(*_is_object(job_id, object_no)).values(**values))
