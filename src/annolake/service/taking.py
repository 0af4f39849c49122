"""How a worker gets a task: the one in hand, or the next object that is open to them, or why there is none.

What was declined or answered never comes back to the same worker; what was released or ran out may, after everything
that is new to them. Looking is one read; only who finds something takes the write lock. The statements are made once,
since making them would cost more than running them.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, exists, func, insert, select, update

from annolake.service import clock
from annolake.service.accounts import Worker
from annolake.service.core import Service
from annolake.service.faults import PortalFault
from annolake.service.lifecycle import move
from annolake.service.tables import account, data_object, job, task
from annolake.service.tasks import JOB_FACTS, TASKS, Held

OURS_FOR_EVER = ("leased", "submitted", "declined")
PATIENCE_SECONDS = 5.0
"""For requests of others that have the last objects in their hands; each has them for milliseconds."""

_o = data_object.c
_of_worker = task.c.subject == bindparam("worker")
_of_teams = job.c.workteam_arn.in_(bindparam("teams", expanding=True))
_JOBS = select(*JOB_FACTS).where(_of_teams).order_by(job.c.created_us, job.c.job_id)
_OPEN_JOBS = _JOBS.where(job.c.status.in_(("Initializing", "InProgress")))
_NAMED_JOBS = _JOBS.where(job.c.name_key == bindparam("name"))
_is_asker = account.c.subject == bindparam("worker")
_LOCKING = {query: query.join(account, _is_asker).with_for_update(of=account) for query in (_OPEN_JOBS, _NAMED_JOBS)}
_HELD = (
    TASKS.where(_of_worker, task.c.status == "leased", task.c.lease_expires_us > bindparam("now"))
    .where(task.c.job_id.in_(bindparam("jobs", expanding=True)))
    .order_by(task.c.accepted_us)
    .limit(1)
)


_mine = exists().where(task.c.job_id == _o.job_id, task.c.object_no == _o.object_no, _of_worker)


def _open_to(*barring: str) -> Select[Any]:
    """Open objects of a running job that the worker does not have, or not in one of these states."""
    mine = _mine.where(task.c.status.in_(barring)) if barring else _mine
    return (
        select(data_object)
        .join(job)
        .where(job.c.job_id == bindparam("job"), job.c.status == "InProgress")
        .where(_o.status == "open", _o.n_taken < job.c.n_workers, _o.available_until_us > bindparam("now"), ~mine)
        .order_by(_o.object_no)
    )


_ANSWERED = select(func.count()).where(task.c.job_id == bindparam("job"), _of_worker, task.c.status == "submitted")
_n_answered = _ANSWERED.scalar_subquery().label("n_answered_by_me")
_WAYS = tuple(
    _open_to(*barring).add_columns(_n_answered, (~_mine).label("is_new")).limit(1) for barring in ((), OURS_FOR_EVER)
)
"""First what the worker never had, then what went back to the pool."""
_LOCKED_WAYS = tuple(query.with_for_update(skip_locked=True, of=data_object) for query in _WAYS)
_AVAILABLE = select(func.count()).select_from(_open_to(*OURS_FOR_EVER).order_by(None).subquery())
_LEASED = insert(task).returning(*task.c)


def take(service: Service, worker: Worker, job_name: str | None = None) -> Held | str:
    """The worker's open task, or a new one, or in plain words why there is none."""
    if service.store.is_sqlite:  # an idle worker who asks again and again takes no write lock
        with service.store.read() as connection:
            jobs, now = _jobs_of(connection, worker, job_name), clock.now_us()
            held = _held(connection, worker.subject, jobs, now)
            if held is not None:
                return held
            if not any(_pick(connection, row, worker.subject, now, _WAYS) for row in jobs):
                return _why_idle(connection, jobs, worker.subject)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        with service.store.write() as connection:
            found = _take(connection, worker, job_name, is_last=time.monotonic() > deadline)
        if found is not None:
            return found
        time.sleep(0.002)


def _take(connection: Connection, worker: Worker, job_name: str | None, *, is_last: bool) -> Held | str | None:
    """None where all that is left is locked by others' requests, and whether it stays theirs is not known yet."""
    jobs, now = _jobs_of(connection, worker, job_name, is_locking=True), clock.now_us()
    held = _held(connection, worker.subject, jobs, now)
    if held is not None:
        return held
    for row in jobs:
        picked = _pick(connection, row, worker.subject, now, _LOCKED_WAYS)
        if picked is not None:
            return Held(_lease(connection, row, picked, worker.subject, now), row, picked, picked.n_answered_by_me)
    if not is_last and any(_pick(connection, row, worker.subject, now, _WAYS) for row in jobs):
        return None
    return _why_idle(connection, jobs, worker.subject)


def count_available(connection: Connection, job_row: Row[Any], subject: str) -> int:
    """How many objects of a job the worker could take now."""
    if job_row.status != "InProgress":
        return 0
    values = {"job": job_row.job_id, "worker": subject, "now": clock.now_us()}
    return int(connection.execute(_AVAILABLE, values).scalar_one())


def _jobs_of(
    connection: Connection, worker: Worker, job_name: str | None, *, is_locking: bool = False
) -> list[Row[Any]]:
    """The jobs asked for; `is_locking` the worker's account too: two requests of theirs must not both lease."""
    query = _OPEN_JOBS if job_name is None else _NAMED_JOBS
    values = {"teams": list(worker.teams), "name": (job_name or "").lower(), "worker": worker.subject}
    rows = list(connection.execute(_LOCKING[query] if is_locking else query, values))
    if job_name is not None and not rows:
        raise PortalFault(404, "no_such_job", f"Your teams have no job {job_name}.")
    return rows


def _held(connection: Connection, subject: str, jobs: Sequence[Row[Any]], now: int) -> Held | None:
    by_id = {row.job_id: row for row in jobs}
    row = connection.execute(_HELD, {"worker": subject, "now": now, "jobs": list(by_id)}).first()
    return None if row is None else Held.of(row, by_id[row.job_id])


def _pick(
    connection: Connection, job_row: Row[Any], subject: str, now: int, ways: Sequence[Select[Any]]
) -> Row[Any] | None:
    """An object that the worker may take."""
    if job_row.status != "InProgress":
        return None
    values = {"job": job_row.job_id, "worker": subject, "now": now}
    found = (connection.execute(query, values).first() for query in ways)
    return next((row for row in found if row is not None), None)


def _lease(connection: Connection, job_row: Row[Any], found: Row[Any], subject: str, now: int) -> Row[Any]:
    limit = job_row.request["HumanTaskConfig"]["TaskTimeLimitInSeconds"] * clock.SECOND
    values = {
        "status": "leased",
        "accepted_us": now,
        "lease_expires_us": min(now + limit, found.available_until_us),
        "ended_us": None,
    }
    place = {"job_id": job_row.job_id, "object_no": found.object_no, "subject": subject}
    if found.is_new:
        made = {"task_id": secrets.token_hex(16), **place, **values}
        row = connection.execute(_LEASED, made).one()
    else:
        here = (task.c[name] == value for name, value in place.items())
        row = connection.execute(update(task).where(*here).values(**values).returning(*task.c)).one()
    move(connection, now, "TasksAccepted", (job_row.job_id, found.object_no, subject), n_taken=1)
    return row


def _why_idle(connection: Connection, jobs: Sequence[Row[Any]], subject: str) -> str:
    if not jobs:
        return "Your team has no labeling job at the moment."
    running = [row.job_id for row in jobs if row.status == "InProgress"]
    if not running:
        if any(row.status == "Initializing" for row in jobs):
            return "The job is being prepared; its tasks come in a moment."
        return f"The job is over: {jobs[0].status}."
    open_ones = select(func.count()).where(_o.job_id.in_(running), _o.status == "open")
    n_open = connection.execute(open_ones).scalar_one()
    mine = exists().where(
        task.c.job_id == _o.job_id,
        task.c.object_no == _o.object_no,
        task.c.subject == subject,
        task.c.status.in_(OURS_FOR_EVER),
    )
    n_others = connection.execute(open_ones.where(~mine)).scalar_one()
    if n_others:
        return "Other annotators work on all that is left; a task comes back if it is released or runs out of time."
    if n_open:
        return "You have done all that is open to you; the rest is for others of your team."
    return "Everything is labeled; the job is about to end."
