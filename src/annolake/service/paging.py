"""`NextToken` of list operations: the place behind which the next page begins, bound to its query."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from annolake.service.faults import invalid


def encode(query: dict[str, Any], place: list[Any]) -> str:
    """A token for the page behind `place`."""
    text = json.dumps([_fingerprint(query), place], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode()


def decode(query: dict[str, Any], token: str | None, length: int) -> list[Any] | None:
    """The place in a token; `ValidationException` for one that is malformed or of another query."""
    if token is None:
        return None
    try:
        fingerprint, place = json.loads(base64.b64decode(token.encode(), altchars=b"-_", validate=True))
        if fingerprint == _fingerprint(query) and isinstance(place, list) and len(place) == length:
            return place
    except (ValueError, TypeError, RecursionError):
        pass  # the refusal below says it
    raise invalid("NextToken is not one that this list returned for the same parameters")


def _fingerprint(query: dict[str, Any]) -> str:
    same = {k: v for k, v in query.items() if k not in ("NextToken", "MaxResults")}
    return hashlib.sha256(json.dumps(same, sort_keys=True).encode()).hexdigest()[:16]
