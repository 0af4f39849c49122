"""Work teams and tags over boto3."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.service.lab import Lab


def oidc(*groups: str) -> list[dict[str, Any]]:
    return [{"OidcMemberDefinition": {"Groups": list(groups)}}]


COGNITO = [{"CognitoMemberDefinition": {"UserPool": "us-east-1_aB3", "UserGroup": "g", "ClientId": "c"}}]


def code(call: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**request)
    return caught.value.response["Error"]["Code"]


def test_default_team_is_there_from_the_start(lab: Lab) -> None:
    team = lab.sagemaker.describe_workteam(WorkteamName="annotators")["Workteam"]
    assert team["WorkteamArn"] == lab.settings.workteam_arn
    assert team["MemberDefinitions"] == oidc("annotators")
    assert "://" not in team["SubDomain"]


def test_team_is_made_once(lab: Lab) -> None:
    make = lab.sagemaker.create_workteam
    arn = make(WorkteamName="Experts", Description="d", MemberDefinitions=COGNITO)["WorkteamArn"]
    assert arn.endswith(":workteam/private-crowd/Experts")
    assert lab.sagemaker.describe_workteam(WorkteamName="Experts")["Workteam"]["MemberDefinitions"] == COGNITO
    with pytest.raises(lab.sagemaker.exceptions.ResourceInUse):
        make(WorkteamName="Experts", Description="d", MemberDefinitions=oidc("g"))


def test_unknown_team_is_a_validation_error_that_says_so(lab: Lab) -> None:
    with pytest.raises(ClientError, match="The work team") as caught:
        lab.sagemaker.describe_workteam(WorkteamName="nobody")
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert caught.value.response["Error"]["Message"].startswith("The work team")


@pytest.mark.parametrize("members", [COGNITO + oidc("g"), [{}], [{"OidcMemberDefinition": {}}]])
def test_odd_member_definitions_are_refused(lab: Lab, members: Any) -> None:
    make = lab.sagemaker.create_workteam
    assert code(make, WorkteamName="odd", Description="d", MemberDefinitions=members) == "ValidationException"


def test_teams_are_listed_sorted_and_limited(lab: Lab) -> None:
    names = [f"list-{n}" for n in range(4)]
    for name in names:
        lab.sagemaker.create_workteam(WorkteamName=name, Description="d", MemberDefinitions=oidc("g"))
    pages = lab.sagemaker.get_paginator("list_workteams")
    for order, expected in (("Ascending", names), ("Descending", names[::-1])):
        for sort in ("Name", "CreateDate"):
            query = {"NameContains": "list", "SortBy": sort, "SortOrder": order, "PaginationConfig": {"PageSize": 3}}
            found = [team["WorkteamName"] for page in pages.paginate(**query) for team in page["Workteams"]]
            assert found == expected
    taken = len(lab.sagemaker.list_workteams()["Workteams"])
    for n in range(25 - taken):
        lab.sagemaker.create_workteam(WorkteamName=f"fill-{n}", Description="d", MemberDefinitions=oidc("g"))
    with pytest.raises(lab.sagemaker.exceptions.ResourceLimitExceeded):
        lab.sagemaker.create_workteam(WorkteamName="too-many", Description="d", MemberDefinitions=oidc("g"))


def test_tags_go_round(lab: Lab) -> None:
    lab.create("tagged", 1)
    arn = lab.describe("tagged")["LabelingJobArn"]
    first = [{"Key": f"key:{n:02d} ü", "Value": str(n)} for n in range(49)]
    assert lab.sagemaker.add_tags(ResourceArn=arn, Tags=first)["Tags"] == first
    changed = lab.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "key:00 ü", "Value": "new"}])["Tags"]
    assert changed[0]["Value"] == "new"
    assert len(changed) == 49
    pages = lab.sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn, PaginationConfig={"PageSize": 50})
    assert [tag for page in pages for tag in page["Tags"]] == changed
    more = [{"Key": k, "Value": ""} for k in ("x", "y")]
    assert code(lab.sagemaker.add_tags, ResourceArn=arn, Tags=more) == "ResourceLimitExceeded"
    lab.sagemaker.delete_tags(ResourceArn=arn, TagKeys=[tag["Key"] for tag in first[1:]] + ["absent"])
    assert lab.sagemaker.list_tags(ResourceArn=arn)["Tags"] == changed[:1]


def test_bad_tags_are_refused(lab: Lab) -> None:
    arn = lab.settings.workteam_arn
    for tags in ([{"Key": "aws:x", "Value": ""}], [{"Key": "a*", "Value": ""}], [{"Key": "a", "Value": "v" * 257}]):
        assert code(lab.sagemaker.add_tags, ResourceArn=arn, Tags=tags) == "ValidationException"
    unknown = arn.replace("annotators", "nobody")
    assert code(lab.sagemaker.list_tags, ResourceArn=unknown) == "ValidationException"
