"""`annolake template preview`: the template in a browser, as an annotator would have it, and the answer it would send.

The template runs in a sandboxed frame of opaque origin, like in the portal; nothing is submitted anywhere. The page
is served on loopback until Ctrl-C.
"""

from __future__ import annotations

import html
import json
import socket
import webbrowser
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, Response
from rich.console import Console

from annolake.errors import AnnolakeError
from annolake.service.pages import element_file
from annolake.service.templates import TemplateFault, content_policy
from annolake.template.task import Trial

PAGE = (Path(__file__).parent / "preview.html").read_text()

FAULT = '<!doctype html><meta charset="utf-8"><pre role="alert" style="white-space:pre-wrap">{}</pre>'


def create_app(trial: Trial) -> FastAPI:
    """The preview's pages: `/` around, `/frame` the template, `/media` local sources, `/elements` the elements."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/")
    def page() -> Response:
        title = f"{trial.template.name}, line {trial.line_no}" if trial.manifest else trial.template.name
        return HTMLResponse(PAGE.replace("{{title}}", html.escape(title)).replace("{{input}}", _input(trial)))

    @app.get("/frame")
    def frame(request: Request) -> Response:
        origin = str(request.base_url).rstrip("/")
        try:
            content = trial.render(origin)
        except (TemplateFault, AnnolakeError) as fault:
            content = FAULT.format(html.escape(str(fault)))
        # what the portal lets a template do, so that what works here works there
        media = f"{origin}/media/ {trial.settings.s3_endpoint_url or 'https://*.amazonaws.com'}"
        headers = {"Content-Security-Policy": content_policy(origin, media), "Cache-Control": "no-store"}
        return HTMLResponse(content, headers=headers)

    @app.get("/media/{number}/{name}")
    def media(request: Request) -> Response:
        file = trial.media.get(request.url.path)
        return FileResponse(file) if file else Response(status_code=404)

    @app.get("/elements/{path:path}")
    def element(path: str) -> Response:
        return element_file(path)

    return app


def preview(trial: Trial, console: Console, *, port: int = 0, is_opened: bool = True) -> None:
    """Serve the preview until Ctrl-C and open it in the browser."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError as error:
            raise AnnolakeError(f"Port {port} cannot be used: {error.strerror}.", hint="Leave --port out.") from None
        listener.listen()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        console.print(f"[bold]{address}[/] shows the template; edit it and reload. Ctrl-C ends.")
        if is_opened:
            webbrowser.open(address)
        uvicorn.Server(uvicorn.Config(create_app(trial), access_log=False, log_config=None)).run(sockets=[listener])


def _input(trial: Trial) -> str:
    try:
        return html.escape(json.dumps(trial.input(), indent=2, ensure_ascii=False))
    except AnnolakeError as error:
        return html.escape(error.message)
