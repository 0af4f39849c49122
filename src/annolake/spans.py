"""Spans of time as people write them: 90m, 72h, 7d, 2w."""

from __future__ import annotations

import re
from datetime import timedelta

from annolake.errors import ConfigError

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def read_span(text: str) -> timedelta:
    """The span that a text names.

    >>> read_span("72h") == timedelta(days=3)
    True
    """
    found = re.fullmatch(r"(\d+)([mhdw])", text.strip())
    if not found:
        raise ConfigError(f"{text!r} is not a span of time.", hint="Write it as 90m, 72h, 7d or 2w.")
    return timedelta(**{UNITS[found[2]]: int(found[1])})
