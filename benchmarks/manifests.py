"""Generated output manifests of a segmentation job: the same lines for the same numbers, whoever asks.

A line has about 1.5 kB: two annotators' tracks of 7.5 segments together, in the form that a custom job's function
keeps (`<attribute>.tracks`), Ground Truth's metadata beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.generate import LABELS, segments

JOB = "big"
ATTRIBUTE = "segments"
BUCKET = "labeling"
MANIFEST = f"output/{JOB}/manifests/output/output.manifest"
AT = datetime(2026, 1, 8, 7, tzinfo=UTC)
AT_ONCE = 10_000
"""Lines that share a seed; line n is the same in a manifest of any length."""
WORKERS = 40

SEGMENT = '{{"id": "{:08d}-{}-{}", "start": {}, "end": {}, "labels": ["{}"], "text": "", "emotion": "neutral"}}'
TRACK = (
    '{{"workerId": "private.us-east-1.{:032x}", "submissionTime": "2026-01-08T07:12:02.481Z", '
    '"timeSpentInSeconds": 61.25, "segments": [{}]}}'
)
LINE = (
    '{{"source-ref": "s3://media/recordings/{:08d}.wav", "duration": 30.0, "segments": {{"tracks": [{}]}}, '
    '"segments-metadata": {{"type": "groundtruth/custom", "job-name": "labeling-job/big", "human-annotated": "yes", '
    '"creation-date": "2026-01-08T07:17:35.219298"}}}}\n'
)


def write_manifest(path: Path, n_lines: int, first: int = 0) -> None:
    """Lines `first` to `first + n_lines` at the end of the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as out:
        for lines in manifest_lines(n_lines, first):
            out.write("".join(lines))


def manifest_lines(n_lines: int, first: int = 0) -> Iterator[list[str]]:
    """The lines, with their ends, some thousands at a time."""
    for block in range(first // AT_ONCE * AT_ONCE, first + n_lines, AT_ONCE):
        drawn = segments(AT_ONCE, 2, 4, seed=block)
        parts = zip(drawn.start.tolist(), drawn.end.tolist(), drawn.label.tolist(), strict=True)
        lines = [_line(block + k, *part) for k, part in enumerate(parts)]
        yield lines[max(first - block, 0) : first + n_lines - block]


def _line(number: int, start: Any, end: Any, label: Any) -> str:
    tracks = (_track(number, w, start[w], end[w], label[w]) for w in range(2))
    return LINE.format(number, ", ".join(tracks))


def _track(number: int, worker: int, start: Any, end: Any, label: Any) -> str:
    n = 3 if (number + worker) % 4 == 0 else 4
    parts = (SEGMENT.format(number, worker, i, start[i], end[i], LABELS[label[i]]) for i in range(n))
    return TRACK.format((number + 7 * worker) % WORKERS, ", ".join(parts))


def n_segments(n_lines: int, first: int = 0) -> int:
    """How many segments stand in those lines."""
    numbers = range(first, first + n_lines)
    return sum(8 - (n % 4 == 0) - (n % 4 == 3) for n in numbers)
