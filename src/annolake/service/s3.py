"""The S3 subset over HTTP, path style: what boto3, s3fs and pyarrow need to work with manifests, media and outputs.

Every request is signed, by header or presigned query. Objects are served so that a browser may read them from a page
of opaque origin (`Access-Control-Allow-Origin: *`) and never runs them (`nosniff`, CSP sandbox).
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from typing import IO
from urllib.parse import parse_qsl, unquote, unquote_to_bytes

from fastapi import Request
from fastapi.responses import Response, StreamingResponse
from starlette.concurrency import run_in_threadpool

from annolake.config import Settings
from annolake.service import s3_xml, sigv4
from annolake.service.buckets import LAST, Buckets, ObjectInfo, Staged, decode_token, encode_token
from annolake.service.faults import S3Fault
from annolake.service.payload import Payload

PIECE = 256 * 1024
SENDABLE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")  # what a header may hold
XML_LIMIT = 2 * 1024 * 1024
OBJECT_LIMIT = 5 * 1024**3
METHODS = ["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"]
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag, Content-Range, Accept-Ranges, Content-Length, Last-Modified",
}
HARMLESS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
UNSUPPORTED = frozenset(
    "accelerate acl analytics attributes cors encryption intelligent-tiering inventory legal-hold lifecycle logging"  # noqa: SIM905
    " metrics notification object-lock ownershipControls policy policyStatus publicAccessBlock replication"
    " requestPayment restore retention select tagging torrent versioning versions versionId website".split()
)


@dataclass(frozen=True)
class Call:
    """A verified request."""

    buckets: Buckets
    request: Request
    bucket: str
    key: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    verified: sigv4.Verified


async def handle(settings: Settings, buckets: Buckets, request: Request) -> Response:
    """Answer one S3 request; faults become XML."""
    request_id = secrets.token_hex(8).upper()
    try:
        response = await _answer(settings, buckets, request)
    except S3Fault as fault:
        response = _fault(fault, request, request_id)
    response.headers["x-amz-request-id"] = request_id
    for name, value in CORS.items():
        response.headers[name] = value
    return response


async def _answer(settings: Settings, buckets: Buckets, request: Request) -> Response:
    if request.method == "OPTIONS":
        allowed = {"Access-Control-Allow-Methods": "GET, HEAD", "Access-Control-Allow-Headers": "*"}
        return Response(status_code=200, headers={**allowed, "Access-Control-Max-Age": "3600"})
    call = _verify(settings, buckets, request)
    unsupported = sorted(UNSUPPORTED & call.query.keys())
    if unsupported:
        raise S3Fault(501, "NotImplemented", f"?{unsupported[0]} is not part of this service's S3 subset")
    if not call.bucket:
        return await run_in_threadpool(_list_buckets, call)
    buckets.bucket(call.bucket)
    routes = OBJECT_ROUTES if call.key else BUCKET_ROUTES
    for method, marker, handler in routes:
        if method == request.method and (not marker or marker in call.query):
            return await run_in_threadpool(handler, call)
    upload = {("PUT", True): _put_object, ("POST", True): _post_object, ("POST", False): _delete_objects}
    handler_async = upload.get((request.method, bool(call.key)))
    if handler_async is None:
        raise S3Fault(405, "MethodNotAllowed", "The specified method is not allowed against this resource")
    return await handler_async(call)


def _verify(settings: Settings, buckets: Buckets, request: Request) -> Call:
    headers = wire_headers(request)
    path = request.scope.get("raw_path", request.url.path.encode()).decode("latin-1").partition("?")[0]
    query = request.scope["query_string"].decode("latin-1")
    promised = headers.get("x-amz-content-sha256", sigv4.UNSIGNED)
    signed = sigv4.Signed(request.method, path, query, headers)
    try:
        if "authorization" in headers and not sigv4.is_old(signed) and "x-amz-content-sha256" not in headers:
            raise sigv4.SignatureFault("incomplete", "Missing required header for this request: x-amz-content-sha256")
        verified = sigv4.verify(settings, "s3", signed, promised)
    except sigv4.SignatureFault as fault:
        status = 400 if fault.reason in ("incomplete", "old") else 403
        raise S3Fault(status, sigv4.FAULTS[fault.reason][1], fault.message) from None
    try:
        bucket, _, key = unquote_to_bytes(path).decode().removeprefix("/").partition("/")
    except UnicodeDecodeError:
        raise S3Fault(400, "InvalidURI", "The key is not UTF-8") from None
    return Call(buckets, request, bucket, key, dict(parse_qsl(query, keep_blank_values=True)), headers, verified)


def wire_headers(request: Request) -> dict[str, str]:
    """Headers by lower-cased name as they came over the wire, repeated ones joined by commas."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in request.scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1").strip()
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


def _fault(fault: S3Fault, request: Request, request_id: str) -> Response:
    if request.method == "HEAD":
        return Response(status_code=fault.status, headers=fault.headers)
    items = [
        ("Code", fault.code),
        ("Message", fault.message),
        ("Resource", request.url.path),
        ("RequestId", request_id),
    ]
    body = s3_xml.document("Error", items, namespace=False)
    return Response(body, fault.status, {**fault.headers, **HARMLESS}, "application/xml")


def _xml(body: bytes) -> Response:
    return Response(body, media_type="application/xml")


# -- buckets -------------------------------------------------------------------------------------------------------


def _list_buckets(call: Call) -> Response:
    if call.request.method != "GET":
        raise S3Fault(405, "MethodNotAllowed", "The specified method is not allowed against this resource")
    found: list[s3_xml.Item] = [
        ("Bucket", [("Name", name), ("CreationDate", s3_xml.timestamp(call.buckets.bucket(name).stat().st_ctime_ns))])
        for name in sorted(call.buckets.names)
    ]
    owner: list[s3_xml.Item] = [("ID", "annolake"), ("DisplayName", "annolake")]
    return _xml(s3_xml.document("ListAllMyBucketsResult", [("Owner", owner), ("Buckets", found)]))


def _head_bucket(call: Call) -> Response:
    return Response(headers={"x-amz-bucket-region": call.verified.scope.split("/")[1]})


def _get_location(call: Call) -> Response:
    region = call.verified.scope.split("/")[1]
    return _xml(s3_xml.document("LocationConstraint", [], namespace=True).replace(b"></", f">{region}</".encode()))


def _create_bucket(call: Call) -> Response:
    return Response(headers={"Location": f"/{call.bucket}"})  # it is configured, so it is there


def _delete_bucket(_: Call) -> Response:
    raise S3Fault(403, "AccessDenied", "Buckets are made and removed in the settings")


def _list_uploads(_: Call) -> Response:
    raise S3Fault(501, "NotImplemented", "?uploads is not part of this service's S3 subset")


def _list_objects(call: Call) -> Response:
    query = call.query
    is_v2 = query.get("list-type") == "2"
    limit = query.get("max-keys", "1000")
    if not limit.isascii() or not limit.isdigit():
        raise S3Fault(400, "InvalidArgument", "Provided max-keys not an integer or within integer range")
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    token = query.get("continuation-token", "")
    after = decode_token(token) if token else query.get("start-after" if is_v2 else "marker", "")
    infos, prefixes, last = _page(call, prefix, delimiter, after, min(int(limit[:9]), 1000))
    names = ("StartAfter", "start-after") if is_v2 else ("Marker", "marker")
    echo = [("Prefix", prefix), ("MaxKeys", limit), (names[0], query.get(names[1], ""))]
    echo += [("Delimiter", delimiter)] if delimiter else []
    echo += [("ContinuationToken", token)] if token else []
    return _xml(
        s3_xml.listing(
            call.bucket,
            infos,
            prefixes,
            is_v2=is_v2,
            is_encoded=query.get("encoding-type") == "url",
            echo=echo,
            next_page=None if last is None else encode_token(last) if is_v2 else last,
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


async def _delete_objects(call: Call) -> Response:
    if "delete" not in call.query:
        raise S3Fault(405, "MethodNotAllowed", "The specified method is not allowed against this resource")
    tree = s3_xml.parse(await _small_body(call), "Delete")
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
    return _xml(s3_xml.document("DeleteResult", results))


# -- objects -------------------------------------------------------------------------------------------------------


def _get_object(call: Call) -> Response:
    if call.request.method == "HEAD" or call.key.endswith("/"):
        return _object_response(call, call.buckets.head(call.bucket, call.key), None)
    info, file = call.buckets.open(call.bucket, call.key)
    try:
        response = _object_response(call, info, file)
    except BaseException:
        file.close()
        raise
    if not isinstance(response, StreamingResponse):
        file.close()
    return response


def _object_response(call: Call, info: ObjectInfo, file: IO[bytes] | None) -> Response:
    headers = _object_headers(call, info)
    condition = call.headers.get("if-none-match", "")
    if condition and condition.strip('"') in (info.etag, "*"):
        return Response(status_code=304, headers=headers)
    condition = call.headers.get("if-match", "")
    if condition and condition.strip('"') not in (info.etag, "*"):
        raise S3Fault(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
    span = _range(call.headers.get("range", ""), info.size)
    start, end = span or (0, info.size)
    headers["Content-Length"] = str(end - start)
    if span:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{info.size}"
    status = 206 if span else 200
    if file is None:
        return Response(status_code=status, headers=headers)
    return StreamingResponse(_pieces(file, start, end), status, headers, headers["Content-Type"])


def _object_headers(call: Call, info: ObjectInfo) -> dict[str, str]:
    headers = {
        "Content-Type": call.query.get("response-content-type", info.content_type),
        "ETag": f'"{info.etag}"',
        "Last-Modified": formatdate(info.mtime_ns // 10**9, usegmt=True),
        "Accept-Ranges": "bytes",
        "Content-Length": str(info.size),
        **HARMLESS,
    }
    if "response-content-disposition" in call.query:
        headers["Content-Disposition"] = call.query["response-content-disposition"]
    headers |= {f"x-amz-meta-{name}": value for name, value in info.metadata.items()}
    return {name: value for name, value in headers.items() if SENDABLE.fullmatch(value)}


def _range(text: str, size: int) -> tuple[int, int] | None:
    """Start and exclusive end of a single byte range; None for the whole object (S3 ignores what it cannot read)."""
    match = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", text.strip())
    if not match or match.group(0) == "bytes=-":
        return None
    first, last = match.groups()
    if first:
        start, end = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < start:
            return None
    else:
        start, end = max(size - int(last), 0), size
    if start >= size:
        headers = {"Content-Range": f"bytes */{size}"}
        raise S3Fault(416, "InvalidRange", "The requested range is not satisfiable", headers)
    return start, end


def _pieces(file: IO[bytes], start: int, end: int) -> Iterator[bytes]:
    with file:
        file.seek(start)
        while start < end and (piece := file.read(min(PIECE, end - start))):
            start += len(piece)
            yield piece


def _delete_object(call: Call) -> Response:
    if "uploadId" in call.query:
        call.buckets.abort_upload(call.bucket, call.key, call.query["uploadId"])
    else:
        call.buckets.delete(call.bucket, call.key)
    return Response(status_code=204)


def _list_parts(call: Call) -> Response:
    upload_id = call.query["uploadId"]
    items: list[s3_xml.Item] = [("Bucket", call.bucket), ("Key", call.key), ("UploadId", upload_id)]
    items += [("IsTruncated", "false")]
    for number, etag, size, mtime_ns in call.buckets.parts(call.bucket, call.key, upload_id):
        part: list[s3_xml.Item] = [("PartNumber", str(number)), ("ETag", f'"{etag}"'), ("Size", str(size))]
        items.append(("Part", [*part, ("LastModified", s3_xml.timestamp(mtime_ns))]))
    return _xml(s3_xml.document("ListPartsResult", items))


async def _put_object(call: Call) -> Response:
    if "x-amz-copy-source" in call.headers:
        return await run_in_threadpool(_copy, call)
    staged = await run_in_threadpool(call.buckets.stage)
    try:
        await _receive(call, staged)
        return await run_in_threadpool(_keep, call, staged)
    finally:
        await run_in_threadpool(staged.discard)


def _keep(call: Call, staged: Staged) -> Response:
    if "uploadId" in call.query:
        etag = call.buckets.put_part(call.bucket, call.key, call.query["uploadId"], _part_number(call), staged)
    else:
        info = call.buckets.commit(
            call.bucket,
            call.key,
            staged,
            content_type=call.headers.get("content-type", ""),
            metadata=_metadata(call.headers),
            if_absent=_is_if_absent(call),
        )
        etag = info.etag
    return Response(headers={"ETag": f'"{etag}"'})


def _copy(call: Call) -> Response:
    source = unquote(call.headers["x-amz-copy-source"].partition("?")[0]).removeprefix("/")
    bucket, _, key = source.partition("/")
    staged = call.buckets.stage()
    try:
        if key.endswith("/"):
            info = call.buckets.head(bucket, key)
        else:
            info, file = call.buckets.open(bucket, key)
            with file:
                span = _range(call.headers.get("x-amz-copy-source-range", ""), info.size)
                for piece in _pieces(file, *(span or (0, info.size))):
                    staged.write(piece)
        if "uploadId" in call.query:
            etag = call.buckets.put_part(call.bucket, call.key, call.query["uploadId"], _part_number(call), staged)
            root = "CopyPartResult"
        else:
            is_new = call.headers.get("x-amz-metadata-directive") == "REPLACE"
            content_type = call.headers.get("content-type", "") if is_new else info.content_type
            metadata = _metadata(call.headers) if is_new else info.metadata
            info = call.buckets.commit(call.bucket, call.key, staged, content_type=content_type, metadata=metadata)
            etag, root = info.etag, "CopyObjectResult"
    finally:
        staged.discard()
    return _xml(s3_xml.document(root, [("ETag", f'"{etag}"'), ("LastModified", s3_xml.timestamp(info.mtime_ns))]))


async def _post_object(call: Call) -> Response:
    if "uploads" in call.query:
        return await run_in_threadpool(_create_upload, call)
    if "uploadId" in call.query:
        tree = s3_xml.parse(await _small_body(call), "CompleteMultipartUpload")
        try:
            parts = [
                (int(part.findtext("PartNumber") or ""), (part.findtext("ETag") or "").strip('"'))
                for part in tree.iterfind("Part")
            ]
        except ValueError:
            raise S3Fault(400, "MalformedXML", "A PartNumber is not a number") from None
        return await run_in_threadpool(_complete_upload, call, parts)
    raise S3Fault(405, "MethodNotAllowed", "The specified method is not allowed against this resource")


def _create_upload(call: Call) -> Response:
    content_type = call.headers.get("content-type", "")
    upload_id = call.buckets.create_upload(call.bucket, call.key, content_type, _metadata(call.headers))
    items: list[s3_xml.Item] = [("Bucket", call.bucket), ("Key", call.key), ("UploadId", upload_id)]
    return _xml(s3_xml.document("InitiateMultipartUploadResult", items))


def _complete_upload(call: Call, parts: list[tuple[int, str]]) -> Response:
    upload_id = call.query["uploadId"]
    info = call.buckets.complete_upload(call.bucket, call.key, upload_id, parts, if_absent=_is_if_absent(call))
    items: list[s3_xml.Item] = [("Bucket", call.bucket), ("Key", call.key), ("ETag", f'"{info.etag}"')]
    return _xml(s3_xml.document("CompleteMultipartUploadResult", [("Location", f"/{call.bucket}/{call.key}"), *items]))


def _part_number(call: Call) -> int:
    text = call.query.get("partNumber", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


def _metadata(headers: Mapping[str, str]) -> dict[str, str]:
    return {
        name.removeprefix("x-amz-meta-"): value for name, value in headers.items() if name.startswith("x-amz-meta-")
    }


def _is_if_absent(call: Call) -> bool:
    return call.headers.get("if-none-match", "").strip() == "*"


# -- bodies --------------------------------------------------------------------------------------------------------


async def _receive(call: Call, staged: Staged) -> None:
    """Stream the body to the staged file, a megabyte at a time, off the event loop."""
    payload = Payload(call.headers, call.verified)
    pending, n_pending, n_total = [], 0, 0
    async for piece in call.request.stream():
        pending.append(piece)
        n_pending += len(piece)
        n_total += len(piece)
        if n_total > OBJECT_LIMIT * 1.01:
            raise S3Fault(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size of 5 GiB")
        if n_pending >= 1 << 20:
            data, pending, n_pending = b"".join(pending), [], 0
            await run_in_threadpool(_pass_on, payload, data, staged)
    await run_in_threadpool(_pass_on, payload, b"".join(pending), staged)
    payload.finish()


def _pass_on(payload: Payload, data: bytes, staged: Staged) -> None:
    staged.write(payload.feed(data))


async def _small_body(call: Call) -> bytes:
    payload = Payload(call.headers, call.verified)
    body = b""
    async for piece in call.request.stream():
        body += payload.feed(piece)
        if len(body) > XML_LIMIT:
            raise S3Fault(400, "MaxMessageLengthExceeded", "Your request was too big")
    payload.finish()
    return body


Handler = Callable[[Call], Response]
BUCKET_ROUTES: list[tuple[str, str, Handler]] = [
    ("GET", "location", _get_location),
    ("GET", "uploads", _list_uploads),
    ("GET", "", _list_objects),
    ("HEAD", "", _head_bucket),
    ("PUT", "", _create_bucket),
    ("DELETE", "", _delete_bucket),
]
OBJECT_ROUTES: list[tuple[str, str, Handler]] = [
    ("GET", "uploadId", _list_parts),
    ("GET", "", _get_object),
    ("HEAD", "", _get_object),
    ("DELETE", "", _delete_object),
]
"""(method, query parameter that selects it, handler); the first that fits."""
