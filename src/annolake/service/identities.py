"""Accounts of people whom a provider signs in: made at the first sign-in, their groups and name kept as it says."""

from __future__ import annotations

import uuid

from sqlalchemy import Connection, delete, insert, select, update

from annolake.service import clock
from annolake.service.provider import Person
from annolake.service.tables import account, account_group, identity, portal_session


def keep_person(connection: Connection, person: Person) -> str:
    """The account's subject, always the same for the same person. Groups are replaced, so that who left one leaves."""
    here = (identity.c.issuer == person.issuer) & (identity.c.issued_sub == person.sub)
    subject = connection.execute(select(identity.c.subject).where(here)).scalar()
    if subject is None:
        subject = str(uuid.uuid4())
        row = {"subject": subject, "username": subject, "password_hash": "", "created_us": clock.now_us()}
        connection.execute(insert(account).values(**row))
        known = {"issuer": person.issuer, "issued_sub": person.sub, "subject": subject, "name": person.name}
        connection.execute(insert(identity).values(**known))
    else:
        connection.execute(update(identity).where(here).values(name=person.name))
        connection.execute(delete(account_group).where(account_group.c.subject == subject))
    connection.execute(insert(account_group), [{"subject": subject, "group_name": group} for group in person.groups])
    return str(subject)


def end_sessions(connection: Connection, issuer: str) -> None:
    """Sign out everybody who came through a provider."""
    theirs = select(identity.c.subject).where(identity.c.issuer == issuer)
    connection.execute(delete(portal_session).where(portal_session.c.subject.in_(theirs)))
