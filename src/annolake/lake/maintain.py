"""Maintenance: small files together, snapshots that nobody needs expired, files that nothing refers to removed.

Every step is one commit of one table, or the removal of a file that nothing refers to. So it may run beside landings,
builds and readers, be killed anywhere and be run again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from annolake.config import Settings
from annolake.errors import LakeError
from annolake.lake.catalog import Lake, open_lake
from annolake.lake.compact import Compacted, compact, plan_compaction
from annolake.lake.expire import expire, expired_snapshots, kept_releases
from annolake.lake.leases import leased_releases
from annolake.lake.orphans import find_orphans, remove_orphans
from annolake.lake.release import Release, read_releases
from annolake.lake.storage import StoredFile
from transforms.schemas import TABLES

log = logging.getLogger(__name__)

OLDER_THAN = timedelta(days=7)
GRACE = timedelta(hours=72)
KEEP = 10


@dataclass(frozen=True)
class Maintained:
    """What was done to one table, or would be."""

    table: str
    n_files_before: int
    """Small files that were put together."""
    n_files_after: int
    n_snapshots: int
    """Snapshots expired."""
    n_orphans: int
    orphan_bytes: int
    orphans: tuple[str, ...] = ()


def maintain(
    settings: Settings,
    tables: Iterable[str] = (),
    *,
    older_than: timedelta = OLDER_THAN,
    grace: timedelta = GRACE,
    keep: int = KEEP,
    is_dry_run: bool = False,
    now: datetime | None = None,
) -> list[Maintained]:
    """Maintain these tables (all where none is named); returns what was done to each.

    The last `keep` releases stay readable, and those that were the newest less than `older_than` ago. Files that
    nothing refers to stay for the `grace` period. With `is_dry_run` nothing is changed.
    """
    names = list(tables) or list(TABLES)
    if strange := [name for name in names if name not in TABLES]:
        raise LakeError(f"No table is called {strange[0]}.", hint=f"The tables: {', '.join(TABLES)}")
    if keep < 1:
        raise LakeError("At least one release must be kept.")
    now = now or datetime.now(UTC)
    with open_lake(settings) as lake:
        leased = leased_releases(lake, now)
        kept = kept_releases(read_releases(lake), keep=keep, older_than=older_than, leased=leased, now=now)
        terms = _Terms(kept, older_than, grace, now)
        step = _look if is_dry_run else _maintain
        return [step(lake, name, terms) for name in names if lake.find(name) is not None]


@dataclass(frozen=True)
class _Terms:
    """What stays."""

    kept: list[Release]
    older_than: timedelta
    grace: timedelta
    now: datetime


def _maintain(lake: Lake, name: str, terms: _Terms) -> Maintained:
    compacted = compact(lake, name)
    n_expired = expire(lake, name, terms.kept, terms.older_than, terms.now)
    orphans = find_orphans(lake, name, grace=terms.grace, now=terms.now)
    if _is_expired_one_open(lake, terms):
        log.warning("%s: somebody has just opened an expired release; its files stay until the next time", name)
        orphans = []
    remove_orphans(lake, name, orphans)
    done = _told(name, compacted, n_expired, orphans)
    log.info("%s", done)
    return done


def _is_expired_one_open(lake: Lake, terms: _Terms) -> bool:
    """Whether somebody has opened a release since it was found that nobody had: its files may be listed already."""
    kept = {release.release_id for release in terms.kept}
    return any(number < max(kept) and number not in kept for number in leased_releases(lake, terms.now))


def _look(lake: Lake, name: str, terms: _Terms) -> Maintained:
    table = lake.table(name)
    groups = plan_compaction(table)
    expired, _ = expired_snapshots(table, name, terms.kept, terms.older_than, terms.now)
    orphans = find_orphans(lake, name, grace=terms.grace, now=terms.now)
    return _told(name, Compacted(sum(map(len, groups)), len(groups)), len(expired), orphans)


def _told(name: str, compacted: Compacted, n_expired: int, orphans: list[StoredFile]) -> Maintained:
    return Maintained(
        table=name,
        n_files_before=compacted.n_before,
        n_files_after=compacted.n_after,
        n_snapshots=n_expired,
        n_orphans=len(orphans),
        orphan_bytes=sum(file.size for file in orphans),
        orphans=tuple(file.path for file in orphans),
    )
