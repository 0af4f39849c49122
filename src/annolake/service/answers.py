"""Workers' answers: what may come in."""

from __future__ import annotations

import json
import re
from typing import Any

from annolake.service.faults import PortalFault
from transforms.strict_json import DEEPEST, is_too_deep

LIMIT = 16 * 1024 * 1024
"""Of one answer: forty boxes on each of 2,000 frames are about as much."""
HALF = re.compile("[\ud800-\udfff]")
"""Half a character, of a text that was cut: it has no UTF-8, no reader takes it, so U+FFFD is kept instead."""


def encode_answer(answer: Any, what: str = "answer") -> str:
    """The text that is stored: compact JSON in ASCII, so that any character survives any database."""
    if is_too_deep(answer):
        raise PortalFault(400, f"malformed_{what}", f"The {what} has more than {DEEPEST} lists within each other.")
    try:
        text = json.dumps(answer, allow_nan=False, separators=(",", ":"))
        if "\\ud" in text:
            whole = HALF.sub("\ufffd", json.dumps(answer, ensure_ascii=False))
            text = json.dumps(json.loads(whole), separators=(",", ":"))
    except (ValueError, RecursionError):
        raise PortalFault(400, f"malformed_{what}", f"The {what} is not JSON (NaN and Infinity are not).") from None
    if len(text) > LIMIT:
        raise PortalFault(400, f"{what}_too_large", f"The {what} has {len(text)} bytes; at most {LIMIT} are taken.")
    return text
