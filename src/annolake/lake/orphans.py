"""Orphans: files in a table's folders that no snapshot refers to.

Landings that were killed leave them, and expired snapshots do. A running landing has files as well that nothing refers
to yet, so a file counts only once it is older than the grace period. Files are listed before the snapshots are read:
what is committed in between is referred to.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from pyiceberg.manifest import ManifestFile
from pyiceberg.table import Table as IcebergTable

from annolake.lake.catalog import Lake
from annolake.lake.storage import Storage, StoredFile


def find_orphans(lake: Lake, name: str, *, grace: timedelta, now: datetime) -> list[StoredFile]:
    """The orphans of a table that are older than the grace period."""
    table = lake.find(name)
    if table is None:
        return []
    storage = Storage(table.io.properties)
    listed = [file for folder in ("data", "metadata") for file in storage.list(f"{table.location()}/{folder}")]
    used = {storage.path(uri) for uri in referred_to(lake.catalog.load_table(name))}
    return [file for file in listed if file.modified_at < now - grace and file.path not in used]


def remove_orphans(lake: Lake, name: str, orphans: list[StoredFile]) -> None:
    """Remove files that `find_orphans` found."""
    table = lake.table(name)
    storage = Storage(table.io.properties)
    root, location = storage.path(table.location()), table.location()
    for file in orphans:
        storage.delete(location + file.path.removeprefix(root))


def referred_to(table: IcebergTable) -> set[str]:
    """Every file that the table or one of its snapshots needs: metadata, manifests, data."""
    found = {table.metadata_location, *(entry.metadata_file for entry in table.metadata.metadata_log)}
    found |= {file.statistics_path for file in table.metadata.statistics}
    manifests: dict[str, ManifestFile] = {}
    for snapshot in table.snapshots():
        found.add(snapshot.manifest_list)
        manifests |= {manifest.manifest_path: manifest for manifest in snapshot.manifests(table.io)}
    for path, manifest in manifests.items():
        found.add(path)
        found |= {entry.data_file.file_path for entry in manifest.fetch_manifest_entry(table.io)}
    return found
