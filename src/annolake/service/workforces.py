"""Workforces: where the people of the work teams sign in.

The service's own accounts are the workforce `default`, which is there from the start and cannot be removed. As in
Ground Truth an account makes one workforce of its own; people sign in to the portal through the provider of its
`OidcConfig`. The client secret of that is kept apart, encrypted under a key made of the service's secret: a copy of
the database alone does not tell it, and no answer holds it.
"""

from __future__ import annotations

import logging
from typing import Any

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from sqlalchemy import Connection, Row, delete, insert, select

from annolake.service import clock, named
from annolake.service.core import Service
from annolake.service.faults import ApiFault, invalid
from annolake.service.identities import end_sessions
from annolake.service.paging import named_page
from annolake.service.provider import RESERVED_PARAMETERS, Provider
from annolake.service.tables import workforce, workforce_secret, workteam
from annolake.service.tags import put_tags

log = logging.getLogger(__name__)

DEFAULT = "default"
LIMIT = 2
SEAL = {"alg": "dir", "enc": "A256GCM"}


def ensure_default_workforce(service: Service) -> None:
    """Make the workforce of the service's own accounts, if it is not there yet."""
    with service.store.write() as connection:
        if named.find(connection, workforce, DEFAULT) is None:
            _insert(service, connection, DEFAULT, {})


def create_workforce(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """CreateWorkforce: one beside the default."""
    _check(request)
    if ("CognitoConfig" in request) == ("OidcConfig" in request):
        raise invalid("Exactly one of CognitoConfig and OidcConfig is needed")
    name = request["WorkforceName"]
    with service.store.write() as connection:
        if named.find(connection, workforce, name) is not None:
            raise ApiFault("ResourceInUse", f"WorkforceName: the workforce {name} exists already")
        if named.count(connection, workforce) >= LIMIT:
            raise ApiFault("ResourceLimitExceeded", "This account has made its one workforce already")
        arn = _insert(service, connection, name, _definition(request))
        _keep_secret(service, connection, name.lower(), request)
        put_tags(connection, arn, request.get("Tags", []))
    return {"WorkforceArn": arn}


def describe_workforce(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """DescribeWorkforce."""
    with service.store.read() as connection:
        return {"Workforce": _describe(service, find_workforce(service, connection, request["WorkforceName"]))}


def update_workforce(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """UpdateWorkforce: what is given replaces what was; another provider only while there are no work teams."""
    _check(request)
    with service.store.write() as connection:
        row = find_workforce(service, connection, request["WorkforceName"])
        changed = {**row.definition, **_definition(request)}
        _check_change(connection, row, changed)
        named.redefine(connection, workforce, row, changed)
        _keep_secret(service, connection, row.name_key, request)
        return {"Workforce": _describe(service, find_workforce(service, connection, row.name))}


def delete_workforce(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """DeleteWorkforce: refused while it has work teams."""
    with service.store.write() as connection:
        row = find_workforce(service, connection, request["WorkforceName"])
        of_it = _teams(connection, row)
        if of_it or row.name_key == DEFAULT:
            why = f"has the work teams {', '.join(of_it)}" if of_it else "is the service's own"
            raise ApiFault("ResourceInUse", f"The workforce {row.name} {why}")
        connection.execute(delete(workforce_secret).where(workforce_secret.c.name_key == row.name_key))
        named.remove(connection, workforce, row)
        _end_sessions(connection, row)
    return {}


def list_workforces(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """ListWorkforces: sorted, filtered, in pages."""
    with service.store.read() as connection:
        rows, token = named_page(request, connection.execute(select(workforce)))
    return {"Workforces": [_describe(service, row) for row in rows]} | ({"NextToken": token} if token else {})


def find_workforce(service: Service, connection: Connection, name: str) -> Row[Any]:
    """The workforce with this name in any case; `ValidationException` where there is none."""
    row = named.find(connection, workforce, name)
    if row is None:
        raise invalid(f"No workforce found with name {name} in region {service.settings.region}")
    return row


def find_provider(service: Service) -> Provider | None:
    """Where people sign in; None where no workforce has an `OidcConfig`, or its secret cannot be read any more."""
    with service.store.read() as connection:
        rows = connection.execute(select(workforce).order_by(workforce.c.name_key)).all()
        row = next((row for row in rows if "OidcConfig" in row.definition), None)
        if row is None:
            return None
        kept = select(workforce_secret.c.sealed).where(workforce_secret.c.name_key == row.name_key)
        sealed = connection.execute(kept).scalar()
    secret = _unseal(service, sealed) if sealed else None
    if secret is None:
        log.error("The client secret of the workforce %s cannot be read; give it again by UpdateWorkforce.", row.name)
        return None
    return Provider.of(row.name, row.definition["OidcConfig"], secret)


def _keep_secret(service: Service, connection: Connection, name_key: str, request: dict[str, Any]) -> None:
    if "OidcConfig" not in request:
        return
    sealed = jwe.encrypt_compact(SEAL, request["OidcConfig"]["ClientSecret"].encode(), _key(service))
    connection.execute(delete(workforce_secret).where(workforce_secret.c.name_key == name_key))
    connection.execute(insert(workforce_secret).values(name_key=name_key, sealed=sealed))


def _unseal(service: Service, sealed: str) -> str | None:
    """None where the service's secret is another one than when this was sealed."""
    try:
        found = jwe.decrypt_compact(sealed, _key(service), algorithms=list(SEAL.values())).plaintext
    except JoseError:
        return None
    return found.decode() if found is not None else None


def _key(service: Service) -> OctKey:
    return OctKey.import_key(bytes.fromhex(service.digest("client secret", "")))


def _teams(connection: Connection, row: Row[Any]) -> list[str]:
    teams = connection.execute(select(workteam)).all()
    return sorted(t.name for t in teams if t.definition.get("WorkforceName", DEFAULT).lower() == row.name_key)


def _check_change(connection: Connection, row: Row[Any], changed: dict[str, Any]) -> None:
    """A new secret is always welcome; people of another provider must not fall into teams that are there already."""
    before, after = row.definition.get("OidcConfig"), changed.get("OidcConfig")
    if before == after:
        return
    if before is None:
        raise invalid(f"OidcConfig: the workforce {row.name} does not sign in by OIDC")
    of_it = _teams(connection, row)
    if of_it:
        raise invalid(f"OidcConfig: the workforce {row.name} has the work teams {', '.join(of_it)}; delete them first")
    _end_sessions(connection, row)


def _end_sessions(connection: Connection, row: Row[Any]) -> None:
    if "OidcConfig" in row.definition:
        end_sessions(connection, row.definition["OidcConfig"]["Issuer"])


def _check(request: dict[str, Any]) -> None:
    if "WorkforceVpcConfig" in request:
        raise invalid("WorkforceVpcConfig: private networks are not supported by this service")
    if request.get("SourceIpConfig", {}).get("Cidrs"):
        raise invalid("SourceIpConfig: this service does not restrict addresses; put it behind a proxy that does")
    given = set(request.get("OidcConfig", {}).get("AuthenticationRequestExtraParams", {}))
    taken = sorted(given & RESERVED_PARAMETERS)
    if taken:
        raise invalid(f"OidcConfig.AuthenticationRequestExtraParams: {', '.join(taken)} is set by the service itself")


def _definition(request: dict[str, Any]) -> dict[str, Any]:
    """What is kept: the members that DescribeWorkforce gives back; never the client's secret."""
    kept = {k: v for k, v in request.items() if k not in ("WorkforceName", "Tags")}
    if "OidcConfig" in kept:
        kept["OidcConfig"] = {k: v for k, v in kept["OidcConfig"].items() if k != "ClientSecret"}
    return kept


def _insert(service: Service, connection: Connection, name: str, definition: dict[str, Any]) -> str:
    arn = service.arn(f"workforce/{name}")
    named.add(connection, workforce, name, arn, definition)
    return arn


def _describe(service: Service, row: Row[Any]) -> dict[str, Any]:
    return {
        "WorkforceName": row.name,
        "WorkforceArn": row.arn,
        "SubDomain": service.settings.portal_url.split("://", 1)[1],
        "CreateDate": clock.epoch(row.created_us),
        "LastUpdatedDate": clock.epoch(row.modified_us),
        "Status": "Active",
        "SourceIpConfig": {"Cidrs": []},
        **row.definition,
    }
