"""Pre- and post-annotation functions of one's own, called by Lambda ARN, in their own process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from annolake.config import Settings
from tests.conftest import free_port
from tests.service.lab import TEAM, Lab, open_lab

ARN = "arn:aws:lambda:us-east-1:000000000000:function:"
HERE = "tests.service.own_functions"


@pytest.fixture(scope="module")
def lab(service_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("functions")
    flags = {
        "home": folder / "home",
        "service_port": free_port(),
        "service_database": service_database,
        "functions": f"ask-first={HERE}:before, sum-up={HERE}:after, buggy={HERE}:broken, slow={HERE}:slow",
        "function_seconds": 8,
    }
    with open_lab(Settings.load(flags, environ={}, file=folder / "none.toml")) as lab:
        yield lab


@pytest.fixture(autouse=True)
def found_by_children(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    monkeypatch.setenv("PYTHONPATH", str(request.config.rootpath))


def create(lab: Lab, name: str, lines: list[dict[str, Any]], pre: str | None, post: str | None) -> None:
    request = lab.request(name, [json.dumps(line) for line in lines], custom=True)
    if pre:
        request["HumanTaskConfig"]["PreHumanTaskLambdaArn"] = ARN + pre
    if post:
        request["HumanTaskConfig"]["AnnotationConsolidationConfig"] = {"AnnotationConsolidationLambdaArn": ARN + post}
    lab.upload("templates/custom.html", "<crowd-form>{{ task.input.question }}</crowd-form>")
    lab.sagemaker.create_labeling_job(**request)


def test_both_functions_from_start_to_end(lab: Lab) -> None:
    lines = [{"source": "a"}, {"source": "b", "do": "skip"}, {"source": "c"}]
    create(lab, "both", lines, "ask-first", "sum-up:7")
    lab.wait("both", "InProgress")
    seen = []

    def answer(task: dict[str, Any]) -> dict[str, Any]:
        seen.append(task["input"])
        return {"x": task["object_id"]}

    job = lab.label_all("both", 1, answer)
    assert [task["question"] for task in seen] == ["What is a?", "What is c?"]
    assert all(task["secrets"] == [] for task in seen), "the service's settings stay out of the function's process"
    assert (job["LabelCounters"]["TotalLabeled"], job["LabelCounters"]["FailedNonRetryableError"]) == (2, 1)
    first, second, third = lab.manifest("both")
    assert first["segments-metadata"]["failure-reason"].startswith("ClientError: The post-annotation function sum-up")
    assert second == lines[1]
    assert list(third["segments"]["said"].values()) == [{"x": "2"}]
    about = third["segments-metadata"]
    assert (about["colour"], about["type"], about["job-name"]) == ("red", "groundtruth/custom", "both")


@pytest.mark.parametrize(("what", "words"), [("raise", "no such clip"), ("hang", "within 8 s"), ("exit", "SystemExit")])
def test_a_function_that_fails_before_fails_the_job_and_names_the_line(lab: Lab, what: str, words: str) -> None:
    create(lab, f"before-{what}", [{"source": "a"}, {"source": "b", "do": what}], "ask-first", None)
    reason = wait_failed(lab, f"before-{what}")
    assert "Line 2 of the manifest" in reason and words in reason


def wait_failed(lab: Lab, name: str) -> str:
    import time

    for _ in range(600):
        job = lab.describe(name)
        if job["LabelingJobStatus"] == "Failed":
            return str(job["FailureReason"])
        time.sleep(0.1)
    raise AssertionError(job)


def test_a_function_that_fails_after_fails_the_objects_and_keeps_the_answers(lab: Lab) -> None:
    create(lab, "after", [{"source": "a"}], None, "buggy")
    lab.wait("after", "InProgress")
    job = lab.label_all("after", 1, lambda _: {"x": 1})
    assert job["LabelCounters"]["FailedNonRetryableError"] == 1
    (line,) = lab.manifest("after")
    assert "KeyError: 'answers'" in line["segments-metadata"]["failure-reason"]
    (key,) = lab.keys("output/after/annotations/worker-response/")
    assert json.loads(lab.download(lab.uri(key)))["answers"][0]["answerContent"] == {"x": 1}


def test_a_function_that_is_not_offered_is_refused(lab: Lab) -> None:
    with pytest.raises(ClientError, match=r"PreHumanTaskLambdaArn.*ask-first"):
        create(lab, "unknown", [{"source": "a"}], "somebody-elses", None)


def test_task_of_a_worker_shows_what_the_function_made(lab: Lab) -> None:
    create(lab, "shown", [{"source": "d"}], "ask-first", None)
    lab.wait("shown", "InProgress")
    with lab.annotator(TEAM[1]) as annotator:
        task = annotator.take("shown")
        assert "What is d?" in annotator.http.get(task["frame_url"]).text


def test_a_slow_function_keeps_no_other_job_waiting(lab: Lab, tmp_path: Path) -> None:
    create(lab, "slow", [{"source": str(tmp_path / "go")}], "slow", None)
    lab.create("beside")
    lab.label_all("beside")
    assert lab.describe("slow")["LabelingJobStatus"] == "Initializing"
    (tmp_path / "go").touch()
    lab.wait("slow", "InProgress")
