"""The files of a table's current version: looked up in manifests that are read once, and swapped for others.

A manifest never changes, and most of a version's stood in the one before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from itertools import chain

from pyiceberg.exceptions import CommitFailedException, ValidationException
from pyiceberg.expressions import BooleanExpression
from pyiceberg.expressions.visitors import bind, extract_field_ids
from pyiceberg.io import FileIO
from pyiceberg.manifest import (
    DataFile,
    ManifestContent,
    ManifestEntry,
    ManifestEntryStatus,
    ManifestFile,
    _inherit_from_manifest,
)
from pyiceberg.table import FileScanTask, ManifestGroupPlanner, Transaction
from pyiceberg.table import Table as IcebergTable
from pyiceberg.table.snapshots import Operation
from pyiceberg.table.update.snapshot import _OverwriteFiles
from pyiceberg.transforms import IdentityTransform

MANY = 4
"""So many manifests beside the one that a commit writes are put into that one: each is a file to read."""


class Manifest(ManifestFile):  # type: ignore[misc]
    """A manifest whose live entries are read once."""

    _live: list[ManifestEntry] | None = None

    def know(self, written: Iterable[ManifestEntry]) -> None:
        """Take the entries as they were written for those that a reader finds."""
        self._live = [
            _inherit_from_manifest(entry, self) for entry in written if entry.status != ManifestEntryStatus.DELETED
        ]

    def fetch_manifest_entry(self, io: FileIO, discard_deleted: bool = True) -> list[ManifestEntry]:
        if not discard_deleted:
            return list(super().fetch_manifest_entry(io, discard_deleted=False))
        if self._live is None:
            self._live = super().fetch_manifest_entry(io)
        return self._live

    @property
    def is_read(self) -> bool:
        """Whether its live entries are known."""
        return self._live is not None

    @property
    def has_live(self) -> bool:
        """Whether it names a file that the table still has."""
        return bool(self.has_added_files() or self.has_existing_files())


class Manifests:
    """The manifests of the tables of an open lake, each table's as they were looked at last."""

    def __init__(self) -> None:
        self._of_snapshot: dict[tuple[str, ...], tuple[int, list[Manifest]]] = {}
        self._written: dict[str, list[ManifestEntry]] = {}

    def current(self, table: IcebergTable) -> list[Manifest]:
        """Those of the table's current snapshot, without any that tells only of files that are gone."""
        snapshot = table.current_snapshot()
        if snapshot is None:
            return []
        at, known = self._of_snapshot.get(table.name(), (None, []))
        if at != snapshot.snapshot_id:
            by_path, listed = {manifest.manifest_path: manifest for manifest in known}, snapshot.manifests(table.io)
            found = (by_path.get(m.manifest_path) or Manifest(*map(m.__getitem__, range(len(m)))) for m in listed)
            known = [manifest for manifest in found if manifest.has_live]
            self._of_snapshot[table.name()] = (snapshot.snapshot_id, known)
            for manifest in known:
                if written := self._written.pop(manifest.manifest_path, None):
                    manifest.know(written)
        return known

    def plan(self, table: IcebergTable, where: BooleanExpression) -> list[FileScanTask]:
        """The files that may hold the rows that `where` names, as `table.scan(where).plan_files()` finds them."""
        manifests = self.current(table)
        planner = ManifestGroupPlanner(table.metadata, table.io, where)
        if not _is_of_partitions(table, where, manifests):
            return list(planner.plan_files(manifests))
        # All rows of a file have its partition's values: it has nothing but such rows, or none.
        return [
            FileScanTask(entry.data_file) for entry in chain.from_iterable(planner.plan_manifest_entries(manifests))
        ]

    def swap(
        self, table: IcebergTable, old: Collection[DataFile], new: Iterable[DataFile], noted: dict[str, str]
    ) -> None:
        """Put files in the place of others, or beside them where there are none, by one snapshot."""
        operation = Operation.OVERWRITE if old else Operation.APPEND
        with table.transaction() as change, _Swap(operation, change, table, self.current(table), noted) as swapping:
            for file in old:
                swapping.delete_data_file(file)
            for file in new:
                swapping.append_data_file(file)
        self._written |= swapping.written


def _is_of_partitions(table: IcebergTable, where: BooleanExpression, manifests: Iterable[Manifest]) -> bool:
    """Whether the partition of each file tells whether it has the rows; there are no delete files."""
    if any(manifest.content != ManifestContent.DATA for manifest in manifests):
        return False
    asked = extract_field_ids(bind(table.schema(), where, case_sensitive=True))
    specs = table.specs()
    return all(
        asked <= {f.source_id for f in specs[spec_id].fields if isinstance(f.transform, IdentityTransform)}
        for spec_id in {manifest.partition_spec_id for manifest in manifests}
    )


class _Swap(_OverwriteFiles):  # type: ignore[misc]
    """The library's overwrite, which knows the manifests already and writes one (for each partition spec).

    The library's own writes one of new files, one of deleted ones and one for each manifest that it takes files from,
    keeps those of deleted files for ever, and reads all of them again each time.
    """

    def __init__(
        self,
        operation: Operation,
        change: Transaction,
        table: IcebergTable,
        manifests: Sequence[Manifest],
        noted: dict[str, str],
    ) -> None:
        super().__init__(operation, change, table.io, snapshot_properties=noted)
        self._known = (table.metadata.current_snapshot_id, manifests)
        self.written: dict[str, list[ManifestEntry]] = {}

    def _manifests(self) -> list[ManifestFile]:
        """One of the new files and of all that stood beside those that go, then the others while they are few."""
        at, manifests = self._known
        if at != self._parent_snapshot_id:  # the library tries again over another version, where it is told to
            raise CommitFailedException("The table has another version than its manifests.")
        holding = self._holding(manifests)
        beside = [m for m in manifests if m not in holding and m.content == ManifestContent.DATA]
        if len(beside) >= MANY:
            holding += beside
        entries: dict[int, list[ManifestEntry]] = defaultdict(list)
        if self._added_data_files:
            entries[self._transaction.table_metadata.default_spec_id] += map(self._added, self._added_data_files)
        for manifest in holding:
            entries[manifest.partition_spec_id] += map(self._left, manifest.fetch_manifest_entry(self._io))
        kept = [manifest for manifest in manifests if manifest not in holding]
        return [*(self._written(spec_id, some) for spec_id, some in entries.items()), *kept]

    def _holding(self, manifests: Sequence[Manifest]) -> list[Manifest]:
        """The manifests that name the files to replace: those that are read already, unless somebody forgot them."""
        found, missing = [], set(self._deleted_data_files)
        for manifest in sorted(manifests, key=lambda m: not m.is_read):
            if missing and manifest.content == ManifestContent.DATA:
                named = {entry.data_file for entry in manifest.fetch_manifest_entry(self._io)} & missing
                missing -= named
                found += [manifest] * bool(named)
        if missing:
            raise ValidationException(f"Files to replace are gone: {sorted(file.file_path for file in missing)}")
        return found

    def _added(self, file: DataFile) -> ManifestEntry:
        return ManifestEntry.from_args(status=ManifestEntryStatus.ADDED, snapshot_id=self._snapshot_id, data_file=file)

    def _left(self, entry: ManifestEntry) -> ManifestEntry:
        is_gone = entry.data_file in self._deleted_data_files
        return ManifestEntry.from_args(
            status=ManifestEntryStatus.DELETED if is_gone else ManifestEntryStatus.EXISTING,
            snapshot_id=self._snapshot_id if is_gone else entry.snapshot_id,
            sequence_number=entry.sequence_number,
            file_sequence_number=entry.file_sequence_number,
            data_file=entry.data_file,
        )

    def _written(self, spec_id: int, entries: list[ManifestEntry]) -> ManifestFile:
        with self.new_manifest_writer(self.spec(spec_id)) as writer:
            for entry in entries:
                writer.add_entry(entry)
        manifest = writer.to_manifest_file()
        self.written[manifest.manifest_path] = entries
        return manifest
