"""The catalog as the lake uses it: each version of a table's metadata is read once, and copied no more than it must be.

The file of a version never changes, and what the library reads from it is frozen. A build looks at its tables a dozen
times each, on S3 a request every time.
"""

from __future__ import annotations

from typing import Any, Self

from pyiceberg.catalog.sql import IcebergTables, SqlCatalog
from pyiceberg.table import CommitTableResponse, Transaction
from pyiceberg.table import Table as IcebergTable
from pyiceberg.table.metadata import TableMetadata, TableMetadataV2
from sqlalchemy import bindparam, select


class _Version(TableMetadataV2):  # type: ignore[misc]
    """Metadata whose deep copy shares its parts: none is ever changed, each update makes a new list.

    The library copies all of it three times a commit, with every snapshot of the table's history.
    """

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        copied: Self = self.__copy__()
        return copied


class _Change(Transaction):  # type: ignore[misc]
    """A transaction that works out a table's metadata once for each of its updates, not at each of forty looks."""

    _known: tuple[TableMetadata, tuple[Any, ...], TableMetadata] | None = None

    @property
    def table_metadata(self) -> TableMetadata:
        base, updates = self._table.metadata, self._updates
        if self._known is None or self._known[0] is not base or self._known[1] is not updates:
            self._known = (base, updates, super().table_metadata)
        return self._known[2]


class LakeTable(IcebergTable):  # type: ignore[misc]
    """A table that is changed by transactions of that kind, whoever appends or overwrites."""

    def transaction(self) -> Transaction:
        return _Change(self)


class LakeCatalog(SqlCatalog):  # type: ignore[misc]
    """A catalog that looks up where a table's version is, and reads that where it did not read or write it before."""

    def __init__(self, name: str, **properties: Any) -> None:
        self._seen: dict[tuple[str, ...], LakeTable] = {}
        at = IcebergTables
        self._where = select(at.metadata_location).where(
            at.catalog_name == name,
            at.table_namespace == bindparam("namespace"),
            at.table_name == bindparam("table"),
        )
        try:
            super().__init__(name, **properties)
        except Exception:  # its connections are nobody's then
            if hasattr(self, "engine"):
                self.engine.dispose()
            raise

    def load_table(self, identifier: str | tuple[str, ...]) -> IcebergTable:
        seen = self._seen.get(self.identifier_to_tuple(identifier))
        if seen is not None:
            named = {"namespace": self.namespace_to_string(seen.name()[:-1]), "table": seen.name()[-1]}
            with self.engine.connect() as connection:
                if connection.scalar(self._where, named) == seen.metadata_location:
                    return self._table(seen.name(), seen.metadata, seen.metadata_location, seen.io)
        return super().load_table(identifier)

    def commit_table(self, table: IcebergTable, requirements: Any, updates: Any) -> CommitTableResponse:
        done = super().commit_table(table, requirements, updates)
        self._seen[table.name()] = self._table(table.name(), done.metadata, done.metadata_location, table.io)
        return done

    def _convert_orm_to_iceberg(self, orm_table: IcebergTables) -> IcebergTable:
        read = super()._convert_orm_to_iceberg(orm_table)
        version = read.metadata
        if isinstance(version, TableMetadataV2):
            version = _Version.model_construct(version.model_fields_set, **dict(version))
        self._seen[read.name()] = self._table(read.name(), version, read.metadata_location, read.io)
        return self._table(read.name(), version, read.metadata_location, read.io)

    def _table(self, name: tuple[str, ...], version: TableMetadata, location: str, io: Any) -> LakeTable:
        return LakeTable(name, version, location, io, self)
