"""Static files: the portal's web application and the crowd-* elements, as `make portal` built them."""

from __future__ import annotations

from pathlib import Path

from fastapi import Request
from fastapi.responses import FileResponse, HTMLResponse, Response

from annolake.service.faults import PortalFault

STATIC = Path(__file__).parent / "static"
NOT_BUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Annolake portal</title>
<body style="font:16px/1.6 system-ui;max-width:40rem;margin:4rem auto;padding:0 1rem">
<h1>The portal has not been built yet</h1>
<p>The labeling service runs; only its web pages are missing. Build them once in the checkout:</p>
<pre>make portal</pre><p>and load this page again.</p></body></html>
"""
PORTAL_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:;"
    " connect-src 'self'; frame-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'"
)


def portal_page(request: Request, path: str) -> Response:
    """A file of the portal; every other address below /portal/ is the application itself."""
    if path.startswith("api/") or path == "api":
        raise PortalFault(404, "no_such_path", f"There is no {request.url.path}.")
    headers = {
        "Content-Security-Policy": PORTAL_POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    file = _file("portal", path) or _file("portal", "index.html")
    if file is None:
        return HTMLResponse(NOT_BUILT, 503, headers)
    is_hashed = file.parent.name == "assets"  # Vite puts a hash of the content into these names
    headers["Cache-Control"] = "public, max-age=31536000, immutable" if is_hashed else "no-cache"
    return FileResponse(file, headers=headers)


def element_file(path: str) -> Response:
    """A file of the element bundle; pages of opaque origin may read it."""
    headers = {
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-cache",
    }
    file = _file("elements", path)
    if file is None:
        return Response("Not found; build the elements with: make portal\n", 404, headers, "text/plain")
    return FileResponse(file, headers=headers)


def _file(folder: str, path: str) -> Path | None:
    top = (STATIC / folder).resolve()
    if "\0" in path:
        return None
    file = (top / path).resolve()
    return file if file.is_relative_to(top) and file.is_file() else None
