"""The S3 subset over HTTP, path style: what boto3, s3fs and pyarrow need to work with manifests, media and outputs.

Every request is signed, by header or presigned query. Objects are served so that a browser may read them from a page
of opaque origin (`Access-Control-Allow-Origin: *`) and never runs them (`nosniff`, CSP sandbox).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from urllib.parse import parse_qsl, unquote_to_bytes

from fastapi import Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from annolake.config import Settings
from annolake.service import s3_buckets, s3_objects, s3_xml, sigv4
from annolake.service.buckets import Buckets
from annolake.service.faults import S3Fault
from annolake.service.s3_call import HARMLESS, Call, wire_headers

METHODS = ["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"]
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag, Content-Range, Accept-Ranges, Content-Length, Last-Modified",
}
UNSUPPORTED = frozenset(
    "accelerate acl analytics attributes cors encryption intelligent-tiering inventory legal-hold lifecycle logging"  # noqa: SIM905
    " metrics notification object-lock ownershipControls policy policyStatus publicAccessBlock replication"
    " requestPayment restore retention select tagging torrent versioning versions versionId website".split()
)

Handler = Callable[[Call], Response]
BUCKET_ROUTES: list[tuple[str, str, Handler]] = [
    ("GET", "location", s3_buckets.get_location),
    ("GET", "uploads", s3_buckets.list_uploads),
    ("GET", "", s3_buckets.list_objects),
    ("HEAD", "", s3_buckets.head_bucket),
    ("PUT", "", s3_buckets.create_bucket),
    ("DELETE", "", s3_buckets.delete_bucket),
]
OBJECT_ROUTES: list[tuple[str, str, Handler]] = [
    ("GET", "uploadId", s3_objects.list_parts),
    ("GET", "", s3_objects.get_object),
    ("HEAD", "", s3_objects.get_object),
    ("DELETE", "", s3_objects.delete_object),
]
"""(method, query parameter that selects it, handler); the first that fits."""


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
        return await run_in_threadpool(s3_buckets.list_buckets, call)
    buckets.bucket(call.bucket)
    routes = OBJECT_ROUTES if call.key else BUCKET_ROUTES
    for method, marker, handler in routes:
        if method == request.method and (not marker or marker in call.query):
            return await run_in_threadpool(handler, call)
    upload = {
        ("PUT", True): s3_objects.put_object,
        ("POST", True): s3_objects.post_object,
        ("POST", False): s3_buckets.delete_objects,
    }
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
