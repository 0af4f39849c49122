"""List operations: their pages, and `NextToken`, the place behind which the next page begins, bound to its query."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row

from annolake.service.faults import invalid

PAGE = 100


def named_page(request: dict[str, Any], rows: Iterable[Row[Any]]) -> tuple[list[Row[Any]], str | None]:
    """One page of rows with `name_key` and `created_us`, by NameContains, SortBy, SortOrder, and the next token."""
    limit = request.get("MaxResults", PAGE)
    place = decode(request, request.get("NextToken"), 2)
    column = "created_us" if request.get("SortBy") == "CreateDate" else "name_key"
    is_descending = request.get("SortOrder") == "Descending"
    wanted = request.get("NameContains", "").lower()
    keyed = sorted(
        (([getattr(row, column), row.name_key], row) for row in rows if wanted in row.name_key),
        key=lambda item: item[0],
        reverse=is_descending,
    )
    if place is not None:
        try:
            keyed = [item for item in keyed if (item[0] < place if is_descending else item[0] > place)]
        except TypeError:
            raise invalid("NextToken is not one that this list returned") from None
    token = encode(request, keyed[limit - 1][0]) if len(keyed) > limit else None
    return [row for _, row in keyed[:limit]], token


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
