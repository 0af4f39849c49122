"""Label category configurations of video frames: labels, their attributes and the frames', what may be edited.

The form and its limits are Ground Truth's (contract, section 2.3); what is checked here is what the worker UI reads.
"""

from __future__ import annotations

import json
from typing import Any

from annolake.service.manifests import CONFIG_LIMIT
from annolake.service.objects import ObjectMissing, Objects, read_bytes

ANNOTATION_TYPES = ("BoundingBox", "Polyline", "Polygon", "Keypoint")
MOST_LABELS, MOST_ATTRIBUTES, MOST_VALUES = 30, 10, 10
LONGEST_NAME = 16
AUDITED = "auditLabelAttributeName"


def read_categories(objects: Objects, uri: str, *, is_audit: bool) -> dict[str, Any]:
    """A configuration, checked; raises `ObjectMissing` with what is wrong in it."""
    try:
        config = json.loads(read_bytes(objects, uri, CONFIG_LIMIT))
        _check(config, is_audit)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        said = error if isinstance(error, _Wrong) else f"{type(error).__name__}: {error}"
        raise ObjectMissing(f"{uri}: not a label category configuration for video frames: {said}") from None
    return dict(config)


def labels_of(config: dict[str, Any]) -> list[str]:
    """The labels in the order that gives each its class id."""
    return [item["label"] for item in config["labels"]]


class _Wrong(ValueError):
    pass


def _check(config: dict[str, Any], is_audit: bool) -> None:
    labels = labels_of(config)
    if not 1 <= len(labels) <= MOST_LABELS or len(set(labels)) != len(labels):
        raise _Wrong(f"labels: 1 to {MOST_LABELS} different labels are needed, found {len(labels)}")
    for label in labels:
        if not isinstance(label, str) or not 1 <= len(label) <= LONGEST_NAME:
            raise _Wrong(f"labels: {label!r}: a label has 1 to {LONGEST_NAME} characters")
    if config.get("annotationType", ANNOTATION_TYPES[0]) not in ANNOTATION_TYPES:
        raise _Wrong(f"annotationType must be one of {', '.join(ANNOTATION_TYPES)}, not {config['annotationType']!r}")
    if is_audit and not isinstance(config.get(AUDITED), str):
        raise _Wrong(f"{AUDITED} is needed: the label attribute that is looked at, as in ..._ref-metadata's name")
    groups = [config.get("frameAttributes", []), config.get("categoryGlobalAttributes", [])]
    for attributes in [*groups, *(item.get("categoryAttributes", []) for item in config["labels"])]:
        _check_attributes(attributes)


def _check_attributes(attributes: list[dict[str, Any]]) -> None:
    names = [attribute["name"] for attribute in attributes]
    if len(names) > MOST_ATTRIBUTES or len(set(names)) != len(names):
        raise _Wrong(f"attributes: at most {MOST_ATTRIBUTES} different ones, found {', '.join(names)}")
    for attribute in attributes:
        name, kind, values = attribute["name"], attribute.get("type", "string"), attribute.get("enum", [])
        if kind not in ("string", "number"):
            raise _Wrong(f"attribute {name!r}: type must be string or number, not {kind!r}")
        if not isinstance(values, list) or len(values) > MOST_VALUES:
            raise _Wrong(f"attribute {name!r}: enum must list at most {MOST_VALUES} values")
