"""Workforces: where the people of the work teams sign in.

The service's own accounts are the workforce `default`, which is there from the start and cannot be removed. As in
Ground Truth an account makes one workforce of its own; its settings are kept and given back, without the secret.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from annolake.service import clock
from annolake.service.core import Service
from annolake.service.faults import ApiFault, invalid
from annolake.service.paging import named_page
from annolake.service.store import tag, workforce, workteam
from annolake.service.tags import put_tags

DEFAULT = "default"
LIMIT = 2


def ensure_default_workforce(service: Service) -> None:
    """Make the workforce of the service's own accounts, if it is not there yet."""
    with service.store.write() as connection:
        if _find(connection, DEFAULT) is None:
            _insert(service, connection, DEFAULT, {})


def create_workforce(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """CreateWorkforce: one beside the default."""
    _check(request)
    if ("CognitoConfig" in request) == ("OidcConfig" in request):
        raise invalid("Exactly one of CognitoConfig and OidcConfig is needed")
    name = request["WorkforceName"]
    with service.store.write() as connection:
        if _find(connection, name) is not None:
            raise ApiFault("ResourceInUse", f"WorkforceName: the workforce {name} exists already")
        if len(connection.execute(select(workforce.c.name_key)).all()) >= LIMIT:
            raise ApiFault("ResourceLimitExceeded", "This account has made its one workforce already")
        arn = _insert(service, connection, name, _definition(request))
        put_tags(connection, arn, request.get("Tags", []))
    return {"WorkforceArn": arn}


def describe_workforce(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """DescribeWorkforce."""
    with service.store.read() as connection:
        return {"Workforce": _describe(service, find_workforce(service, connection, request["WorkforceName"]))}


def update_workforce(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """UpdateWorkforce: what is given replaces what was."""
    _check(request)
    with service.store.write() as connection:
        row = find_workforce(service, connection, request["WorkforceName"])
        if "OidcConfig" in request and "OidcConfig" not in row.definition:
            raise invalid(f"OidcConfig: the workforce {row.name} does not sign in by OIDC")
        here = workforce.c.name_key == row.name_key
        changed = {**row.definition, **_definition(request)}
        connection.execute(update(workforce).where(here).values(definition=changed, modified_us=clock.now_us()))
        return {"Workforce": _describe(service, find_workforce(service, connection, row.name))}


def delete_workforce(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """DeleteWorkforce: refused while it has work teams."""
    with service.store.write() as connection:
        row = find_workforce(service, connection, request["WorkforceName"])
        teams = connection.execute(select(workteam)).all()
        of_it = [t.name for t in teams if t.definition.get("WorkforceName", DEFAULT).lower() == row.name_key]
        if of_it or row.name_key == DEFAULT:
            why = f"has the work teams {', '.join(sorted(of_it))}" if of_it else "is the service's own"
            raise ApiFault("ResourceInUse", f"The workforce {row.name} {why}")
        connection.execute(delete(tag).where(tag.c.resource_arn == row.arn))
        connection.execute(delete(workforce).where(workforce.c.name_key == row.name_key))
    return {}


def list_workforces(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """ListWorkforces: sorted, filtered, in pages."""
    with service.store.read() as connection:
        rows, token = named_page(request, connection.execute(select(workforce)))
    return {"Workforces": [_describe(service, row) for row in rows]} | ({"NextToken": token} if token else {})


def find_workforce(service: Service, connection: Connection, name: str) -> Row[Any]:
    """The workforce with this name in any case; `ValidationException` where there is none."""
    row = _find(connection, name)
    if row is None:
        raise invalid(f"No workforce found with name {name} in region {service.settings.region}")
    return row


def _check(request: dict[str, Any]) -> None:
    if "WorkforceVpcConfig" in request:
        raise invalid("WorkforceVpcConfig: private networks are not supported by this service")
    if request.get("SourceIpConfig", {}).get("Cidrs"):
        raise invalid("SourceIpConfig: this service does not restrict addresses; put it behind a proxy that does")


def _definition(request: dict[str, Any]) -> dict[str, Any]:
    """What is kept: the members that DescribeWorkforce gives back; never the client's secret."""
    kept = {k: v for k, v in request.items() if k not in ("WorkforceName", "Tags")}
    if "OidcConfig" in kept:
        kept["OidcConfig"] = {k: v for k, v in kept["OidcConfig"].items() if k != "ClientSecret"}
    return kept


def _find(connection: Connection, name: str) -> Row[Any] | None:
    return connection.execute(select(workforce).where(workforce.c.name_key == name.lower())).first()


def _insert(service: Service, connection: Connection, name: str, definition: dict[str, Any]) -> str:
    now, arn = clock.now_us(), service.arn(f"workforce/{name}")
    row = {"name_key": name.lower(), "name": name, "arn": arn, "definition": definition}
    connection.execute(insert(workforce).values(**row, created_us=now, modified_us=now))
    return arn


def _describe(service: Service, row: Row[Any]) -> dict[str, Any]:
    return {
        "WorkforceName": row.name,
        "WorkforceArn": row.arn,
        "SubDomain": service.settings.service_url.split("://", 1)[1],
        "CreateDate": clock.epoch(row.created_us),
        "LastUpdatedDate": clock.epoch(row.modified_us),
        "Status": "Active",
        "SourceIpConfig": {"Cidrs": []},
        **row.definition,
    }
