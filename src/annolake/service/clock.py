"""Times: whole microseconds since the epoch in the store, and the forms in which Ground Truth writes them."""

from __future__ import annotations

import time
from datetime import UTC, datetime

SECOND = 1_000_000


def now_us() -> int:
    """The present, in microseconds since the epoch."""
    return time.time_ns() // 1000


def _utc(us: int) -> datetime:
    return datetime.fromtimestamp(us // SECOND, UTC).replace(microsecond=us % SECOND)


def epoch(us: int) -> float:
    """Epoch seconds with milliseconds, as AWS JSON answers carry times.

    >>> epoch(1_544_140_800_123_456)
    1544140800.123
    """
    return us // 1000 / 1000


def creation_date(us: int) -> str:
    """`creation-date` of label metadata: UTC, microseconds, no zone.

    >>> creation_date(1_557_002_500_638_095)
    '2019-05-04T20:41:40.638095'
    """
    return _utc(us).strftime("%Y-%m-%dT%H:%M:%S.%f")


def iso_ms(us: int) -> str:
    """`submissionTime` of worker responses: UTC, milliseconds, `Z`.

    >>> iso_ms(1_609_181_998_321_999)
    '2020-12-28T18:59:58.321Z'
    """
    return _utc(us).strftime("%Y-%m-%dT%H:%M:%S.") + f"{us % SECOND // 1000:03d}Z"


def file_stamp(us: int) -> str:
    """Name of a worker-response file.

    >>> file_stamp(1_609_181_998_321_999)
    '2020-12-28_18:59:58'
    """
    return _utc(us).strftime("%Y-%m-%d_%H:%M:%S")
