"""Pseudonyms: the lake knows annotators by a keyed hash, so that a copy of it names nobody."""

from __future__ import annotations

import hashlib
import hmac


def worker_pseudonym(key: str, backend_worker_id: str) -> str:
    """`w_` and 16 hex digits: HMAC-SHA256 of the labeling backend's workerId.

    Manifest lines know no more of a worker than that. Anything else in the hash would make two people of one, by
    which file was read first.

    >>> worker_pseudonym("k", "private.us-east-1.0a")
    'w_027e547898e37480'
    """
    return "w_" + hmac.new(key.encode(), backend_worker_id.encode(), hashlib.sha256).hexdigest()[:16]
