"""Jobs as the Ground Truth API describes them, landed from the embedded service."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from annolake.config import Settings
from annolake.errors import LabelingError, LabelingUnavailable
from annolake.lake.catalog import open_lake
from annolake.lake.facts import describe_job, read_labels, task_type_of
from annolake.lake.land import land_job
from annolake.lake.models import build_gold
from annolake.lake.release import publish
from annolake.lake.sql import query
from tests.conftest import free_port
from tests.lake.jobs import segments
from tests.service.lab import TEAM, Lab, label, open_lab

AWS = "arn:aws:lambda:us-east-1:432418664414:function"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("lake-service")
    flags = {"home": folder / "home", "service_port": free_port()}
    with open_lab(Settings.load(flags, environ={}, file=folder / "none.toml")) as lab:
        yield lab


def test_a_classification_from_portal_to_gold(lab: Lab) -> None:
    lab.create("Clips", 4, NumberOfHumanWorkersPerDataObject=3)
    lab.label_all("Clips", 3, lambda task: label("a" if task["object_id"] != "3" else "b"))
    facts = describe_job(lab.settings, "Clips")
    assert (facts.task_type, facts.labels, facts.workers_per_object) == ("video_classification", {"class": ["a", "b", "c"]}, 3)  # fmt: skip  # noqa: E501
    assert (facts.status, facts.n_objects, facts.n_labeled, facts.level) == ("Completed", 4, 4, None)
    report = land_job(lab.settings, "Clips")
    assert (report.n_lines, report.n_answers, report.failed_checks, report.quarantined) == (4, 12, (), {})
    assert land_job(lab.settings, "Clips").n_sources == 0
    build_gold(lab.settings)
    publish(lab.settings, ["Clips"])
    found = query(
        lab.settings, "select label, sum(n_segments) as n from gold.label_distribution group by all order by all"
    )
    assert found.to_pylist() == [{"label": "a", "n": 9}, {"label": "b", "n": 3}]
    said = query(
        lab.settings, "select outcome, label, count(*) as n from silver.consolidated group by all order by all"
    )
    assert said.to_pylist() == [
        {"outcome": "labeled", "label": "a", "n": 3}, {"outcome": "labeled", "label": "b", "n": 1},
    ]  # fmt: skip
    alpha = query(lab.settings, "select value from gold.agreement_job where measure = 'alpha'")
    assert alpha["value"].to_pylist() == [1.0]
    with open_lake(lab.settings) as lake:
        people = lake.scan("restricted.worker").to_pylist()
    assert len(people) == 3 and all(p["subject"] and p["backend_worker_id"].startswith("private.") for p in people)


def test_a_segmentation_while_it_runs_and_after(lab: Lab) -> None:
    request = lab.request("Talks", 2, custom=True, NumberOfHumanWorkersPerDataObject=2)
    labels = lab.upload("layers.json", '{"layers": {"speaker": ["A", "B"]}, "labels": [{"label": "A"}]}')
    tags = {"annolake:task-type": "audio_segmentation", "annolake:batch": "b-1", "annolake:level": "1", "annolake:labels-s3": labels}  # fmt: skip  # noqa: E501
    lab.sagemaker.create_labeling_job(**request, Tags=[{"Key": k, "Value": v} for k, v in tags.items()])
    lab.wait("Talks", "InProgress")
    with lab.annotator(TEAM[0]) as first:
        first.work("Talks", lambda _: segments(("A", 0, 1.5), ("C", 2, 3)))
    report = land_job(lab.settings, "Talks")
    assert report.n_answers <= 2
    with lab.annotator(TEAM[1]) as second:
        second.work("Talks", lambda _: segments(("A", 0.1, 1.5)))
    lab.wait("Talks", "Completed")
    land_job(lab.settings, "Talks")
    with open_lake(lab.settings) as lake:
        found = lake.scan("silver.segment", jobs=["Talks"]).to_pylist()
        assert sorted(r["start_s"] for r in found) == [0.0, 0.0, 0.1, 0.1]
        assert {r["rule"] for r in lake.scan("silver.quarantine", jobs=["Talks"]).to_pylist()} == {"known_label"}
        states = lake.scan("silver.job", jobs=["Talks"]).to_pylist()
    assert {(r["task_type"], r["batch_id"], r["level"]) for r in states} == {("audio_segmentation", "b-1", 1)}
    assert max(states, key=lambda r: r["modified_at"])["status"] == "Completed"


def test_a_job_that_nobody_knows(lab: Lab) -> None:
    with pytest.raises(LabelingError, match="Labeling job Nothing:"):
        land_job(lab.settings, "Nothing")


def test_a_backend_that_is_down(settings: Settings) -> None:
    with pytest.raises(LabelingUnavailable, match="does not answer"):
        land_job(settings, "Anything")


@pytest.mark.parametrize(
    ("arn", "expected"),
    [
        ("", "custom"),
        (f"{AWS}:PRE-VideoClassification", "video_classification"),
        (f"{AWS}:PRE-BoundingBox", "bounding_box"),
        (f"{AWS}:PRE-VideoObjectTracking", "video_object_tracking"),
        (f"{AWS}:PRE-VerificationBoundingBox", "verification_bounding_box"),
        (f"{AWS}:PRE-AdjustmentVideoObjectDetection", "adjustment_video_object_detection"),
        (f"{AWS}:PRE-TextMultiClassMultiLabel", "text_classification"),
        (f"{AWS}:PRE-NamedEntityRecognition", "named_entity_recognition"),
        (f"{AWS}:PRE-3DPointCloudObjectTracking", "3d_point_cloud_object_tracking"),
        ("arn:aws:lambda:us-east-1:123456789012:function:my-own", "custom"),
    ],
)
def test_task_types(arn: str, expected: str) -> None:
    assert task_type_of(arn) == expected


def test_labels_of_any_form() -> None:
    assert read_labels([1]) == {}
    assert read_labels({"labels": [{"label": "a"}, "b", 3]}) == {"class": ["a", "b"]}
    assert read_labels({"layers": {"x": ["a"], "y": 3}, "labels": [{"label": "a"}]}) == {"x": ["a"]}
