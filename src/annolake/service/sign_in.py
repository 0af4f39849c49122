"""`/oauth2/…`: a browser's way to the workforce's provider and back.

`/oauth2/sign-in` sends it there, `/oauth2/idpresponse` takes it back: the path that Ground Truth's users register
with their provider. The cookie in between belongs to this path alone. Whatever goes wrong ends at the portal's sign-in
page, which says so; the log says why.
"""

from __future__ import annotations

import hmac
import logging

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from annolake.service import accounts, portal
from annolake.service.accounts import Limiter
from annolake.service.core import Service
from annolake.service.faults import PortalFault
from annolake.service.provider import ATTEMPT_SECONDS, Attempt, SignInRefused, authorization_url, fetch_person
from annolake.service.workforces import find_provider

log = logging.getLogger(__name__)

COOKIE = "annolake_sign_in"
COOKIE_PATH = "/oauth2"
CALLBACK = "/oauth2/idpresponse"
PAGES = {"": "/portal/", "again": "/portal/#/signed-in"}
"""Where people land; `again` is the tab that somebody opened to go on with work in another one."""


def answer(service: Service, limiter: Limiter, request: Request) -> Response:
    """The answer to one of the two steps."""
    step = request.path_params["step"]
    try:
        if step == "sign-in":
            response = _begin(service, request)
        elif step == "idpresponse":
            response = _finish(service, limiter, request)
        else:
            raise PortalFault(404, "no_such_path", f"There is no {request.url.path}.")
    except SignInRefused as refusal:
        log.warning("Sign-in refused (%s): %s", refusal.code, refusal)
        response = RedirectResponse(f"/portal/#/refused/{refusal.code}", 303)
    if step == "idpresponse":
        response.delete_cookie(COOKIE, path=COOKIE_PATH)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _begin(service: Service, request: Request) -> Response:
    provider = find_provider(service)
    if provider is None:
        raise SignInRefused("no_provider", "no workforce has an OidcConfig")
    page = request.query_params.get("page", "")
    attempt = Attempt.begin(service, page if page in PAGES else "")
    response = RedirectResponse(authorization_url(provider, attempt, _callback(service)), 303)
    response.set_cookie(
        COOKIE,
        attempt.token,
        max_age=ATTEMPT_SECONDS,
        path=COOKIE_PATH,
        httponly=True,
        samesite="lax",  # the provider, another site, sends the browser back
        secure=portal.is_secure(service, request),
    )
    return response


def _finish(service: Service, limiter: Limiter, request: Request) -> Response:
    if "code" not in request.query_params:  # some providers leave out the state then; there is nothing to guard
        error = request.query_params.get("error", "nothing")
        raise SignInRefused("denied" if error == "access_denied" else "provider", f"the provider says {error[:100]!r}")
    attempt = _attempt(service, request)
    address = request.client.host if request.client else ""
    try:
        limiter.check(attempt.state, address)
    except PortalFault as fault:
        raise SignInRefused(fault.code, f"too many failed returns from {address}") from None
    try:
        token = _session(service, attempt, request)
    except SignInRefused:
        limiter.count(attempt.state, address)
        raise
    response = RedirectResponse(PAGES[attempt.page], 303)
    portal.set_session(response, token, portal.is_secure(service, request))
    return response


def _attempt(service: Service, request: Request) -> Attempt:
    """The attempt that this browser began; nobody else's answer is taken."""
    attempt = Attempt.of(service, request.cookies.get(COOKIE, ""))
    if not hmac.compare_digest(attempt.state.encode(), request.query_params.get("state", "").encode()):
        raise SignInRefused("state", "the state is not the one that this browser was sent away with")
    if attempt.is_over:
        raise SignInRefused("state", "the sign-in took too long")
    return attempt


def _session(service: Service, attempt: Attempt, request: Request) -> str:
    given = request.query_params
    provider = find_provider(service)
    if provider is None:
        raise SignInRefused("no_provider", "no workforce has an OidcConfig any more")
    if given.get("iss", provider.issuer) != provider.issuer:  # RFC 9207
        raise SignInRefused("token", "the answer comes from another issuer")
    person = fetch_person(provider, attempt, given["code"], _callback(service))
    token = accounts.sign_in_person(service, person)
    log.info("Signed in through %s: %r", provider.issuer, person.sub)
    return token


def _callback(service: Service) -> str:
    return f"{service.settings.portal_url}{CALLBACK}"
