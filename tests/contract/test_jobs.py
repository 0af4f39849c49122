"""Labeling jobs over boto3: what a program that runs against Amazon expects to find here."""

from __future__ import annotations

import copy
import datetime as dt
import re
from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from annolake.service.model import check_response
from tests.service.lab import LAMBDA, TEAM, Clock, Lab, label


def refusal(call: Any, **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**request)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert caught.value.response["ResponseMetadata"]["RequestId"]
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def test_created_job_is_described_in_full(lab: Lab) -> None:
    request = lab.request("Described-1") | {"Tags": [{"Key": "k", "Value": "v"}]}
    arn = lab.sagemaker.create_labeling_job(**request)["LabelingJobArn"]
    assert re.fullmatch(r"arn:aws:sagemaker:us-east-1:\d{12}:labeling-job/described-1", arn)
    job = lab.wait("described-1", "InProgress")
    assert job["LabelingJobName"] == "Described-1"
    assert job["OutputConfig"]["KmsKeyId"] == ""
    assert job["HumanTaskConfig"]["MaxConcurrentTaskCount"] == 1000
    assert job["HumanTaskConfig"]["TaskAvailabilityLifetimeInSeconds"] == 2_592_000
    assert re.fullmatch(r"\d{12}[0-9A-Za-z]{16}", job["JobReferenceCode"])
    assert job["Tags"] == request["Tags"]
    assert job["LabelCounters"]["Unlabeled"] == 2
    assert job["LabelingJobOutput"]["OutputDatasetS3Uri"] == lab.uri(
        "output/Described-1/manifests/output/output.manifest"
    )
    given = request["HumanTaskConfig"]
    assert {k: v for k, v in job["HumanTaskConfig"].items() if k in given} == given
    wire = {k: v for k, v in job.items() if k != "ResponseMetadata"}
    wire |= {k: wire[k].timestamp() for k in ("CreationTime", "LastModifiedTime")}
    check_response("DescribeLabelingJob", wire)


def test_name_is_used_once_whatever_its_case(lab: Lab) -> None:
    lab.create("Unique-1")
    before = lab.describe("Unique-1")
    for name in ("Unique-1", "uNIQUE-1"):
        with pytest.raises(lab.sagemaker.exceptions.ResourceInUse):
            lab.sagemaker.create_labeling_job(**lab.request("other") | {"LabelingJobName": name})
    after = lab.describe("unique-1")
    assert {k: v for k, v in after.items() if k != "ResponseMetadata"} == {
        k: v for k, v in before.items() if k != "ResponseMetadata"
    }


def test_unknown_job_is_not_found(lab: Lab) -> None:
    for call in (lab.sagemaker.describe_labeling_job, lab.sagemaker.stop_labeling_job):
        with pytest.raises(lab.sagemaker.exceptions.ResourceNotFound):
            call(LabelingJobName="nobody-knows-it")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"LabelingJobName": "bad name!"}, "LabelingJobName"),
        ({"LabelingJobName": "x" * 64}, "LabelingJobName"),
        ({"HumanTaskConfig.NumberOfHumanWorkersPerDataObject": 10}, "NumberOfHumanWorkersPerDataObject"),
        ({"HumanTaskConfig.TaskKeywords": ["a"] * 6}, "TaskKeywords"),
        ({"InputConfig.DataAttributes": {"ContentClassifiers": ["Nope"]}}, "ContentClassifiers"),
        ({"LabelAttributeName": "x-metadata"}, "LabelAttributeName"),
        ({"LabelAttributeName": "x-ref"}, "LabelAttributeName"),
        ({"LabelAttributeName": "source-ref"}, "LabelAttributeName"),
        ({"InputConfig.DataSource": {"SnsDataSource": {"SnsTopicArn": "arn:aws:sns:us-east-1:123456789012:t"}}}, "Sns"),
        ({"OutputConfig.SnsTopicArn": "arn:aws:sns:us-east-1:123456789012:t"}, "OutputConfig.SnsTopicArn"),
        (
            {"LabelingJobAlgorithmsConfig": {"LabelingJobAlgorithmSpecificationArn": "arn:aws:x"}},
            "LabelingJobAlgorithmsConfig",
        ),
        ({"HumanTaskConfig.PublicWorkforceTaskPrice": {}}, "PublicWorkforceTaskPrice"),
        (
            {"HumanTaskConfig.WorkteamArn": "arn:aws:sagemaker:us-east-1:394669845002:workteam/public-crowd/default"},
            "WorkteamArn",
        ),
        (
            {"HumanTaskConfig.WorkteamArn": "arn:aws:sagemaker:us-east-1:000000000000:workteam/private-crowd/none"},
            "WorkteamArn",
        ),
        ({"HumanTaskConfig.PreHumanTaskLambdaArn": f"{LAMBDA}mine"}, "PreHumanTaskLambdaArn"),
        ({"HumanTaskConfig.PreHumanTaskLambdaArn": f"{LAMBDA}PRE-3DPointCloudObjectDetection"}, "3DPointCloud"),
        ({"HumanTaskConfig.PreHumanTaskLambdaArn": f"{LAMBDA}PRE-ImageMultiClass"}, "ACS-VideoMultiClass"),
        ({"HumanTaskConfig.UiConfig": {}}, "UiTemplateS3Uri"),
        ({"LabelCategoryConfigS3Uri": None}, "LabelCategoryConfigS3Uri"),
        ({"OutputConfig.S3OutputPath": "s3://foreign/output"}, "OutputConfig.S3OutputPath"),
        ({"OutputConfig.S3OutputPath": "https://foreign/output"}, "OutputConfig.S3OutputPath"),
        ({"HumanTaskConfig.TaskTimeLimitInSeconds": 30_000}, "TaskTimeLimitInSeconds"),
        ({"Tags": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]}, "Tags"),
    ],
)
def test_what_boto3_does_not_check_is_refused_by_name(lab: Lab, change: dict[str, Any], field: str) -> None:
    request = copy.deepcopy(lab.request("refused"))
    for path, value in change.items():
        *parents, name = path.split(".")
        place = request
        for parent in parents:
            place = place[parent]
        if value is None:
            del place[name]
        else:
            place[name] = value
    code, message = refusal(lab.sagemaker.create_labeling_job, **request)
    assert code == "ValidationException"
    assert field in message


def test_boto3_refuses_before_it_sends(lab: Lab) -> None:
    with pytest.raises(ParamValidationError):
        lab.sagemaker.create_labeling_job(LabelingJobName="x")


def test_counters_follow_the_work_to_the_end(lab: Lab) -> None:
    name = lab.create("counted", 3, NumberOfHumanWorkersPerDataObject=2)
    for number, worker in enumerate(TEAM[:2]):
        with lab.annotator(worker) as annotator:
            for done in range(3):
                counters = lab.describe(name)["LabelCounters"]
                assert counters["Unlabeled"] == 3 - done * number
                assert counters["TotalLabeled"] + counters["FailedNonRetryableError"] + counters["Unlabeled"] == 3
                annotator.answer(annotator.take(name), label("a"))
    assert lab.wait(name, "Completed")["LabelCounters"]["HumanLabeled"] == 3


def test_stopped_job_keeps_what_was_labeled(lab: Lab) -> None:
    name = lab.create("stopped", 3)
    with lab.annotator() as annotator:
        annotator.answer(annotator.take(name), label("a"))
        held = annotator.take(name)
        response = lab.sagemaker.stop_labeling_job(LabelingJobName=name)
        assert response["ResponseMetadata"]["HTTPStatusCode"] == 200
        late = annotator.answer(held, label("a"))
        assert late.status_code == 409, late.text
    job = lab.wait(name, "Stopped")
    assert job["LabelCounters"]["TotalLabeled"] == 1
    assert job["LabelCounters"]["Unlabeled"] == 2
    raw = lab.download(job["LabelingJobOutput"]["OutputDatasetS3Uri"]).decode().splitlines()
    assert len(raw) == 3
    assert '"class":0' in raw[0]
    assert raw[1:] == lab.lines(3)[1:]
    lab.sagemaker.stop_labeling_job(LabelingJobName=name)
    assert lab.describe(name)["LabelingJobStatus"] == "Stopped"


def test_stopping_conditions_stop(lab: Lab) -> None:
    request = lab.request("enough", 4) | {"StoppingConditions": {"MaxHumanLabeledObjectCount": 2}}
    lab.sagemaker.create_labeling_job(**request)
    lab.wait("enough", "InProgress")
    with lab.annotator() as annotator:
        for _ in range(2):
            annotator.answer(annotator.take("enough"), label("a"))
    assert lab.wait("enough", "Stopped")["LabelCounters"]["TotalLabeled"] >= 2


def test_expired_objects_fail_and_partly_answered_ones_do_not(lab: Lab, time_machine: Clock) -> None:
    name = lab.create("partial", 2, NumberOfHumanWorkersPerDataObject=3, TaskAvailabilityLifetimeInSeconds=3600)
    with lab.annotator() as annotator:
        annotator.answer(annotator.take(name), label("b"))
    time_machine.forward(3601)
    job = lab.wait(name, "Completed")
    assert job["LabelCounters"] == {
        "TotalLabeled": 1,
        "HumanLabeled": 1,
        "MachineLabeled": 0,
        "FailedNonRetryableError": 1,
        "Unlabeled": 0,
    }
    labeled, failed = lab.manifest(name)
    assert labeled["class"] == 1
    assert labeled["class-metadata"]["confidence"] == 0
    assert "class" not in failed
    metadata = failed["class-metadata"]
    assert metadata["failure-reason"].startswith("ClientError: Annotation tasks expired.  Probable Reasons are 1)")
    assert {k: v for k, v in metadata.items() if k != "failure-reason"} == {"retry-count": 1, "human-annotated": "true"}


def test_no_more_objects_are_open_than_allowed(lab: Lab) -> None:
    name = lab.create("window", 5, MaxConcurrentTaskCount=2, NumberOfHumanWorkersPerDataObject=2)
    with lab.annotator(TEAM[0]) as first, lab.annotator(TEAM[1]) as second:
        assert first.work(name, lambda _: label("a")) == 2
        assert "all that is open to you" in first.next(name)["reason"]
        second.work(name, lambda _: label("a"))
    lab.label_all(name, 2)
    keys = lab.keys("output/window/annotations/worker-response/")
    assert sorted({key.split("/")[4] for key in keys}) == ["iteration-1", "iteration-2", "iteration-3"]


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (['{"source-ref":"s3://m/1"}', '{"source-ref":'], "line 2: not JSON"),
        (['{"source-ref":"s3://m/1"}', "[1]"], "line 2: a JSON object is expected"),
        (['{"label":1}'], "line 1: exactly one of source-ref and source is needed, found neither"),
        (
            ['{"source":"a","source-ref":"s3://m/1"}'],
            "line 1: exactly one of source-ref and source is needed, found both",
        ),
        (['{"source-ref":"/tmp/x.wav"}'], "line 1: source-ref must be an s3:// address"),
        (['{"source":"a","$x":1}'], "begins with $"),
        (['{"source":"' + "a" * 20_001 + '"}'], "more than 20000 characters"),
        (['{"source":"a","b":[' + ",".join(["1"] * 60_000) + "]}"], "more than 100000 characters"),
        (['{"source":"a"}', "", '{"source":"b"}'], "line 2: the line is empty"),
        (['{"source":"a","b":NaN}'], "line 1: not JSON"),
        (["[" * 90_000], "line 1: not JSON"),
        (['{"source":"a\\ud800"}'], "line 1: it holds half a character"),
        ([], "the manifest is empty"),
    ],
)
def test_malformed_manifest_fails_the_job_and_names_the_line(lab: Lab, lines: list[str], problem: str) -> None:
    name = f"malformed-{abs(hash((tuple(lines), problem))) % 10**12}"
    lab.sagemaker.create_labeling_job(**lab.request(name, lines))
    job = lab.wait(name, "Failed")
    assert problem in job["FailureReason"]
    assert set(job["LabelCounters"].values()) == {0}
    assert "LabelingJobOutput" not in job


def test_more_objects_than_a_job_takes_are_refused_at_once(lab: Lab) -> None:
    request = lab.request("too-many", ['{"source":"a"}'] * 100_001)
    code, message = refusal(lab.sagemaker.create_labeling_job, **request)
    assert code == "ValidationException" and "ManifestS3Uri: more than 100000 objects" in message


@pytest.mark.parametrize("what", ["manifest", "labels", "template", "syntax", "one-label"])
def test_missing_or_broken_inputs_fail_the_job(lab: Lab, what: str) -> None:
    request = lab.request(f"broken-{what}")
    if what == "manifest":
        request["InputConfig"]["DataSource"]["S3DataSource"]["ManifestS3Uri"] = lab.uri("nothing-here")
    elif what == "labels":
        request["LabelCategoryConfigS3Uri"] = lab.uri("nothing-here")
    elif what == "template":
        request["HumanTaskConfig"]["UiConfig"]["UiTemplateS3Uri"] = lab.uri("nothing-here")
    elif what == "syntax":
        lab.upload("bad.html", "<p>\n{% if %}</p>")
        request["HumanTaskConfig"]["UiConfig"]["UiTemplateS3Uri"] = lab.uri("bad.html")
    else:
        lab.upload("one.json", '{"labels":[{"label":"a"}]}')
        request["LabelCategoryConfigS3Uri"] = lab.uri("one.json")
    lab.sagemaker.create_labeling_job(**request)
    reason = lab.wait(f"broken-{what}", "Failed")["FailureReason"]
    expected = {"syntax": "line 2", "one-label": "at least 2 labels"}
    assert expected.get(what, "NoSuchKey") in reason


def test_lists_come_in_pages_without_repeats(lab: Lab) -> None:
    names = [f"page-{number:02d}" for number in range(12)]
    for name in names:
        lab.sagemaker.create_labeling_job(**lab.request(name, 1))
    for name in names:
        lab.wait(name, "InProgress")  # a status that changes between two pages would move a job
    pages = lab.sagemaker.get_paginator("list_labeling_jobs")

    def found(**query: Any) -> list[str]:
        sizes = [page["LabelingJobSummaryList"] for page in pages.paginate(**query)]
        return [item["LabelingJobName"] for page in sizes for item in page]

    for sort in ("Name", "CreationTime", "Status"):
        assert found(NameContains="PAGE-", SortBy=sort, PaginationConfig={"PageSize": 5}) in (names, sorted(names))
    assert (
        found(NameContains="page-", SortOrder="Descending", SortBy="Name", PaginationConfig={"PageSize": 4})
        == names[::-1]
    )
    first = lab.sagemaker.list_labeling_jobs(NameContains="page-", MaxResults=6)
    assert len(first["LabelingJobSummaryList"]) == 6
    second = lab.sagemaker.list_labeling_jobs(NameContains="page-", MaxResults=6, NextToken=first["NextToken"])
    assert "NextToken" not in second
    now = dt.datetime.now(dt.UTC)
    assert found(NameContains="page-", CreationTimeAfter=now + dt.timedelta(hours=1)) == []
    assert found(NameContains="page-", CreationTimeAfter=now - dt.timedelta(hours=1)) == names
    assert found(NameContains="page-", CreationTimeBefore=now - dt.timedelta(hours=1)) == []
    lab.wait(names[-1], "InProgress")
    assert found(NameContains="page-", StatusEquals="InProgress") == names
    assert found(NameContains="page-", StatusEquals="Failed") == []


@pytest.mark.parametrize("query", [{"MaxResults": 101}, {"NextToken": "bad"}, {"NextToken": "W10="}, {"SortBy": "x"}])
def test_bad_list_queries_are_refused(lab: Lab, query: dict[str, Any]) -> None:
    code, message = refusal(lab.sagemaker.list_labeling_jobs, **query)
    assert code == "ValidationException"
    assert next(iter(query)) in message


def test_a_token_of_another_query_is_refused(lab: Lab) -> None:
    for name in ("token-1", "token-2"):
        lab.sagemaker.create_labeling_job(**lab.request(name, 1))
    token = lab.sagemaker.list_labeling_jobs(NameContains="token", MaxResults=1)["NextToken"]
    assert refusal(lab.sagemaker.list_labeling_jobs, NameContains="other", NextToken=token)[0] == "ValidationException"


def test_jobs_of_a_team_have_counters_of_their_own(lab: Lab) -> None:
    arn = lab.sagemaker.create_workteam(
        WorkteamName="counting",
        Description="d",
        MemberDefinitions=[{"OidcMemberDefinition": {"Groups": ["annotators"]}}],
    )["WorkteamArn"]
    lab.create("of-team", 2, WorkteamArn=arn)
    with lab.annotator() as annotator:
        annotator.answer(annotator.take("of-team"), label("c"))
    page = lab.sagemaker.list_labeling_jobs_for_workteam(WorkteamArn=arn)
    (summary,) = page["LabelingJobSummaryList"]
    assert summary["LabelCounters"] == {"HumanLabeled": 1, "PendingHuman": 1, "Total": 2}
    assert re.fullmatch(r"\d{12}", summary["WorkRequesterAccountId"])
    code = summary["JobReferenceCode"]
    query = {"WorkteamArn": arn, "JobReferenceCodeContains": code[14:]}
    assert len(lab.sagemaker.list_labeling_jobs_for_workteam(**query)["LabelingJobSummaryList"]) == 1
    with pytest.raises(lab.sagemaker.exceptions.ResourceNotFound):
        lab.sagemaker.list_labeling_jobs_for_workteam(WorkteamArn=arn + "x")


def test_operations_beyond_the_subset_are_unknown(lab: Lab) -> None:
    assert refusal(lab.sagemaker.list_models)[0] == "UnknownOperationException"
