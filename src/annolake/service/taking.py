"""How a worker gets a task: the one in hand, or the next object that is open to them, or why there is none.

What was declined or answered never comes back to the same worker; what was released or ran out may, after everything
that is new to them. Looking is one read; only who finds something takes the write lock. The statements are made once,
since making them would cost more than running them.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, exists, func, insert, select, update

from annolake.service import clock
from annolake.service.core import Service
from annolake.service.faults import PortalFault
from annolake.service.lifecycle import move_object, record
from annolake.service.store import account, data_object, job, task
from annolake.service.tasks import JOB_FACTS, Held, count_answers, view
from annolake.service.teams import teams_of

OURS_FOR_EVER = ("leased", "submitted", "declined")

_o = data_object.c
_of_worker = task.c.subject == bindparam("worker")
_ACCOUNT = select(account.c.subject).where(account.c.subject == bindparam("worker")).with_for_update()
_of_teams = job.c.workteam_arn.in_(bindparam("teams", expanding=True))
_JOBS = select(*JOB_FACTS).where(_of_teams).order_by(job.c.created_us, job.c.job_id)
_OPEN_JOBS = _JOBS.where(job.c.status.in_(("Initializing", "InProgress")))
_NAMED_JOBS = _JOBS.where(job.c.name_key == bindparam("name"))
_HELD = (
    select(task)
    .where(_of_worker, task.c.status == "leased", task.c.lease_expires_us > bindparam("now"))
    .where(task.c.job_id.in_(bindparam("jobs", expanding=True)))
    .order_by(task.c.accepted_us)
    .limit(1)
)


def _open_to(*barring: str) -> Select[Any]:
    """Open objects of a running job that the worker does not have, or not in one of these states."""
    mine = exists().where(task.c.job_id == _o.job_id, task.c.object_no == _o.object_no, _of_worker)
    mine = mine.where(task.c.status.in_(barring)) if barring else mine
    return (
        select(data_object)
        .join(job)
        .where(job.c.job_id == bindparam("job"), job.c.status == "InProgress")
        .where(_o.status == "open", _o.n_taken < job.c.n_workers, _o.available_until_us > bindparam("now"), ~mine)
        .order_by(_o.object_no)
    )


_NEW, _AGAIN = _open_to().limit(1), _open_to(*OURS_FOR_EVER).limit(1)
_LOCKED = {query: query.with_for_update(skip_locked=True, of=data_object) for query in (_NEW, _AGAIN)}
_AVAILABLE = select(func.count()).select_from(_open_to(*OURS_FOR_EVER).order_by(None).subquery())


def take(service: Service, subject: str, job_name: str | None = None) -> Held | str:
    """The worker's open task, or a new one, or in plain words why there is none."""
    now = clock.now_us()
    with service.store.read() as connection:  # an idle worker who asks again and again takes no write lock
        jobs = _jobs_of(connection, subject, job_name)
        held = _held(connection, subject, jobs, now)
        if held is not None:
            return held
        if not any(_pick(connection, row, subject, now) for row in jobs):
            return _why_idle(connection, jobs, subject)
    with service.store.write() as connection:
        if not service.store.is_sqlite:  # two requests of one worker must not both lease
            connection.execute(_ACCOUNT, {"worker": subject})
        now = clock.now_us()
        held = _held(connection, subject, jobs, now)
        if held is not None:
            return held
        for row in jobs:
            picked = _pick(connection, row, subject, now, is_locked=True)
            if picked is not None:
                leased = _lease(connection, row, picked, subject, now)
                return Held(leased, row, picked[0], count_answers(connection, row.job_id, subject))
        return _why_idle(connection, jobs, subject)


def count_available(connection: Connection, job_row: Row[Any], subject: str) -> int:
    """How many objects of a job the worker could take now."""
    if job_row.status != "InProgress":
        return 0
    values = {"job": job_row.job_id, "worker": subject, "now": clock.now_us()}
    return int(connection.execute(_AVAILABLE, values).scalar_one())


def _jobs_of(connection: Connection, subject: str, job_name: str | None) -> list[Row[Any]]:
    query = _OPEN_JOBS if job_name is None else _NAMED_JOBS
    values = {"teams": list(teams_of(connection, subject)), "name": (job_name or "").lower()}
    rows = list(connection.execute(query, values))
    if job_name is not None and not rows:
        raise PortalFault(404, "no_such_job", f"Your teams have no job {job_name}.")
    return rows


def _held(connection: Connection, subject: str, jobs: Sequence[Row[Any]], now: int) -> Held | None:
    by_id = {row.job_id: row for row in jobs}
    row = connection.execute(_HELD, {"worker": subject, "now": now, "jobs": list(by_id)}).first()
    return None if row is None else view(connection, row, by_id[row.job_id])


def _pick(
    connection: Connection, job_row: Row[Any], subject: str, now: int, *, is_locked: bool = False
) -> tuple[Row[Any], bool] | None:
    """An object that the worker may take, and whether it is new to them."""
    if job_row.status != "InProgress":
        return None
    values = {"job": job_row.job_id, "worker": subject, "now": now}
    for query in (_NEW, _AGAIN):  # first what the worker never had, then what went back to the pool
        row = connection.execute(_LOCKED[query] if is_locked else query, values).first()
        if row is not None:
            return row, query is _NEW
    return None


def _lease(
    connection: Connection, job_row: Row[Any], picked: tuple[Row[Any], bool], subject: str, now: int
) -> Row[Any]:
    found, is_new = picked
    limit = job_row.request["HumanTaskConfig"]["TaskTimeLimitInSeconds"] * clock.SECOND
    values = {
        "status": "leased",
        "accepted_us": now,
        "lease_expires_us": min(now + limit, found.available_until_us),
        "ended_us": None,
    }
    place = {"job_id": job_row.job_id, "object_no": found.object_no, "subject": subject}
    if is_new:
        made = {"task_id": secrets.token_hex(16), **place, **values}
        row = connection.execute(insert(task).returning(*task.c), made).one()
    else:
        here = (task.c[name] == value for name, value in place.items())
        row = connection.execute(update(task).where(*here).values(**values).returning(*task.c)).one()
    move_object(connection, job_row.job_id, found.object_no, n_taken=1)
    record(connection, now, "TasksAccepted", job_row.job_id, found.object_no, subject)
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
