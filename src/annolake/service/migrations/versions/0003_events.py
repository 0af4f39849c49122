"""The log of what happened to jobs, and who was told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """A row an event."""
    op.create_table(
        "job_event",
        sa.Column("event_id", sa.String(36), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("job_name", sa.String(63), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("n_attempts", sa.Integer(), nullable=False),
        sa.Column("next_us", sa.BigInteger(), nullable=True),
        sa.Column("delivered_us", sa.BigInteger(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("event_id"),
    )
    op.create_index("event_by_next", "job_event", ["next_us"])
