"""Boxes, and jobs that go over others, from answers in S3 to released gold."""

from __future__ import annotations

import pytest

from annolake.config import Settings
from annolake.lake.models import build_gold
from annolake.lake.release import publish
from annolake.lake.sql import query
from tests.lake.jobs import Job, answer, segments
from tests.lake.test_release import land, make_job, register

SIZE = {"inputImageProperties": {"width": 640, "height": 480}}


def audit(s3) -> Job:
    """One auditor over the first two objects of `make_job`: the first stays, on the second a label is another."""
    job = Job(s3, "Audit")
    job.put_manifest(*(job.line(i) for i in range(2)))
    for item, last in enumerate("AB"):
        turns = segments(("A", 1.0, 6.0 + item), ("B", 6.0 + item, 20.0), (last, 20.0, 29.0))
        job.put_response(item, answer("09", turns, at=9000 + item))
    return job


def boxes(s3) -> Job:
    """Three images, two workers; the second misses the cat of each, and is two pixels off."""
    job = Job(s3, "Boxes", task_type="bounding_box", labels={"class": ["cat", "dog"]})
    job.put_manifest(*(job.line(i) for i in range(3)))
    for item in range(3):
        drawn = [{"label": label, "left": 40 * item + 200 * k, "top": 50, "width": 80, "height": 60 + 5 * item}
                 for k, label in enumerate(("dog", "cat"))]  # fmt: skip
        shifted = [box | {"left": box["left"] + 2} for box in drawn if box["label"] == "dog"]
        said = [{"annotatedResult": {"boundingBoxes": part, **SIZE}} for part in (drawn, shifted)]
        job.put_response(item, *(answer(f"0{k}", part, at=100 + k) for k, part in enumerate(said)))
    return job


def test_boxes_and_rework_are_released(settings: Settings, s3) -> None:
    register(settings)
    land(settings, make_job(s3, "Label"), batch_id="b", level=1)
    land(settings, audit(s3), batch_id="b", level=2, workers_per_object=1)
    land(settings, boxes(s3), workers_per_object=2)
    build_gold(settings)
    publish(settings, ["Label", "Audit", "Boxes"])

    reworked = query(
        settings, "select worker_id, n_items, n_changed, mass_changed from gold.worker_rework where layer = 'speaker'"
    ).to_pylist()
    assert len(reworked) == 3 and {r["n_items"] for r in reworked} == {2}
    assert sorted(r["n_changed"] for r in reworked) == [1, 1, 2]  # the one who is 0.02 s late was moved everywhere
    assert all(r["mass_changed"] == pytest.approx(9.0, abs=0.3) for r in reworked)

    found = query(settings, "select measure, value from gold.agreement_job where job_name = 'Boxes'").to_pylist()
    figures = {r["measure"]: r["value"] for r in found}
    assert figures["box_f_iou50"] == pytest.approx(2 * 3 / 9) and figures["box_mean_iou"] < figures["box_f_iou50"]
    (pair,) = query(settings, "select missed_by_a, missed_by_b from gold.agreement_box_pair").to_pylist()
    assert sorted(pair.values()) == pytest.approx([0.0, 0.5])
    of_boxes = "from gold.worker_quality where job_name = 'Boxes' order by n_labels"
    workers = query(settings, f"select n_items, n_labels, over_seg_index, loo_agreement {of_boxes}").to_pylist()
    assert [(w["n_items"], w["n_labels"], w["over_seg_index"]) for w in workers] == [(3, 3, 0.5), (3, 6, 2.0)]
    assert all(0 < w["loo_agreement"] <= 2 * 3 / 9 for w in workers)  # F less what chance gives
    classes = query(settings, "select label, sum(n_boxes) as n from gold.agreement_box group by label order by label")
    assert classes.to_pylist() == [{"label": "cat", "n": 3}, {"label": "dog", "n": 6}]
    fused = query(settings, "select label, support from gold.consensus_box order by all").to_pylist()
    assert fused == [{"label": "cat", "support": 1}] * 3 + [{"label": "dog", "support": 2}] * 3
    queue = query(settings, "select kind, labels, expected_gain from gold.dispute_queue where job_name = 'Boxes'")
    assert [(r["kind"], r["labels"]) for r in queue.to_pylist()] == [("box", '["cat", ""]')] * 3
    assert [r["expected_gain"] for r in queue.to_pylist()] == pytest.approx([0.5] * 3)
