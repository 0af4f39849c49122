"""Read and check Ground Truth manifests.

A line is one JSON object in at most 100,000 characters, no attribute over 20,000, no name beginning with `$`, and
exactly one of `source-ref` (an s3:// URI) and `source` (the data itself). Every other key is passed on unchanged.
Blank lines, which real files have, are passed over; they still count as lines.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from annolake.errors import ManifestError

LINE_CHARACTERS = 100_000
ATTRIBUTE_CHARACTERS = 20_000
MOST_OBJECTS = 100_000


def read_lines(lines: Iterable[str | bytes], uri: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """(1-based line number, line) of every line; raises `ManifestError` at the first that breaks the contract.

    >>> list(read_lines(['{"source": "hello"}'], "s3://b/in.manifest"))
    [(1, {'source': 'hello'})]
    """
    for line_no, text in enumerate(lines, start=1):
        line = _parse(text, uri, line_no)
        if line is None:
            continue
        if problem := line_problem(line):
            raise ManifestError(uri, line_no, problem)
        yield line_no, line


def check_lines(lines: Iterable[str | bytes], uri: str) -> list[ManifestError]:
    """Every line that breaks the contract, in order; empty where all hold."""
    problems = []
    n_objects = 0
    for line_no, text in enumerate(lines, start=1):
        try:
            line = _parse(text, uri, line_no)
        except ManifestError as error:
            problems.append(error)
            continue
        if line is None:
            continue
        n_objects += 1
        if problem := line_problem(line):
            problems.append(ManifestError(uri, line_no, problem))
        if n_objects == MOST_OBJECTS + 1:
            problems.append(ManifestError(uri, line_no, f"a manifest holds at most {MOST_OBJECTS:,} objects."))
    if not n_objects:
        problems.append(ManifestError(uri, 1, "the manifest holds no object."))
    return problems


def line_problem(line: dict[str, Any]) -> str | None:
    """What of the contract a parsed line breaks, in words; None where it holds.

    >>> line_problem({"source-ref": "clip.mp4"})
    'source-ref is "clip.mp4"; expected a URI that begins with s3://.'
    """
    return _origin_problem(line) or _size_problem(line)


def _origin_problem(line: dict[str, Any]) -> str | None:
    if ("source-ref" in line) == ("source" in line):
        found = "both" if "source" in line else f"neither (keys: {', '.join(map(str, line)) or 'none'})"
        return f"expected exactly one of source-ref and source, found {found}."
    reference = line.get("source-ref", "s3://b/k")
    if not isinstance(reference, str) or not reference.startswith("s3://") or "/" not in reference[5:].strip("/"):
        return f"source-ref is {json.dumps(reference)[:200]}; expected a URI that begins with s3://."
    return None if isinstance(line.get("source", ""), str) else "source is not a text."


def _size_problem(line: dict[str, Any]) -> str | None:
    for name, value in line.items():
        if name.startswith("$"):
            return f"the attribute name {name!r} begins with $."
        length = len(value) if isinstance(value, str) else len(_compact(value))
        if length > ATTRIBUTE_CHARACTERS:
            return f"attribute {name!r} has {length:,} characters; at most {ATTRIBUTE_CHARACTERS:,} are allowed."
    if (length := len(_compact(line))) > LINE_CHARACTERS:
        return f"the line has {length:,} characters; at most {LINE_CHARACTERS:,} are allowed."
    return None


def _parse(text: str | bytes, uri: str, line_no: int) -> dict[str, Any] | None:
    try:
        plain = text.decode("utf-8-sig" if line_no == 1 else "utf-8") if isinstance(text, bytes) else text
    except UnicodeDecodeError as error:
        raise ManifestError(uri, line_no, f"not UTF-8: {error.reason} at byte {error.start}.") from None
    plain = plain.strip("\r\n \t")
    if not plain:
        return None
    if len(plain) > LINE_CHARACTERS:
        problem = f"the line has {len(plain):,} characters; at most {LINE_CHARACTERS:,} are allowed."
        raise ManifestError(uri, line_no, problem)
    try:
        line = json.loads(plain, object_pairs_hook=_no_doubles, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise ManifestError(uri, line_no, f"not JSON: {error.msg} at character {error.pos + 1}.") from None
    except (ValueError, RecursionError) as error:
        raise ManifestError(uri, line_no, f"not JSON: {error}.") from None
    if not isinstance(line, dict):
        raise ManifestError(uri, line_no, f"expected a JSON object, found {type(line).__name__}.")
    return line


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the name {next(n for n in names if names.count(n) > 1)!r} stands twice in one object")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
