"""Numbers in answers and labels."""

from __future__ import annotations

import math
from typing import Any, TypeGuard


def is_number(value: Any) -> TypeGuard[float]:
    """A finite number that is not a truth value, and no whole number that is too large for one."""
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False


def plain(value: float) -> float | int:
    """A number as Ground Truth writes it: whole where it is.

    >>> plain(164.0), plain(164.600000001)
    (164, 164.6)
    """
    rounded = round(value, 4)
    return int(rounded) if rounded == int(rounded) else rounded
