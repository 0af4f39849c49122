"""Shapes on frames of a video, each frame for itself; one worker has the whole sequence."""

from __future__ import annotations

from typing import Any

from annolake.service.consolidation import frames
from annolake.service.consolidation.label import Given, Label

ELEMENT = "detectionAnnotations"


def read(value: dict[str, Any], labels: list[str]) -> tuple[list[frames.Frame], bool | None] | None:
    """As `frames.read`."""
    return frames.read(value, labels, is_tracking=False)


def label(given: list[Given], labels: list[str]) -> Label:
    """As `frames.label`."""
    return frames.label(given[0], labels)


def label_file(given: list[Given], labels: list[str]) -> bytes:
    """SeqLabel.json."""
    return frames.label_file(given[0], labels, "detection-annotations")
