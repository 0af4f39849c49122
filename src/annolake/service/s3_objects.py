"""What the S3 subset answers of objects: reading whole and in parts, writing, copying, removing, uploads in parts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from email.utils import formatdate
from typing import IO, Any
from urllib.parse import unquote

from fastapi.responses import Response, StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from annolake.service import s3_xml
from annolake.service.buckets import ObjectInfo, Staged
from annolake.service.faults import S3Fault
from annolake.service.s3_call import HARMLESS, Call, receive, small_body, xml

PIECE = 256 * 1024
SENDABLE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")  # what a header may hold


def get_object(call: Call) -> Response:
    """GetObject and HeadObject: whole or one range, on conditions."""
    if call.request.method == "HEAD" or call.key.endswith("/"):
        return _object_response(call, call.buckets.head(call.bucket, call.key), None)
    info, file = call.buckets.open(call.bucket, call.key)
    try:
        response = _object_response(call, info, file)
    except BaseException:
        file.close()
        raise
    if not isinstance(response, PartOfFile):
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
    return PartOfFile(file, start, end, status_code=status, headers=headers, media_type=headers["Content-Type"])


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


class PartOfFile(StreamingResponse):
    """Part of a file, which is closed also where the client leaves before the first byte."""

    def __init__(self, file: IO[bytes], start: int, end: int, **more: Any) -> None:
        super().__init__(_pieces(file, start, end), **more)
        self._file = file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._file:
            await super().__call__(scope, receive, send)


def _pieces(file: IO[bytes], start: int, end: int) -> Iterator[bytes]:
    file.seek(start)
    while start < end and (piece := file.read(min(PIECE, end - start))):
        start += len(piece)
        yield piece


def delete_object(call: Call) -> Response:
    """DeleteObject, and AbortMultipartUpload."""
    if "uploadId" in call.query:
        call.uploads.abort(call.bucket, call.key, call.query["uploadId"])
    else:
        call.buckets.delete(call.bucket, call.key)
    return Response(status_code=204)


def list_parts(call: Call) -> Response:
    """ListParts."""
    upload_id = call.query["uploadId"]
    items: list[s3_xml.Item] = [("Bucket", call.bucket), ("Key", call.key), ("UploadId", upload_id)]
    items += [("IsTruncated", "false")]
    for number, etag, size, mtime_ns in call.uploads.parts(call.bucket, call.key, upload_id):
        part: list[s3_xml.Item] = [("PartNumber", str(number)), ("ETag", f'"{etag}"'), ("Size", str(size))]
        items.append(("Part", [*part, ("LastModified", s3_xml.timestamp(mtime_ns))]))
    return xml(s3_xml.document("ListPartsResult", items))


async def put_object(call: Call) -> Response:
    """PutObject, CopyObject, UploadPart and UploadPartCopy."""
    if "x-amz-copy-source" in call.headers:
        return await run_in_threadpool(_copy, call)
    staged = await run_in_threadpool(call.buckets.stage)
    try:
        await receive(call, staged)
        return await run_in_threadpool(_keep, call, staged)
    finally:
        await run_in_threadpool(staged.discard)


def _keep(call: Call, staged: Staged) -> Response:
    if "uploadId" in call.query:
        etag = _put_part(call, staged)
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
            etag = _put_part(call, staged)
            root = "CopyPartResult"
        else:
            is_new = call.headers.get("x-amz-metadata-directive") == "REPLACE"
            content_type = call.headers.get("content-type", "") if is_new else info.content_type
            metadata = _metadata(call.headers) if is_new else info.metadata
            info = call.buckets.commit(call.bucket, call.key, staged, content_type=content_type, metadata=metadata)
            etag, root = info.etag, "CopyObjectResult"
    finally:
        staged.discard()
    return xml(s3_xml.document(root, [("ETag", f'"{etag}"'), ("LastModified", s3_xml.timestamp(info.mtime_ns))]))


async def post_object(call: Call) -> Response:
    """CreateMultipartUpload and CompleteMultipartUpload."""
    if "uploads" in call.query:
        return await run_in_threadpool(_create_upload, call)
    if "uploadId" in call.query:
        tree = s3_xml.parse(await small_body(call), "CompleteMultipartUpload")
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
    upload_id = call.uploads.create(call.bucket, call.key, content_type, _metadata(call.headers))
    items: list[s3_xml.Item] = [("Bucket", call.bucket), ("Key", call.key), ("UploadId", upload_id)]
    return xml(s3_xml.document("InitiateMultipartUploadResult", items))


def _complete_upload(call: Call, parts: list[tuple[int, str]]) -> Response:
    upload_id = call.query["uploadId"]
    info = call.uploads.complete(call.bucket, call.key, upload_id, parts, if_absent=_is_if_absent(call))
    items: list[s3_xml.Item] = [("Bucket", call.bucket), ("Key", call.key), ("ETag", f'"{info.etag}"')]
    return xml(s3_xml.document("CompleteMultipartUploadResult", [("Location", f"/{call.bucket}/{call.key}"), *items]))


def _put_part(call: Call, staged: Staged) -> str:
    text = call.query.get("partNumber", "")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
    return call.uploads.put_part(call.bucket, call.key, call.query["uploadId"], number, staged)


def _metadata(headers: Mapping[str, str]) -> dict[str, str]:
    return {
        name.removeprefix("x-amz-meta-"): value for name, value in headers.items() if name.startswith("x-amz-meta-")
    }


def _is_if_absent(call: Call) -> bool:
    return call.headers.get("if-none-match", "").strip() == "*"
