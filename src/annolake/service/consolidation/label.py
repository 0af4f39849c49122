"""What goes into consolidation and what comes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Given:
    """One worker's usable answer on one object, as the kind reads it."""

    object_no: int
    subject: str
    value: Any


@dataclass(frozen=True, slots=True)
class Label:
    """The label of one object: the attribute's value, and what its metadata says beside who and when."""

    value: Any
    about: dict[str, Any]
