"""Work teams and workforces that change and go, over boto3."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.contract.test_teams_tags import code, oidc
from tests.service.lab import Lab, label


def test_team_is_changed_and_its_people_with_it(lab: Lab) -> None:
    lab.sagemaker.create_workteam(WorkteamName="Movers", Description="d", MemberDefinitions=oidc("nobody"))
    arn = lab.sagemaker.describe_workteam(WorkteamName="movers")["Workteam"]["WorkteamArn"]
    lab.create("moved", 2, WorkteamArn=arn)
    with lab.annotator("worker0") as annotator:
        assert annotator.next()["task"] is None
        changed = lab.sagemaker.update_workteam(WorkteamName="Movers", MemberDefinitions=oidc("annotators"))["Workteam"]
        assert changed["Description"] == "d" and changed["MemberDefinitions"] == oidc("annotators")
        assert changed["LastUpdatedDate"] >= changed["CreateDate"]
        task = annotator.take("moved")
        lab.sagemaker.update_workteam(WorkteamName="Movers", MemberDefinitions=oidc("nobody"), Description="e")
        assert annotator.answer(task, label("a")).status_code == 200, "work begun is not lost"
        assert annotator.next()["task"] is None
    assert code(lab.sagemaker.update_workteam, WorkteamName="nobody", Description="d") == "ValidationException"


def test_team_goes_only_when_its_jobs_are_over(lab: Lab) -> None:
    arn = lab.sagemaker.create_workteam(WorkteamName="Leavers", Description="d", MemberDefinitions=oidc("g"))
    lab.create("last-job", 1, WorkteamArn=arn["WorkteamArn"])
    with pytest.raises(ClientError, match="last-job"):
        lab.sagemaker.delete_workteam(WorkteamName="Leavers")
    lab.sagemaker.stop_labeling_job(LabelingJobName="last-job")
    lab.wait("last-job", "Stopped")
    assert lab.sagemaker.delete_workteam(WorkteamName="Leavers")["Success"] is True
    with pytest.raises(ClientError, match="The work team"):
        lab.sagemaker.delete_workteam(WorkteamName="Leavers")


def test_there_are_no_vendors(lab: Lab) -> None:
    assert lab.sagemaker.list_subscribed_workteams()["SubscribedWorkteams"] == []
    arn = lab.settings.workteam_arn.replace("private-crowd", "vendor-crowd")
    assert code(lab.sagemaker.describe_subscribed_workteam, WorkteamArn=arn) == "ValidationException"


def test_workforce_from_start_to_end(lab: Lab) -> None:
    page = "https://id.example.org"
    config = {k: f"{page}/{k}" for k in ("Issuer", "AuthorizationEndpoint", "TokenEndpoint", "UserInfoEndpoint")}
    config |= {"LogoutEndpoint": page, "JwksUri": page, "ClientId": "c", "ClientSecret": "never told"}
    assert [w["WorkforceName"] for w in lab.sagemaker.list_workforces()["Workforces"]] == ["default"]
    arn = lab.sagemaker.create_workforce(WorkforceName="Lab", OidcConfig=config, Tags=[{"Key": "k", "Value": "v"}])
    assert lab.sagemaker.list_tags(ResourceArn=arn["WorkforceArn"])["Tags"] == [{"Key": "k", "Value": "v"}]
    found = lab.sagemaker.describe_workforce(WorkforceName="lab")["Workforce"]
    assert found["OidcConfig"] == {k: v for k, v in config.items() if k != "ClientSecret"}
    assert (found["Status"], found["WorkforceArn"]) == ("Active", arn["WorkforceArn"])
    assert code(lab.sagemaker.create_workforce, WorkforceName="LAB", OidcConfig=config) == "ResourceInUse"
    assert code(lab.sagemaker.create_workforce, WorkforceName="two", OidcConfig=config) == "ResourceLimitExceeded"
    assert code(lab.sagemaker.create_workforce, WorkforceName="none") == "ValidationException"
    changed = lab.sagemaker.update_workforce(WorkforceName="Lab", OidcConfig={**config, "ClientId": "other"})
    assert changed["Workforce"]["OidcConfig"]["ClientId"] == "other"
    team = {"WorkteamName": "of-lab", "Description": "d", "MemberDefinitions": oidc("g")}
    assert code(lab.sagemaker.create_workteam, WorkforceName="nobodys", **team) == "ValidationException"
    lab.sagemaker.create_workteam(WorkforceName="Lab", **team)
    for name, words in (("Lab", "of-lab"), ("default", "default")):
        with pytest.raises(ClientError, match=words):
            lab.sagemaker.delete_workforce(WorkforceName=name)
    lab.sagemaker.delete_workteam(WorkteamName="of-lab")
    lab.sagemaker.delete_workforce(WorkforceName="Lab")
    with pytest.raises(ClientError, match="No workforce"):
        lab.sagemaker.describe_workforce(WorkforceName="Lab")
