"""An OpenID Connect provider over HTTP that a test lets lie: strict with its client, it signs what it is told.

No web page: the test plays the person. `code_for` is what the provider would send back for an authorization request.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import KeySet, RSAKey

CLIENT_ID, CLIENT_SECRET = "annolake-portal", "the client's secret: never told"
KEY = RSAKey.generate_key(2048, parameters={"kid": "mine"})
FOREIGN_KEY = RSAKey.generate_key(2048, parameters={"kid": "mine"})


class LyingProvider:
    """What it says is in `claims`, and `user_info`; a test changes them before somebody comes back."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.requests: list[dict[str, str]] = []
        self.honest()

    def honest(self) -> None:
        """Tell the truth from now on."""
        self.key, self.header = KEY, {"alg": "RS256", "kid": "mine"}
        self.claims: dict[str, Any] = {"sub": "person-1", "sagemaker:name": "Ana P.", "sagemaker:groups": "annotators"}
        self.user_info: dict[str, Any] = {"sub": "person-1"}
        self.is_up = True
        self.codes: dict[str, dict[str, str]] = {}

    def config(self, **changes: Any) -> dict[str, Any]:
        """An `OidcConfig`."""
        places = {"AuthorizationEndpoint": "authorize", "TokenEndpoint": "token", "UserInfoEndpoint": "me"}
        places |= {"LogoutEndpoint": "logout", "JwksUri": "keys"}
        ours = {"Issuer": self.url, "ClientId": CLIENT_ID, "ClientSecret": CLIENT_SECRET}
        return {**{k: f"{self.url}/{v}" for k, v in places.items()}, **ours, **changes}

    def code_for(self, url: str) -> dict[str, str]:
        """What the browser brings back."""
        asked = dict(parse_qsl(urlsplit(url).query))
        self.requests.append(asked)
        code = secrets.token_urlsafe(8)
        self.codes[code] = asked
        return {"code": code, "state": asked["state"]}

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """The token endpoint's answer."""
        expected = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if authorization != f"Basic {expected}":
            return 401, {"error": "invalid_client"}
        asked = self.codes.pop(form.get("code", ""), None)
        if asked is None or asked["redirect_uri"] != form["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).decode().rstrip("=") != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        honest = {"iss": self.url, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        claims = {k: v for k, v in {**honest, **self.claims}.items() if v is not None}
        with warnings.catch_warnings(
            action="ignore", category=SecurityWarning
        ):  # no signature at all is one of the lies
            signed = jwt.encode(self.header, claims, self.key, algorithms=[self.header["alg"]])
        return 200, {"access_token": "opaque", "token_type": "Bearer", "expires_in": 300, "id_token": signed}


@contextmanager
def lying_provider() -> Iterator[LyingProvider]:
    """A provider on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/keys":
                self.reply(200, KeySet([KEY]).as_dict(private=False))
            elif self.path == "/me" and self.headers["Authorization"] == "Bearer opaque":
                self.reply(200, provider.user_info)
            else:
                self.reply(404, {})

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            plain = {k: v[0] for k, v in form.items()}
            self.reply(*provider.token(plain, self.headers.get("Authorization", "")))

        def reply(self, status: int, body: Any) -> None:
            content = json.dumps(body).encode() if provider.is_up else b"<h1>Bad Gateway</h1>"
            self.send_response(status if provider.is_up else 502)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider = LyingProvider(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
