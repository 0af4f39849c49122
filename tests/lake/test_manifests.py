"""Files of a table: found by manifests that are read once, as the library finds them; swapped by one manifest."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pyiceberg.exceptions import ValidationException
from pyiceberg.expressions import (
    AlwaysTrue,
    And,
    BooleanExpression,
    EqualTo,
    GreaterThanOrEqual,
    In,
    IsNull,
    Not,
    Or,
)
from pyiceberg.manifest import ManifestEntryStatus, ManifestFile
from pyiceberg.table.snapshots import Operation

from annolake.config import Settings
from annolake.lake.catalog import Lake, open_lake
from annolake.lake.changes import jobs_since
from annolake.lake.manifests import MANY, Manifests
from transforms import schemas

TABLE = "measure.item_label"
ANY_PART = Or(GreaterThanOrEqual("part", 0), IsNull("part"))


def rows(job: str, *parts: int, mass: float = 1.0) -> pa.Table:
    """A row of each part of a job."""
    one = {"job_name": job, "object_id": "0", "layer": "x", "label": "A", "label_mass": mass, "d_obs": 0.0}
    return pa.Table.from_pylist([one | {"part": part} for part in parts], schema=schemas.TABLES[TABLE].arrow)


def of(job: str, *parts: int) -> BooleanExpression:
    return And(EqualTo("job_name", job), In("part", parts))


PREDICATES = st.sampled_from(
    [
        AlwaysTrue(), ANY_PART, EqualTo("job_name", "a"), In("job_name", ["a", "b"]), In("part", [1, 3]),
        IsNull("part"), Not(EqualTo("part", 2)), GreaterThanOrEqual("part", 2), EqualTo("layer", "x"),
        EqualTo("layer", "z"), EqualTo("job_name", "z"),
    ]
)  # fmt: skip
WHERE = st.recursive(PREDICATES, lambda some: st.builds(And, some, some) | st.builds(Or, some, some), max_leaves=4)
STEPS = st.lists(st.tuples(st.sampled_from("ab"), st.sets(st.integers(0, 4), min_size=1), st.booleans()), max_size=6)


@hypothesis_settings(max_examples=10, deadline=None)
@given(steps=STEPS, asked=st.lists(WHERE, min_size=8, max_size=8))
def test_the_files_are_those_that_the_library_finds(
    steps: list[tuple[str, set[int], bool]],
    asked: list[BooleanExpression],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    expected: dict[tuple[str, int], float] = {}
    with open_lake(Settings.load({"home": tmp_path_factory.mktemp("lake")}, environ={})) as lake:
        known, seen = Manifests(), Manifests()
        for number, (job, parts, is_empty) in enumerate(steps):
            new = rows(job, *(() if is_empty else parts), mass=number)
            lake.replace(TABLE, new, [job], where=of(job, *parts))
            expected = {key: mass for key, mass in expected.items() if key[0] != job or key[1] not in parts}
            expected |= {(job, part): number for part in parts if not is_empty}
            seen.plan(lake.table(TABLE), asked[number])  # some manifests are known before, some are not
        table = lake.table(TABLE)
        for manifests in (known, seen):
            for where in asked:
                found = manifests.plan(table, where)
                want = list(table.scan(where).plan_files())
                assert [(t.file.file_path, t.residual) for t in found] == [(t.file.file_path, t.residual) for t in want]
        there = lake.scan(TABLE).to_pylist()
        assert {
            (r["job_name"], r["part"]): next(v for v in r.values() if isinstance(v, float)) for r in there
        } == expected


def test_a_swap_leaves_no_more_manifests_and_tells_what_went(any_lake: Lake) -> None:
    for part in range(4):
        any_lake.replace(TABLE, rows("a", part), ["a"], where=of("a", part))
    any_lake.replace(TABLE, rows("b", 1), ["b"])
    for number in range(5):
        before = any_lake.snapshot(TABLE)
        any_lake.replace(TABLE, rows("a", 1, 2, mass=number), ["a"], where=of("a", 1, 2))
    table = any_lake.table(TABLE)
    manifests = table.current_snapshot().manifests(table.io)
    assert len(manifests) == 1, "five commits that only added were too many"
    told = [e.status for e in manifests[0].fetch_manifest_entry(table.io, discard_deleted=False)]
    kept = [ManifestEntryStatus.EXISTING] * 3
    assert sorted(told) == sorted([*kept, *[ManifestEntryStatus.ADDED] * 2, *[ManifestEntryStatus.DELETED] * 2])
    assert jobs_since(table, before) == {"a"}
    assert sorted(any_lake.scan(TABLE, columns=["job_name", "part"]).to_pydict()["part"]) == [0, 1, 1, 2, 3]


def test_manifests_beside_a_commit_stay_few_and_are_not_read_by_who_wrote_them(
    any_lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    library = ManifestFile.fetch_manifest_entry
    monkeypatch.setattr(
        ManifestFile, "fetch_manifest_entry", lambda m, *a, **k: read.append(m.manifest_path) or library(m, *a, **k)
    )
    for part in range(3 * MANY):
        any_lake.replace(TABLE, rows("a", part), ["a"], where=of("a", part))
        table = any_lake.table(TABLE)
        assert len(table.current_snapshot().manifests(table.io)) <= MANY
        assert len(any_lake.plan(table, AlwaysTrue())) == part + 1
    assert not read
    assert [snapshot.summary.operation for snapshot in table.snapshots()] == [Operation.APPEND] * (3 * MANY)
    assert sorted(any_lake.scan(TABLE)["part"].to_pylist()) == list(range(3 * MANY))


def test_files_that_went_are_not_swapped(lake: Lake) -> None:
    lake.replace(TABLE, rows("a", 1), ["a"])
    table = lake.table(TABLE)
    old = [task.file for task in lake.plan(table, AlwaysTrue())]
    lake.replace(TABLE, rows("a", 2), ["a"])
    now, manifests = lake.table(TABLE), Manifests()
    with pytest.raises(ValidationException, match="gone"):
        manifests.swap(now, old, [], {})
    assert lake.scan(TABLE)["part"].to_pylist() == [2]
