"""The tables of the store: accounts, teams, jobs, objects, tasks and events. Times are microseconds since the epoch.

A change of them needs a file in `migrations/versions/`.
"""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    literal_column,
)

metadata = MetaData()
UNKEEPABLE = re.compile("[\0\ud800-\udfff]")
"""What no text in a database may hold: U+0000, and half a character."""


class Told(TypeDecorator[str]):
    """Text of others, such as reasons with bits of their data: U+FFFD stands for what cannot be kept."""

    impl: Any = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:  # noqa: ARG002 - SQLAlchemy's
        return None if value is None else UNKEEPABLE.sub("\ufffd", value)


class ToldBriefly(Told):
    """The same with a limit."""

    impl = String
    cache_ok = True


def _named(name: str) -> Table:
    """A table of what an account names and defines, as `annolake.service.named` keeps it."""
    return Table(
        name,
        metadata,
        Column("name_key", String(63), primary_key=True),
        Column("name", String(63), nullable=False),
        Column("arn", String(256), nullable=False, unique=True),
        Column("definition", JSON, nullable=False),
        Column("created_us", BigInteger, nullable=False),
        Column("modified_us", BigInteger, nullable=False),
    )


account = Table(
    "account",
    metadata,
    Column("subject", String(64), primary_key=True),
    Column("username", String(128), nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    Column("created_us", BigInteger, nullable=False),
)

account_group = Table(
    "account_group",
    metadata,
    Column("subject", String(64), ForeignKey("account.subject"), primary_key=True),
    Column("group_name", String(128), primary_key=True),
)

identity = Table(
    "identity",
    metadata,
    Column("issuer", String(500), primary_key=True),
    Column("issued_sub", String(255), primary_key=True),
    Column("subject", String(64), ForeignKey("account.subject"), nullable=False, unique=True),
    Column("name", String(128), nullable=False),
)
"""Who an OIDC provider says that an account is; its `username` is the subject, and no password fits it."""

portal_session = Table(
    "portal_session",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("subject", String(64), ForeignKey("account.subject"), nullable=False),
    Column("csrf_token", String(64), nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger, nullable=False),
)

workteam = _named("workteam")

team_group = Table(
    "team_group",
    metadata,
    Column("workteam_arn", String(256), ForeignKey("workteam.arn"), primary_key=True),
    Column("group_name", String(128), primary_key=True),
)
"""The groups that a team's definition names: whose members belong to it."""

workforce = _named("workforce")

workforce_secret = Table(
    "workforce_secret",
    metadata,
    Column("name_key", String(63), primary_key=True),
    Column("sealed", Text, nullable=False),
)
"""The client secret of a workforce's provider, encrypted; apart from what DescribeWorkforce reads."""

tag = Table(
    "tag",
    metadata,
    Column("resource_arn", String(256), primary_key=True),
    Column("tag_key", String(128), primary_key=True),
    Column("tag_value", String(256), nullable=False),
)

TERMINAL = ("Completed", "Failed", "Stopped")
"""Where a job's status ends."""

job = Table(
    "job",
    metadata,
    Column("job_id", Integer, primary_key=True, autoincrement=True),
    Column("name_key", String(63), nullable=False, unique=True),
    Column("name", String(63), nullable=False),
    Column("arn", String(256), nullable=False, unique=True),
    Column("reference_code", String(28), nullable=False),
    Column("status", String(16), nullable=False),
    Column("failure_reason", ToldBriefly(1024)),
    Column("request", JSON, nullable=False),
    Column("pre_type", String(64), nullable=False),
    Column("task_type", String(64), nullable=False),
    Column("workteam_arn", String(256), nullable=False),
    Column("label_attribute", String(127), nullable=False),
    Column("n_workers", Integer, nullable=False),
    Column("labels", JSON),
    Column("template", Text),
    Column("is_stop_requested", Boolean, nullable=False, default=False),
    Column("n_objects", Integer, nullable=False, default=0),
    Column("n_labeled", Integer, nullable=False, default=0),
    Column("n_failed", Integer, nullable=False, default=0),
    Column("change_no", Integer, nullable=False, default=0),
    Column("created_us", BigInteger, nullable=False),
    Column("modified_us", BigInteger, nullable=False),
    Column("ended_us", BigInteger),
    Index("job_by_team", "workteam_arn", "status"),
    Index("job_by_status", "status"),
)

data_object = Table(
    "data_object",
    metadata,
    Column("job_id", Integer, ForeignKey("job.job_id"), primary_key=True, autoincrement=False),
    Column("object_no", Integer, primary_key=True, autoincrement=False),
    Column("line", Text, nullable=False),
    Column("prepared", Text),
    Column("status", String(10), nullable=False),
    Column("iteration", Integer, nullable=False),
    Column("n_taken", Integer, nullable=False, default=0),
    Column("n_answered", Integer, nullable=False, default=0),
    Column("n_declined", Integer, nullable=False, default=0),
    Column("available_until_us", BigInteger),
    Column("finished_us", BigInteger),
    Column("failure_reason", Told),
    Column("is_response_written", Boolean, nullable=False, default=False),
    Index("object_by_status", "job_id", "status", "object_no"),
    Index(
        "object_to_write",
        "job_id",
        "object_no",
        sqlite_where=literal_column("n_answered > 0 AND is_response_written = 0"),
        postgresql_where=literal_column("n_answered > 0 AND NOT is_response_written"),
    ),
)
"""`status`: waiting (its batch is not open yet), open, labeled, failed, prelabeled (came with the label, or a function
said that no person is needed). `prepared`: the task's input as a pre-annotation function made it."""

LEASED = literal_column("'leased'", String)
"""The status in words of the statement itself: only so do databases see that the index of leases serves it."""

task = Table(
    "task",
    metadata,
    Column("task_id", String(32), primary_key=True),
    Column("job_id", Integer, ForeignKey("job.job_id"), nullable=False),
    Column("object_no", Integer, nullable=False),
    Column("subject", String(64), ForeignKey("account.subject"), nullable=False),
    Column("status", String(10), nullable=False),
    Column("accepted_us", BigInteger, nullable=False),
    Column("lease_expires_us", BigInteger, nullable=False),
    Column("ended_us", BigInteger),
    Column("draft", Text),
    Column("answer", Text),
    Column("idempotency_key", String(200)),
    UniqueConstraint("job_id", "object_no", "subject"),
    Index(
        "task_by_lease",
        "lease_expires_us",
        sqlite_where=literal_column("status") == LEASED,
        postgresql_where=literal_column("status") == LEASED,
    ),
    Index("task_by_worker", "subject", "job_id", "status"),
)
"""One row per object and worker, which is what makes a double answer impossible.
`status`: leased, submitted, released, declined, expired."""

task_event = Table(
    "task_event",
    metadata,
    Column("event_id", Integer, primary_key=True, autoincrement=True),
    Column("at_us", BigInteger, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("job_id", Integer, nullable=False),
    Column("object_no", Integer, nullable=False),
    Column("subject", String(64), nullable=False),
    Column("note", Told),
)
"""`kind`: TasksAccepted, TasksSubmitted, TasksReturned, TasksDeclined, TasksExpired (Ground Truth's words)."""

job_event = Table(
    "job_event",
    metadata,
    Column("event_id", String(36), primary_key=True),
    Column("at_us", BigInteger, nullable=False),
    Column("job_name", String(63), nullable=False),
    Column("body", Text, nullable=False),
    Column("n_attempts", Integer, nullable=False, default=0),
    Column("next_us", BigInteger),
    Column("delivered_us", BigInteger),
    Column("problem", Told),
    Index("event_by_next", "next_us"),
)
"""`next_us`: when it is delivered or tried again; NULL where it was delivered, given up, or nobody is to be told."""
