"""A limit on request bodies, counted as they arrive: no client fills the memory, whatever length it announces."""

from __future__ import annotations

from typing import Any

from annolake.service.answers import LIMIT

PORTAL_LIMIT = LIMIT + 64 * 1024
API_LIMIT = 4 * 1024 * 1024


class BodyTooLarge(Exception):
    """The body went over the limit while it was read."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"The body is larger than {limit} bytes.")


class BodyLimit:
    """ASGI middleware for the JSON parts; the S3 subset streams to disk and counts for itself."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass on, counting."""
        limit = _limit(scope)
        if limit is None:
            await self._app(scope, receive, send)
            return
        size = 0

        async def counted() -> Any:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > limit:
                raise BodyTooLarge(limit)
            return message

        await self._app(scope, counted, send)


def _limit(scope: Any) -> int | None:
    if scope["type"] != "http":
        return None
    if scope["path"] == "/":
        return API_LIMIT
    return PORTAL_LIMIT if scope["path"].startswith("/portal") else None
