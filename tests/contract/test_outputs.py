"""The files that a job leaves: paths, order, metadata, worker responses; the same again after a restart."""

from __future__ import annotations

import datetime as dt
import json
import re
import time
from typing import Any

from sqlalchemy import select, update

from annolake.service.core import Service
from annolake.service.outputs import write_outputs
from annolake.service.tables import data_object, job
from tests.service.lab import TEAM, Lab, label

STAMP = r"\d{4}-\d\d-\d\d_\d\d:\d\d:\d\d\.json"


def test_layout_and_metadata_of_a_classification(lab: Lab) -> None:
    name = lab.create("Layout-1", 3, NumberOfHumanWorkersPerDataObject=3)
    lab.label_all(name, 3, lambda task: label("c" if task["object_id"] == "0" else "a"))
    base = "output/Layout-1/"
    keys = [key.removeprefix(base) for key in lab.keys(base)]
    expected = [
        rf"annotations/consolidated-annotation/consolidation-request/iteration-1/{STAMP}",
        rf"annotations/consolidated-annotation/consolidation-response/iteration-1/{STAMP}",
        *(rf"annotations/worker-response/iteration-1/{n}/{STAMP}" for n in range(3)),
        "manifests/output/output.manifest",
    ]
    assert len(keys) == len(expected)
    assert all(re.fullmatch(pattern, key) for pattern, key in zip(expected, keys, strict=True))
    raw = lab.download(lab.describe(name)["LabelingJobOutput"]["OutputDatasetS3Uri"]).decode().splitlines()
    assert [line[: line.index(',"class"')] + "}" for line in raw] == lab.lines(3), "pass-through keys keep their bytes"
    first = json.loads(raw[0])
    assert first["class"] == 2
    metadata = first["class-metadata"]
    assert list(metadata) == ["confidence", "job-name", "class-name", "human-annotated", "creation-date", "type"]
    assert 0 < metadata["confidence"] <= 0.95
    assert metadata["job-name"] == "labeling-job/layout-1"
    assert metadata["class-name"] == "c"
    assert metadata["human-annotated"] == "yes"
    assert metadata["type"] == "groundtruth/video-classification"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}", metadata["creation-date"])


def test_worker_responses_name_the_worker_and_the_times(lab: Lab) -> None:
    for name in ("Responses-1", "Responses-2"):
        lab.create(name, 1, NumberOfHumanWorkersPerDataObject=2)
        lab.label_all(name, 2)
    answers = {name: _responses(lab, name) for name in ("Responses-1", "Responses-2")}
    for given in answers.values():
        assert len(given) == 2
        for answer in given:
            assert answer["answerContent"] == label("b")
            assert re.fullmatch(r"private\.us-east-1\.[0-9a-f]{16}", answer["workerId"])
            accepted, submitted = (dt.datetime.fromisoformat(answer[k]) for k in ("acceptanceTime", "submissionTime"))
            assert accepted <= submitted
            assert answer["timeSpentInSeconds"] <= (submitted - accepted).total_seconds() + 1e-9
            identity = answer["workerMetadata"]["identityData"]
            assert identity["identityProviderType"] == "Oidc"
            assert identity["issuer"] == lab.url
            assert len(identity["sub"]) == 36
    workers = [sorted(answer["workerId"] for answer in given) for given in answers.values()]
    assert workers[0] == workers[1]
    assert len(set(workers[0])) == 2


def test_consolidation_request_and_response_belong_together(lab: Lab) -> None:
    name = lab.create("payload", 2, NumberOfHumanWorkersPerDataObject=2)
    lab.label_all(name, 2)
    base = "output/payload/annotations/consolidated-annotation/"
    (request_key,) = lab.keys(f"{base}consolidation-request/iteration-1/")
    (response_key,) = lab.keys(f"{base}consolidation-response/iteration-1/")
    request, response = (json.loads(lab.download(lab.uri(key))) for key in (request_key, response_key))
    assert [item["datasetObjectId"] for item in request] == [item["datasetObjectId"] for item in response] == ["0", "1"]
    assert request[0]["dataObject"] == {"s3Uri": f"s3://{lab.settings.media_bucket}/0.mp4"}
    assert [json.loads(a["annotationData"]["content"]) for a in request[0]["annotations"]] == [label("b")] * 2
    assert response[0]["consolidatedAnnotation"]["content"]["class"] == 1


def test_custom_job_refers_to_the_worker_responses(lab: Lab) -> None:
    name = lab.create("Custom-1", 2, custom=True, NumberOfHumanWorkersPerDataObject=2)
    answer = {"annotations": '{"streams":{}}', "speechNonSpeech": {"speech": True}, "note": 'ü"\n\u2028\x00'}
    lab.label_all(name, 2, lambda _: answer)
    for number, line in enumerate(lab.manifest(name)):
        assert line["segments"] == {}
        metadata = line["segments-metadata"]
        assert set(metadata) == {"type", "job-name", "human-annotated", "creation-date", "worker-response-ref"}
        assert metadata["type"] == "groundtruth/custom"
        assert metadata["job-name"] == "custom-1"
        folder = lab.uri(f"output/Custom-1/annotations/worker-response/iteration-1/{number}/")
        assert metadata["worker-response-ref"].startswith(folder)
        answers = json.loads(lab.download(metadata["worker-response-ref"]))
        assert list(answers) == ["answers"]
        assert [a["answerContent"] for a in answers["answers"]] == [answer] * 2


def test_answers_without_a_known_label_fail_the_object(lab: Lab) -> None:
    name = lab.create("useless", 1)
    lab.label_all(name, 1, lambda _: {"crowd-classifier": {"label": "unheard of"}})
    (line,) = lab.manifest(name)
    assert line["class-metadata"]["failure-reason"].startswith("ClientError: None of the answers")
    assert lab.describe(name)["LabelCounters"]["FailedNonRetryableError"] == 1
    assert _responses(lab, name)[0]["answerContent"] == {"crowd-classifier": {"label": "unheard of"}}


def test_same_attribute_again_labels_only_what_is_missing(lab: Lab) -> None:
    lines = ['{"source":"a","class":7,"class-metadata":{"class-name":"z"}}', '{"source":"b"}']
    lines.append('{"source":"c","class-metadata":{"failure-reason":"x","retry-count":1,"human-annotated":"true"}}')
    name = lab.create("chained", lines)
    with lab.annotator() as annotator:
        assert annotator.work(name, lambda _: label("a")) == 2
    assert lab.wait(name, "Completed")["LabelCounters"]["TotalLabeled"] == 3
    raw = lab.download(lab.describe(name)["LabelingJobOutput"]["OutputDatasetS3Uri"]).decode().splitlines()
    assert raw[0] == lines[0]
    assert json.loads(raw[2])["class-metadata"]["class-name"] == "a"


def test_progress_is_in_the_manifest_before_the_end(lab: Lab) -> None:
    name = lab.create("progress", 2)
    uri = lab.describe(name)["LabelingJobOutput"]["OutputDatasetS3Uri"]
    assert lab.download(uri).decode().splitlines() == lab.lines(2)
    with lab.annotator() as annotator:
        annotator.answer(annotator.take(name), label("a"))
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        first, second = lab.download(uri).decode().splitlines()
        if '"class":0' in first:
            break
    assert '"class":0' in first
    assert second == lab.lines(2)[1]


def test_outputs_are_the_same_when_written_again(lab: Lab) -> None:
    name = lab.create("again", 4, NumberOfHumanWorkersPerDataObject=3)
    choices = {worker: ["a", "b", "a", "c"] if n else ["b", "b", "a", "a"] for n, worker in enumerate(TEAM)}
    for worker in TEAM[:3]:
        with lab.annotator(worker) as annotator:
            annotator.work(name, lambda task, worker=worker: label(choices[worker][int(task["object_id"])]))
    lab.wait(name, "Completed")
    before = _files(lab, name)
    service = Service.open(lab.settings)
    try:
        with service.store.write() as connection:
            row = connection.execute(select(job).where(job.c.name == name)).one()
            mine = data_object.c.job_id == row.job_id
            connection.execute(update(data_object).where(mine).values(is_response_written=False))
        for key in before:
            lab.s3.delete_object(Bucket=lab.bucket, Key=key)
        write_outputs(service, row, is_final=True)
    finally:
        service.store.close()
    assert _files(lab, name) == before


def _files(lab: Lab, name: str) -> dict[str, bytes]:
    found = {key: lab.download(lab.uri(key)) for key in lab.keys(f"output/{name}/")}
    assert found
    return found


def _responses(lab: Lab, name: str) -> list[dict[str, Any]]:
    keys = lab.keys(f"output/{name}/annotations/worker-response/")
    assert keys
    return [answer for key in keys for answer in json.loads(lab.download(lab.uri(key)))["answers"]]
