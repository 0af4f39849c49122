"""Jobs of several formats from the store to a release, as analysts read them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from annolake.config import Settings
from annolake.lake.catalog import open_lake
from annolake.lake.land import land_outputs
from annolake.lake.release import publish
from annolake.lake.sql import query
from tests.lake.jobs import Job, answer

SIZE = {"inputImageProperties": {"width": 100, "height": 80}}
CAR = {"label": "Car", "left": 1, "top": 2, "width": 30, "height": 40}
ROOF = {"label": "Roof", "vertices": [{"x": 1, "y": 2}, {"x": 9, "y": 2}, {"x": 9, "y": 8.5}]}
LINE = {"source-ref": "s3://media/0.png"}


@pytest.fixture
def release(settings: Settings, s3) -> Any:
    """Land some jobs and release them; returns a function that asks."""

    def land(*jobs: Job, **facts: Any) -> Any:
        with open_lake(settings) as lake:
            for job in jobs:
                report = land_outputs(lake, s3, job.facts(**facts), pseudonym_key="k")
                assert (report.failed_checks, report.faults, report.quarantined) == ((), (), {})
        publish(settings, [job.name for job in jobs])
        return lambda sql: [tuple(row.values()) for row in query(settings, sql).to_pylist()]

    return land


def test_pictures_and_texts_in_a_release(release: Any, s3) -> None:
    pictures = Job(s3, "Pictures", "custom", "drawn", {"class": ["Car", "Roof"]})
    said = {"boundingBoxes": [CAR], "polygons": [ROOF], **SIZE}
    pictures.put_manifest({**LINE, "drawn": said, "drawn-metadata": {"type": "groundtruth/custom"}})
    pictures.put_response(0, answer("01", {"x": said}), answer("02", {"x": said | {"polygons": []}}, private=False))
    texts = Job(s3, "Texts", "named_entity_recognition", "ner", {"class": ["City"]})
    entities = [{"label": "City", "startOffset": 0, "endOffset": 6}]
    about = {"entities": [{"confidence": 0.9}], "type": "groundtruth/text-span"}
    texts.put_manifest(
        {"source": "Zürich is", "ner": {"annotations": {"labels": [], "entities": entities}}, "ner-metadata": about}
    )
    texts.put_response(0, answer("01", {"crowd-entity-annotation": {"entities": entities}}))
    ask = release(pictures, texts, workers_per_object=1)
    corner = "kind, label, vertices_px[3].y, len(vertices_px)"
    for table in ("silver.shape", "silver.consolidated_shape"):
        assert ask(f"select {corner} from {table}") == [("polygon", "Roof", 8.5, 3)]
    assert ask("select count(*), count(distinct worker_id), min(width_px) from silver.box") == [(2, 2, 30.0)]
    assert ask("select label, picture_width_px from silver.consolidated_box") == [("Car", 100)]
    assert ask("select label, text from silver.text_span") == [("City", "Zürich")]


def test_a_newer_answer_and_a_newer_line_take_the_place_of_the_old(release: Any, s3) -> None:
    job = Job(s3, "Boxes", "bounding_box", "box", {"class": ["Car"]})

    def label(*boxes: dict[str, int]) -> None:
        value = {"image_size": [{"width": 100, "height": 80}], "annotations": [{"class_id": 0, **b} for b in boxes]}
        about = {"class-map": {"0": "Car"}, "objects": [{"confidence": 0.5}] * len(boxes)}
        job.put_manifest({**LINE, "box": value, "box-metadata": about | {"type": "groundtruth/object-detection"}})

    sides = {k: v for k, v in CAR.items() if k != "label"}
    label(sides, sides)
    job.put_response(0, answer("01", {"crowd-bounding-box": {"boundingBoxes": [CAR, CAR], **SIZE}}))
    ask = release(job, workers_per_object=1)
    counts = "select (select count(*) from silver.box), (select count(*) from silver.consolidated_box)"
    assert ask(counts) == [(2, 2)]
    label()
    newer = answer("01", {"crowd-bounding-box": {"boundingBoxes": [], **SIZE}}, at=500)
    job.put_response(0, newer, time="2026-01-08_07:20:00")
    ask = release(job, workers_per_object=1)
    assert ask(counts) == [(0, 0)]
    assert ask("select outcome from silver.consolidated") == [("labeled",)]


def test_a_chain_of_jobs_keeps_what_each_said(release: Any, s3) -> None:
    """Labeled, adjusted, verified: three jobs, the lines of the later ones with the labels of the earlier."""
    sides = {k: v for k, v in CAR.items() if k != "label"}
    about = {"class-map": {"0": "Car"}, "objects": [{"confidence": 0.5}], "type": "groundtruth/object-detection"}
    image = [{"width": 100, "height": 80}]
    first = {**LINE, "box": {"image_size": image, "annotations": [{"class_id": 0, **sides}]}, "box-metadata": about}
    moved = {"image_size": image, "annotations": [{"class_id": 0, **sides, "left": 5}]}
    second = {**first, "moved": moved, "moved-metadata": about | {"adjustment-status": "adjusted"}}
    verdict = {"class-name": "bad", "confidence": 0.93, "type": "groundtruth/label-verification"}
    feedback = [{"comment": "too wide"}]
    third = {**second, "fine": "1", "fine-metadata": {**verdict, "worker-feedback": feedback}, "page-num": 7}
    jobs = []
    for name, task_type, line in (
        ("box", "bounding_box", first), ("moved", "adjustment_bounding_box", second),
        ("fine", "verification_bounding_box", third),
    ):  # fmt: skip
        job = Job(s3, f"Job-{name}", task_type, name, {"class": ["good", "bad"] if name == "fine" else ["Car"]})
        job.put_manifest(line)
        said = {"label": "bad"} if name == "fine" else {"boundingBoxes": [CAR], **SIZE}
        job.put_response(0, answer("01", {"crowd-x": said}))
        jobs.append(job)
    ask = release(*jobs, workers_per_object=1)
    assert ask("select job_name, left_px from silver.consolidated_box order by job_name") == [("Job-box", 1.0), ("Job-moved", 5.0)]  # fmt: skip  # noqa: E501
    assert ask(
        "select job_name, label, adjustment_status, feedback, label_type from silver.consolidated order by job_name"
    ) == [
        ("Job-box", None, None, None, "groundtruth/object-detection"),
        ("Job-fine", "bad", None, '["too wide"]', "groundtruth/label-verification"),
        ("Job-moved", None, "adjusted", None, "groundtruth/object-detection"),
    ]
    assert ask("select job_name, label, class_no, confidence from silver.consolidated_class") == [("Job-fine", "bad", 1, 0.93)]  # fmt: skip  # noqa: E501
    kept = ask("select line from bronze.manifest_line where job_name = 'Job-fine'")
    assert json.loads(kept[0][0]) == third


def test_the_frames_of_a_worker_are_one_answer(release: Any, s3) -> None:
    job = Job(s3, "Video", "video_object_tracking", "track", {"class": ["Car"]})
    job.put_manifest({"source-ref": "s3://x/seq.json"})
    folder = f"{job.root}/annotations/worker-response/iteration-1/0/{'a1' * 20}"

    def put(number: int, *boxes: Any, whole: bytes | None = None) -> None:
        frame = {"frameNumber": str(number), "frame": f"{number}.jpg", "boundingBoxes": list(boxes)}
        job.put(f"{folder}/{number}.jpg.json", whole or json.dumps({"trackingAnnotations": frame}))

    first = CAR | {"objectId": "u-1", "objectName": "Car:1"}
    put(2, first, first | {"objectId": "u-2"})
    put(10, first)
    asked = "select frame_no, box_no, track_id, track_name from silver.box order by all"
    ask = release(job, workers_per_object=1)
    assert ask(asked) == [(2, 0, "u-1", "Car:1"), (2, 1, "u-2", "Car:1"), (10, 0, "u-1", "Car:1")]
    put(11, first)
    put(2)
    ask = release(job, workers_per_object=1)
    assert ask(asked) == [(10, 0, "u-1", "Car:1"), (11, 0, "u-1", "Car:1")]
    assert ask("select count(*), count(distinct worker_id) from silver.annotation") == [(1, 1)]
    assert ask("select count(*) from bronze.worker_response") == [(2,)]
