"""Who looks, and what they may see: pure rules over the settings and what the sign-in said.

Pages show annotators by pseudonym. Names are for those whom `dashboards_names_for` lists, and only on the page:
downloads and statements keep the pseudonyms.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from annolake.config import Settings

LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks at the pages; `who` is empty where nobody signs in."""

    who: str
    sees_names: bool


class SignInNeeded(Exception):
    """Nobody is signed in yet."""


class NotAllowed(Exception):
    """The pages stay shut; the text says why and what would open them."""


def viewer(settings: Settings, address: str | None, user: Mapping[str, Any]) -> Viewer:
    """Who looks, from the listener's address (None is every network) and the claims of who is signed in.

    Raises `SignInNeeded` where somebody has to sign in first, `NotAllowed` where that would not help.
    """
    if settings.dashboards_sign_in == "oidc":
        return _signed_in(settings, user)
    if settings.dashboards_sign_in == "local" and not is_loopback(address):
        raise NotAllowed(
            f"The dashboards listen on {address or 'every network'} and nobody has to sign in. Set up sign-in "
            "(ANNOLAKE_DASHBOARDS_SIGN_IN=oidc), listen on 127.0.0.1, or say that a proxy signs people in "
            "(ANNOLAKE_DASHBOARDS_SIGN_IN=off)."
        )
    return Viewer("", LOCAL in _listed(settings.dashboards_names_for))


def _signed_in(settings: Settings, user: Mapping[str, Any]) -> Viewer:
    if not user.get("is_logged_in"):
        raise SignInNeeded
    titles = titles_of(user)
    who = str(user.get("email") or user.get("sub") or "")
    allowed = _listed(settings.dashboards_allowed)
    if allowed and not titles & allowed:
        raise NotAllowed(f"{who or 'This account'} may not look at these dashboards. Ask whoever runs them to add it.")
    return Viewer(who, bool(titles & (_listed(settings.dashboards_names_for) - {LOCAL})))


def titles_of(user: Mapping[str, Any]) -> frozenset[str]:
    """What a list of people may name somebody by: the e-mail, if it is not known as unverified, and `role:` each role.

    Roles are the claims `roles` and `groups`, and `realm_access.roles` as Keycloak has it.
    """
    titles = set()
    email = str(user.get("email") or "")
    if "@" in email and user.get("email_verified") is not False:
        titles.add(email.casefold())
    nested = user.get("realm_access")
    for claim in (user.get("roles"), user.get("groups"), nested.get("roles") if isinstance(nested, Mapping) else None):
        named = [claim] if isinstance(claim, str) else claim if isinstance(claim, (list, tuple)) else []
        titles |= {f"role:{name}".casefold() for name in named}
    return frozenset(titles)


def is_loopback(address: str | None) -> bool:
    """Whether a listener on this address is reached from this machine only."""
    if not address:
        return False
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return address == "localhost"


def _listed(text: str) -> frozenset[str]:
    return frozenset(part.strip().casefold() for part in text.split(",") if part.strip())
