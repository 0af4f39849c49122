"""The portal's HTTP API: sign in, see the team's jobs, take a task, keep a draft, answer.

JSON in, JSON out. The session is a cookie that no script reads and no other site sends; a request that changes
something also needs the session's CSRF token. Errors are `{"error": {"code", "message"}}`.
`docs/portal-openapi.json` is this module's description of itself.
"""

from __future__ import annotations

import hmac
import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, Path, Request, Response
from sqlalchemy import func, select

from annolake.service import accounts, clock, taking, tasks
from annolake.service.accounts import Worker
from annolake.service.answers import encode_answer
from annolake.service.core import Service
from annolake.service.faults import PortalFault
from annolake.service.frame import frame_url
from annolake.service.portal_bodies import (
    Answer,
    Decline,
    Draft,
    ErrorBody,
    JobBody,
    JobsBody,
    NextTask,
    ProviderBody,
    SessionBody,
    SignIn,
    Submitted,
    TaskAnswer,
    TaskBody,
    WaysIn,
    WorkerBody,
)
from annolake.service.tables import job, task
from annolake.service.workforces import find_provider

COOKIE = "annolake_session"
COOKIE_PATH = "/portal"
SIGN_IN_PATH = "/oauth2/sign-in"
TaskId = Annotated[str, Path(pattern=r"^[^\x00]*$")]

# -- who asks ------------------------------------------------------------------------------------------------------


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


async def _backend(request: Request) -> Service:  # async, so that no thread is asked for it
    return _service(request)


def _token(request: Request) -> str:
    return request.cookies.get(COOKIE, "")


def _reader(request: Request) -> Worker:
    return accounts.find_worker(_service(request), _token(request))


def _writer(request: Request, x_csrf_token: Annotated[str, Header()] = "") -> Worker:
    _check_origin(request)
    worker = _reader(request)
    if not hmac.compare_digest(x_csrf_token.encode(), worker.csrf_token.encode()):
        raise PortalFault(403, "csrf", "The header X-CSRF-Token is missing or not this session's.")
    return worker


def _check_origin(request: Request) -> None:
    """A browser says where a request comes from; another origin, the sandboxed frame's `null` included, is refused."""
    origin = request.headers.get("origin")
    if origin is not None and origin.partition("://")[2] != request.headers.get("host"):
        raise PortalFault(403, "foreign_origin", "This request comes from another origin.")


Reader = Annotated[Worker, Depends(_reader)]
Writer = Annotated[Worker, Depends(_writer)]
Backend = Annotated[Service, Depends(_backend)]

ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorBody, "description": "The body is not what it must be"},
    401: {"model": ErrorBody, "description": "Not signed in"},
    403: {"model": ErrorBody, "description": "CSRF token or origin is wrong"},
}
NO_TASK: dict[int | str, dict[str, Any]] = {404: {"model": ErrorBody, "description": "No such job or task of yours"}}
CONFLICT: dict[int | str, dict[str, Any]] = {
    409: {"model": ErrorBody, "description": "lease_expired, already_answered, task_returned or job_ended"}
}
SLOW: dict[int | str, dict[str, Any]] = {429: {"model": ErrorBody, "description": "Too many failed sign-ins"}}

router = APIRouter(prefix="/portal/api", responses=ERRORS)


# -- session -------------------------------------------------------------------------------------------------------


@router.post("/session", responses=SLOW, operation_id="sign_in")
def sign_in(body: SignIn, request: Request, response: Response, service: Backend) -> SessionBody:
    """Sign in with a local account; sets the session's cookie."""
    _check_origin(request)
    address = request.client.host if request.client else ""
    token, worker = accounts.sign_in(service, request.app.state.limiter, body.username, body.password, address)
    set_session(response, token, is_secure(service, request))
    return _session(service, worker)


@router.get("/ways-in", operation_id="get_ways_in")
def get_ways_in(service: Backend) -> WaysIn:
    """How people sign in here; nobody has to be signed in for this."""
    provider = find_provider(service)
    shown = ProviderBody(name=provider.name, sign_in_url=SIGN_IN_PATH) if provider else None
    return WaysIn(local_accounts=service.settings.portal_local_accounts, provider=shown)


@router.get("/session", operation_id="get_session")
def get_session(worker: Reader, service: Backend) -> SessionBody:
    """Who is signed in."""
    return _session(service, worker)


@router.delete("/session", status_code=204, operation_id="sign_out")
def sign_out(request: Request, response: Response, _worker: Writer, service: Backend) -> None:
    """End the session."""
    accounts.sign_out(service, _token(request))
    response.delete_cookie(COOKIE, path=COOKIE_PATH)


def set_session(response: Response, token: str, secure: bool) -> None:
    """The session's cookie: no script reads it, no other site sends it."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=accounts.SESSION_SECONDS,
        path=COOKIE_PATH,
        httponly=True,
        samesite="strict",
        secure=secure,
    )


def is_secure(service: Service, request: Request) -> bool:
    """Whether browsers reach the service over TLS, here or at the proxy in front."""
    return request.url.scheme == "https" or service.settings.portal_url.startswith("https://")


def _session(service: Service, worker: Worker) -> SessionBody:
    known = WorkerBody(name=worker.name, subject=worker.subject, teams=list(worker.teams.values()))
    provider = find_provider(service) if worker.issuer else None
    url = provider.sign_out_url(f"{service.settings.portal_url}{COOKIE_PATH}/") if provider else None
    return SessionBody(worker=known, csrf_token=worker.csrf_token, sign_out_url=url)


# -- jobs and tasks ------------------------------------------------------------------------------------------------


@router.get("/jobs", operation_id="list_jobs")
def list_jobs(worker: Reader, service: Backend) -> JobsBody:
    """The jobs of the worker's teams, the newest first."""
    with service.store.read() as connection:
        query = select(job).where(job.c.workteam_arn.in_(list(worker.teams)))
        rows = connection.execute(query.order_by(job.c.created_us.desc(), job.c.job_id.desc()).limit(500)).all()
        mine = select(task.c.job_id, func.count()).where(task.c.subject == worker.subject, task.c.status == "submitted")
        counted = connection.execute(mine.group_by(task.c.job_id)).all()
        answered = {row[0]: row[1] for row in counted}
        jobs = []
        for row in rows:
            config = row.request["HumanTaskConfig"]
            jobs.append(
                JobBody(
                    job_name=row.name,
                    title=config["TaskTitle"],
                    description=config["TaskDescription"],
                    task_type=row.task_type,
                    keywords=config.get("TaskKeywords", []),
                    available=taking.count_available(connection, row, worker.subject),
                    answered_by_me=answered.get(row.job_id, 0),
                    total=row.n_objects,
                    status=row.status,
                )
            )
    return JobsBody(jobs=jobs)


@router.post("/tasks/next", responses=NO_TASK, operation_id="take_task")
def take_task(worker: Writer, service: Backend, body: NextTask | None = None) -> TaskAnswer:
    """The worker's open task, or the next one; `task` is null, with a reason, where there is none."""
    held = taking.take(service, worker, body.job_name if body else None)
    if isinstance(held, str):
        return TaskAnswer(task=None, reason=held)
    return TaskAnswer(task=_task(service, held))


@router.get("/tasks/{task_id}", responses=NO_TASK, operation_id="get_task")
def get_task(task_id: TaskId, worker: Reader, service: Backend) -> TaskAnswer:
    """One of the worker's own tasks."""
    return TaskAnswer(task=_task(service, tasks.find_task(service, worker.subject, task_id)))


@router.put("/tasks/{task_id}/draft", status_code=204, responses=NO_TASK | CONFLICT, operation_id="save_draft")
def save_draft(task_id: TaskId, body: Draft, worker: Writer, service: Backend) -> None:
    """Keep what the worker has so far."""
    tasks.save_draft(service, worker.subject, task_id, encode_answer(body.draft, "draft"))


@router.post("/tasks/{task_id}/answer", responses=NO_TASK | CONFLICT, operation_id="submit_answer")
def submit_answer(
    task_id: TaskId,
    body: Answer,
    worker: Writer,
    service: Backend,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> Submitted:
    """Submit; the answer is on disk before this returns. The same Idempotency-Key again is the same answer."""
    tasks.submit(service, worker.subject, task_id, encode_answer(body.answer), idempotency_key)
    return Submitted()


@router.post("/tasks/{task_id}/release", status_code=204, responses=NO_TASK | CONFLICT, operation_id="release_task")
def release_task(task_id: TaskId, worker: Writer, service: Backend) -> None:
    """Give a task back to the pool."""
    tasks.give_back(service, worker.subject, task_id, is_declined=False)


@router.post("/tasks/{task_id}/decline", status_code=204, responses=NO_TASK | CONFLICT, operation_id="decline_task")
def decline_task(task_id: TaskId, worker: Writer, service: Backend, body: Decline | None = None) -> None:
    """Decline a task: it never comes back to this worker."""
    note = body.reason if body else None
    tasks.give_back(service, worker.subject, task_id, is_declined=True, note=note)


def _task(service: Service, held: tasks.Held) -> TaskBody:
    row, job_row = held.task, held.job
    config = job_row.request["HumanTaskConfig"]
    return TaskBody(
        task_id=row.task_id,
        job_name=job_row.name,
        object_id=str(row.object_no),
        title=config["TaskTitle"],
        description=config["TaskDescription"],
        lease_expires_at=clock.iso_ms(row.lease_expires_us),
        frame_url=frame_url(service, row.task_id, row.lease_expires_us),
        input=held.input,
        draft=None if row.draft is None else json.loads(row.draft),
        answered_by_me=held.n_answered_by_me,
        total=job_row.n_objects,
    )


# -- its description -----------------------------------------------------------------------------------------------


def openapi() -> dict[str, Any]:
    """The OpenAPI document of the portal's API."""
    app = FastAPI(title="Annolake portal", version="1", description=(__doc__ or "").split("\n\n", 1)[1].strip())
    app.include_router(router)
    document = app.openapi()
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)  # answered as 400 with an ErrorBody
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)
    return document


def openapi_page() -> str:
    """Text of docs/portal-openapi.json."""
    return json.dumps(openapi(), indent=2, sort_keys=True) + "\n"
