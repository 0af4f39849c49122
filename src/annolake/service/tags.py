"""Tags of jobs, work teams and workforces: AddTags, ListTags, DeleteTags."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, insert, select

from annolake.service.core import Service
from annolake.service.faults import ApiFault, invalid
from annolake.service.paging import decode, encode
from annolake.service.tables import job, tag, workforce, workteam

LIMIT = 50


def check_tags(tags: list[dict[str, str]]) -> None:
    """Refuse reserved and repeated keys."""
    keys = [item["Key"] for item in tags]
    reserved = [key for key in keys if key.lower().startswith("aws:")]
    if reserved:
        raise invalid(f"Tags: the key {reserved[0]!r} begins with the reserved prefix aws:")
    repeated = {key for key in keys if keys.count(key) > 1}
    if repeated:
        raise invalid(f"Tags: the key {min(repeated)!r} is given more than once")


def put_tags(connection: Connection, arn: str, tags: list[dict[str, str]]) -> None:
    """Add tags or give them new values."""
    check_tags(tags)
    have = {row.tag_key for row in connection.execute(select(tag.c.tag_key).where(tag.c.resource_arn == arn))}
    if len(have | {item["Key"] for item in tags}) > LIMIT:
        raise ApiFault("ResourceLimitExceeded", f"Tags: a resource holds at most {LIMIT}")
    for item in tags:
        connection.execute(delete(tag).where(tag.c.resource_arn == arn, tag.c.tag_key == item["Key"]))
        connection.execute(insert(tag).values(resource_arn=arn, tag_key=item["Key"], tag_value=item["Value"]))


def read_tags(connection: Connection, arn: str) -> list[dict[str, str]]:
    """All tags of a resource, by key."""
    rows = connection.execute(select(tag).where(tag.c.resource_arn == arn).order_by(tag.c.tag_key))
    return [{"Key": row.tag_key, "Value": row.tag_value} for row in rows]


def add_tags(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """AddTags: answers all tags of the resource after the call."""
    arn = request["ResourceArn"]
    with service.store.write() as connection:
        _check_resource(connection, arn)
        put_tags(connection, arn, request["Tags"])
        return {"Tags": read_tags(connection, arn)}


def list_tags(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """ListTags, in pages."""
    arn, limit = request["ResourceArn"], request.get("MaxResults", LIMIT)
    place = decode(request, request.get("NextToken"), 1)
    with service.store.read() as connection:
        _check_resource(connection, arn)
        tags = [item for item in read_tags(connection, arn) if place is None or item["Key"] > str(place[0])]
    if len(tags) <= limit:
        return {"Tags": tags}
    return {"Tags": tags[:limit], "NextToken": encode(request, [tags[limit - 1]["Key"]])}


def delete_tags(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """DeleteTags: absent keys are no error."""
    arn = request["ResourceArn"]
    with service.store.write() as connection:
        _check_resource(connection, arn)
        connection.execute(delete(tag).where(tag.c.resource_arn == arn, tag.c.tag_key.in_(request["TagKeys"])))
    return {}


def _check_resource(connection: Connection, arn: str) -> None:
    for table in (job, workteam, workforce):
        if connection.execute(select(table.c.arn).where(table.c.arn == arn)).first():
            return
    raise invalid(f"ResourceArn: there is no labeling job, work team or workforce {arn}")
