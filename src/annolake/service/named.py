"""What an account names and defines, work teams and workforces: rows of a definition, found by name in any case."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, Table, delete, func, insert, select, update

from annolake.service import clock
from annolake.service.tables import tag


def find(connection: Connection, table: Table, name: str) -> Row[Any] | None:
    """The row with this name; None where there is none."""
    return connection.execute(select(table).where(table.c.name_key == name.lower())).first()


def count(connection: Connection, table: Table) -> int:
    """How many there are."""
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def add(connection: Connection, table: Table, name: str, arn: str, definition: dict[str, Any]) -> None:
    """Keep a new one."""
    row = {"name_key": name.lower(), "name": name, "arn": arn, "definition": definition}
    now = clock.now_us()
    connection.execute(insert(table).values(**row, created_us=now, modified_us=now))


def redefine(connection: Connection, table: Table, row: Row[Any], definition: dict[str, Any]) -> None:
    """Give one another definition."""
    here = table.c.name_key == row.name_key
    connection.execute(update(table).where(here).values(definition=definition, modified_us=clock.now_us()))


def remove(connection: Connection, table: Table, row: Row[Any]) -> None:
    """Forget one and its tags."""
    connection.execute(delete(tag).where(tag.c.resource_arn == row.arn))
    connection.execute(delete(table).where(table.c.name_key == row.name_key))
