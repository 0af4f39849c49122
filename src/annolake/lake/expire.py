"""Expiry: which releases stay readable, and which snapshots nobody needs any more.

Kept are the last releases, the one that readers see, held ones among them, those that somebody has open, and those
that were followed by another one only lately. Of each table the snapshots of these stay, everything after the oldest
of them (the next release looks there for what is new), and what any other tag or branch names.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from pyiceberg.table import Table as IcebergTable

from annolake.lake.catalog import Lake
from annolake.lake.release import RELEASED, TAG, Release


def kept_releases(
    known: Sequence[Release], *, keep: int, older_than: timedelta, leased: Iterable[int], now: datetime
) -> list[Release]:
    """The releases that can be read and shown again, newest first; `known` is newest first."""
    leased = set(leased)
    last = [r.release_id for r in known if r.state != "held"][:keep]
    kept: list[Release] = []
    followed_at = now
    for release in known:
        is_recent = followed_at > now - older_than
        is_last = not last or release.release_id >= last[-1]  # held ones between them too
        if is_recent or is_last or release.state == "current" or release.release_id in leased or release is known[0]:
            kept.append(release)
        followed_at = release.released_at
    return kept


def snapshots_of(release: Release, name: str) -> set[int]:
    """The snapshots of a table that a release shows rows of."""
    shown = {release.snapshots[name]} if name in release.snapshots else set()
    return shown | (set(release.kept_back.get(name, {}).values()) - {0})


def expired_snapshots(
    table: IcebergTable, name: str, kept: Sequence[Release], older_than: timedelta, now: datetime
) -> tuple[list[int], list[str]]:
    """Snapshots to expire, and release tags to remove first."""
    if name in RELEASED and not all(name in release.snapshots for release in kept):
        return [], []  # a kept release is older than the table: all of it is new since
    needed = {at for release in kept for at in snapshots_of(release, name)}
    newest = kept[0].release_id if kept else 0
    tags = [t for t, ref in table.refs().items() if ref.snapshot_id not in needed and _is_of_release(t, newest)]
    needed |= {ref.snapshot_id for tag, ref in table.refs().items() if tag not in tags}
    by_id = {snapshot.snapshot_id: snapshot for snapshot in table.snapshots()}
    shown = [by_id[r.snapshots[name]].timestamp_ms for r in kept if r.snapshots.get(name) in by_id]
    before = min([(now - older_than).timestamp() * 1000, *shown])
    expired = [s.snapshot_id for s in by_id.values() if s.timestamp_ms < before and s.snapshot_id not in needed]
    return expired, tags


def _is_of_release(tag: str, newest: int) -> bool:
    """Whether a tag was set for one of the releases that were looked at."""
    number = tag.removeprefix(TAG)
    return tag.startswith(TAG) and number.isdigit() and int(number) <= newest


def expire(lake: Lake, name: str, kept: Sequence[Release], older_than: timedelta, now: datetime) -> int:
    """Expire what nobody needs of a table; returns how many snapshots. Their files become orphans."""

    def attempt(table: IcebergTable) -> int:
        expired, tags = expired_snapshots(table, name, kept, older_than, now)
        if not expired:
            return 0
        if tags:
            manage = table.manage_snapshots()
            for tag in tags:
                manage = manage.remove_tag(tag)
            manage.commit()
            table.refresh()
        table.maintenance.expire_snapshots().by_ids(expired).commit()
        return len(expired)

    return lake.commit(name, attempt) if lake.find(name) is not None else 0
