"""Indexes of work that is left: leases, and answers that no file holds yet.

With all tasks in it, the index of leases was taken to find an object's answers, ever more slowly.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Each holds only the rows that it is asked for."""
    op.drop_index("task_by_lease", "task")
    is_leased = sa.text("status = 'leased'")
    op.create_index("task_by_lease", "task", ["lease_expires_us"], sqlite_where=is_leased, postgresql_where=is_leased)
    op.create_index(
        "object_to_write",
        "data_object",
        ["job_id", "object_no"],
        sqlite_where=sa.text("n_answered > 0 AND is_response_written = 0"),
        postgresql_where=sa.text("n_answered > 0 AND NOT is_response_written"),
    )
