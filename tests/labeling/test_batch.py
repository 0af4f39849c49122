"""Batches give each file to people once, whoever plans at the same time and however often."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annolake.config import Settings
from annolake.errors import LabelingError
from annolake.labeling.batch import (
    MAX_BATCH_ID,
    Batch,
    batch_id_of,
    find_batch,
    is_batch_id,
    job_name_of,
    load_batch,
    plan_media_batch,
    save_batch,
)

from .conftest import Register


@given(st.text())
def test_every_run_id_gives_a_batch_id_that_can_begin_a_job_name(run_id: str) -> None:
    batch_id = batch_id_of(run_id)
    assert is_batch_id(batch_id) and batch_id == batch_id_of(run_id)
    for task_type in ("audio_segmentation", "video_classification"):
        assert len(job_name_of(batch_id, task_type, level=99, part=99)) <= 63


def test_runs_of_one_second_have_batches_of_their_own() -> None:
    at = "scheduled__2026-11-21T07:03:21.{}+00:00"
    assert batch_id_of(at.format("123456")) != batch_id_of(at.format("123457"))


def test_batch_takes_what_nobody_was_given(service: Settings, register: Register) -> None:
    first = register(service, audio=range(3), video=range(2))
    batch = plan_media_batch(service, "b-1")
    assert batch is not None
    assert [j.job_name for j in batch.jobs] == ["b-1-audio-segmentation", "b-1-video-classification"]
    assert [len(j.asset_ids) for j in batch.jobs] == [3, 2]
    assert {a for j in batch.jobs for a in j.asset_ids} == set(first)

    assert plan_media_batch(service, "b-2") is None
    new = register(service, audio=range(3, 4))
    later = plan_media_batch(service, "b-3")
    assert later is not None and [j.asset_ids for j in later.jobs] == [tuple(new)]


def test_a_batch_is_planned_once(service: Settings, register: Register) -> None:
    register(service, audio=range(2))
    planned = plan_media_batch(service, "b-1")
    assert planned is not None and plan_media_batch(service, "b-1") == planned  # killed before it was kept
    uri = save_batch(service, planned)
    register(service, audio=range(2, 5))
    assert plan_media_batch(service, "b-1") == planned == load_batch(service, uri) == find_batch(service, "b-1")
    rest = plan_media_batch(service, "b-2")
    assert rest is not None and len(rest.jobs[0].asset_ids) == 3


def test_two_planners_at_once_share_the_files(service: Settings, register: Register) -> None:
    ids = register(service, audio=range(20))
    with ThreadPoolExecutor(4) as pool:
        batches = list(pool.map(lambda n: plan_media_batch(service, f"b-{n}"), range(4)))
    given_out = [asset for batch in batches if batch for job in batch.jobs for asset in job.asset_ids]
    assert sorted(given_out) == sorted(ids)


def test_named_files_and_jobs_are_labeled_again(service: Settings, register: Register) -> None:
    ids = register(service, audio=range(3), video=range(1))
    plan_media_batch(service, "b-1")
    again = plan_media_batch(service, "b-2", assets=ids[:1])
    assert again is not None and [j.asset_ids for j in again.jobs] == [(ids[0],)]
    of_job = plan_media_batch(service, "b-3", jobs=["b-1-audio-segmentation"])
    assert of_job is not None and set(of_job.jobs[0].asset_ids) == set(ids[:3]) and len(of_job.jobs) == 1
    assert plan_media_batch(service, "b-4") is None


def test_what_does_not_exist_is_named(service: Settings, register: Register) -> None:
    register(service, audio=range(1))
    with pytest.raises(LabelingError, match="1 of 1 assets are not registered, ffff"):
        plan_media_batch(service, "b-1", assets=["ffff"])
    with pytest.raises(LabelingError, match="No batch has made the job nothing"):
        plan_media_batch(service, "b-1", jobs=["nothing"])
    with pytest.raises(LabelingError, match="Batch id 'a b' cannot begin"):
        plan_media_batch(service, "a b")
    with pytest.raises(LabelingError, match=f"at most {MAX_BATCH_ID}"):
        plan_media_batch(service, "b" * 60)
    with pytest.raises(LabelingError, match="There is no batch at s3://"):
        load_batch(service, f"s3://{service.labeling_bucket}/batches/none.json")


def test_the_run_changes_what_is_asked(service: Settings, register: Register) -> None:
    register(service, audio=range(1))
    batch = plan_media_batch(service, "b-1", plan={"audio_segmentation": {"labels": {"language": ["en", "de"]}}})
    assert batch is not None and batch.jobs[0].task.labels == {"language": ("en", "de")}
    assert Batch.model_validate_json(batch.model_dump_json()) == batch
