"""Ground Truth's task types beside the single class: what workers say becomes the label that its readers know."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.service.lab import LAMBDA, TEAM, Lab

Answers = Mapping[str, Any]
"""Worker -> answer."""


def run(lab: Lab, name: str, kind: str, answers: Answers, **more: Any) -> dict[str, Any]:
    """One object, answered by these workers; its output line."""
    lines = more.pop("lines", 1)
    request = lab.request(name, lines, NumberOfHumanWorkersPerDataObject=len(answers), **more)
    human = request["HumanTaskConfig"]
    human["PreHumanTaskLambdaArn"] = f"{LAMBDA}PRE-{kind}"
    human["AnnotationConsolidationConfig"]["AnnotationConsolidationLambdaArn"] = f"{LAMBDA}ACS-{kind}"
    lab.sagemaker.create_labeling_job(**request)
    lab.wait(name, "InProgress")
    for worker, answer in answers.items():
        with lab.annotator(worker) as annotator:
            assert annotator.answer(annotator.take(name), answer).status_code == 200
    lab.wait(name, "Completed")
    return lab.manifest(name)[0]


def box(label: str, left: int, top: int, width: int = 40, height: int = 20) -> dict[str, Any]:
    return {"label": label, "left": left, "top": top, "width": width, "height": height}


def drawn(*boxes: dict[str, Any], **more: Any) -> dict[str, Any]:
    size = {"width": 640, "height": 480}
    return {"annotatedResult": {"boundingBoxes": list(boxes), "inputImageProperties": size, **more}}


def test_several_classes(lab: Lab) -> None:
    chosen = (["a", "c"], ["c", "a"], ["c"])
    answers = {w: {"crowd-classifier-multi-select": {"labels": c}} for w, c in zip(TEAM, chosen, strict=False)}
    line = run(lab, "several", "ImageMultiClassMultiLabel", answers)
    about = line["class-metadata"]
    assert line["class"] == [0, 2]
    assert about["class-map"] == {"0": "a", "2": "c"}
    assert list(about["confidence-map"]) == ["0", "2"] and all(0 < v <= 0.95 for v in about["confidence-map"].values())
    assert (about["type"], about["job-name"]) == (
        "groundtruth/image-classification-multilabel",
        "labeling-job/several",
    )


def test_no_class_at_all_is_an_answer(lab: Lab) -> None:
    line = run(lab, "none-of-them", "TextMultiClassMultiLabel", {TEAM[0]: {"x": {"labels": []}}})
    assert line["class"] == []
    assert line["class-metadata"]["class-map"] == line["class-metadata"]["confidence-map"] == {}


def test_boxes_are_joined_and_averaged(lab: Lab) -> None:
    answers = {
        TEAM[0]: drawn(box("a", 10, 10), box("b", 300, 300)),
        TEAM[1]: drawn(box("a", 12, 10)),
        TEAM[2]: drawn(box("a", 11, 10), box("strange", 0, 0), box("a", 200, 200, width=0)),
    }
    line = run(lab, "boxes", "BoundingBox", answers)
    about = line["class-metadata"]
    assert line["class"] == {
        "image_size": [{"width": 640, "height": 480, "depth": 3}],
        "annotations": [{"class_id": 0, "left": 11, "top": 10, "width": 40, "height": 20}],
    }
    assert about["class-map"] == {"0": "a"} and about["type"] == "groundtruth/object-detection"
    assert 0.9 < about["objects"][0]["confidence"] < 1


def test_an_empty_image_has_no_boxes(lab: Lab) -> None:
    line = run(lab, "empty-image", "BoundingBox", {TEAM[0]: drawn()})
    assert line["class"]["annotations"] == line["class-metadata"]["objects"] == []
    assert line["class-metadata"]["class-map"] == {}


def test_an_answer_without_boxes_fails_its_object(lab: Lab) -> None:
    line = run(lab, "no-boxes", "BoundingBox", {TEAM[0]: {"annotatedResult": {"label": "a"}}})
    assert "class" not in line and line["class-metadata"]["failure-reason"].startswith("ClientError")


def test_entities(lab: Lab) -> None:
    def marked(*entities: tuple[str, int, int]) -> dict[str, Any]:
        return {"crowd-entity-annotation": {"entities": [
            {"label": label, "startOffset": start, "endOffset": end} for label, start, end in entities
        ]}}  # fmt: skip

    answers = dict(
        zip(TEAM, (marked(("b", 0, 4)), marked(("b", 0, 4), ("a", 9, 12)), marked(("a", 0, 3))), strict=False)
    )
    text = json.dumps({"source": "Bern and Uri 🏔"})
    line = run(lab, "entities", "NamedEntityRecognition", answers, lines=[text])
    shown = line["class"]["annotations"]
    assert shown["entities"] == [{"label": "b", "startOffset": 0, "endOffset": 4}]
    assert [x["label"] for x in shown["labels"]] == ["a", "b", "c"]
    assert line["class-metadata"]["type"] == "groundtruth/text-span"
    assert line["class-metadata"]["entities"] == [{"confidence": 0.67}]


def test_verification_and_adjustment_stand_beside_what_they_audit(lab: Lab) -> None:
    first = run(lab, "to-audit", "BoundingBox", {TEAM[0]: drawn(box("a", 1, 2))})

    def audit(name: str, kind: str, answers: Answers) -> dict[str, Any]:
        lab.upload("output/chained.json", json.dumps(first))
        line = json.dumps(first)
        request = lab.request(name, [line], NumberOfHumanWorkersPerDataObject=len(answers))
        request["LabelAttributeName"] = "audit"
        human = request["HumanTaskConfig"]
        human["PreHumanTaskLambdaArn"] = f"{LAMBDA}PRE-{kind}"
        human["AnnotationConsolidationConfig"]["AnnotationConsolidationLambdaArn"] = f"{LAMBDA}ACS-{kind}"
        with pytest.raises(ClientError, match="LabelAttributeName"):
            lab.sagemaker.create_labeling_job(**{**request, "LabelAttributeName": "class"})
        lab.sagemaker.create_labeling_job(**request)
        lab.wait(name, "InProgress")
        for worker, answer in answers.items():
            with lab.annotator(worker) as annotator:
                assert annotator.answer(annotator.take(name), answer).status_code == 200
        lab.wait(name, "Completed")
        (out,) = lab.manifest(name)
        assert {k: v for k, v in out.items() if not k.startswith("audit")} == first
        return out

    remarked = {"crowd-image-classifier": {"label": "c", "workerComment": " too wide "}}
    checked = audit("verify", "VerificationBoundingBox", {TEAM[0]: remarked})["audit-metadata"]
    assert (checked["class-name"], checked["worker-feedback"]) == ("c", [{"comment": "too wide"}])
    assert checked["type"] == "groundtruth/label-verification"
    answers = {TEAM[0]: drawn(box("a", 1, 2), initialValueModified=False)}
    assert audit("adjust-0", "AdjustmentBoundingBox", answers)["audit-metadata"]["adjustment-status"] == "unadjusted"
    answers[TEAM[1]] = drawn(box("a", 3, 2), initialValueModified=True)
    adjusted = audit("adjust-1", "AdjustmentBoundingBox", answers)
    assert adjusted["audit-metadata"]["adjustment-status"] == "adjusted"
    assert adjusted["audit"]["annotations"] == [{"class_id": 0, "left": 2, "top": 2, "width": 40, "height": 20}]
