"""Land, build, release, read: what readers see and what they do not."""

from __future__ import annotations

import multiprocessing
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from annolake.config import Settings
from annolake.errors import LakeError, QualityError, SqlRefused
from annolake.lake.catalog import open_lake
from annolake.lake.land import land_outputs
from annolake.lake.models import build_gold, build_model, model_order
from annolake.lake.reader import ReleaseReader
from annolake.lake.release import (
    hold,
    latest,
    publish,
    releases,
    resume,
    rollback,
    unreleased_jobs,
    withdrawn_jobs,
)
from annolake.lake.sql import query
from tests.lake.conftest import empty_store
from tests.lake.jobs import START, Job, answer, segments
from transforms import schemas


def make_job(s3, name: str, *, late_s: float = 0.0) -> Job:
    """Four objects, three workers who agree; the third is late."""
    job = Job(s3, name)
    job.put_manifest(*(job.line(i) for i in range(4)))
    for item in range(4):
        turns = [("A", 1.0, 6.0 + item), ("B", 6.0 + item, 20.0), ("A", 20.0, 29.0)]
        job.put_response(
            item,
            *(
                answer(
                    f"{worker:02}",
                    segments(
                        *((tag, a + shift, b + shift) for tag, a, b in turns),
                        speechNonSpeech={"speech": True},
                        textTranslationFinal="hello and welcome",
                    ),
                    at=100 + 60 * item + worker,
                )
                for worker, shift in enumerate((0.0, 0.02, late_s))
            ),
        )
    return job


def register(settings: Settings, n: int = 4) -> None:
    rows = [
        {
            "asset_id": f"asset-{i}", "uri": f"s3://media/{i}.wav", "name": f"{i}.wav", "media_type": "audio",
            "duration_s": 30.0, "container": "wav", "bytes": 1, "content_hash": str(i), "landing_id": "m",
            "landed_at": START,
        } for i in range(n)
    ]  # fmt: skip
    spec = schemas.ASSET_TABLE
    filled = [dict.fromkeys(spec.arrow.names) | r for r in rows]
    with open_lake(settings) as lake:
        lake.append_new(spec.name, pa.Table.from_pylist(filled, schema=spec.arrow), landing_id="m")


def land(settings: Settings, job: Job, **facts) -> None:
    with open_lake(settings) as lake:
        land_outputs(lake, job.s3, job.facts(**facts), pseudonym_key="k")


@pytest.fixture(scope="module")
def to_read(tmp_path_factory: pytest.TempPathFactory, moto_endpoint: str) -> Settings:
    """As `released`, for tests that only read."""
    home = tmp_path_factory.mktemp("to-read") / "home"
    settings = Settings.load({"home": home}, environ={}, file=home / "none.toml")
    return release_late(settings, empty_store(moto_endpoint))


@pytest.fixture
def released(settings: Settings, s3) -> Settings:
    """One job, landed, built and released."""
    return release_late(settings, s3)


def release_late(settings: Settings, s3) -> Settings:
    register(settings)
    land(settings, make_job(s3, "Late", late_s=0.3))
    build_gold(settings)
    publish(settings, ["Late"])
    return settings


def test_nothing_released_shows_empty_typed_tables(settings: Settings) -> None:
    assert latest(settings) is None and releases(settings) == [] and unreleased_jobs(settings) == []
    found = query(settings, "select * from gold.agreement_item")
    assert found.num_rows == 0 and found.schema.names == schemas.AGREEMENT_ITEM.arrow.names
    assert build_gold(settings) == []
    with ReleaseReader(settings) as reader:
        assert reader.release is None


def test_from_answers_to_figures(to_read: Settings) -> None:
    alpha = query(
        to_read,
        "select value, ci_lo, ci_hi, n_items from gold.agreement_job where measure = 'alpha' and layer = 'speaker'",
    )
    row = alpha.to_pylist()[0]
    assert row["n_items"] == 4 and 0.8 < row["ci_lo"] <= row["value"] <= row["ci_hi"] <= 1
    offsets = query(to_read, "select offset_s from gold.worker_quality where layer = 'speaker' order by offset_s")
    late = offsets["offset_s"].to_pylist()
    assert late[-1] - late[0] == pytest.approx(0.3, abs=0.05)
    minutes = query(
        to_read,
        "select sum(duration_s) as s, sum(n_segments) as n from gold.label_distribution where layer = 'speaker'",
    )
    assert minutes.to_pylist() == [{"s": pytest.approx(4 * 3 * 28.0), "n": 36}]
    assert set(query(to_read, "select name, media_type from silver.asset")["media_type"].to_pylist()) == {"audio"}


def test_models_in_order_and_again(released: Settings) -> None:
    order = model_order()
    assert order.index("measure.label_use") < order.index("measure") < order.index("gold.agreement_item")
    before = query(released, "select * from gold.worker_quality order by all").to_pylist()
    for name in order:
        build_model(released, name, ["Late"])
    with open_lake(released) as lake:
        empty = {name for name in order if name in schemas.TABLES and not lake.scan(name, jobs=["Late"]).num_rows}
    nothing = ("box", "rework", "failure", "transcript")  # the job has none of these
    assert {name for name in empty if not any(word in name for word in nothing)} == set()
    publish(released, ["Late"])
    after = query(released, "select * from gold.worker_quality order by all").to_pylist()
    assert after == [pytest.approx(row) for row in before], "sums of floats, in an order that threads decide"
    with pytest.raises(LakeError, match=r"No model is called gold\.nothing"):
        build_model(released, "gold.nothing", ["Late"])


def test_a_release_without_a_change_is_the_last_one(released: Settings) -> None:
    first = latest(released)
    assert first is not None and first.jobs == ("Late",)
    assert publish(released, ["Late"]).release_id == first.release_id == 1
    with open_lake(released) as lake:
        tags = [t for t in lake.table("silver.segment").refs() if t.startswith("release-")]
    assert tags == ["release-1"]


def test_half_a_landing_is_not_seen(released: Settings, s3) -> None:
    land(released, make_job(s3, "Other"))
    assert unreleased_jobs(released) == ["Other"]
    build_model(released, "measure", ["Other"])
    register(released, 5)
    second = publish(released, [])  # media came; the other job is not its own
    assert second.release_id == 2 and set(second.pending.values()) == {"Other"}
    seen = "select distinct job_name from {} order by all"
    for table in (
        "silver.segment",
        "silver.annotation",
        "bronze.worker_response",
        "measure.item",
        "silver.consolidated",
    ):
        assert query(released, seen.format(table))["job_name"].to_pylist() == ["Late"], table
    assert query(released, "select count(*) as n from silver.asset")["n"].to_pylist() == [5]
    assert unreleased_jobs(released) == ["Other"]
    build_gold(released)
    third = publish(released, ["Other"])
    assert third.pending == {} and unreleased_jobs(released) == []
    assert query(released, seen.format("silver.segment"))["job_name"].to_pylist() == ["Late", "Other"]
    with ReleaseReader(released, release_id=1) as reader:
        assert reader.connection.sql("select count(*) from silver.asset").fetchall() == [(4,)]


def test_a_job_in_the_middle_of_its_build_stays_as_released(released: Settings, s3) -> None:
    figures = "select * from gold.agreement_job where job_name = 'Late' order by all"
    before = query(released, figures).to_pylist()
    late = make_job(s3, "Late", late_s=0.3)
    late.put_response(0, answer("02", segments(("A", 1.0, 29.0)), at=9000), time="2026-01-08_09:00:00", iteration=2)
    land(released, late, modified_at=START + timedelta(hours=3))
    land(released, make_job(s3, "Other"))
    build_gold(released, ["Late", "Other"])  # as two runs would at once; only one of them publishes
    publish(released, ["Other"])
    seen = query(released, "select distinct job_name from gold.agreement_job order by all")["job_name"].to_pylist()
    assert seen == ["Late", "Other"]
    assert query(released, figures).to_pylist() == before
    register(released, 5)
    assert publish(released, []).kept_back  # still so in the next release
    assert query(released, figures).to_pylist() == before
    with ReleaseReader(released, materialised=frozenset({"gold.agreement_job"})) as reader:
        assert reader.connection.sql(figures).to_arrow_table().to_pylist() == before
    third = publish(released, ["Late"])
    assert third.kept_back == {} and query(released, figures).to_pylist() != before


def test_hold_and_rollback(released: Settings, s3) -> None:
    with pytest.raises(LakeError, match="the only one"):
        hold(released, 1)
    land(released, make_job(s3, "Other"))
    publish(released, ["Other"])
    assert hold(released, 2).release_id == 1
    assert [(r.release_id, r.state) for r in releases(released)] == [(2, "held"), (1, "current")]
    assert (unreleased_jobs(released), withdrawn_jobs(released)) == ([], ["Other"])
    assert set(publish(released, ["Other"]).pending.values()) == {"Other"}  # until it is resumed
    assert query(released, "select distinct job_name from silver.segment")["job_name"].to_pylist() == ["Late"]
    assert resume(released, ["Other"]).release_id == 4
    again = rollback(released, 1)
    assert (again.release_id, again.jobs) == (5, ("Other",))
    assert query(released, "select distinct job_name from silver.segment")["job_name"].to_pylist() == ["Late"]
    with pytest.raises(LakeError, match="no release 9"):
        rollback(released, 9)


def build_measures(settings: Settings, jobs: list[str]) -> None:
    for name in ("measure.label_use", "measure"):
        build_model(settings, name, jobs)


def test_what_was_withdrawn_stays_so_until_it_is_resumed(released: Settings, s3) -> None:
    measured = "select * from measure.item where job_name = 'Late' order by all"
    before = query(released, measured).to_pylist()
    late = make_job(s3, "Late", late_s=0.3)
    late.put_response(0, answer("02", segments(("A", 1.0, 29.0)), at=9000), time="2026-01-08_09:00:00", iteration=2)
    land(released, late, modified_at=START + timedelta(hours=3))
    build_measures(released, ["Late"])
    publish(released, ["Late"])
    changed = query(released, measured).to_pylist()
    rollback(released, 1)
    assert query(released, measured).to_pylist() == before != changed
    assert (unreleased_jobs(released), withdrawn_jobs(released)) == ([], ["Late"])

    land(released, make_job(s3, "Other"))
    assert unreleased_jobs(released) == ["Other"]
    build_measures(released, ["Late", "Other"])
    publish(released, ["Late", "Other"])
    seen = query(released, "select distinct job_name from measure.item order by all")["job_name"].to_pylist()
    assert seen == ["Late", "Other"]
    assert query(released, measured).to_pylist() == before

    with pytest.raises(LakeError, match=r"Not withdrawn: Other"):
        resume(released, ["Other"])
    resume(released, ["Late"])
    assert withdrawn_jobs(released) == []
    assert query(released, measured).to_pylist() == changed


def test_a_failed_check_holds_the_release(released: Settings) -> None:
    row = {
        "job_name": "Late", "table_name": "silver.segment", "check_name": "within_asset", "severity": "fail",
        "is_ok": False, "n_rows": 9, "n_failed": 2, "detail": "no segment ends after its media", "landing_id": "x",
        "landed_at": datetime.now(UTC),
    }  # fmt: skip
    with open_lake(released) as lake:
        lake.append_new("meta.check_result", pa.Table.from_pylist([row], schema=schemas.CHECK_RESULT.arrow))
        with pytest.raises(QualityError, match=r"Late: silver\.segment within_asset \(2 of 9 rows"):
            publish(released, ["Late"])
        good = row | {"is_ok": True, "n_failed": 0, "landing_id": "y", "landed_at": datetime.now(UTC)}
        lake.append_new("meta.check_result", pa.Table.from_pylist([good], schema=schemas.CHECK_RESULT.arrow))
    assert publish(released, ["Late"]).release_id == 2


def test_a_newer_answer_replaces_the_older_one(released: Settings, s3) -> None:
    job = make_job(s3, "Late", late_s=0.3)
    job.put_response(0, answer("00", segments(), at=9000), time="2026-01-08_09:00:00", iteration=2)
    land(released, job, modified_at=START + timedelta(hours=3))
    build_gold(released)
    publish(released, ["Late"])
    counted = query(
        released,
        "select object_id, count(*) as n from silver.segment where object_id in ('0', '1') group by all order by all",
    )
    assert counted.to_pylist() == [{"object_id": "0", "n": 6}, {"object_id": "1", "n": 9}]
    assert query(released, "select count(*) as n from silver.annotation")["n"].to_pylist() == [12]
    with open_lake(released) as lake:
        assert lake.scan("silver.annotation").num_rows == 13


def _publish(settings: Settings, barrier) -> None:
    barrier.wait()
    for _ in range(3):
        publish(settings, [])
        with open_lake(settings) as lake:
            row = {"release_id": 1000 + int(datetime.now().timestamp() * 1e6) % 10**9, "held_at": START}
            lake.append_new("meta.release_hold", pa.Table.from_pylist([row], schema=schemas.RELEASE_HOLD.arrow))
            item = {
                "job_name": str(row["release_id"]), "object_id": "0", "asset_id": None, "worker_id": "w", "revision": 1,
                "layer": "class", "label": "x", "landing_id": "l", "landed_at": START,
            }  # fmt: skip
            lake.append_new("silver.classification", pa.Table.from_pylist([item], schema=schemas.CLASSIFICATION.arrow))


@pytest.mark.timeout(200)
def test_two_at_once_make_releases_of_their_own(settings: Settings) -> None:
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(2)
    makers = [context.Process(target=_publish, args=(settings, barrier)) for _ in range(2)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join(150)
        assert maker.exitcode == 0
    found = releases(settings)
    assert [r.release_id for r in found] == list(range(len(found), 0, -1)) and len(found) >= 3
    with open_lake(settings) as lake:
        rows = lake.scan("meta.release", columns=["release_id", "table_name"]).to_pylist()
    assert len({tuple(r.values()) for r in rows}) == len(rows)


def test_a_warehouse_on_s3_is_read(moto_endpoint: str, make_settings, s3) -> None:
    s3.create_bucket(Bucket="lakehouse")
    settings = make_settings(s3_endpoint=moto_endpoint, warehouse="s3://lakehouse/w")
    register(settings)
    land(settings, make_job(s3, "Late"))
    build_gold(settings, ["Late"])
    publish(settings, ["Late"])
    assert query(settings, "select count(*) as n from silver.segment")["n"].to_pylist() == [36]
    assert query(settings, "select count(*) as n from worker_quality where layer = 'speaker'")["n"].to_pylist() == [3]
    with pytest.raises(SqlRefused):
        query(settings, "select * from read_text('/etc/passwd')")
    with ReleaseReader(settings) as reader:
        assert reader.connection.sql("select count(*) from silver.segment").fetchall() == [(36,)]


def test_the_same_on_postgresql(empty_database: str, make_settings, s3) -> None:
    settings = release_late(make_settings(catalog_uri=empty_database), s3)
    assert query(settings, "select count(*) as n from silver.segment")["n"].to_pylist() == [36]
    assert publish(settings, ["Late"]).release_id == 1
