"""Answers that stand inside of a manifest line: a custom job's function kept what every worker said.

Two forms are in real files. `annotationsFromAllWorkers` lists whole answers, each as JSON text (`rawContent`); they are
read as those of a worker-response file are. `tracks` lists a worker's segments ready to use:
`{"workerId", "submissionTime", "segments": [{"start", "end", "labels": [...], "text", ...}]}`.

An answer's revision is its submission time, and one more for each thing that its line said before. One that has no time
has 1 in its place, so that the same answer with its time, from a worker-response file, counts before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from transforms import strict_json
from transforms.ground_truth import parse_time

ALL_WORKERS = "annotationsFromAllWorkers"
TRACKS = "tracks"
HOLDERS = (ALL_WORKERS, TRACKS)
UNTIMED = 1
"""Revision of an answer that does not say when it was submitted."""
LAST_UNTIMED = 1_000_000
"""The highest that it can have where its line was written anew: far below any time."""
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")

SEGMENT: dict[str, pa.DataType] = {
    "layer": pa.string(),
    "label": pa.string(),
    "start_s": pa.float64(),
    "end_s": pa.float64(),
    "text": pa.string(),
    "attributes": pa.string(),
}


@dataclass(frozen=True, slots=True)
class InlineAnswer:
    """One worker's answer in a manifest line: `content` as a worker-response file has it, or `segments`.

    A segment has the keys of SEGMENT: layer is NULL for the job's own, attributes are JSON text.
    """

    answer_no: int
    worker_id: str
    submitted_at: datetime | None
    accepted_at: datetime | None
    time_spent_s: float | None
    content: str | None = None
    segments: list[dict[str, Any]] | None = None
    problem: str | None = None


def read_inline(line: Any, attribute: str) -> tuple[list[InlineAnswer], list[str]]:
    """The answers inside of a line's label attribute, and what is wrong with those that name nobody."""
    said = line.get(attribute)
    answers: list[InlineAnswer] = []
    faults: list[str] = []
    for number, (holder, entry) in enumerate(_entries(said)):
        worker = entry.get("workerId") if isinstance(entry, dict) else None
        if not isinstance(worker, str) or not worker:
            faults.append(f"answer {number + 1} in {holder} has no workerId, so nobody can be asked about it")
        else:
            answers.append(_answer(number, holder, worker, entry))
    return answers, faults


def without_answers(line: Any, attribute: str) -> Any:
    """The line without the answers inside: what is left is the consolidated label."""
    said = line.get(attribute)
    if not isinstance(said, dict):
        return line
    return line | {attribute: {k: v for k, v in said.items() if k not in HOLDERS or not isinstance(v, list)}}


def _entries(said: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(said, dict):
        for holder in HOLDERS:
            if isinstance(entries := said.get(holder), list):
                yield from ((holder, entry) for entry in entries)


def _answer(number: int, holder: str, worker: str, entry: dict[str, Any]) -> InlineAnswer:
    content, segments, problem = None, None, None
    if holder == ALL_WORKERS:
        content, problem = _content(entry.get("rawContent"))
    elif isinstance(parts := entry.get("segments"), list):
        segments = [s for part in parts for s in _segments(part, _text(entry.get("layer")))]
    else:
        problem = 'the track has no list of "segments"'
    spent = entry.get("timeSpentInSeconds")
    return InlineAnswer(
        number,
        worker,
        parse_time(entry.get("submissionTime")),
        parse_time(entry.get("acceptanceTime")),
        _real(spent),
        content,
        segments,
        problem,
    )


def _content(raw: Any) -> tuple[str | None, str | None]:
    try:
        content = strict_json.load(raw) if isinstance(raw, str) else raw
    except ValueError as error:
        return None, f'"rawContent" is not JSON: {error}'
    if not isinstance(content, dict):
        return None, '"rawContent" holds no object'
    return strict_json.dump(content), None


def _segments(part: Any, layer: str | None) -> Iterator[dict[str, Any]]:
    """A segment for each of its labels, as one worker may give a stretch several."""
    if not isinstance(part, dict):
        part = {}
    labels = part.get("labels", part.get("label"))
    rest = {k: part[k] for k in sorted(part) if k not in ("start", "end", "text", "labels", "label")}
    for label in labels or [None] if isinstance(labels, list) else [labels]:
        yield {
            "layer": layer,
            "label": label if isinstance(label, str) or label is None else strict_json.dump(label),
            "start_s": _seconds(part.get("start")),
            "end_s": _seconds(part.get("end")),
            "text": part["text"] if isinstance(part.get("text"), str) else _dumped(part.get("text")),
            "attributes": strict_json.dump(rest) if rest else None,
        }


def _seconds(value: Any) -> float | None:
    """A number, also one that is text."""
    if isinstance(value, str):
        return float(value) if NUMBER.fullmatch(value.strip()) else None
    return _real(value)


def _real(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _dumped(value: Any) -> str | None:
    return None if value is None else strict_json.dump(value)
