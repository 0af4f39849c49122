"""Maintenance beside writers and readers: files change, rows do not; what somebody needs stays."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from annolake.config import Settings
from annolake.errors import LakeError
from annolake.lake import compact as compaction
from annolake.lake.catalog import Lake, open_lake
from annolake.lake.compact import compact
from annolake.lake.land import land_outputs
from annolake.lake.leases import leased_releases, take_lease
from annolake.lake.maintain import maintain
from annolake.lake.orphans import find_orphans
from annolake.lake.reader import ReleaseReader
from annolake.lake.release import hold, publish, releases, rollback
from tests.lake.jobs import START, Job, answer, segments
from transforms import schemas

TABLE = "silver.assignment"
DAYS = timedelta(days=1)


@pytest.fixture(params=["sqlite file", "sqlite s3", "postgres file", "postgres s3"])
def any_storage(request: pytest.FixtureRequest, make_settings: Callable[..., Settings]) -> Settings:
    """Settings of an empty lake on each catalog and each warehouse."""
    catalog, warehouse = request.param.split()
    stated = {}
    if catalog == "postgres":
        stated["catalog_uri"] = request.getfixturevalue("empty_database")
    if warehouse == "s3":
        endpoint = request.getfixturevalue("moto_endpoint")
        request.getfixturevalue("s3").create_bucket(Bucket="lakehouse")
        stated |= {"s3_endpoint": endpoint, "warehouse": "s3://lakehouse/w"}
    return make_settings(**stated)


def asked(job: str, first: int, n: int = 3) -> pa.Table:
    rows = [
        {
            "job_name": job, "object_id": str(number), "asset_id": None, "worker_id": "w", "revision": 1,
            "outcome": "answered", "accepted_at": None, "submitted_at": None, "time_spent_s": None,
            "landing_id": f"l{first}", "landed_at": START,
        } for number in reversed(range(first, first + n))
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=schemas.ASSIGNMENT.arrow)


def land(lake: Lake, job: str, first: int, n: int = 3) -> None:
    lake.append_new(TABLE, asked(job, first, n), landing_id=f"l{first}", job_name=job)


def content(lake: Lake, snapshot_id: int | None = None) -> list[dict[str, object]]:
    return lake.scan(TABLE, snapshot_id=snapshot_id).sort_by("object_id").to_pylist()


def n_files(lake: Lake) -> int:
    return len(lake.files(TABLE))


def test_small_files_of_a_partition_become_one(any_storage: Settings) -> None:
    with open_lake(any_storage) as lake:
        for number in range(6):
            land(lake, "A", 3 * number)
        land(lake, "B", 100)
        before = content(lake)
        planned = {m.table: m for m in maintain(any_storage, is_dry_run=True)}[TABLE]
        assert (planned.n_files_before, planned.n_files_after) == (6, 1) and n_files(lake) == 7
        done = {m.table: m for m in maintain(any_storage)}[TABLE]
        assert (done.n_files_before, done.n_files_after) == (6, 1)
        assert n_files(lake) == 2 and content(lake) == before
        current = lake.table(TABLE).current_snapshot()
        assert current is not None and current.summary["annolake.compaction"] == "true"
        assert not any(task.delete_files for task in lake.table(TABLE).scan().plan_files())
        one = lake.scan(TABLE, jobs=["A"])["object_id"].to_pylist()
        assert one == sorted(one), "a compacted file lies in the order of the key"
        assert maintain(any_storage, [TABLE])[0].n_files_before == 0  # again: nothing to do


def test_unneeded_snapshots_and_files_go(any_storage: Settings) -> None:
    with open_lake(any_storage) as lake:
        for number in range(5):
            land(lake, "A", 3 * number)
            publish(any_storage, ["A"])
        compact(lake, TABLE)
        publish(any_storage, ["A"])
        before = content(lake)
        later = datetime.now(UTC) + 30 * DAYS
        planned = maintain(any_storage, [TABLE], keep=2, now=later, is_dry_run=True)
        done = maintain(any_storage, [TABLE], keep=2, now=later)
        for told in (planned, done):  # five landings; the last one is still released
            assert {m.table: m.n_snapshots for m in told}[TABLE] == 4
        assert sum(m.n_orphans for m in done) > 0
        assert content(lake) == before
        for release in releases(any_storage)[:2]:
            with ReleaseReader(any_storage, release.release_id) as reader:
                assert reader.connection.sql(f"select count(*) from {TABLE}").fetchall() == [(15,)]
        with pytest.raises(LakeError, match="Release 1 cannot be shown again"):
            rollback(any_storage, 1)
        with pytest.raises(LakeError, match=r"release 1 has of .* has expired"):
            ReleaseReader(any_storage, 1)
        assert rollback(any_storage, 5).release_id == 7
        assert maintain(any_storage, [TABLE], keep=7, now=later)[0].n_snapshots == 0


def test_held_recent_and_open_releases_stay(settings: Settings) -> None:
    with open_lake(settings) as lake:
        for number in range(4):
            land(lake, "A", 3 * number)
            publish(settings, ["A"])
        hold(settings, 4)
        shown = {r.release_id: r.snapshots[TABLE] for r in releases(settings)}
        maintain(settings, keep=1, now=datetime.now(UTC) + DAYS)  # all were the newest less than 7 days ago
        assert {s.snapshot_id for s in lake.table(TABLE).snapshots()} >= set(shown.values())
        later = datetime.now(UTC) + 30 * DAYS
        lease = take_lease(lake, 1, lasts=60 * DAYS)
        assert lease is not None and leased_releases(lake, later) == {1}
        lake.table(TABLE).manage_snapshots().create_tag(shown[2], "paper").commit()
        maintain(settings, keep=1, now=later)
        left = {s.snapshot_id for s in lake.table(TABLE).snapshots()}
        current = lake.snapshot(TABLE)  # of the compaction
        assert left == {*shown.values(), current}  # 1 leased, 2 tagged, 3 seen, 4 held and newer
        lease.end()
        lake.table(TABLE).manage_snapshots().remove_tag("paper").commit()
        maintain(settings, keep=1, now=later)
        assert {s.snapshot_id for s in lake.table(TABLE).snapshots()} == {shown[3], shown[4], current}
        assert [len(content(lake, shown[r])) for r in (3, 4)] == [9, 12]


def test_a_reader_leases_its_release_while_it_is_open(settings: Settings) -> None:
    with open_lake(settings) as lake:
        land(lake, "A", 0)
        publish(settings, ["A"])
        with ReleaseReader(settings):
            assert leased_releases(lake, datetime.now(UTC)) == {1}
        assert leased_releases(lake, datetime.now(UTC)) == set()
        take_lease(lake, 1)  # its reader was killed
        assert leased_releases(lake, datetime.now(UTC) + 1.5 * DAYS) == set()
        assert leased_releases(lake, datetime.now(UTC)) == {1}
        assert leased_releases(lake, datetime.now(UTC) + 3 * DAYS) == set()
        assert leased_releases(lake, datetime.now(UTC)) == set()  # swept


def test_a_landing_that_is_not_released_is_still_known_after_expiry(settings: Settings) -> None:
    with open_lake(settings) as lake:
        land(lake, "A", 0)
        publish(settings, ["A"])
        for number in range(1, 5):
            land(lake, "B", 3 * number)
        compact(lake, TABLE)
        maintain(settings, keep=1, now=datetime.now(UTC) + 30 * DAYS)
        assert set(publish(settings, ["A"]).pending.values()) == {"B"}


def test_files_of_a_running_landing_are_no_orphans(any_storage: Settings) -> None:
    """Written and not committed yet: neither found within the grace period, nor missed afterwards."""
    with open_lake(any_storage) as lake:
        land(lake, "A", 0)
        table = lake.table(TABLE)
        written = list(compaction._dataframe_to_data_files(table.metadata, asked("A", 10), table.io))
        assert maintain(any_storage, [TABLE])[0].n_orphans == 0
        later = datetime.now(UTC) + 4 * DAYS
        found = find_orphans(lake, TABLE, grace=3 * DAYS, now=later)
        assert [file.path for file in found if file.path.endswith(".parquet")] == [
            compaction_path(table, written[0].file_path)
        ]
        with table.transaction() as transaction, transaction.update_snapshot().fast_append() as append:
            append.append_data_file(written[0])
        assert maintain(any_storage, [TABLE], now=later)[0].n_orphans == 0
        assert len(content(lake)) == 6


def compaction_path(table, uri: str) -> str:
    from annolake.lake.storage import Storage

    return Storage(table.io.properties).path(uri)


def test_rows_that_come_meanwhile_survive_and_replaced_files_are_left(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another writer appends to one partition and replaces another, after the new files are written."""
    with open_lake(settings) as lake, open_lake(settings) as other:
        for number in range(4):
            land(lake, "A", 3 * number)
            land(lake, "B", 100 + 3 * number)
        once = iter([True])
        replace = compaction._replace

        def later(table, rewrites) -> None:
            if next(once, False):
                land(other, "A", 50)
                other.replace(TABLE, asked("B", 500), ["B"])
            replace(table, rewrites)

        monkeypatch.setattr(compaction, "_replace", later)
        done = compact(lake, TABLE)
        assert (done.n_before, done.n_after) == (4, 1)  # of A only
        assert [int(r["object_id"]) for r in content(lake)] == sorted([*range(12), 50, 51, 52, 500, 501, 502], key=str)
        assert n_files(lake) == 3
        orphans = find_orphans(lake, TABLE, grace=timedelta(0), now=datetime.now(UTC) + DAYS)
        assert not [o for o in orphans if o.path.endswith(".parquet")], "what was written in vain is gone"


def test_files_that_landings_staged(settings: Settings, s3) -> None:
    """Four landings of one job: its tables have a file a landing, then one, with the same rows for every reader."""
    job = Job(s3)
    job.put_manifest(*(job.line(number) for number in range(4)))
    with open_lake(settings) as lake:
        for number in range(4):
            job.put_response(number, answer("x", segments(("A", 1, 9 + number), ("B", 10, 40)), at=100 + number))
            land_outputs(lake, s3, job.facts(modified_at=START + timedelta(hours=number)), pseudonym_key="k")
        publish(settings, [job.name])
        tables = ("bronze.worker_response", "silver.annotation", "silver.segment", "silver.quarantine")
        before = {name: rows_of(lake, name) for name in tables}
        done = {m.table: m for m in maintain(settings, tables)}
        for name in tables:
            assert (done[name].n_files_before, done[name].n_files_after) == (4, 1), name
            assert len(lake.files(name)) == 1 and rows_of(lake, name) == before[name]
    assert publish(settings, [job.name]).release_id == 2
    for release in (1, 2):
        with ReleaseReader(settings, release) as reader:
            assert reader.connection.sql("SELECT count(*), max(end_s) FROM silver.segment").fetchall() == [(4, 12.0)]


def rows_of(lake: Lake, name: str) -> list[dict[str, object]]:
    return sorted(lake.scan(name).to_pylist(), key=str)


def _land_many(settings: Settings, job: str, barrier) -> None:
    barrier.wait()
    with open_lake(settings) as lake:
        for number in range(8):
            land(lake, job, 3 * number)


@pytest.mark.timeout(250)
@pytest.mark.parametrize("catalog", ["sqlite", "postgres"])
def test_beside_landers(catalog: str, request: pytest.FixtureRequest, make_settings: Callable[..., Settings]) -> None:
    url = {"catalog_uri": request.getfixturevalue("empty_database")} if catalog == "postgres" else {}
    settings = make_settings(**url)
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(3)
    landers = [context.Process(target=_land_many, args=(settings, job, barrier)) for job in "AB"]
    for lander in landers:
        lander.start()
    barrier.wait()
    n_compacted = 0
    while any(lander.is_alive() for lander in landers):
        n_compacted += maintain(settings, [TABLE], keep=1)[0].n_files_before if has_table(settings) else 0
    for lander in landers:
        lander.join(100)
        assert lander.exitcode == 0
    with open_lake(settings) as lake:
        found = lake.scan(TABLE)
        assert found.num_rows == 48 and n_compacted > 0
        assert set(zip(found["job_name"].to_pylist(), found["object_id"].to_pylist(), strict=True)) == {
            (job, str(number)) for job in "AB" for number in range(24)
        }


def has_table(settings: Settings) -> bool:
    with open_lake(settings) as lake:
        return lake.find(TABLE) is not None


def _maintain(settings: Settings, now: datetime) -> None:
    maintain(settings, [TABLE], keep=1, grace=timedelta(0), now=now)


@pytest.mark.timeout(250)
def test_killed_anywhere_and_run_again(settings: Settings) -> None:
    with open_lake(settings) as lake:
        for number in range(8):
            land(lake, "A", 3 * number)
            land(lake, "B", 100 + 3 * number)
            if number % 3 == 0:
                publish(settings, ["A", "B"])
        before = content(lake)
        later = datetime.now(UTC) + 30 * DAYS
        for delay in kill_times():
            pid = os.fork()
            if pid == 0:
                try:
                    _maintain(settings, later)
                finally:
                    os._exit(0)
            time.sleep(delay)
            os.kill(pid, 9)
            os.waitpid(pid, 0)
            assert content(lake) == before
        _maintain(settings, later)
        assert content(lake) == before and n_files(lake) == 2
        assert find_orphans(lake, TABLE, grace=timedelta(0), now=later) == []
        with ReleaseReader(settings) as reader:
            assert reader.connection.sql(f"select count(*) from {TABLE}").fetchall() == [(42,)]


def kill_times() -> Iterator[float]:
    yield from (0.02, 0.06, 0.1, 0.15, 0.2, 0.3, 0.4)


def test_wrong_use_is_told(settings: Settings) -> None:
    with pytest.raises(LakeError, match=r"No table is called silver\.nothing"):
        maintain(settings, ["silver.nothing"])
    with pytest.raises(LakeError, match="At least one release"):
        maintain(settings, keep=0)
    assert maintain(settings) == []
