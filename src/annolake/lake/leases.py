"""Leases: a reader says that it has a release open, so that maintenance keeps the files of that release.

A lease is an empty file `_leases/release-<id>.<until>.<token>` in the warehouse. A reader that is killed leaves one,
which counts for nothing once its time is over. A reader that may not write takes none: a release also stays for some
days after the next one came (`annolake lake maintain --older-than`).
"""

from __future__ import annotations

import logging
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from annolake.lake.catalog import Lake
from annolake.lake.storage import Storage

log = logging.getLogger(__name__)

LEASE_TIME = timedelta(hours=24)
TIME = "%Y%m%dT%H%M%SZ"
NAME = re.compile(r"release-(\d+)\.(\d{8}T\d{6}Z)\.\w+$")


@dataclass(frozen=True)
class Lease:
    """One open release; end it when the reader closes."""

    release_id: int
    uri: str
    storage: Storage

    def end(self) -> None:
        try:
            self.storage.delete(self.uri)
        except OSError as error:
            log.debug("the lease %s stays until its time is over: %s", self.uri, error)


def take_lease(lake: Lake, release_id: int, lasts: timedelta = LEASE_TIME) -> Lease | None:
    """A lease on a release; None where the reader may not write to the warehouse."""
    until = datetime.now(UTC) + lasts
    uri = f"{_folder(lake)}/release-{release_id}.{until.strftime(TIME)}.{secrets.token_hex(4)}"
    lease = Lease(release_id, uri, Storage(lake.catalog.properties))
    try:
        lease.storage.write_empty(uri)
    except OSError as error:
        log.debug("no lease on release %d: %s", release_id, error)
        return None
    return lease


def leased_releases(lake: Lake, now: datetime) -> set[int]:
    """Releases that somebody has open; removes the leases whose time was over a day ago."""
    storage = Storage(lake.catalog.properties)
    found: set[int] = set()
    for file in storage.list(_folder(lake)):
        named = NAME.search(file.path)
        if named is None:
            continue
        until = datetime.strptime(named.group(2), TIME).replace(tzinfo=UTC)
        if until >= now:
            found.add(int(named.group(1)))
        elif until < now - LEASE_TIME:
            storage.delete(f"{_folder(lake)}/{file.path.rpartition('/')[2]}")
    return found


def _folder(lake: Lake) -> str:
    return f"{lake.catalog.properties['warehouse'].rstrip('/')}/_leases"
