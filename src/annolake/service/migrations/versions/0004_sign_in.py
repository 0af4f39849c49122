"""People who sign in through a provider, and the client secret for it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """A row a person, a row a secret."""
    op.create_table(
        "identity",
        sa.Column("issuer", sa.String(500), nullable=False),
        sa.Column("issued_sub", sa.String(255), nullable=False),
        sa.Column("subject", sa.String(64), sa.ForeignKey("account.subject"), nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("issuer", "issued_sub"),
        sa.UniqueConstraint("subject"),
    )
    op.create_table(
        "workforce_secret",
        sa.Column("name_key", sa.String(63), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name_key"),
    )
