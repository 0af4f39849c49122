"""Frames of a video as one task: object detection and tracking, their outputs, and their audits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.service.lab import LAMBDA, TEAM, Lab

UI = "arn:aws:sagemaker:us-east-1:394669845002:human-task-ui/"
CATEGORIES = {
    "documentVersion": "2020-03-01",
    "frameAttributes": [{"name": "weather", "type": "string", "description": "?", "enum": ["sun", "rain"]}],
    "labels": [{"label": "car", "categoryAttributes": [{"name": "occluded", "type": "string"}]}, {"label": "bus"}],
    "instructions": {"shortInstruction": "Every car.", "fullInstruction": "<p>Parked ones too.</p>"},
}


def put_sequence(lab: Lab, name: str, names: list[str], **changes: Any) -> str:
    """A manifest line of a sequence."""
    sequence = {
        "seq-no": 1,
        "prefix": f"s3://{lab.settings.media_bucket}/{name}/",
        "number-of-frames": len(names),
        "frames": [{"frame-no": number, "frame": frame} for number, frame in enumerate(names)],
    }
    return json.dumps({"source-ref": lab.upload(f"sequences/{name}.json", json.dumps(sequence | changes)), "site": 7})


def video_request(
    lab: Lab, name: str, kind: str, lines: list[str], categories: dict[str, Any] | None = None, **human: Any
) -> dict[str, Any]:
    request = lab.request(name, lines, **human)
    config = request["HumanTaskConfig"]
    config["UiConfig"] = {"HumanTaskUiArn": UI + kind.removeprefix("Adjustment")}
    config["PreHumanTaskLambdaArn"] = f"{LAMBDA}PRE-{kind}"
    config["AnnotationConsolidationConfig"] = {"AnnotationConsolidationLambdaArn": f"{LAMBDA}ACS-{kind}"}
    uri = lab.upload(f"categories/{name}.json", json.dumps(categories or CATEGORIES))
    return request | {"LabelAttributeName": "found-ref", "LabelCategoryConfigS3Uri": uri}


def run(lab: Lab, request: dict[str, Any], answer: dict[str, Any]) -> list[dict[str, Any]]:
    name = request["LabelingJobName"]
    lab.sagemaker.create_labeling_job(**request)
    lab.wait(name, "InProgress")
    with lab.annotator() as annotator:
        annotator.work(name, lambda _: answer)
    lab.wait(name, "Completed")
    return lab.manifest(name)


def shape(label: str, **where: Any) -> dict[str, Any]:
    return {"label": label, **where, "labelCategoryAttributes": {"occluded": "no"}}


def answer_of(file: dict[str, Any], labels: list[str]) -> dict[str, Any]:
    """The worker UI's answer that a label file comes from."""
    ((top, frames),) = file.items()
    lists = {"annotations": "boundingBoxes", "polygons": "polygons", "polylines": "polylines", "keypoints": "keypoints"}
    keys = {
        "object-id": "objectId",
        "object-name": "objectName",
        "label-category-attributes": "labelCategoryAttributes",
    }

    def drawn(one: dict[str, Any]) -> dict[str, Any]:
        rest = {keys.get(k, k): v for k, v in one.items() if k != "class-id"}
        return rest | {"label": labels[int(one["class-id"])]}

    said = [
        {"frameNumber": int(f["frame-no"]), "frame": f["frame"], "frameAttributes": f.get("frame-attributes", {})}
        | {lists[k]: [drawn(one) for one in f[k]] for k in lists if k in f}
        for f in frames
    ]
    return {top.partition("-")[0] + "Annotations": {"frames": said}}


def test_objects_are_detected_frame_by_frame(lab: Lab) -> None:
    line = put_sequence(lab, "seq-a", ["f2.jpg", "f10.jpg", "f1.jpg"])
    request = video_request(lab, "Detect", "VideoObjectDetection", [line], TaskTimeLimitInSeconds=604_800)
    lab.sagemaker.create_labeling_job(**request)
    described = lab.wait("Detect", "InProgress")
    assert described["HumanTaskConfig"]["UiConfig"] == {"HumanTaskUiArn": f"{UI}VideoObjectDetection"}
    frames = [
        {
            "frameNumber": 0,
            "frame": "f2.jpg",
            "boundingBoxes": [
                shape("bus", left=1.5, top=2, width=30, height=40),
                shape("tram", left=1, top=2, width=3, height=4),
            ],
            "frameAttributes": {"weather": "rain"},
        }
    ]
    with lab.annotator() as annotator:
        task = annotator.take("Detect")
        assert [f["frame"] for f in task["input"]["frames"]] == ["f1.jpg", "f10.jpg", "f2.jpg"]  # as bytes
        page = annotator.http.get(task["frame_url"]).text
        assert page.count("X-Amz-Signature") == 3 and "Parked ones too" in page
        assert annotator.answer(task, {"detectionAnnotations": {"frames": frames}}).status_code == 200
    lab.wait("Detect", "Completed")
    (out,) = lab.manifest("Detect")
    about = out["found-ref-metadata"]
    root = lab.uri("output/Detect/annotations")
    assert (out["site"], out["found-ref"]) == (7, f"{root}/consolidated-annotation/output/0/SeqLabel.json")
    assert {k: about[k] for k in ("class-map", "job-name", "human-annotated", "type")} == {
        "class-map": {"1": "bus"},
        "job-name": "labeling-job/detect",
        "human-annotated": "yes",
        "type": "groundtruth/video-object-detection",
    }
    box = {"height": 40, "width": 30, "top": 2, "left": 1.5, "class-id": "1"}
    assert json.loads(lab.download(out["found-ref"])) == {
        "detection-annotations": [
            {
                "annotations": [box | {"label-category-attributes": {"occluded": "no"}}],
                "frame-no": "0",
                "frame": "f2.jpg",
                "frame-attributes": {"weather": "rain"},
            }
        ]
    }
    (response,) = lab.keys("output/Detect/annotations/worker-response/")
    folder, name = response.rsplit("/", 1)
    assert name == "f2.jpg.json" and len(folder.rsplit("/", 1)[1]) == 40
    said = json.loads(lab.download(lab.uri(response)))["detectionAnnotations"]
    assert (said["frameNumber"], len(said["boundingBoxes"])) == (0, 1)


def test_what_was_tracked_comes_back_as_the_real_file_has_it(lab: Lab, shared_data: Path) -> None:
    real = json.loads((shared_data / "ground_truth/video_object_tracking/SeqLabel.json").read_text())
    frames = real["tracking-annotations"]
    labels = ["Person", "Cyclist", "Vehicle"]
    line = put_sequence(lab, "real", [frame["frame"] for frame in frames])
    config = {"labels": [{"label": label} for label in labels]}
    request = video_request(lab, "track-real", "VideoObjectTracking", [line], config)
    (out,) = run(lab, request, answer_of(real, labels))
    assert json.loads(lab.download(out["found-ref"])) == real
    assert list(json.loads(lab.download(out["found-ref"]))["tracking-annotations"][0]) == list(frames[0])
    assert out["found-ref-metadata"]["type"] == "groundtruth/video-object-tracking"
    assert len(lab.keys("output/track-real/annotations/worker-response/")) == len(frames)

    audit = dict(config, auditLabelAttributeName="found-ref")
    unlabeled = put_sequence(lab, "plain", ["x.jpg"])
    chained = [json.dumps(out), unlabeled]
    request = video_request(lab, "adjust-real", "AdjustmentVideoObjectTracking", chained, audit)
    with pytest.raises(ClientError, match="LabelAttributeName"):
        lab.sagemaker.create_labeling_job(**request)
    request["LabelAttributeName"] = "put-right-ref"
    answer = answer_of(real, labels)
    answer["trackingAnnotations"]["initialValueModified"] = False
    right, failed = run(lab, request, answer)
    assert right["put-right-ref-metadata"]["adjustment-status"] == "unadjusted"
    assert right["found-ref"] == out["found-ref"]
    assert lab.download(right["put-right-ref"]) == lab.download(out["found-ref"])
    assert "found-ref" in failed["put-right-ref-metadata"]["failure-reason"] and "put-right-ref" not in failed
    assert lab.describe("adjust-real")["LabelCounters"]["FailedNonRetryableError"] == 1


@pytest.mark.parametrize(
    ("listed", "where"),
    [
        ("polygons", {"vertices": [{"x": 1, "y": 2}, {"x": 5, "y": 2}, {"x": 5, "y": 9}]}),
        ("polylines", {"vertices": [{"x": 1, "y": 2}, {"x": 5, "y": 2}]}),
        ("keypoints", {"x": 3, "y": 4}),
    ],
)
def test_other_shapes(lab: Lab, listed: str, where: dict[str, Any]) -> None:
    line = put_sequence(lab, "shapes", ["a.jpg"])
    request = video_request(lab, f"shapes-{listed}", "VideoObjectTracking", [line])
    track = {"object-id": "u-1", "object-name": "car:1"}
    one = {**where, "class-id": "0", "label-category-attributes": {"occluded": "yes"}, **track}
    file = {"tracking-annotations": [{listed: [one], "frame-no": "0", "frame": "a.jpg", "frame-attributes": {}}]}
    (out,) = run(lab, request, answer_of(file, ["car", "bus"]))
    assert json.loads(lab.download(out["found-ref"])) == file


def test_nothing_on_any_frame_is_an_answer(lab: Lab) -> None:
    request = video_request(lab, "empty", "VideoObjectTracking", [put_sequence(lab, "empty", ["a.jpg", "b.jpg"])])
    (out,) = run(lab, request, {"trackingAnnotations": {"frames": []}})
    assert out["found-ref-metadata"]["class-map"] == {}
    assert json.loads(lab.download(out["found-ref"])) == {"tracking-annotations": []}
    (response,) = lab.keys("output/empty/annotations/worker-response/")
    assert response.endswith("/a.jpg.json")


def test_requests_that_ground_truth_refuses(lab: Lab) -> None:
    line = put_sequence(lab, "refused", ["a.jpg"])

    def refused(field: str, change: dict[str, Any], kind: str = "VideoObjectTracking", **more: Any) -> None:
        request = video_request(lab, "refused", kind, [line], **more)
        request["HumanTaskConfig"] |= change
        with pytest.raises(ClientError, match=field) as caught:
            lab.sagemaker.create_labeling_job(**request | {k: v for k, v in change.items() if k in request})
        assert caught.value.response["Error"]["Code"] == "ValidationException"

    template = {"UiConfig": {"UiTemplateS3Uri": lab.uri("templates/t.html")}}
    refused("NumberOfHumanWorkersPerDataObject", {"NumberOfHumanWorkersPerDataObject": 2})
    refused("UiTemplateS3Uri", template)
    refused("HumanTaskUiArn", {"UiConfig": {"HumanTaskUiArn": f"{UI}VideoObjectDetection"}})
    refused("TaskTimeLimitInSeconds", {"TaskTimeLimitInSeconds": 604_801})
    refused("AnnotationConsolidationLambdaArn", {"PreHumanTaskLambdaArn": f"{LAMBDA}PRE-PassThrough"})
    request = lab.request("refused", 1) | {"LabelAttributeName": "class"}
    request["HumanTaskConfig"]["UiConfig"] = {"HumanTaskUiArn": f"{UI}VideoObjectTracking"}
    with pytest.raises(ClientError, match="HumanTaskUiArn"):
        lab.sagemaker.create_labeling_job(**request)
    named = video_request(lab, "refused", "VideoObjectTracking", [line]) | {"LabelAttributeName": "found"}
    with pytest.raises(ClientError, match="-ref"):
        lab.sagemaker.create_labeling_job(**named)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"prefix": "s3://media/x"}, "prefix"),
        ({"number-of-frames": 3}, "number-of-frames is 3, but 2 are listed"),
        ({"frames": []}, "1 to 2000 frames"),
        ({"frames": [{"frame-no": 0, "frame": "a"}] * 2}, "frame-no of its own"),
        ({"frames": "ab"}, "not a sequence file"),
    ],
)
def test_a_sequence_that_cannot_be_shown_fails_the_job(lab: Lab, changes: dict[str, Any], reason: str) -> None:
    name = f"bad-{reason.split(maxsplit=1)[0]}"
    line = put_sequence(lab, name, ["a.jpg", "b.jpg"], **changes)
    lab.sagemaker.create_labeling_job(**video_request(lab, name, "VideoObjectTracking", [line]))
    job = lab.wait(name, "Failed")
    assert reason in job["FailureReason"] and "line 1" in job["FailureReason"]


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"labels": []}, "1 to 30"),
        ({"labels": [{"label": "much too long a label"}]}, "1 to 16 characters"),
        ({"labels": [{"label": "a"}], "annotationType": "Cuboid"}, "annotationType"),
        ({"labels": [{"label": "a", "categoryAttributes": [{"name": "n", "type": "date"}]}]}, "string or number"),
    ],
)
def test_categories_that_cannot_be_used_fail_the_job(lab: Lab, config: dict[str, Any], reason: str) -> None:
    name = f"categories-{reason.split(maxsplit=1)[0]}-{len(reason)}"
    line = put_sequence(lab, name, ["a.jpg"])
    lab.sagemaker.create_labeling_job(**video_request(lab, name, "VideoObjectTracking", [line], config))
    assert reason in lab.wait(name, "Failed")["FailureReason"]


def test_only_the_worker_sees_the_frames_of_a_task(lab: Lab) -> None:
    line = put_sequence(lab, "stop", ["a.jpg"])
    lab.sagemaker.create_labeling_job(**video_request(lab, "stop", "VideoObjectTracking", [line]))
    lab.wait("stop", "InProgress")
    with lab.annotator(TEAM[0]) as annotator, lab.annotator(TEAM[1]) as other:
        task = annotator.take("stop")
        assert other.next("stop")["task"] is None
        assert annotator.post(task, "release").status_code == 204
        assert other.take("stop")["object_id"] == "0"
    lab.sagemaker.stop_labeling_job(LabelingJobName="stop")
    lab.wait("stop", "Stopped")
    assert lab.manifest("stop") == [json.loads(line)]
