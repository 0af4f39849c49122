"""A real OpenID Connect provider in a process of its own, for the tests that walk a whole sign-in."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from tests.conftest import free_port

PATIENCE_S = 30.0


@contextmanager
def running_provider(*people: dict[str, Any]) -> Iterator[str]:
    """The issuer's URL; each person is a button of the provider's page, with the claims given (`sub` among them)."""
    port = free_port()
    claims = [part for person in people for part in ("--user-claims", json.dumps(person))]
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce", "true", *claims]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + PATIENCE_S
        while not _answers(f"{url}/.well-known/openid-configuration"):
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                raise RuntimeError(f"The provider did not start: {process.communicate()[1].decode()[-2000:]}")
            time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_S)


def oidc_config(issuer: str, client_id: str = "portal") -> dict[str, str]:
    """An `OidcConfig` of what the provider says about itself."""
    known = httpx.get(f"{issuer}/.well-known/openid-configuration").json()
    return {
        "ClientId": client_id,
        "ClientSecret": "a secret between the two",
        "Issuer": known["issuer"],
        "AuthorizationEndpoint": known["authorization_endpoint"],
        "TokenEndpoint": known["token_endpoint"],
        "UserInfoEndpoint": known["userinfo_endpoint"],
        "LogoutEndpoint": known["end_session_endpoint"],
        "JwksUri": known["jwks_uri"],
        "Scope": "openid profile email",
    }


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False
