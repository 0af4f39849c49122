"""What a program finds on either side: run against the service here, and by hand against Amazon's Ground Truth.

`pytest -m aws tests/contract/test_either_side.py` takes the usual credentials and, from the environment,
CONTRACT_BUCKET, CONTRACT_ROLE_ARN and CONTRACT_WORKTEAM (the name of a private work team), all in us-east-1. Nobody
answers these jobs, so nothing is charged for labels; each is stopped in the end. What needs an annotator is tested
here only.
"""

from __future__ import annotations

import json
import os
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from annolake.config import Settings
from annolake.service.model import check_response
from tests.conftest import free_port
from tests.service.lab import Lab, open_lab

RUN = f"contract-{uuid.uuid4().hex[:8]}"


@pytest.fixture(scope="module", params=["here", pytest.param("aws", marks=pytest.mark.aws)])
def side(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The service of the tests, or Amazon's."""
    folder = tmp_path_factory.mktemp("side")
    common: dict[str, Any] = {"home": folder / "home", "service_port": free_port()}
    if request.param == "here":
        with open_lab(Settings.load(common, environ={}, file=folder / "none.toml")) as lab:
            yield lab
        return
    theirs = {
        "sagemaker_endpoint": "aws",
        "s3_endpoint": "aws",
        "labeling_bucket": os.environ["CONTRACT_BUCKET"],
        "media_bucket": os.environ["CONTRACT_BUCKET"],
        "role_arn": os.environ["CONTRACT_ROLE_ARN"],
        "workteam": os.environ["CONTRACT_WORKTEAM"],
    }
    lab = Lab(Settings.load(common | theirs, environ={}, file=folder / "none.toml"), "", pause_s=5)
    try:
        yield lab
    finally:
        lab.close()


@pytest.fixture
def name(side: Lab) -> Iterator[str]:
    """The name of a job that is stopped in the end."""
    made = f"{RUN}-{uuid.uuid4().hex[:6]}"
    yield made
    for job in side.sagemaker.list_labeling_jobs(NameContains=made)["LabelingJobSummaryList"]:
        if job["LabelingJobStatus"] in ("Initializing", "InProgress"):
            side.sagemaker.stop_labeling_job(LabelingJobName=job["LabelingJobName"])


def refused(call: Any, **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**request)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert caught.value.response["ResponseMetadata"]["RequestId"]
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def test_a_job_is_described_as_it_was_made(side: Lab, name: str) -> None:
    arn = side.sagemaker.create_labeling_job(**side.request(name))["LabelingJobArn"]
    assert re.fullmatch(rf"arn:aws:sagemaker:us-east-1:\d{{12}}:labeling-job/{name.lower()}", arn)
    job = side.describe(name)
    assert job["LabelingJobStatus"] in ("Initializing", "InProgress") and job["OutputConfig"]["KmsKeyId"] == ""
    human = job["HumanTaskConfig"]
    assert (human["MaxConcurrentTaskCount"], human["TaskAvailabilityLifetimeInSeconds"]) == (1000, 2_592_000)
    wire = {k: v for k, v in job.items() if k != "ResponseMetadata"}
    check_response("DescribeLabelingJob", wire | {k: wire[k].timestamp() for k in ("CreationTime", "LastModifiedTime")})


def test_a_name_is_used_once_whatever_its_case(side: Lab, name: str) -> None:
    side.sagemaker.create_labeling_job(**side.request(name))
    for again in (name, name.upper()):
        with pytest.raises(side.sagemaker.exceptions.ResourceInUse):
            side.sagemaker.create_labeling_job(**side.request(name) | {"LabelingJobName": again})


def test_what_is_unknown_is_said_to_be(side: Lab) -> None:
    for call in (side.sagemaker.describe_labeling_job, side.sagemaker.stop_labeling_job):
        code, _ = refused(call, LabelingJobName="nobody-knows-it")
        assert code in ("ResourceNotFound", "ValidationException")
    code, message = refused(side.sagemaker.describe_workteam, WorkteamName="nobody-knows-it")
    assert code == "ValidationException" and message.startswith("The work team")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"LabelingJobName": "bad name!"}, "labelingJobName"),
        ({"LabelingJobName": "x" * 64}, "labelingJobName"),
        ({"LabelAttributeName": "x-metadata"}, "labelAttributeName"),
        ({"StoppingConditions": {"MaxPercentageOfInputDatasetLabeled": 101}}, "maxPercentageOfInputDatasetLabeled"),
    ],
)
def test_what_boto3_does_not_check_is_refused_by_name(side: Lab, name: str, change: dict[str, Any], field: str) -> None:
    code, message = refused(side.sagemaker.create_labeling_job, **side.request(name) | change)
    assert code == "ValidationException" and field.lower() in message.lower()


def test_a_broken_manifest_fails_the_job_with_a_reason(side: Lab, name: str) -> None:
    side.sagemaker.create_labeling_job(**side.request(name, ['{"source-ref":"s3://m/1"}', '{"source-ref":']))
    assert side.wait(name, "Failed", seconds=20)["FailureReason"]


def test_a_stopped_job_has_all_of_its_lines(side: Lab, name: str) -> None:
    side.create(name, 3)
    assert "Body" not in side.sagemaker.stop_labeling_job(LabelingJobName=name)
    job = side.wait(name, "Stopped")
    assert job["LabelCounters"]["TotalLabeled"] == 0
    written = side.download(job["LabelingJobOutput"]["OutputDatasetS3Uri"]).splitlines()
    assert [json.loads(line) for line in written] == [json.loads(line) for line in side.lines(3)]
    side.sagemaker.stop_labeling_job(LabelingJobName=name)
    assert side.describe(name)["LabelingJobStatus"] == "Stopped"


def test_lists_have_pages(side: Lab, name: str) -> None:
    both = [f"{name}-a", f"{name}-b"]
    for one in both:
        side.sagemaker.create_labeling_job(**side.request(one, 1))
    pages = side.sagemaker.get_paginator("list_labeling_jobs").paginate(
        NameContains=name, SortBy="Name", SortOrder="Ascending", PaginationConfig={"PageSize": 1}
    )
    assert [j["LabelingJobName"] for page in pages for j in page["LabelingJobSummaryList"]] == both
    for query in ({"MaxResults": 101}, {"NextToken": "bad"}):
        assert refused(side.sagemaker.list_labeling_jobs, **query)[0] == "ValidationException"


def test_a_team_s_list_has_counters_of_its_own(side: Lab, name: str) -> None:
    side.create(name, 2)
    pages = side.sagemaker.get_paginator("list_labeling_jobs_for_workteam").paginate(
        WorkteamArn=side.settings.workteam_arn, SortBy="CreationTime", SortOrder="Descending"
    )
    (found,) = (j for p in pages for j in p["LabelingJobSummaryList"] if j.get("LabelingJobName") == name)
    assert set(found["LabelCounters"]) <= {"HumanLabeled", "PendingHuman", "Total"}
    with pytest.raises(side.sagemaker.exceptions.ResourceNotFound):
        side.sagemaker.list_labeling_jobs_for_workteam(WorkteamArn=side.settings.workteam_arn + "x")


def test_templates_are_rendered_with_data_escaped(side: Lab) -> None:
    def render(content: str) -> dict[str, Any]:
        given = json.dumps({"taskObject": "<script>alert(1)</script>"})
        return side.sagemaker.render_ui_template(
            UiTemplate={"Content": content}, Task={"Input": given}, RoleArn=side.settings.role_arn
        )

    page = render("<p>{{ task.input.taskObject | escape }}</p>")
    assert page["Errors"] == [] and "<script>" not in page["RenderedContent"]
    assert render("{% if %}")["Errors"][0]["Message"]


def test_tags_go_round(side: Lab, name: str) -> None:
    arn = side.sagemaker.create_labeling_job(**side.request(name))["LabelingJobArn"]
    tags = [{"Key": "kind", "Value": "contract"}]
    assert side.sagemaker.add_tags(ResourceArn=arn, Tags=tags)["Tags"] == tags
    assert side.sagemaker.list_tags(ResourceArn=arn)["Tags"] == tags
    side.sagemaker.delete_tags(ResourceArn=arn, TagKeys=["kind"])
    assert side.sagemaker.list_tags(ResourceArn=arn)["Tags"] == []
