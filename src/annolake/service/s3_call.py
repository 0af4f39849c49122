"""A request to the S3 subset, its signature verified: where it points, what it brings, what it is answered with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from annolake.service import sigv4
from annolake.service.buckets import Buckets, Staged
from annolake.service.faults import S3Fault
from annolake.service.payload import Payload
from annolake.service.uploads import Uploads

XML_LIMIT = 2 * 1024 * 1024
OBJECT_LIMIT = 5 * 1024**3
HARMLESS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


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

    @property
    def uploads(self) -> Uploads:
        """Uploads in parts to the buckets."""
        return Uploads(self.buckets)


def wire_headers(request: Request) -> dict[str, str]:
    """Headers by lower-cased name as they came over the wire, repeated ones joined by commas."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in request.scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1").strip()
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


def xml(body: bytes) -> Response:
    """A document as an answer."""
    return Response(body, media_type="application/xml")


async def receive(call: Call, staged: Staged) -> None:
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


async def small_body(call: Call) -> bytes:
    """The body whole; refused above 2 MiB."""
    payload = Payload(call.headers, call.verified)
    body = b""
    async for piece in call.request.stream():
        body += payload.feed(piece)
        if len(body) > XML_LIMIT:
            raise S3Fault(400, "MaxMessageLengthExceeded", "Your request was too big")
    payload.finish()
    return body
