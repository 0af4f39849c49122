"""Requests and responses of SageMaker operations, checked against botocore's own service model.

boto3 checks what is required, types and minima before it sends; maxima, patterns and enumerations it does not, so
they are checked here, from the same JSON: nothing is copied by hand and nothing can drift.
"""

from __future__ import annotations

import math
import re
from functools import cache
from typing import TYPE_CHECKING, Any

import botocore.session

from annolake.service.faults import ApiFault, invalid
from annolake.service.tables import UNKEEPABLE

if TYPE_CHECKING:
    from botocore.model import ServiceModel

SCALARS: dict[str, Any] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float),
}
HIDDEN = "********"
LOOPBACK = re.compile(r"http://(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?(/\S*)?")


@cache
def service_model() -> ServiceModel:
    """botocore's model of SageMaker."""
    return botocore.session.get_session().get_service_model("sagemaker")


def check_request(operation: str, request: Any) -> dict[str, Any]:
    """The request without its nulls if it fits the model; `ValidationException` lists all that does not."""
    shape = service_model().operation_model(operation).input_shape
    problems = _problems(shape, request, ()) if shape else []
    if problems:
        noun = "error" if len(problems) == 1 else "errors"
        raise invalid(f"{len(problems)} validation {noun} detected: {'; '.join(problems[:20])}")
    present: dict[str, Any] = _present(request)
    return present


def _present(value: Any) -> Any:
    """A member that is null is one that was not sent."""
    if isinstance(value, dict):
        return {name: _present(item) for name, item in value.items() if item is not None}
    return [_present(item) for item in value] if isinstance(value, list) else value


def check_response(operation: str, response: Any) -> None:
    """Raises `InternalFailure` where the service is about to say what the model does not allow."""
    shape = service_model().operation_model(operation).output_shape
    problems = _problems(shape, response or {}, ()) if shape else []
    if problems:
        raise ApiFault(
            "InternalFailure", f"The answer of {operation} breaks the model: {'; '.join(problems[:20])}", 500
        )


def _problems(shape: Any, value: Any, path: tuple[str, ...]) -> list[str]:
    kind = shape.type_name
    if kind == "structure":
        return _structure(shape, value, path)
    if kind == "list":
        if not isinstance(value, list):
            return [_wrong_type(value, path, "a list")]
        found = _length(shape, value, path, "list")
        for number, item in enumerate(value, 1):
            found += _problems(shape.member, item, (*path, f"{number}.member"))
            if len(found) > 20:
                break
        return found
    if kind == "map":
        if not isinstance(value, dict):
            return [_wrong_type(value, path, "a map")]
        return [p for key, item in value.items() for p in _problems(shape.value, item, (*path, str(key)))]
    return _scalar(shape, value, path)


def _structure(shape: Any, value: Any, path: tuple[str, ...]) -> list[str]:
    if not isinstance(value, dict):
        return [_wrong_type(value, path, "a structure")]
    found = []
    for name in shape.required_members:
        if value.get(name) is None:
            found.append(_violation(None, (*path, name), "Member must not be null"))
    for name, item in value.items():
        if name not in shape.members:
            found.append(f"Unknown parameter {'.'.join((*path, name))}")
        elif item is not None:
            found += _problems(shape.members[name], item, (*path, name))
    return found


def _scalar(shape: Any, value: Any, path: tuple[str, ...]) -> list[str]:
    kind = shape.type_name
    is_flag = isinstance(value, bool)
    if not isinstance(value, SCALARS[kind]) or (is_flag and kind != "boolean"):
        return [_wrong_type(value, path, f"of type {kind}")]
    limits = shape.metadata
    if kind == "string":
        if UNKEEPABLE.search(value):
            return [f"Parameter {'.'.join(path)} holds U+0000 or half a character (a lone surrogate)"]
        found = _length(shape, value, path, "string")
        allowed = limits.get("enum")
        if allowed and value not in allowed:
            found.append(_violation(value, path, f"Member must satisfy enum value set: [{', '.join(allowed)}]"))
        pattern = limits.get("pattern")
        if pattern and not found and not _fits(pattern, value):
            shown = HIDDEN if limits.get("sensitive") else value
            found.append(_violation(shown, path, f"Member must satisfy regular expression pattern: {pattern}"))
        return found
    if isinstance(value, float) and not math.isfinite(value):
        return [_wrong_type(value, path, "a finite number")]
    return [] if is_flag or kind == "timestamp" else _bounds(limits, value, path)


def _bounds(limits: Any, value: float, path: tuple[str, ...]) -> list[str]:
    if "min" in limits and value < limits["min"]:
        return [_violation(value, path, f"Member must have value greater than or equal to {limits['min']}")]
    if "max" in limits and value > limits["max"]:
        return [_violation(value, path, f"Member must have value less than or equal to {limits['max']}")]
    return []


def _length(shape: Any, value: Any, path: tuple[str, ...], _kind: str) -> list[str]:
    limits = shape.metadata
    shown = HIDDEN if limits.get("sensitive") else value
    if "min" in limits and len(value) < limits["min"]:
        return [_violation(shown, path, f"Member must have length greater than or equal to {limits['min']}")]
    if "max" in limits and len(value) > limits["max"]:
        return [_violation(shown, path, f"Member must have length less than or equal to {limits['max']}")]
    return []


def _fits(pattern: str, value: str) -> bool:
    """Whether a text matches; where https is asked for, this machine itself may do without, for trials and tests."""
    is_here = pattern.startswith("https://") and LOOPBACK.fullmatch(value)
    return bool(is_here or compiled(pattern).fullmatch(value))


def _violation(value: Any, path: tuple[str, ...], constraint: str) -> str:
    """Amazon's words, then the parameter as boto3 spells it."""
    shown = "null" if value is None else str(value)
    shown = shown if len(shown) <= 100 else shown[:100] + "..."
    aws_path = ".".join(part[:1].lower() + part[1:] for part in path)
    return f"Value '{shown}' at '{aws_path}' failed to satisfy constraint: {constraint} (parameter {'.'.join(path)})"


def _wrong_type(value: Any, path: tuple[str, ...], expected: str) -> str:
    return f"Parameter {'.'.join(path) or 'body'} must be {expected}, not {type(value).__name__}"


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    r"""A Java pattern of the model for Python; `\p{L}` and its like become the nearest class that `re` has.

    >>> bool(compiled(r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)").fullmatch("Stufe: 1"))
    True
    """
    if r"\p{S}" in pattern or r"\p{P}" in pattern:  # letters, marks, symbols, numbers, punctuation: no white space
        return re.compile(r"\S+")
    translated = pattern.replace(r"\p{L}", r"\w").replace(r"\p{N}", "").replace(r"\p{Z}", r"\s")
    return re.compile(translated)
