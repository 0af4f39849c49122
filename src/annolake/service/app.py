"""The service's one application: every part on one port, none able to reach into another's paths.

POST /                    SageMaker operations, AWS JSON 1.1
GET  /                    ListBuckets when signed; otherwise a browser, which is sent to /portal/
/portal/api/...           the portal's HTTP API
/portal/...               the portal's web application
/oauth2/...               the way to the workforce's provider and back
/frame/<token>            a task's template, of opaque origin
/elements/...             the crowd-* elements
/healthz, /openapi.json
/{bucket}/{key}           the S3 subset
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

import annolake
from annolake.config import Settings
from annolake.service import api, frame, pages, portal, s3, sign_in
from annolake.service.accounts import Limiter, configured_accounts, store_accounts
from annolake.service.core import Service
from annolake.service.engine import Engine
from annolake.service.events import Courier
from annolake.service.faults import PortalFault
from annolake.service.limits import BodyLimit, BodyTooLarge
from annolake.service.objects import RESERVED
from annolake.service.teams import ensure_default_team
from annolake.service.workforces import ensure_default_workforce

log = logging.getLogger(__name__)


def create_app(settings: Settings) -> FastAPI:
    """Build the service; its engine runs while the application does."""
    service = Service.open(settings)
    try:
        ensure_default_workforce(service)
        ensure_default_team(service)
        store_accounts(service.store, configured_accounts(settings), [settings.workteam])
        engine, courier = Engine(service), Courier(service)
    except Exception:
        service.store.close()
        raise

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        engine.start()
        courier.start()
        try:
            yield
        finally:
            await run_in_threadpool(engine.stop)
            await run_in_threadpool(courier.stop)
            service.store.close()

    app = FastAPI(title="Annolake", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.state.service = service
    app.state.limiter = Limiter()
    app.include_router(portal.router)
    _add_errors(app)
    _add_routes(app, service, engine)
    app.add_middleware(BodyLimit)
    return app


def _add_routes(app: FastAPI, service: Service, engine: Engine) -> None:
    async def root(request: Request) -> Response:
        if request.method == "POST":
            return await api.handle(service, request)
        if request.method == "GET" and "authorization" not in request.headers and not request.scope["query_string"]:
            return RedirectResponse("/portal/")
        return await s3.handle(service.settings, service.buckets, request)

    def health(_: Request) -> Response:
        is_well = engine.is_alive and not engine.error
        state = {"status": "ok" if is_well else "troubled", "version": annolake.__version__, "engine": engine.error}
        return JSONResponse(state, 200 if engine.is_alive else 503)

    def show_frame(request: Request) -> Response:
        return frame.show(service, request, request.path_params["token"])

    def show_portal(request: Request) -> Response:
        return pages.portal_page(request, request.path_params.get("path", ""))

    def show_element(request: Request) -> Response:
        return pages.element_file(request.path_params["path"])

    async def objects(request: Request) -> Response:
        if "authorization" not in request.headers and request.url.path.split("/")[1] in RESERVED:
            raise PortalFault(405, "method_not_allowed", f"{request.method} {request.url.path} is not offered.")
        return await s3.handle(service.settings, service.buckets, request)

    def page(path: str, show: Callable[[Request], Response]) -> None:
        async def answer(request: Request) -> Response:
            if "authorization" in request.headers:  # an S3 client who takes the segment for a bucket
                return await objects(request)
            return await run_in_threadpool(show, request)

        app.add_route(path, answer, methods=["GET", "HEAD"], include_in_schema=False)

    def show_sign_in(request: Request) -> Response:
        return sign_in.answer(service, request.app.state.limiter, request)

    app.add_route("/", root, methods=s3.METHODS, include_in_schema=False)
    page("/healthz", health)
    page("/openapi.json", lambda _: JSONResponse(portal.openapi()))
    page("/oauth2/{step}", show_sign_in)
    page("/frame/{token}", show_frame)
    page("/portal", lambda _: RedirectResponse("/portal/"))
    page("/portal/{path:path}", show_portal)
    page("/elements/{path:path}", show_element)
    app.add_route("/{path:path}", objects, methods=s3.METHODS, include_in_schema=False)


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(PortalFault)
    def portal_fault(_: Request, fault: PortalFault) -> Response:
        return _portal_error(fault.status, fault.code, fault.message)

    @app.exception_handler(RequestValidationError)
    def bad_request(_: Request, error: RequestValidationError) -> Response:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:5])
        return _portal_error(400, "malformed_request", problems)

    @app.exception_handler(BodyTooLarge)
    def too_large(_: Request, error: BodyTooLarge) -> Response:
        return _portal_error(400, "body_too_large", str(error))

    @app.exception_handler(HTTPException)
    def http_error(_: Request, error: HTTPException) -> Response:
        if isinstance(error.__cause__, BodyTooLarge):  # FastAPI wraps whatever goes wrong while it reads a body
            return too_large(_, error.__cause__)
        return _portal_error(error.status_code, "http_error", str(error.detail))

    @app.exception_handler(Exception)
    def failure(request: Request, _: Exception) -> Response:
        log.error("%s %s failed", request.method, request.url.path)  # uvicorn logs the traceback
        return _portal_error(500, "internal", "The service failed; its log says why.")


def _portal_error(status: int, code: str, message: str) -> Response:
    body: dict[str, Any] = {"error": {"code": code, "message": message}}
    return JSONResponse(body, status, {"Connection": "close"} if code == "body_too_large" else None)
