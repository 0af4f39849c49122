"""What is in the lake and how it came there: the state of each table, and the commits of one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pyiceberg.table import Table as IcebergTable
from pyiceberg.table.snapshots import Snapshot

from annolake.config import Settings
from annolake.errors import LakeError
from annolake.lake.catalog import JOB_PROPERTY, LANDING_PROPERTY, Lake, open_lake
from annolake.lake.changes import COMPACTION_PROPERTY, properties_of, snapshots_since
from annolake.lake.compact import SMALL_BYTES
from annolake.lake.orphans import find_orphans
from annolake.lake.release import TAG
from transforms.schemas import TABLES


@dataclass(frozen=True)
class TableState:
    """One table as it is now; `orphans` is None where they were not asked for."""

    table: str
    rows: int
    files: int
    small_files: int
    """Below 32 MiB."""
    bytes: int
    partitions: int
    delete_files: int
    snapshots: int
    last_commit: datetime | None
    last_writer: str
    release: int | None
    """The newest release that names one of its snapshots."""
    orphans: int | None = None


@dataclass(frozen=True)
class Commit:
    """One snapshot of a table: who wrote it and what it changed."""

    at: datetime
    snapshot_id: int
    writer: str
    """landing <id>, build <id>, compaction, or the operation as Iceberg has it."""
    job_name: str | None
    rows_added: int
    rows_deleted: int
    files_added: int
    files_deleted: int
    rows: int
    releases: str


def status(settings: Settings, *, grace: timedelta | None = None) -> list[TableState]:
    """The state of every table that exists; with `grace` also counts its orphans older than that."""
    with open_lake(settings) as lake:
        return [_state(lake, name, table, grace) for name in TABLES if (table := lake.find(name)) is not None]


def history(settings: Settings, name: str, limit: int = 50) -> list[Commit]:
    """The commits of a table, newest first. Expired snapshots are not among them."""
    with open_lake(settings) as lake:
        table = lake.find(name)
        if table is None:
            raise LakeError(f"Nothing was ever written to {name}.", hint="See what there is: annolake lake status")
        return [_commit(table, snapshot) for snapshot in snapshots_since(table, None)][:limit]


def _state(lake: Lake, name: str, table: IcebergTable, grace: timedelta | None) -> TableState:
    tasks = list(table.scan().plan_files())
    current = table.current_snapshot()
    released = [int(tag.removeprefix(TAG)) for tag in table.refs() if tag.startswith(TAG)]
    return TableState(
        table=name,
        rows=sum(task.file.record_count for task in tasks),
        files=len(tasks),
        small_files=sum(task.file.file_size_in_bytes < SMALL_BYTES for task in tasks),
        bytes=sum(task.file.file_size_in_bytes for task in tasks),
        partitions=len({tuple(task.file.partition) for task in tasks}),
        delete_files=len({file for task in tasks for file in task.delete_files}),
        snapshots=len(table.snapshots()),
        last_commit=_time(current) if current else None,
        last_writer=_writer(current) if current else "",
        release=max(released, default=None),
        orphans=len(find_orphans(lake, name, grace=grace, now=datetime.now(UTC))) if grace is not None else None,
    )


def _commit(table: IcebergTable, snapshot: Snapshot) -> Commit:
    counts = properties_of(snapshot)
    tags = sorted(tag for tag, ref in table.refs().items() if ref.snapshot_id == snapshot.snapshot_id and tag != "main")
    return Commit(
        at=_time(snapshot),
        snapshot_id=snapshot.snapshot_id,
        writer=_writer(snapshot),
        job_name=counts.get(JOB_PROPERTY),
        rows_added=int(counts.get("added-records", 0)),
        rows_deleted=int(counts.get("deleted-records", 0)),
        files_added=int(counts.get("added-data-files", 0)),
        files_deleted=int(counts.get("deleted-data-files", 0)),
        rows=int(counts.get("total-records", 0)),
        releases=", ".join(tags),
    )


def _writer(snapshot: Snapshot) -> str:
    properties = properties_of(snapshot)
    if COMPACTION_PROPERTY in properties:
        return "compaction"
    operation = snapshot.summary.operation.value if snapshot.summary else "unknown"
    return properties.get(LANDING_PROPERTY) or operation


def _time(snapshot: Snapshot) -> datetime:
    return datetime.fromtimestamp(snapshot.timestamp_ms / 1000, UTC)
