"""SageMaker's operations over AWS JSON 1.1: dispatch, signature, model checks, error envelope."""

from __future__ import annotations

import hashlib
import json
import logging
import uuid
from collections.abc import Callable
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from annolake.service import jobs, preview, sigv4, tags, teams, workforces
from annolake.service.core import Service
from annolake.service.faults import ApiFault
from annolake.service.limits import BodyTooLarge
from annolake.service.model import check_request, check_response
from annolake.service.s3_call import wire_headers

log = logging.getLogger(__name__)

TARGET = "SageMaker."
CONTENT_TYPE = "application/x-amz-json-1.1"

Operation = Callable[[Service, dict[str, Any]], dict[str, Any] | None]
OPERATIONS: dict[str, Operation] = {
    "AddTags": tags.add_tags,
    "CreateLabelingJob": jobs.create_labeling_job,
    "CreateWorkforce": workforces.create_workforce,
    "CreateWorkteam": teams.create_workteam,
    "DeleteTags": tags.delete_tags,
    "DeleteWorkforce": workforces.delete_workforce,
    "DeleteWorkteam": teams.delete_workteam,
    "DescribeLabelingJob": jobs.describe_labeling_job,
    "DescribeSubscribedWorkteam": teams.describe_subscribed_workteam,
    "DescribeWorkforce": workforces.describe_workforce,
    "DescribeWorkteam": teams.describe_workteam,
    "ListLabelingJobs": jobs.list_labeling_jobs,
    "ListLabelingJobsForWorkteam": jobs.list_labeling_jobs_for_workteam,
    "ListSubscribedWorkteams": teams.list_subscribed_workteams,
    "ListTags": tags.list_tags,
    "ListWorkforces": workforces.list_workforces,
    "ListWorkteams": teams.list_workteams,
    "RenderUiTemplate": preview.render_ui_template,
    "StopLabelingJob": jobs.stop_labeling_job,
    "UpdateWorkforce": workforces.update_workforce,
    "UpdateWorkteam": teams.update_workteam,
}


async def handle(service: Service, request: Request) -> Response:
    """Answer one `POST /`."""
    request_id = str(uuid.uuid4())
    try:
        body = await request.body()
        answer = await run_in_threadpool(_call, service, request, body)
        content = b"" if answer is None else json.dumps(answer).encode()
        return Response(content, 200, {"x-amzn-RequestId": request_id}, CONTENT_TYPE)
    except ApiFault as fault:
        return error(fault, request_id)
    except BodyTooLarge as fault:
        return error(ApiFault("RequestEntityTooLargeException", str(fault), 413), request_id)
    except Exception:
        log.exception("%s failed (request %s)", request.headers.get("x-amz-target"), request_id)
        return error(ApiFault("InternalFailure", "The service failed; its log says why", 500), request_id)


def error(fault: ApiFault, request_id: str) -> Response:
    """The error envelope; both the body and the header name the code, as SDKs read one or the other."""
    headers = {"x-amzn-RequestId": request_id, "x-amzn-errortype": fault.code}
    body = json.dumps({"__type": fault.code, "Message": fault.message}).encode()
    return Response(body, fault.status, headers, CONTENT_TYPE)


def _call(service: Service, request: Request, body: bytes) -> dict[str, Any] | None:
    _verify(service, request, body)
    target = request.headers.get("x-amz-target", "")
    name = target.removeprefix(TARGET)
    operation = OPERATIONS.get(name) if target.startswith(TARGET) else None
    if operation is None:
        known = ", ".join(OPERATIONS)
        raise ApiFault(
            "UnknownOperationException", f"{target or 'No X-Amz-Target'}: not supported; supported are {known}"
        )
    try:
        values = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise ApiFault("SerializationException", "The body is not JSON") from None
    answer = operation(service, check_request(name, values))
    check_response(name, answer)
    return answer


def _verify(service: Service, request: Request, body: bytes) -> None:
    query = request.scope["query_string"].decode("latin-1")
    signed = sigv4.Signed(request.method, "/", query, wire_headers(request))
    try:
        sigv4.verify(service.settings, "sagemaker", signed, hashlib.sha256(body).hexdigest())
    except sigv4.SignatureFault as fault:
        raise ApiFault(sigv4.FAULTS[fault.reason][0], fault.message) from None
