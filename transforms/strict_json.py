"""JSON as its standard has it: what passes here is read alike by every engine behind.

Python's own reader takes NaN, lone surrogates and numbers out of range, which others refuse in the middle of a
query over a million rows.
"""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

TOO_DEEP = "nested too deeply"
DEEPEST = 500
"""Lists and objects within each other: every version of Python reads so many, and no tool writes as many."""


def load(text: str | bytes) -> Any:
    """The value; raises `ValueError` with the position where it is not standard JSON in UTF-8, or nested too deeply."""
    try:
        text = text if isinstance(text, str) else text.decode("utf-8-sig")
        value = _READER.decode(text)
        if text.count("{") + text.count("[") > DEEPEST and is_too_deep(value):
            raise ValueError(TOO_DEEP)
        if "\\u" in text and "\\ud" in text.lower():
            json.dumps(value, ensure_ascii=False).encode()  # half of a surrogate pair has no UTF-8
    except json.JSONDecodeError as error:
        raise ValueError(f"{error.msg} at line {error.lineno} column {error.colno}") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start} is not UTF-8") from None
    except UnicodeEncodeError:
        raise ValueError("half of a surrogate pair") from None
    except RecursionError:
        raise ValueError(TOO_DEEP) from None
    return value


def is_too_deep(value: Any) -> bool:
    """Whether more than DEEPEST lists and objects stand within each other.

    >>> is_too_deep([{"a": [1]}])
    False
    """
    level = [value]
    for _ in range(DEEPEST + 1):
        within = [v for v in level if isinstance(v, dict | list)]
        level = [part for v in within for part in (v.values() if isinstance(v, dict) else v)]
        if not within:
            return False
    return True


def dump(value: Any) -> str:
    """Compact JSON text, keys in their order."""
    return _WRITER.encode(value)


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"{text} is out of range")
    return value


_READER = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite)
_WRITER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
"""Made once: `json.loads` and `json.dumps` would make one at each call, which costs as much as a short text."""
