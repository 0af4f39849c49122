"""Accounts and sessions of the portal: names, argon2 hashes, groups; people of a provider; a limit on failed sign-ins.

An account's subject is made once and never changes; it is what worker ids are derived from. A session's token is stored
as a hash only. Failed sign-ins are counted per name and address, so that nobody can lock another one out from afar.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
import time
import uuid
from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from annolake.config import Settings
from annolake.errors import ConfigError
from annolake.service import clock
from annolake.service.core import Service
from annolake.service.faults import PortalFault
from annolake.service.identities import keep_person
from annolake.service.provider import Person
from annolake.service.store import Store
from annolake.service.tables import account, account_group, identity, portal_session, team_group

SESSION_SECONDS = 12 * 3600
FAILURES = 8
FAILURES_PER_ADDRESS = 60
WINDOW_SECONDS = 300.0

_hasher = PasswordHasher()
_hashing = threading.Semaphore(2)  # argon2 takes 64 MiB a time
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$" + "A" * 43

_HOLDER = (
    select(account.c.subject, func.coalesce(identity.c.name, account.c.username).label("name"))
    .add_columns(portal_session.c.csrf_token, identity.c.issuer, team_group.c.workteam_arn)
    .select_from(
        portal_session.join(account)
        .outerjoin(identity, identity.c.subject == account.c.subject)
        .outerjoin(account_group, account_group.c.subject == account.c.subject)
        .outerjoin(team_group, team_group.c.group_name == account_group.c.group_name)
    )
    .where(portal_session.c.token_hash == bindparam("token"), portal_session.c.expires_us > bindparam("now"))
    .order_by(team_group.c.workteam_arn)
)


@dataclass(frozen=True)
class Worker:
    """Who is signed in."""

    subject: str
    name: str
    csrf_token: str
    teams: dict[str, str]
    """ARN -> name."""
    issuer: str | None = None
    """Of the provider who signed them in; None for a local account."""


def ensure_accounts(
    settings: Settings, accounts: Mapping[str, str], groups: Collection[str] | None = None
) -> dict[str, str]:
    """Make local accounts, or give them these passwords; name -> subject. They join `groups` (default: the work team).

    Works beside a running service, which sees the accounts at once.
    """
    store = Store(settings.service_database_url)
    try:
        return store_accounts(store, accounts, [settings.workteam] if groups is None else groups)
    finally:
        store.close()


def store_accounts(store: Store, accounts: Mapping[str, str], groups: Collection[str]) -> dict[str, str]:
    """As `ensure_accounts`, in an open store."""
    subjects = {}
    for name, password in accounts.items():
        if not name or len(name) > 128 or not password:
            raise ConfigError(f"Account {name!r}: a name of 1 to 128 characters and a password are needed.")
        with store.read() as connection:
            row = connection.execute(select(account).where(account.c.username == name)).first()
        is_same = row is not None and _matches(row.password_hash, password)
        hashed = "" if is_same else _hash(password)  # slow on purpose, so not inside the write
        with store.write() as connection:
            row = connection.execute(select(account).where(account.c.username == name)).first()
            subject = str(uuid.uuid4()) if row is None else str(row.subject)
            if row is None:
                values = {"subject": subject, "username": name, "created_us": clock.now_us()}
                connection.execute(insert(account).values(**values, password_hash=hashed))
            elif not is_same:
                connection.execute(update(account).where(account.c.subject == subject).values(password_hash=hashed))
            have = connection.execute(
                select(account_group.c.group_name).where(account_group.c.subject == subject)
            ).scalars()
            for group in set(groups) - set(have):
                connection.execute(insert(account_group).values(subject=subject, group_name=group))
        subjects[name] = subject
    return subjects


def configured_accounts(settings: Settings) -> dict[str, str]:
    """Name -> password in `settings.portal_users`."""
    try:
        users = json.loads(settings.portal_users or "{}")
    except ValueError:
        users = None
    if not isinstance(users, dict) or not all(isinstance(p, str) for p in users.values()):
        raise ConfigError('portal_users must be a JSON object like {"anna": "her password"}.')
    return users


def sign_in(service: Service, limiter: Limiter, username: str, password: str, address: str) -> tuple[str, Worker]:
    """(session token, worker); 401 for a wrong name or password, 429 after too many of those."""
    if not service.settings.portal_local_accounts:
        raise PortalFault(403, "no_local_accounts", "Sign in through your organisation; passwords are not taken here.")
    limiter.check(username, address)
    with service.store.read() as connection:
        row = connection.execute(select(account).where(account.c.username == username)).first()
    if not _matches(row.password_hash if row else _NOBODY, password) or row is None:
        limiter.count(username, address)
        raise PortalFault(401, "wrong_credentials", "The name or the password is wrong.")
    limiter.forget(username, address)
    with service.store.write() as connection:
        return _open_session(connection, row.subject)


def sign_in_person(service: Service, person: Person) -> str:
    """Session token for somebody whom a provider has signed in."""
    try:
        with service.store.write() as connection:
            return _open_session(connection, keep_person(connection, person))[0]
    except IntegrityError:  # two first sign-ins of one person at once: the other made the account
        with service.store.write() as connection:
            return _open_session(connection, keep_person(connection, person))[0]


def _open_session(connection: Connection, subject: str) -> tuple[str, Worker]:
    token, csrf_token, now = secrets.token_urlsafe(32), secrets.token_urlsafe(24), clock.now_us()
    connection.execute(delete(portal_session).where(portal_session.c.expires_us <= now))
    connection.execute(
        insert(portal_session).values(
            token_hash=_token_hash(token),
            subject=subject,
            csrf_token=csrf_token,
            created_us=now,
            expires_us=now + SESSION_SECONDS * clock.SECOND,
        )
    )
    worker = _holder(connection, token)
    if worker is None:
        raise PortalFault(401, "not_signed_in", "Please sign in.")
    return token, worker


def find_worker(service: Service, token: str) -> Worker:
    """Who holds a session; 401 for nobody."""
    with service.store.read() as connection:
        worker = _holder(connection, token) if token else None
    if worker is None:
        raise PortalFault(401, "not_signed_in", "Please sign in.")
    return worker


def _holder(connection: Connection, token: str) -> Worker | None:
    holds = {"token": _token_hash(token), "now": clock.now_us()}
    rows = connection.execute(_HOLDER, holds).all()  # one for each team, or one without
    if not rows:
        return None
    teams = {row.workteam_arn: row.workteam_arn.rpartition("/")[2] for row in rows if row.workteam_arn}
    return Worker(rows[0].subject, rows[0].name, rows[0].csrf_token, teams, rows[0].issuer)


def sign_out(service: Service, token: str) -> None:
    """End a session."""
    with service.store.write() as connection:
        connection.execute(delete(portal_session).where(portal_session.c.token_hash == _token_hash(token)))


class Limiter:
    """Counts failed sign-ins in this process."""

    def __init__(self) -> None:
        self._failures: dict[tuple[str, str], deque[float]] = {}
        self._lock = threading.Lock()

    def check(self, username: str, address: str) -> None:
        """429 after too many failures of this name from this address, or of any name from it."""
        with self._lock:
            if self._n_recent((username, address)) >= FAILURES or self._n_recent(("", address)) >= FAILURES_PER_ADDRESS:
                raise PortalFault(429, "too_many_attempts", "Too many failed sign-ins; please wait five minutes.")

    def count(self, username: str, address: str) -> None:
        """Note a failure."""
        with self._lock:
            if len(self._failures) > 10_000:
                self._failures.clear()
            for key in ((username, address), ("", address)):
                self._failures.setdefault(key, deque(maxlen=FAILURES_PER_ADDRESS)).append(time.monotonic())

    def forget(self, username: str, address: str) -> None:
        """Forgive a name that has signed in."""
        with self._lock:
            self._failures.pop((username, address), None)

    def _n_recent(self, key: tuple[str, str]) -> int:
        times = self._failures.get(key, deque())
        while times and times[0] < time.monotonic() - WINDOW_SECONDS:
            times.popleft()
        return len(times)


def _hash(password: str) -> str:
    with _hashing:
        return _hasher.hash(password)


def _matches(hashed: str, password: str) -> bool:
    with _hashing:
        try:
            return _hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False


def _token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
