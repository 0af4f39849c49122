"""Input manifests and label category configurations as a job reads them, line by line, with Ground Truth's limits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from annolake.errors import ManifestError
from annolake.service.objects import ObjectMissing, Objects, read_bytes, read_lines

LINE_LIMIT = 100_000
ATTRIBUTE_LIMIT = 20_000
LABEL_LIMIT = 256
CONFIG_LIMIT = 1 << 20
TEMPLATE_LIMIT = 1 << 20


@dataclass(frozen=True)
class InputLine:
    """One data object."""

    object_no: int
    text: str
    has_label: bool


def read_manifest(objects: Objects, uri: str, label_attribute: str) -> Iterator[InputLine]:
    """The data objects of a manifest; `ManifestError` names the first line that breaks the rules."""
    blank = 0
    for number, raw in enumerate(read_lines(objects, uri, LINE_LIMIT * 4), 1):
        if not raw.strip():
            blank = blank or number
            continue
        if blank:
            raise ManifestError(uri, blank, "the line is empty; only the end of the file may be")
        text, values = _parse(uri, number, raw)
        _check(uri, number, values)
        yield InputLine(number - 1, text, label_attribute in values)


def _parse(uri: str, number: int, raw: bytes) -> tuple[str, dict[str, Any]]:
    try:
        text = raw.decode().strip()
    except UnicodeDecodeError as error:
        raise ManifestError(uri, number, f"not UTF-8 at byte {error.start}") from None
    if len(text) > LINE_LIMIT:
        raise ManifestError(uri, number, f"more than {LINE_LIMIT} characters")
    try:
        values = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        mark = "; the file begins with a byte order mark" if text.startswith("\ufeff") else ""
        raise ManifestError(uri, number, f"not JSON at column {error.colno}: {error.msg}{mark}") from None
    except (ValueError, RecursionError) as error:
        raise ManifestError(uri, number, f"not JSON: {error}") from None
    if "\\ud" in text.lower():
        try:
            json.dumps(values, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise ManifestError(uri, number, "it holds half a character (a lone surrogate)") from None
    if not isinstance(values, dict):
        raise ManifestError(uri, number, f"a JSON object is expected, not {type(values).__name__}")
    return text, values


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def _check(uri: str, number: int, values: dict[str, Any]) -> None:
    sources = [key for key in ("source-ref", "source") if key in values]
    if len(sources) != 1:
        found = "both" if sources else f"neither (keys: {', '.join(list(values)[:10])})"
        raise ManifestError(uri, number, f"exactly one of source-ref and source is needed, found {found}")
    source = values[sources[0]]
    if not isinstance(source, str) or not source:
        raise ManifestError(uri, number, f"{sources[0]} must be a text that is not empty")
    if sources == ["source-ref"] and not source.startswith("s3://"):
        raise ManifestError(uri, number, f"source-ref must be an s3:// address, not {source[:200]}")
    for key, value in values.items():
        if key.startswith("$"):
            raise ManifestError(uri, number, f"the attribute name {key[:100]!r} begins with $")
        size = len(value) if isinstance(value, str) else len(json.dumps(value))
        if size > ATTRIBUTE_LIMIT:
            raise ManifestError(uri, number, f"the attribute {key[:100]!r} has more than {ATTRIBUTE_LIMIT} characters")


def read_labels(objects: Objects, uri: str, fewest: int = 1) -> list[str]:
    """The labels of a label category configuration in a bucket; `ObjectMissing` says what is wrong with it."""
    try:
        return parse_labels(read_bytes(objects, uri, CONFIG_LIMIT), fewest)
    except ValueError as error:
        raise ObjectMissing(f"{uri}: {error}") from None


def parse_labels(content: bytes, fewest: int = 1) -> list[str]:
    """The labels of a label category configuration, in the order that gives each its index; `fewest` must be there."""
    try:
        labels = [item["label"] for item in json.loads(content)["labels"]]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        expected = '{"document-version":"2018-11-28","labels":[{"label":"a"},...]}'
        raise ValueError(f"not a label category configuration like {expected}: {error!r}") from None
    if len(labels) < fewest or not all(isinstance(label, str) and 0 < len(label) <= LABEL_LIMIT for label in labels):
        raise ValueError(f"at least {fewest} labels of 1 to {LABEL_LIMIT} characters are needed")
    if len(set(labels)) != len(labels):
        raise ValueError("a label stands in it twice")
    return labels


def read_template(objects: Objects, uri: str) -> str:
    """The text of a worker template."""
    try:
        text = read_bytes(objects, uri, TEMPLATE_LIMIT).decode()
    except UnicodeDecodeError as error:
        raise ObjectMissing(f"{uri}: the template is not UTF-8 at byte {error.start}") from None
    if "\0" in text:
        raise ObjectMissing(f"{uri}: the template holds U+0000 at character {text.index(chr(0)) + 1}")
    return text
