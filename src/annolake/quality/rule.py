"""What a row rule is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["fail", "warn"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of one table; `holds` and `reason` are SQL, a condition that is NULL holds."""

    table: str
    name: str
    severity: Severity
    holds: str
    reason: str
    meaning: str
    is_on_landing: bool = False
    """Needs helper columns, so it can be counted on the rows of a landing only, not on the table afterwards."""
