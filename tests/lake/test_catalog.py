"""Exactly-once appends, replaced partitions, time travel, schema evolution; on every catalog and storage."""

from __future__ import annotations

import multiprocessing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pyiceberg.expressions import In

from annolake.config import Settings
from annolake.errors import LakeError
from annolake.lake.catalog import Lake, conform, first_by_key, open_lake
from transforms import schemas
from transforms.schemas import TABLES, SchemaMismatch

NOW = datetime(2026, 1, 8, 7, 17, 35, tzinfo=UTC)


def answers(*keys: tuple[str, str], landing: str = "l1", label: str = "dog") -> pa.Table:
    """Rows of silver.classification: (job, object) pairs of one worker."""
    rows = [
        {
            "job_name": job, "object_id": item, "asset_id": None, "worker_id": "w_0", "revision": 1, "layer": "class",
            "label": label, "landing_id": landing, "landed_at": NOW,
        }
        for job, item in keys
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=schemas.CLASSIFICATION.arrow)


def keys_of(lake: Lake) -> list[tuple[str, str]]:
    rows = lake.scan("silver.classification", columns=["job_name", "object_id"]).to_pylist()
    return sorted((r["job_name"], r["object_id"]) for r in rows)


def test_append_is_exactly_once(any_lake: Lake) -> None:
    first = answers(("a", "0"), ("a", "1"), ("b", "0"), ("a", "0"))
    assert any_lake.append_new("silver.classification", first, landing_id="l1") == 3
    assert any_lake.append_new("silver.classification", first, landing_id="l2") == 0
    assert any_lake.append_new("silver.classification", answers(("a", "1"), ("a", "2"))) == 1
    assert keys_of(any_lake) == [("a", "0"), ("a", "1"), ("a", "2"), ("b", "0")]
    table = any_lake.table("silver.classification")
    assert table.history() and len(table.snapshots()) == 2  # a rerun commits nothing
    assert table.snapshots()[0].summary.additional_properties["annolake.landing-id"] == "l1"


def test_replace_touches_its_jobs_only(any_lake: Lake) -> None:
    name = "silver.classification"
    any_lake.replace(name, answers(("a", "0"), ("a", "1"), ("b", "0")), ["a", "b"])
    before = any_lake.snapshot(name)
    any_lake.replace(name, answers(("a", "5")), ["a"])
    assert keys_of(any_lake) == [("a", "5"), ("b", "0")]
    any_lake.replace(name, answers(), ["b"])
    any_lake.replace(name, answers(), ["never-there"])
    assert keys_of(any_lake) == [("a", "5")]
    then = any_lake.scan(name, snapshot_id=before)
    assert then.num_rows == 3 and then.schema == schemas.CLASSIFICATION.arrow
    with pytest.raises(LakeError, match="rows of"):
        any_lake.replace(name, answers(("a", "5")), ["b"])


def lengths(*parts: tuple[str, int, int]) -> pa.Table:
    """Rows of measure.segment_length: (job, part, number of segments)."""
    rows = [
        {"job_name": job, "layer": "a", "label": "x", "bin": 1, "n_segments": n, "part": part} for job, part, n in parts
    ]
    return pa.Table.from_pylist(rows, schema=schemas.MEASURE_SEGMENT_LENGTH.arrow)


def test_parts_that_share_a_file_are_replaced_alone_and_by_one_commit(any_lake: Lake) -> None:
    name = schemas.MEASURE_SEGMENT_LENGTH.name
    any_lake.replace(name, lengths(*(("a", part, 1) for part in range(4)), ("b", 1, 1)), ["a", "b"])
    any_lake.replace(name, lengths(*(("a", part, 1) for part in range(4, 8))), ["a"], where=In("part", range(4, 8)))
    files, snapshots = any_lake.files(name), len(any_lake.table(name).snapshots())
    assert len(files) == 3  # two of job a, one of job b
    any_lake.replace(name, lengths(("a", 1, 5), ("a", 2, 5)), ["a"], where=In("part", [1, 2]))
    found = {(r["job_name"], r["part"]): r["n_segments"] for r in any_lake.scan(name).to_pylist()}
    assert found == {("b", 1): 1, **{("a", part): 5 if part in (1, 2) else 1 for part in range(8)}}
    assert len(any_lake.table(name).snapshots()) == snapshots + 1
    assert len(set(any_lake.files(name)) - set(files)) == 1  # files of other parts, and of other jobs, stay
    any_lake.replace(name, lengths(), ["a"], where=In("part", [1, 2]))
    assert sorted(any_lake.scan(name, jobs=["a"])["part"].to_pylist()) == [0, 3, 4, 5, 6, 7]


def test_scan_selects_jobs_and_columns(lake: Lake) -> None:
    name = "silver.classification"
    assert lake.scan(name).num_rows == 0 and lake.files(name) == [] and lake.snapshot(name) is None
    lake.append_new(name, answers(("a", "0"), ("b", "0")))
    assert lake.scan(name, jobs=["b"], columns=["label", "job_name"]).to_pylist() == [{"label": "dog", "job_name": "b"}]
    assert lake.scan(name, jobs=[]).num_rows == 0
    assert len(lake.files(name)) == 2 and all(Path(f).is_file() for f in lake.files(name))
    with pytest.raises(LakeError, match=r"No table is called silver\.nothing"):
        lake.scan("silver.nothing")


def test_every_table_is_made_with_its_documentation(lake: Lake) -> None:
    for name, spec in TABLES.items():
        table = lake.table(name)
        assert [f.name for f in table.schema().fields] == [c.name for c in spec.columns]
        assert all(field.doc for field in table.schema().fields)
        assert lake.scan(name).schema == spec.arrow
        lake.append_new(name, spec.empty())
    assert table.format_version == 2


def test_maps_and_nulls_come_back(lake: Lake) -> None:
    spec = schemas.MEASURE_ITEM
    row = dict.fromkeys(spec.arrow.names, None) | {
        "job_name": "a", "object_id": "0", "layer": "speaker", "n_annotators": 2, "n_pairs": 1, "mass": 1.5,
        "d_obs": 0.0, "label_mass": [("", 0.5), ("A", 1.0)],
    }  # fmt: skip
    lake.replace("measure.item", pa.Table.from_pylist([row], schema=spec.arrow), ["a"])
    assert lake.scan("measure.item").to_pylist() == [row]


def test_a_new_column_is_added_without_rewriting(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "silver.classification"
    lake.append_new(name, answers(("a", "0")))
    files, first = lake.files(name), lake.snapshot(name)
    note = schemas.Column("note", schemas.base.TEXT, "new", True)
    wider = schemas.Table(name, "x", schemas.CLASSIFICATION.key, (*schemas.CLASSIFICATION.columns, note))
    monkeypatch.setitem(TABLES, name, wider)
    assert lake.scan(name)["note"].to_pylist() == [None]
    lake.append_new(name, conform(answers(("a", "1")), wider.arrow))
    assert sorted(lake.scan(name)["note"].to_pylist(), key=str) == [None, None]
    assert set(files) < set(lake.files(name))
    assert lake.scan(name, snapshot_id=first).schema == wider.arrow


def test_a_column_may_be_null_from_now_on(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = TABLES["gold.item_spread"]
    row = {"job_name": "a", "layer": "x", "bin": 0, "n_items": 1}
    lake.replace(spec.name, pa.Table.from_pylist([row], schema=spec.arrow), ["a"])
    columns = tuple(replace(c, nullable=c.nullable or c.name == "n_items") for c in spec.columns)
    monkeypatch.setitem(TABLES, spec.name, replace(spec, columns=columns))
    without = row | {"job_name": "b", "n_items": None}
    lake.replace(spec.name, pa.Table.from_pylist([without], schema=TABLES[spec.name].arrow), ["b"])
    assert sorted(lake.scan(spec.name)["n_items"].to_pylist(), key=str) == [1, None]


def test_rows_are_checked_at_the_door() -> None:
    rows = answers(("a", "0"))
    with pytest.raises(SchemaMismatch, match=r"unknown \['colour'\].*missing \['label'\]"):
        conform(rows.drop_columns(["label"]).append_column("colour", pa.array(["red"])), schemas.CLASSIFICATION.arrow)
    nothing = rows.set_column(rows.schema.get_field_index("label"), "label", pa.nulls(1, pa.string()))
    with pytest.raises(SchemaMismatch, match=r"NULL in \['label'\]"):
        conform(nothing, schemas.CLASSIFICATION.arrow)
    large = rows.set_column(6, "label", rows["label"].cast(pa.large_string()))
    assert conform(large.drop_columns(["asset_id"]), schemas.CLASSIFICATION.arrow).equals(rows)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("012"))))
def test_first_by_key(keys: list[tuple[str, str]]) -> None:
    rows = answers(*keys)
    kept = first_by_key(rows, schemas.CLASSIFICATION.key)
    assert [(r["job_name"], r["object_id"]) for r in kept.to_pylist()] == list(dict.fromkeys(keys))


SPLITS = st.lists(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("0123")), max_size=4), max_size=4)


@hypothesis_settings(max_examples=8, deadline=None)
@given(splits=SPLITS)
def test_any_split_and_order_gives_the_same_rows(
    splits: list[list[tuple[str, str]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("lake")
    with open_lake(Settings.load({"home": home}, environ={}, file=home / "none")) as lake:
        for split in splits:
            lake.append_new("silver.classification", answers(*split))
        assert keys_of(lake) == sorted({key for split in splits for key in split})


def _write(settings: Settings, number: int, barrier: object) -> None:
    barrier.wait()  # type: ignore[attr-defined]
    with open_lake(settings) as lake:
        for step in range(4):
            shared, own = ("a", f"shared-{step}"), (f"job-{number}", f"own-{step}")
            lake.append_new("silver.classification", answers(shared, own, landing=f"p{number}"))


@pytest.mark.timeout(240)
def test_three_processes_lose_and_double_nothing(any_settings: Settings) -> None:
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(3)
    writers = [context.Process(target=_write, args=(any_settings, n, barrier)) for n in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(200)
        assert writer.exitcode == 0
    expected = [("a", f"shared-{s}") for s in range(4)] + [(f"job-{n}", f"own-{s}") for n in range(3) for s in range(4)]
    with open_lake(any_settings) as lake:
        assert keys_of(lake) == sorted(expected)


def test_a_warehouse_on_s3(moto_endpoint: str, make_settings) -> None:
    settings = make_settings(s3_endpoint=moto_endpoint, warehouse="s3://lakehouse/warehouse")
    boto3.client(
        "s3", endpoint_url=moto_endpoint, aws_access_key_id="a", aws_secret_access_key="b", region_name="us-east-1"
    ).create_bucket(Bucket="lakehouse")
    with open_lake(settings) as lake:
        assert lake.append_new("silver.classification", answers(("a", "0"), ("a", "1"))) == 2
        assert lake.append_new("silver.classification", answers(("a", "1"), ("a", "2"))) == 1
        assert keys_of(lake) == [("a", "0"), ("a", "1"), ("a", "2")]
        assert all(f.startswith("s3://lakehouse/") for f in lake.files("silver.classification"))
