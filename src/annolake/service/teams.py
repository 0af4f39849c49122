"""Private work teams: who may take which job's tasks.

A team names groups (OIDC groups, or the user groups of Cognito definitions, which are kept and read the same way); an
account belongs to groups; the two meet at the group's name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from annolake.service import clock
from annolake.service.core import Service
from annolake.service.faults import ApiFault, invalid
from annolake.service.paging import decode, encode
from annolake.service.store import account_group, workteam
from annolake.service.tags import put_tags

LIMIT = 25
PAGE = 100


def team_arn(service: Service, name: str) -> str:
    """ARN of a private team."""
    return service.arn(f"workteam/private-crowd/{name}")


def ensure_default_team(service: Service) -> None:
    """Make the team that the settings name, if it is not there yet."""
    name = service.settings.workteam
    with service.store.write() as connection:
        if _find(connection, name) is None:
            definition = {
                "WorkteamName": name,
                "MemberDefinitions": [{"OidcMemberDefinition": {"Groups": [name]}}],
                "Description": "The annotators of this Annolake",
            }
            _insert(service, connection, definition)


def create_workteam(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """CreateWorkteam."""
    kinds = [_kind(definition, place) for place, definition in enumerate(request["MemberDefinitions"])]
    if len(set(kinds)) > 1:
        raise invalid("MemberDefinitions: CognitoMemberDefinition and OidcMemberDefinition cannot be mixed")
    name = request["WorkteamName"]
    with service.store.write() as connection:
        if _find(connection, name) is not None:
            raise ApiFault("ResourceInUse", f"WorkteamName: the work team {name} exists already")
        if connection.execute(select(func.count()).select_from(workteam)).scalar_one() >= LIMIT:
            raise ApiFault("ResourceLimitExceeded", f"There are {LIMIT} work teams already, which is the limit")
        definition = {key: value for key, value in request.items() if key != "Tags"}
        arn = _insert(service, connection, definition)
        put_tags(connection, arn, request.get("Tags", []))
    return {"WorkteamArn": arn}


def describe_workteam(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """DescribeWorkteam."""
    with service.store.read() as connection:
        row = _find(connection, request["WorkteamName"])
    if row is None:
        raise invalid(f"The work team {request['WorkteamName']} does not exist (parameter WorkteamName)")
    return {"Workteam": _describe(service, row)}


def list_workteams(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """ListWorkteams: sorted, filtered, in pages."""
    limit = request.get("MaxResults", PAGE)
    place = decode(request, request.get("NextToken"), 2)
    column = workteam.c.created_us if request.get("SortBy") == "CreateDate" else workteam.c.name_key
    is_descending = request.get("SortOrder") == "Descending"
    query = select(workteam)
    if "NameContains" in request:
        query = query.where(workteam.c.name_key.contains(request["NameContains"].lower(), autoescape=True))
    with service.store.read() as connection:
        rows: Sequence[Row[Any]] = connection.execute(query).all()
    keyed = sorted(
        (([getattr(row, column.name), row.name_key], row) for row in rows), key=lambda k: k[0], reverse=is_descending
    )
    if place is not None:
        try:
            keyed = [item for item in keyed if (item[0] < place if is_descending else item[0] > place)]
        except TypeError:
            raise invalid("NextToken is not one that this list returned") from None
    answer: dict[str, Any] = {"Workteams": [_describe(service, row) for _, row in keyed[:limit]]}
    if len(keyed) > limit:
        answer["NextToken"] = encode(request, keyed[limit - 1][0])
    return answer


def team_exists(connection: Connection, arn: str) -> bool:
    """Whether a private team has this ARN."""
    return connection.execute(select(workteam.c.arn).where(workteam.c.arn == arn)).first() is not None


def teams_of(connection: Connection, subject: str) -> dict[str, str]:
    """ARN -> name of the teams that a worker belongs to."""
    groups = set(
        connection.execute(select(account_group.c.group_name).where(account_group.c.subject == subject)).scalars()
    )
    rows = connection.execute(select(workteam).order_by(workteam.c.name_key))
    return {row.arn: row.name for row in rows if groups & team_groups(row.definition)}


def team_groups(definition: dict[str, Any]) -> set[str]:
    """The groups whose members belong to a team."""
    groups: set[str] = set()
    for member in definition["MemberDefinitions"]:
        groups.update(member.get("OidcMemberDefinition", {}).get("Groups", []))
        if "CognitoMemberDefinition" in member:
            groups.add(member["CognitoMemberDefinition"]["UserGroup"])
    return groups


def _kind(definition: dict[str, Any], place: int) -> str:
    kinds = [kind for kind in ("CognitoMemberDefinition", "OidcMemberDefinition") if definition.get(kind)]
    if len(kinds) != 1:
        raise invalid(f"MemberDefinitions[{place}] needs exactly one of CognitoMemberDefinition, OidcMemberDefinition")
    if kinds == ["OidcMemberDefinition"] and not definition[kinds[0]].get("Groups"):
        raise invalid(f"MemberDefinitions[{place}].OidcMemberDefinition.Groups names no group")
    return kinds[0]


def _find(connection: Connection, name: str) -> Row[Any] | None:
    return connection.execute(select(workteam).where(workteam.c.name_key == name.lower())).first()


def _insert(service: Service, connection: Connection, definition: dict[str, Any]) -> str:
    name, now = definition["WorkteamName"], clock.now_us()
    arn = team_arn(service, name)
    row = {"name_key": name.lower(), "name": name, "arn": arn, "definition": definition}
    connection.execute(insert(workteam).values(**row, created_us=now, modified_us=now))
    return arn


def _describe(service: Service, row: Row[Any]) -> dict[str, Any]:
    definition = row.definition
    answer = {
        "WorkteamName": row.name,
        "MemberDefinitions": definition["MemberDefinitions"],
        "WorkteamArn": row.arn,
        "WorkforceArn": service.arn(f"workforce/{definition.get('WorkforceName', 'default')}"),
        "Description": definition["Description"],
        "SubDomain": service.settings.service_url.split("://", 1)[1],
        "CreateDate": clock.epoch(row.created_us),
        "LastUpdatedDate": clock.epoch(row.modified_us),
        "NotificationConfiguration": definition.get("NotificationConfiguration", {}),
    }
    if "WorkerAccessConfiguration" in definition:
        answer["WorkerAccessConfiguration"] = definition["WorkerAccessConfiguration"]
    return answer
