"""The store's schema: made by migrations, the same as it is declared, also from a database that is older than they."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, insert, select, text

from annolake.service.store import Store
from annolake.service.tables import metadata, team_group, workteam


def differences(store: Store) -> list[object]:
    with store.read() as connection:
        return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)


def test_migrations_make_what_is_declared(service_database: str, tmp_path: Path) -> None:
    url = service_database or f"sqlite:///{tmp_path / 'new.db'}"
    store = Store(url)
    assert differences(store) == []
    store.close()
    again = Store(url)
    with again.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM alembic_version")).scalar_one() == 1
    again.close()


def test_a_database_from_before_the_migrations_is_taken_over(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'old.db'}"
    store = Store(url)
    definition = {"MemberDefinitions": [{"OidcMemberDefinition": {"Groups": ["night", "day"]}}]}
    row = {"name_key": "t", "name": "t", "arn": "arn:t", "definition": definition, "created_us": 0, "modified_us": 0}
    with store.write() as connection:
        connection.execute(insert(workteam).values(**row))
        connection.execute(text("DROP TABLE alembic_version"))
        connection.execute(text("DROP INDEX object_to_write"))
        connection.execute(text("DROP TABLE workforce"))
        for table in ("job_event", "identity", "workforce_secret", "team_group"):
            connection.execute(text(f"DROP TABLE {table}"))
        connection.execute(text("ALTER TABLE data_object DROP COLUMN prepared"))
    store.close()
    old = Store(url)
    assert differences(old) == []
    with old.read() as connection:
        assert connection.execute(select(team_group)).all() == [("arn:t", "day"), ("arn:t", "night")]
    old.close()


def test_a_failed_migration_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"

    def fail(*_: object) -> None:
        raise RuntimeError("the power went")

    monkeypatch.setattr("alembic.op.add_column", fail)
    with pytest.raises(RuntimeError, match="power"):
        Store(url)
    engine = create_engine(url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM sqlite_master")).scalar_one() == 0
    engine.dispose()


def test_only_the_owner_reads_the_store(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    path.touch(mode=0o644)
    store = Store(f"sqlite:///{path}")
    with store.read():
        modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    store.close()
    assert modes.keys() >= {"new.db", "new.db-wal"} and set(modes.values()) == {0o600}
