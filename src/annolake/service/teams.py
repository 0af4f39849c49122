"""Private work teams: who may take which job's tasks.

A team names groups (OIDC groups, or the user groups of Cognito definitions, which are kept and read the same way); an
account belongs to groups; the two meet at the group's name.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from annolake.service import clock, named
from annolake.service.core import Service
from annolake.service.faults import ApiFault, invalid
from annolake.service.paging import decode, named_page
from annolake.service.tables import TERMINAL, job, team_group, workteam
from annolake.service.tags import put_tags
from annolake.service.workforces import DEFAULT, find_workforce

LIMIT = 25


def team_arn(service: Service, name: str) -> str:
    """ARN of a private team."""
    return service.arn(f"workteam/private-crowd/{name}")


def ensure_default_team(service: Service) -> None:
    """Make the team that the settings name, if it is not there yet."""
    name = service.settings.workteam
    with service.store.write() as connection:
        if named.find(connection, workteam, name) is None:
            definition = {
                "WorkteamName": name,
                "MemberDefinitions": [{"OidcMemberDefinition": {"Groups": [name]}}],
                "Description": "The annotators of this Annolake",
            }
            _insert(service, connection, definition)


def create_workteam(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """CreateWorkteam."""
    _check_members(request["MemberDefinitions"])
    name = request["WorkteamName"]
    with service.store.write() as connection:
        if "WorkforceName" in request:
            find_workforce(service, connection, request["WorkforceName"])
        if named.find(connection, workteam, name) is not None:
            raise ApiFault("ResourceInUse", f"WorkteamName: the work team {name} exists already")
        if named.count(connection, workteam) >= LIMIT:
            raise ApiFault("ResourceLimitExceeded", f"There are {LIMIT} work teams already, which is the limit")
        definition = {key: value for key, value in request.items() if key != "Tags"}
        arn = _insert(service, connection, definition)
        put_tags(connection, arn, request.get("Tags", []))
    return {"WorkteamArn": arn}


def describe_workteam(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """DescribeWorkteam."""
    with service.store.read() as connection:
        return {"Workteam": _describe(service, _known(connection, request["WorkteamName"]))}


def update_workteam(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """UpdateWorkteam: what is given replaces what was; who is taken out of the team gets no more tasks of it."""
    if "MemberDefinitions" in request:
        _check_members(request["MemberDefinitions"])
    with service.store.write() as connection:
        row = _known(connection, request["WorkteamName"])
        changed = {**row.definition, **{k: v for k, v in request.items() if k != "WorkteamName"}}
        named.redefine(connection, workteam, row, changed)
        _keep_groups(connection, row.arn, changed)
        return {"Workteam": _describe(service, _known(connection, row.name))}


def delete_workteam(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """DeleteWorkteam: refused while a job of the team is not over, since nobody could finish it."""
    with service.store.write() as connection:
        row = _known(connection, request["WorkteamName"])
        unfinished = select(job.c.name).where(job.c.workteam_arn == row.arn, job.c.status.not_in(TERMINAL))
        name = connection.execute(unfinished.order_by(job.c.name).limit(1)).scalar()
        if name is not None:
            raise invalid(f"The work team {row.name} has a labeling job that is not over: {name}; stop it first")
        connection.execute(delete(team_group).where(team_group.c.workteam_arn == row.arn))
        named.remove(connection, workteam, row)
    return {"Success": True}


def list_workteams(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """ListWorkteams: sorted, filtered, in pages."""
    with service.store.read() as connection:
        rows, token = named_page(request, connection.execute(select(workteam)))
    return {"Workteams": [_describe(service, row) for row in rows]} | ({"NextToken": token} if token else {})


def describe_subscribed_workteam(_: Service, request: dict[str, Any]) -> dict[str, Any]:
    """DescribeSubscribedWorkteam: there are no vendors here, so any is unknown."""
    raise invalid(f"The work team {request['WorkteamArn']} is none that this account is subscribed to")


def list_subscribed_workteams(_: Service, request: dict[str, Any]) -> dict[str, Any]:
    """ListSubscribedWorkteams: always empty."""
    decode(request, request.get("NextToken"), 0)
    return {"SubscribedWorkteams": []}


def team_exists(connection: Connection, arn: str) -> bool:
    """Whether a private team has this ARN."""
    return connection.execute(select(workteam.c.arn).where(workteam.c.arn == arn)).first() is not None


def team_groups(definition: dict[str, Any]) -> set[str]:
    """The groups whose members belong to a team."""
    groups: set[str] = set()
    for member in definition["MemberDefinitions"]:
        groups.update(member.get("OidcMemberDefinition", {}).get("Groups", []))
        if "CognitoMemberDefinition" in member:
            groups.add(member["CognitoMemberDefinition"]["UserGroup"])
    return groups


def _check_members(members: list[dict[str, Any]]) -> None:
    kinds = {_kind(definition, place) for place, definition in enumerate(members)}
    if len(kinds) > 1:
        raise invalid("MemberDefinitions: CognitoMemberDefinition and OidcMemberDefinition cannot be mixed")


def _kind(definition: dict[str, Any], place: int) -> str:
    kinds = [kind for kind in ("CognitoMemberDefinition", "OidcMemberDefinition") if definition.get(kind)]
    if len(kinds) != 1:
        raise invalid(f"MemberDefinitions[{place}] needs exactly one of CognitoMemberDefinition, OidcMemberDefinition")
    if kinds == ["OidcMemberDefinition"] and not definition[kinds[0]].get("Groups"):
        raise invalid(f"MemberDefinitions[{place}].OidcMemberDefinition.Groups names no group")
    return kinds[0]


def _known(connection: Connection, name: str) -> Row[Any]:
    row = named.find(connection, workteam, name)
    if row is None:
        raise invalid(f"The work team {name} does not exist (parameter WorkteamName)")
    return row


def _insert(service: Service, connection: Connection, definition: dict[str, Any]) -> str:
    name = definition["WorkteamName"]
    arn = team_arn(service, name)
    named.add(connection, workteam, name, arn, definition)
    _keep_groups(connection, arn, definition)
    return arn


def _keep_groups(connection: Connection, arn: str, definition: dict[str, Any]) -> None:
    connection.execute(delete(team_group).where(team_group.c.workteam_arn == arn))
    rows = [{"workteam_arn": arn, "group_name": name} for name in sorted(team_groups(definition))]
    connection.execute(insert(team_group), rows)


def _describe(service: Service, row: Row[Any]) -> dict[str, Any]:
    definition = row.definition
    answer = {
        "WorkteamName": row.name,
        "MemberDefinitions": definition["MemberDefinitions"],
        "WorkteamArn": row.arn,
        "WorkforceArn": service.arn(f"workforce/{definition.get('WorkforceName', DEFAULT)}"),
        "Description": definition["Description"],
        "SubDomain": service.settings.portal_url.split("://", 1)[1],
        "CreateDate": clock.epoch(row.created_us),
        "LastUpdatedDate": clock.epoch(row.modified_us),
        "NotificationConfiguration": definition.get("NotificationConfiguration", {}),
    }
    if "WorkerAccessConfiguration" in definition:
        answer["WorkerAccessConfiguration"] = definition["WorkerAccessConfiguration"]
    return answer
