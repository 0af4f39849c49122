"""`/frame/<token>`: a task's template as a page of opaque origin.

The token is the only key: signed, for one task, until its lease ends. The page gets no cookie (the session's is bound
to /portal), runs sandboxed by header even where somebody opens it outside of the iframe, and may load nothing but the
service's elements and buckets.
"""

from __future__ import annotations

import base64
import hmac
import html
import json

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy import select

from annolake.service import clock
from annolake.service.core import Service
from annolake.service.grants import grant_for
from annolake.service.objects import bucket_names
from annolake.service.tables import data_object, job, task
from annolake.service.tasks import task_input
from annolake.service.templates import TemplateFault, content_policy, render


def frame_url(service: Service, task_id: str, expires_us: int) -> str:
    """Root-relative address of a task's page."""
    body = base64.urlsafe_b64encode(json.dumps([task_id, expires_us]).encode()).decode().rstrip("=")
    return f"/frame/{body}.{service.digest('frame', body)[:40]}"


def _read_token(service: Service, token: str) -> tuple[str, int] | None:
    body, _, signature = token.partition(".")
    if not hmac.compare_digest(service.digest("frame", body)[:40].encode(), signature.encode()):
        return None
    task_id, expires_us = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return str(task_id), int(expires_us)


def show(service: Service, request: Request, token: str) -> Response:
    """The rendered page, or a plain one that says why there is none."""
    known = _read_token(service, token)
    now = clock.now_us()
    if known is None:
        return _page(request, service, 403, _message("This address is not valid."))
    with service.store.read() as connection:
        row = connection.execute(select(task).where(task.c.task_id == known[0])).first()
        if row is None or row.status != "leased" or min(known[1], row.lease_expires_us) <= now:
            return _page(request, service, 410, _message("The time for this task is over. Please take the next one."))
        job_row = connection.execute(select(job).where(job.c.job_id == row.job_id)).one()
        is_object = (data_object.c.job_id == row.job_id, data_object.c.object_no == row.object_no)
        object_row = connection.execute(select(data_object).where(*is_object)).one()
    values = task_input(job_row, object_row)
    origin = origin_of(service, request)
    seconds = (row.lease_expires_us - now) // clock.SECOND + 60  # media still plays while the last answer is sent
    try:
        content = render(job_row.template or "", values, grant_for(service, values, origin, seconds), origin)
    except TemplateFault as fault:
        return _page(request, service, 200, _message(f"The template of this job cannot be shown. {fault}"))
    return _page(request, service, 200, content)


def origin_of(service: Service, request: Request) -> str:
    """Scheme and host by which the browser reached the service; a proxy in front may speak TLS where we do not."""
    host, public = request.headers.get("host", ""), service.settings.portal_url
    if host == public.split("://", 1)[1]:
        return public
    is_plain = bool(host) and all(c.isascii() and (c.isalnum() or c in ".-:[]_") for c in host)
    return f"{request.url.scheme}://{host}" if is_plain else str(request.base_url).rstrip("/")


def _page(request: Request, service: Service, status: int, content: str) -> Response:
    headers = {
        "Content-Security-Policy": policy(service, origin_of(service, request)),
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    return HTMLResponse(content, status, headers)


def policy(service: Service, origin: str) -> str:
    """The frame's content security policy."""
    buckets = " ".join(f"{origin}/{name}/" for name in bucket_names(service.settings))
    endpoint = service.settings.s3_endpoint
    if endpoint:  # media comes from elsewhere then
        buckets = "https://*.amazonaws.com" if endpoint == "aws" else endpoint
    return content_policy(origin, buckets)


def _message(text: str) -> str:
    return f"<!doctype html><meta charset=utf-8><title>Task</title><p role=alert>{html.escape(text)}</p>"
