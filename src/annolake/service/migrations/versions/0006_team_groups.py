"""The groups of each team as rows, so that who belongs to it is a join."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from annolake.service.teams import team_groups

revision = "0006"
down_revision = "0005"

WORKTEAM = sa.table("workteam", sa.column("arn"), sa.column("definition", sa.JSON))


def upgrade() -> None:
    """Taken from the definitions."""
    team_group = op.create_table(
        "team_group",
        sa.Column("workteam_arn", sa.String(256), sa.ForeignKey("workteam.arn"), nullable=False),
        sa.Column("group_name", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("workteam_arn", "group_name"),
    )
    for arn, definition in op.get_bind().execute(sa.select(WORKTEAM.c.arn, WORKTEAM.c.definition)).all():
        rows = [{"workteam_arn": arn, "group_name": name} for name in sorted(team_groups(definition))]
        op.bulk_insert(team_group, rows)
