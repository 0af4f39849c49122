"""An OpenID Connect provider, as the portal signs people in with it.

The authorization code flow with PKCE (OpenID Connect Core 3.1, RFC 7636). Nothing of an attempt is stored here: the
browser keeps a random token in a cookie, and state, nonce and PKCE verifier are keyed digests of it. Who it was stands
in the claims that Ground Truth asks of a provider: `sagemaker:groups`, `sagemaker:sub`, `sagemaker:client_id`,
`sagemaker:name`, each also with `-` for `:`, in the ID token or at the user info endpoint.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlencode

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, KeySetSerialization

from annolake.service import clock
from annolake.service.core import Service

ATTEMPT_SECONDS = 600
TIMEOUT_SECONDS = 10
LEEWAY_SECONDS = 60
ALGORITHMS = [*(f"{kind}{bits}" for kind in ("RS", "PS", "ES") for bits in (256, 384, 512)), "EdDSA", "Ed25519"]
"""Signatures with the provider's own key; one made with the client secret proves less, `none` nothing."""
RESERVED_PARAMETERS = frozenset(
    {"client_id", "code_challenge", "code_challenge_method", "nonce", "redirect_uri", "response_type", "scope", "state"}
)
GROUP_CHARACTERS = 63


class SignInRefused(Exception):
    """Nobody is signed in. The code is for the page, the text for the service's log; neither holds a token."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


@dataclass(frozen=True)
class Provider:
    """A workforce's `OidcConfig`."""

    name: str
    client_id: str
    client_secret: str = field(repr=False)
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    user_info_endpoint: str
    logout_endpoint: str
    jwks_uri: str
    scope: str
    extra: dict[str, str]

    @classmethod
    def of(cls, name: str, config: Mapping[str, Any], client_secret: str) -> Provider:
        """From the members that CreateWorkforce takes."""
        return cls(
            name=name,
            client_id=config["ClientId"],
            client_secret=client_secret,
            issuer=config["Issuer"],
            authorization_endpoint=config["AuthorizationEndpoint"],
            token_endpoint=config["TokenEndpoint"],
            user_info_endpoint=config["UserInfoEndpoint"],
            logout_endpoint=config["LogoutEndpoint"],
            jwks_uri=config["JwksUri"],
            scope=config.get("Scope") or "openid",
            extra=config.get("AuthenticationRequestExtraParams", {}),
        )

    def sign_out_url(self, back_to: str) -> str:
        """Where the provider's own session ends (RP-Initiated Logout 1.0)."""
        query = urlencode({"client_id": self.client_id, "post_logout_redirect_uri": back_to})
        return f"{self.logout_endpoint}{'&' if '?' in self.logout_endpoint else '?'}{query}"


@dataclass(frozen=True)
class Attempt:
    """One browser's way to the provider and back."""

    token: str
    state: str
    nonce: str
    verifier: str

    @classmethod
    def begin(cls, service: Service, page: str) -> Attempt:
        """A new one, which ends at a page of the portal."""
        expires_us = clock.now_us() + ATTEMPT_SECONDS * clock.SECOND
        return cls.of(service, f"{expires_us}.{page}.{secrets.token_urlsafe(32)}")

    @classmethod
    def of(cls, service: Service, token: str) -> Attempt:
        """The one that a cookie's token stands for; a token that was made up leads to a state that nobody was sent."""
        return cls(token, *(service.digest(f"sign-in {part}", token) for part in ("state", "nonce", "verifier")))

    @property
    def is_over(self) -> bool:
        """Whether its time is up."""
        return int(self.token.partition(".")[0]) <= clock.now_us()

    @property
    def page(self) -> str:
        """Where it ends."""
        return self.token.split(".")[1]


@dataclass(frozen=True)
class Person:
    """Who signed in, in the provider's words."""

    issuer: str
    sub: str
    name: str
    groups: tuple[str, ...]


def authorization_url(provider: Provider, attempt: Attempt, redirect_uri: str) -> str:
    """Where the browser is sent."""
    with _client(provider, redirect_uri) as client:
        url, _ = client.create_authorization_url(
            provider.authorization_endpoint,
            state=attempt.state,
            nonce=attempt.nonce,
            code_verifier=attempt.verifier,
            **provider.extra,
        )
    return str(url)


def fetch_person(provider: Provider, attempt: Attempt, code: str, redirect_uri: str) -> Person:
    """Who stands behind a code. Raises `SignInRefused` where the provider or what it says cannot be trusted."""
    with _client(provider, redirect_uri) as client:
        try:
            token = client.fetch_token(
                provider.token_endpoint,
                code=code,
                code_verifier=attempt.verifier,
                timeout=TIMEOUT_SECONDS,
                allow_redirects=False,
            )
            keys = _get(client, provider.jwks_uri, withhold_token=True)
        except (AuthlibBaseError, requests.RequestException, ValueError) as error:
            raise SignInRefused("provider", f"{provider.issuer} gave no token: {_plain(error)}") from None
        claims = check_id_token(provider, attempt, token, keys)
        if _claim(claims, "groups") is None:
            claims = _more_claims(provider, client, claims)
    return _person(provider, claims)


def check_id_token(
    provider: Provider, attempt: Attempt, token: Mapping[str, Any], keys: Mapping[str, Any]
) -> dict[str, Any]:
    """The claims of an ID token, once signature, issuer, audience, expiry and nonce hold (OIDC Core 3.1.3.7)."""
    options: Any = {
        "iss": {"essential": True, "value": provider.issuer},
        "aud": {"essential": True, "value": provider.client_id},
    }
    given = {"nonce": attempt.nonce, "client_id": provider.client_id, "access_token": token.get("access_token")}
    try:
        theirs = KeySet.import_key_set(cast("KeySetSerialization", keys))
        decoded = jwt.decode(token["id_token"], theirs, algorithms=ALGORITHMS)
        claims = CodeIDToken(decoded.claims, decoded.header, options, given)
        claims.validate(now=clock.now_us() // clock.SECOND, leeway=LEEWAY_SECONDS)
    except (JoseError, KeyError, TypeError, ValueError) as error:
        raise SignInRefused("token", f"The ID token of {provider.issuer} does not hold: {_plain(error)}") from None
    return dict(claims)


def _more_claims(provider: Provider, client: OAuth2Session, claims: dict[str, Any]) -> dict[str, Any]:
    """What the user info endpoint adds; it must speak of the same person (OIDC Core 5.3.2)."""
    try:
        found = _get(client, provider.user_info_endpoint)
    except (AuthlibBaseError, requests.RequestException, ValueError) as error:
        raise SignInRefused("provider", f"{provider.issuer} gave no user info: {_plain(error)}") from None
    if found.get("sub") != claims["sub"]:
        raise SignInRefused("token", f"The user info of {provider.issuer} is somebody else's")
    return {**found, **claims}


def _person(provider: Provider, claims: Mapping[str, Any]) -> Person:
    client_id = _claim(claims, "client_id")
    if client_id is not None and client_id != provider.client_id:
        raise SignInRefused("token", f"{provider.issuer} speaks of another client: sagemaker:client_id is not ours")
    sub = str(_claim(claims, "sub") or claims["sub"])
    named = _claim(claims, "groups")
    groups = [named] if isinstance(named, str) else named if isinstance(named, list) else []
    fitting = tuple(dict.fromkeys(g for g in groups if isinstance(g, str) and 0 < len(g) <= GROUP_CHARACTERS))
    if not fitting:
        raise SignInRefused("no_groups", f"{provider.issuer} names no group of {sub}: no claim sagemaker:groups")
    if len(sub) > 255:
        raise SignInRefused("token", f"The subject that {provider.issuer} gives is longer than 255 characters")
    name = _claim(claims, "name") or claims.get("name") or claims.get("preferred_username") or claims.get("email")
    return Person(provider.issuer, sub, str(name or sub)[:128], fitting)


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    return claims.get(f"sagemaker:{name}", claims.get(f"sagemaker-{name}"))


def _client(provider: Provider, redirect_uri: str) -> OAuth2Session:
    return OAuth2Session(
        provider.client_id,
        provider.client_secret,
        scope=provider.scope,
        redirect_uri=redirect_uri,
        code_challenge_method="S256",
        leeway=0,
    )


def _get(client: OAuth2Session, url: str, *, withhold_token: bool = False) -> dict[str, Any]:
    response = client.get(url, withhold_token=withhold_token, timeout=TIMEOUT_SECONDS, allow_redirects=False)
    response.raise_for_status()
    found = response.json()
    if response.status_code != requests.codes.ok or not isinstance(found, dict):
        raise ValueError(f"{url} answers {response.status_code} without a JSON object")
    return found


def _plain(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]
