"""What happened to a table between two of its snapshots: whose landings came, whose rows were replaced."""

from __future__ import annotations

from collections.abc import Iterator

from pyiceberg.manifest import ManifestEntryStatus
from pyiceberg.table import Table as IcebergTable
from pyiceberg.table.snapshots import Snapshot

from annolake.lake.catalog import JOB_PROPERTY, LANDING_PROPERTY

COMPACTION_PROPERTY = "annolake.compaction"
"""Noted in the snapshot of a compaction: it changed files, no row."""


def snapshots_since(table: IcebergTable, since: int | None) -> Iterator[Snapshot]:
    """The snapshots after `since` (all where None), newest first."""
    by_id = {snapshot.snapshot_id: snapshot for snapshot in table.snapshots()}
    at = table.metadata.current_snapshot_id
    while at is not None and at != since and at in by_id:
        yield by_id[at]
        at = by_id[at].parent_snapshot_id


def properties_of(snapshot: Snapshot) -> dict[str, str]:
    """What the snapshot's writer noted in it, beside Iceberg's own counts."""
    return dict(snapshot.summary.additional_properties) if snapshot.summary else {}


def landings_since(table: IcebergTable, since: int | None) -> dict[str, str]:
    """Landing -> job of the snapshots after `since`."""
    found: dict[str, str] = {}
    for snapshot in snapshots_since(table, since):
        properties = properties_of(snapshot)
        if JOB_PROPERTY in properties:
            found[properties[LANDING_PROPERTY]] = properties[JOB_PROPERTY]
    return found


def jobs_since(table: IcebergTable, since: int | None) -> set[str]:
    """Jobs of which a table that is partitioned by job gained or lost rows after `since`; reads manifests only."""
    found: set[str] = set()
    for snapshot in snapshots_since(table, since):
        if COMPACTION_PROPERTY not in properties_of(snapshot):
            found |= _jobs_of(table, snapshot)
    return found


def _jobs_of(table: IcebergTable, snapshot: Snapshot) -> set[str]:
    own = snapshot.snapshot_id
    return {
        str(entry.data_file.partition[0])
        for manifest in snapshot.manifests(table.io)
        if manifest.added_snapshot_id == own
        for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=False)
        if entry.status != ManifestEntryStatus.EXISTING and entry.snapshot_id == own
    }
