"""Changes of the store's schema, carried out when the service opens it. A change is a file in `versions/`.

Make one: change `annolake.service.tables`, then write `versions/000N_what.py` with `upgrade` after the others; a test
compares what they make with what the store declares, on SQLite and PostgreSQL.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from annolake.service.tables import workforce

FIRST = "0001"
LOCK = 4_022_021
"""Any number, always the same: services that start at once migrate one after the other."""


def migrate(connection: Connection) -> None:
    """Bring the database to the newest schema, within the caller's transaction."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    if MigrationContext.configure(connection).get_current_revision() is None and inspect(connection).has_table("job"):
        workforce.create(connection, checkfirst=True)  # made before there were migrations
        command.stamp(config, FIRST)
    command.upgrade(config, "head")
