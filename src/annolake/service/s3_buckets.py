"""What the S3 subset answers of buckets: which there are, what they list, and removing many objects at once."""

from __future__ import annotations

import base64

from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from annolake.service import s3_xml
from annolake.service.buckets import LAST, ObjectInfo
from annolake.service.faults import S3Fault
from annolake.service.s3_call import Call, small_body, xml


def list_buckets(call: Call) -> Response:
    """ListBuckets."""
    if call.request.method != "GET":
        raise S3Fault(405, "MethodNotAllowed", "The specified method is not allowed against this resource")
    found: list[s3_xml.Item] = [
        ("Bucket", [("Name", name), ("CreationDate", s3_xml.timestamp(call.buckets.bucket(name).stat().st_ctime_ns))])
        for name in sorted(call.buckets.names)
    ]
    owner: list[s3_xml.Item] = [("ID", "annolake"), ("DisplayName", "annolake")]
    return xml(s3_xml.document("ListAllMyBucketsResult", [("Owner", owner), ("Buckets", found)]))


def head_bucket(call: Call) -> Response:
    """HeadBucket."""
    return Response(headers={"x-amz-bucket-region": call.verified.scope.split("/")[1]})


def get_location(call: Call) -> Response:
    """GetBucketLocation."""
    region = call.verified.scope.split("/")[1]
    return xml(s3_xml.document("LocationConstraint", [], namespace=True).replace(b"></", f">{region}</".encode()))


def create_bucket(call: Call) -> Response:
    """CreateBucket: of a bucket that the settings name."""
    return Response(headers={"Location": f"/{call.bucket}"})  # it is configured, so it is there


def delete_bucket(_: Call) -> Response:
    """DeleteBucket: refused."""
    raise S3Fault(403, "AccessDenied", "Buckets are made and removed in the settings")


def list_uploads(_: Call) -> Response:
    """ListMultipartUploads: not part of the subset."""
    raise S3Fault(501, "NotImplemented", "?uploads is not part of this service's S3 subset")


def list_objects(call: Call) -> Response:
    """ListObjects and ListObjectsV2, in pages of at most 1000."""
    query = call.query
    is_v2 = query.get("list-type") == "2"
    limit = query.get("max-keys", "1000")
    if not limit.isascii() or not limit.isdigit():
        raise S3Fault(400, "InvalidArgument", "Provided max-keys not an integer or within integer range")
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    token = query.get("continuation-token", "")
    after = _decode_token(token) if token else query.get("start-after" if is_v2 else "marker", "")
    infos, prefixes, last = _page(call, prefix, delimiter, after, min(int(limit[:9]), 1000))
    names = ("StartAfter", "start-after") if is_v2 else ("Marker", "marker")
    echo = [("Prefix", prefix), ("MaxKeys", limit), (names[0], query.get(names[1], ""))]
    echo += [("Delimiter", delimiter)] if delimiter else []
    echo += [("ContinuationToken", token)] if token else []
    return xml(
        s3_xml.listing(
            call.bucket,
            infos,
            prefixes,
            is_v2=is_v2,
            is_encoded=query.get("encoding-type") == "url",
            echo=echo,
            next_page=None if last is None else _encode_token(last) if is_v2 else last,
        )
    )


def _page(
    call: Call, prefix: str, delimiter: str, after: str, limit: int
) -> tuple[list[ObjectInfo], list[str], str | None]:
    infos: list[ObjectInfo] = []
    prefixes: list[str] = []
    keys = call.buckets.walk(call.bucket, prefix, after)
    while limit and (found := next(keys, None)):
        key, path = found
        if len(infos) + len(prefixes) == limit:
            return infos, prefixes, after
        end = key.find(delimiter, len(prefix)) if delimiter else -1
        if end >= 0:
            prefixes.append(key[: end + len(delimiter)])
            after = prefixes[-1] + LAST
            keys = call.buckets.walk(call.bucket, prefix, after)
        elif info := call.buckets.info(call.bucket, key, path):
            infos.append(info)
            after = key
    return infos, prefixes, None


async def delete_objects(call: Call) -> Response:
    """DeleteObjects: at most 1000."""
    if "delete" not in call.query:
        raise S3Fault(405, "MethodNotAllowed", "The specified method is not allowed against this resource")
    tree = s3_xml.parse(await small_body(call), "Delete")
    keys = [element.text or "" for element in tree.iterfind("Object/Key")]
    if len(keys) > 1000:
        raise S3Fault(400, "MalformedXML", "A request deletes at most 1000 objects")
    return await run_in_threadpool(_delete_keys, call, keys, tree.findtext("Quiet") == "true")


def _delete_keys(call: Call, keys: list[str], is_quiet: bool) -> Response:
    results: list[s3_xml.Item] = []
    for key in keys:
        try:
            call.buckets.delete(call.bucket, key)
            if not is_quiet:
                results.append(("Deleted", [("Key", key)]))
        except S3Fault as fault:
            results.append(("Error", [("Key", key), ("Code", fault.code), ("Message", fault.message)]))
    return xml(s3_xml.document("DeleteResult", results))


def _encode_token(key: str) -> str:
    """A continuation token: the last key that was listed."""
    return base64.urlsafe_b64encode(key.encode()).decode()


def _decode_token(token: str) -> str:
    """The key in a continuation token."""
    try:
        return base64.b64decode(token.encode(), altchars=b"-_", validate=True).decode()
    except ValueError:
        raise S3Fault(400, "InvalidArgument", "The continuation token provided is incorrect") from None
