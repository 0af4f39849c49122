"""Releases: what readers see. One append to `meta.release` names a snapshot of every table.

A release shows the landings of the jobs that it was made for, and of jobs released before: rows of other landings,
which may be half done or held by a check, are listed as `pending` and filtered out by the readers' views. Of measures
and gold, which are replaced job by job, other jobs whose rows changed since are `kept_back`: the views take their rows
from the snapshot that showed them before. So no lock and no transaction over many tables is needed. Two releases at
once: the second is refused by the catalog, looks again and is made anew.

Jobs of a release that was held or rolled back are `withdrawn`: whatever lands or is built of them later, readers keep
seeing them as they do now, until `resume`.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from pyiceberg.table import Table as IcebergTable

from annolake.config import Settings
from annolake.errors import LakeError, QualityError
from annolake.lake.catalog import Lake, open_lake
from annolake.lake.changes import jobs_since, landings_since
from transforms.schemas import ALERT, BUILD, RELEASE, RELEASE_HOLD, TABLES

log = logging.getLogger(__name__)

ABOUT_RELEASES = (RELEASE.name, RELEASE_HOLD.name, ALERT.name, BUILD.name)
"""Tables that say something of releases and builds: readers see them as they are now."""

RELEASED = tuple(name for name in TABLES if not name.startswith("restricted.") and name not in ABOUT_RELEASES)
BUILT = ("measure.", "gold.")
"""Namespaces that are replaced job by job, not landed."""
TAG = "release-"
"""A released snapshot has a tag of this name and the release's number."""


@dataclass(frozen=True)
class Release:
    """One release; `state` is current (what readers see), superseded or held."""

    release_id: int
    released_at: datetime
    jobs: tuple[str, ...]
    """Jobs that it added or changed."""
    snapshots: Mapping[str, int]
    pending: Mapping[str, str]
    """Landings that it does not show, and their jobs."""
    kept_back: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Table -> job -> the snapshot that its rows are shown from; 0 where none are shown."""
    withdrawn: tuple[str, ...] = ()
    """Jobs that stay as readers see them, until `resume`."""
    state: str = "current"


def publish(settings: Settings, jobs: Iterable[str]) -> Release:
    """Release what the tables hold now, with the landings of these jobs; without a change, the latest release.

    Jobs that were withdrawn stay as they are. Raises `QualityError` naming the checks of these jobs that do not hold.
    """
    with open_lake(settings) as lake:
        return _publish(lake, set(jobs), resumed=frozenset())


def resume(settings: Settings, jobs: Iterable[str]) -> Release:
    """Release withdrawn jobs again, as the tables hold them now.

    Raises `LakeError` where one is not withdrawn, `QualityError` as `publish` does.
    """
    with open_lake(settings) as lake:
        resumed = frozenset(jobs)
        withdrawn = _withdrawn(read_releases(lake))
        if unknown := sorted(resumed - withdrawn):
            raise LakeError(
                f"Not withdrawn: {', '.join(unknown)}.",
                hint=f"Withdrawn are: {', '.join(sorted(withdrawn)) or 'none'}",
            )
        return _publish(lake, set(resumed), resumed)


def latest(settings: Settings) -> Release | None:
    """The release that readers see; None where there is none."""
    return current_of(releases(settings))


def releases(settings: Settings) -> list[Release]:
    """All releases, newest first."""
    with open_lake(settings) as lake:
        return read_releases(lake)


def hold(settings: Settings, release_id: int) -> Release:
    """Hide a release and, where readers saw it, withdraw its jobs; returns the release that readers see now."""
    with open_lake(settings) as lake:
        known = read_releases(lake)
        _find(known, release_id)
        if not any(r.state != "held" and r.release_id != release_id for r in known):
            raise LakeError(f"Release {release_id} is the only one: readers would see nothing.")
        row = {"release_id": release_id, "held_at": datetime.now(UTC)}
        lake.append_new(RELEASE_HOLD.name, pa.Table.from_pylist([row], schema=RELEASE_HOLD.arrow))
        return next(r for r in read_releases(lake) if r.state == "current")


def rollback(settings: Settings, release_id: int) -> Release:
    """Publish an earlier release anew, as the latest, and withdraw the jobs that came or changed after it."""
    with open_lake(settings) as lake:
        target = _find(read_releases(lake), release_id)
        for name, snapshot_id in target.snapshots.items():
            table = lake.find(name)
            if table is None or table.snapshot_by_id(snapshot_id) is None:
                raise LakeError(f"Release {release_id} cannot be shown again: its snapshot of {name} has expired.")

        def make(known: list[Release]) -> Release:
            undone = sorted({job for r in known if r.release_id > release_id for job in r.jobs})
            number = known[0].release_id + 1
            shown = (target.snapshots, target.pending, target.kept_back)
            withdrawn = sorted({*undone, *_withdrawn(known)})
            return Release(number, datetime.now(UTC), tuple(undone), *shown, tuple(withdrawn))

        return _append(lake, make)


def unreleased_jobs(settings: Settings) -> list[str]:
    """Jobs with a finished landing that readers do not see, but for those that were withdrawn."""
    with open_lake(settings) as lake:
        known = read_releases(lake)
        waiting = _unreleased(lake, current_of(known), RELEASED)
        checked = lake.scan("meta.check_result", columns=["landing_id"])["landing_id"].unique().to_pylist()
        return sorted({waiting[str(landing)] for landing in checked if landing in waiting} - _withdrawn(known))


def withdrawn_jobs(settings: Settings) -> list[str]:
    """Jobs that stay as readers see them, whatever lands of them, until `resume`."""
    return sorted(_withdrawn(releases(settings)))


def read_releases(lake: Lake) -> list[Release]:
    """All releases of an open lake, newest first."""
    rows = lake.scan(RELEASE.name).to_pylist()
    held = set(lake.scan(RELEASE_HOLD.name, columns=["release_id"])["release_id"].to_pylist())
    by_id: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        by_id.setdefault(row["release_id"], []).append(row)
    found: list[Release] = []
    has_current = False
    for number in sorted(by_id, reverse=True):
        state = "held" if number in held else "superseded" if has_current else "current"
        has_current |= state == "current"
        one = by_id[number][0]
        found.append(
            Release(
                release_id=number,
                released_at=one["released_at"],
                jobs=tuple(json.loads(one["jobs"])),
                snapshots={r["table_name"]: r["snapshot_id"] for r in by_id[number] if r["table_name"]},
                pending=json.loads(one["pending"] or "{}"),
                kept_back={r["table_name"]: json.loads(r["kept_back"]) for r in by_id[number] if r["kept_back"]},
                withdrawn=tuple(json.loads(one["withdrawn"] or "[]")),
                state=state,
            )
        )
    return found


def _publish(lake: Lake, wanted: set[str], resumed: frozenset[str]) -> Release:
    def make(known: list[Release]) -> Release | None:
        last = current_of(known)
        withdrawn = _withdrawn(known) - resumed
        jobs = wanted - withdrawn
        _refuse_failed(lake, sorted(jobs))
        snapshots, kept_back = _shown(lake, last, jobs)
        pending = {k: j for k, j in _unreleased(lake, last, snapshots).items() if j not in jobs}
        shown = (snapshots, pending, kept_back)
        if last and not resumed and (last.snapshots, last.pending, last.kept_back) == shown:
            return None
        number = known[0].release_id + 1 if known else 1
        return Release(number, datetime.now(UTC), tuple(sorted(jobs)), *shown, tuple(sorted(withdrawn)))

    return _append(lake, make)


def current_of(known: Iterable[Release]) -> Release | None:
    """The release that readers see; None where there is none."""
    return next((r for r in known if r.state == "current"), None)


def _withdrawn(known: Iterable[Release]) -> set[str]:
    """What the current release withdrew, and the jobs of the releases after it: all of those are held."""
    found: set[str] = set()
    for release in known:
        if release.state == "current":
            return found | set(release.withdrawn)
        found |= set(release.jobs)
    return found


def _append(lake: Lake, make: Callable[[list[Release]], Release | None]) -> Release:
    """Make a release of what is known and append it, anew as long as another one was faster."""

    def attempt(table: IcebergTable) -> Release:
        known = read_releases(lake)
        release = make(known)
        if release is None:
            return current_of(known) or known[0]
        table.append(_rows(release))
        return release

    release = lake.commit(RELEASE.name, attempt)
    for name, snapshot_id in release.snapshots.items():
        _tag(lake, name, snapshot_id, release.release_id)
    log.info("release %d shows %s", release.release_id, ", ".join(release.jobs) or "no new job")
    return release


def _rows(release: Release) -> pa.Table:
    common = {
        "release_id": release.release_id,
        "released_at": release.released_at,
        "jobs": json.dumps(release.jobs),
        "pending": json.dumps(release.pending) if release.pending else None,
        "withdrawn": json.dumps(release.withdrawn) if release.withdrawn else None,
    }
    named = release.snapshots or {"": 0}  # a release of an empty lake still is one
    kept = {name: json.dumps(jobs) for name, jobs in release.kept_back.items()}
    rows = [{**common, "table_name": n, "snapshot_id": at, "kept_back": kept.get(n)} for n, at in named.items()]
    return pa.Table.from_pylist(rows, schema=RELEASE.arrow)


def _tag(lake: Lake, name: str, snapshot_id: int, release_id: int) -> None:
    """Tag a released snapshot once, so that no engine expires it."""

    def attempt(table: IcebergTable) -> None:
        tagged = {ref.snapshot_id for tag, ref in table.refs().items() if tag.startswith(TAG)}
        if snapshot_id not in tagged:
            table.manage_snapshots().create_tag(snapshot_id, f"{TAG}{release_id}").commit()

    lake.commit(name, attempt)


def _shown(lake: Lake, last: Release | None, jobs: set[str]) -> tuple[dict[str, int], dict[str, dict[str, int]]]:
    """The snapshot of each table for a release of these jobs, and the jobs that are kept back in it."""
    snapshots: dict[str, int] = {}
    kept_back: dict[str, dict[str, int]] = {}
    for name in RELEASED:
        table = lake.find(name)
        if table is None or (current := table.current_snapshot()) is None:
            continue
        snapshots[name] = current.snapshot_id
        if name.startswith(BUILT):
            base = last.snapshots.get(name, 0) if last else 0
            before = last.kept_back.get(name, {}) if last else {}
            others = (jobs_since(table, base or None) | set(before)) - jobs
            if others:
                kept_back[name] = {job: before.get(job, base) for job in sorted(others)}
    return snapshots, kept_back


def _unreleased(lake: Lake, last: Release | None, names: Iterable[str]) -> dict[str, str]:
    """Landing -> job of every landing that the last release does not show."""
    found = dict(last.pending) if last else {}
    for name in names:
        if not name.startswith(BUILT):
            table = lake.find(name)
            found |= landings_since(table, last.snapshots.get(name) if last else None) if table else {}
    return found


def _refuse_failed(lake: Lake, jobs: list[str]) -> None:
    """Raise where the newest result of a check of severity fail does not hold."""
    newest: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in lake.scan("meta.check_result", jobs=jobs).to_pylist():
        key = (row["job_name"], row["table_name"], row["check_name"])
        if key not in newest or row["landed_at"] >= newest[key]["landed_at"]:
            newest[key] = row
    failed = [r for r in newest.values() if r["severity"] == "fail" and not r["is_ok"]]
    if failed:
        said = "; ".join(
            f"{r['job_name']}: {r['table_name']} {r['check_name']} "
            f"({r['n_failed']} of {r['n_rows']} rows: {r['detail']})"
            for r in failed
        )
        raise QualityError(
            f"Nothing was released: {said}.",
            hint="See every check: annolake sql \"select * from meta.check_result where severity = 'fail'\"",
        )


def _find(known: Iterable[Release], release_id: int) -> Release:
    for release in known:
        if release.release_id == release_id:
            return release
    raise LakeError(f"There is no release {release_id}.", hint="List them: annolake lake release list")
