"""Pseudonyms: the lake knows annotators by a keyed hash, so that a copy of it names nobody."""

from __future__ import annotations

import hashlib
import hmac


def worker_pseudonym(key: str, backend_worker_id: str, issuer: str | None = None, subject: str | None = None) -> str:
    """`w_` and 16 hex digits: HMAC-SHA256 of issuer and subject, or of the backend's id where those are unknown.

    >>> worker_pseudonym("k", "private.us-east-1.0a")
    'w_027e547898e37480'
    """
    name = f"{issuer}|{subject}" if issuer and subject else backend_worker_id
    return "w_" + hmac.new(key.encode(), name.encode(), hashlib.sha256).hexdigest()[:16]
