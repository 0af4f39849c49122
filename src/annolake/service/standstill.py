"""Why a job does not move, in plain words for whoever waits for it; annotators are told their own reason (`taking`)."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, distinct, exists, func, select

from annolake.service import clock
from annolake.service.store import Store
from annolake.service.tables import account_group, data_object, job, portal_session, task, team_group
from annolake.service.taking import OURS_FOR_EVER

_o = data_object.c


def reasons(store: Store) -> dict[str, str]:
    """A sentence for each job in progress: who is at work, or what it waits for."""
    with store.read() as connection:
        jobs = connection.execute(select(job).where(job.c.status == "InProgress")).all()
        return {row.name: _reason(connection, row) for row in jobs}


class _Figures(NamedTuple):
    n_members: int
    n_signed_in: int
    n_open: int
    """Objects that want another answer."""
    n_free: int
    """Those that somebody of the team may take."""
    n_at_work: int


def _reason(connection: Connection, row: Row[Any]) -> str:
    team, found = row.workteam_arn.rpartition("/")[2], _figures(connection, row)
    if not found.n_open:
        return "everything is labeled; it is about to end"
    if not found.n_members:
        return f"nobody is in the work team {team}"
    free = f"{_counted(found.n_free, 'object')} free"
    if found.n_at_work:
        return f"{_counted(found.n_at_work, 'person')} at work, {free}"
    if not found.n_free:
        left = _counted(found.n_open, "object")
        return f"all in the team have done what is open to them; {left} for further annotators"
    if not found.n_signed_in:
        return f"nobody of the work team {team} is signed in, {free}"
    return f"{_counted(found.n_signed_in, 'person')} signed in, nobody at work, {free}"


def _figures(connection: Connection, row: Row[Any]) -> _Figures:
    now = clock.now_us()
    members = (
        select(account_group.c.subject)
        .distinct()
        .join(team_group, team_group.c.group_name == account_group.c.group_name)
        .where(team_group.c.workteam_arn == row.workteam_arn)
        .subquery()
    )
    is_had = (
        exists()
        .where(task.c.job_id == _o.job_id, task.c.object_no == _o.object_no)
        .where(task.c.subject == members.c.subject, task.c.status.in_(OURS_FOR_EVER))
        .correlate(data_object, members)
    )
    for_whom = select(members.c.subject).where(~is_had).correlate(data_object)
    is_held = (task.c.status == "leased") & (task.c.lease_expires_us > now)
    opened = select(func.count()).where(_o.job_id == row.job_id, _o.status == "open")
    queries = (
        select(func.count()).select_from(members),
        select(func.count(distinct(portal_session.c.subject)))
        .join(members, members.c.subject == portal_session.c.subject)
        .where(portal_session.c.expires_us > now),
        opened,
        opened.where(_o.n_taken < row.n_workers, exists(for_whom)),
        select(func.count(distinct(task.c.subject))).where(task.c.job_id == row.job_id, is_held),
    )
    return _Figures(*(connection.execute(query).scalar_one() for query in queries))


def _counted(n: int, what: str) -> str:
    """`1 object`, `2 objects`, `3 people`."""
    several = "people" if what == "person" else f"{what}s"
    return f"{n} {what if n == 1 else several}"
