"""What a pre-annotation function made of an object."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Room for the task's input beside the manifest line."""
    op.add_column("data_object", sa.Column("prepared", sa.Text()))
