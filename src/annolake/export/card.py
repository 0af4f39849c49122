"""The card of a data set: what it holds, how it was split, and how to make it again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from annolake.export.training import DataSet

MEANINGS = {
    "job_name": "labeling job",
    "object_id": "object of the job: zero-based line number of its input manifest",
    "asset_id": "media file by content; NULL where it is not registered",
    "content_hash": "BLAKE3 of the media",
    "source": "what the split goes by: all copies of one media file have the same",
    "split": "the part",
    "source_uri": "where the media is",
    "source_text": "the object itself where it is text",
    "task_type": "what was asked",
    "media_type": "audio or video",
    "duration_s": "length of the media, seconds",
    "n_workers": "annotators whose answers were accepted",
    "labels": "label of the whole object in each layer; confidence 0 to 1, support: annotators who gave it",
    "segments": "fused segments, seconds from the start of the media",
    "boxes": "fused boxes that more than half of the annotators support, pixels",
    "agreement": "observed agreement of each layer, 0 to 1; NULL with a reason where it is undefined",
    "release_id": "release of the lake that the row is from",
}


def write_card(data: DataSet, path: Path) -> None:
    """Write README.md of a data set."""
    path.write_text("\n".join(_lines(data)) + "\n")


def _lines(data: DataSet) -> Iterable[str]:
    parts = data.parts
    schema = next(iter(parts.values())).schema
    yield "# Data set"
    yield ""
    yield f"Exported from release {data.release_id} of the lake. Jobs: {', '.join(data.jobs)}."
    yield f"Labels are fused by `{data.method}`. Parts are chosen by a hash of the source, with seed {data.seed}: no"
    yield "recording, also as a copy or in several jobs, is in two parts."
    yield ""
    yield "| part | share | objects | sources | hours |"
    yield "|---|---|---|---|---|"
    for (name, rows), share in zip(parts.items(), data.shares, strict=True):
        sources = len(set(rows["source"].to_pylist()))
        yield f"| {name} | {share:g} | {rows.num_rows} | {sources} | {_hours(rows):.2f} |"
    yield ""
    yield "| layer | label | objects | segments | boxes |"
    yield "|---|---|---|---|---|"
    yield from _labels(parts.values())
    yield ""
    yield "## Columns"
    yield ""
    yield "| column | type | meaning |"
    yield "|---|---|---|"
    yield from (f"| `{f.name}` | {f.type} | {MEANINGS[f.name]} |" for f in schema)
    yield ""
    yield "## Make it again"
    yield ""
    yield "```"
    yield _command(data)
    yield "```"


def _hours(rows: pa.Table) -> float:
    """Hours of media, each source once."""
    by_source = dict(zip(rows["source"].to_pylist(), rows["duration_s"].to_pylist(), strict=True))
    return sum(duration or 0 for duration in by_source.values()) / 3600


def _labels(parts: Iterable[pa.Table]) -> Iterable[str]:
    found: dict[tuple[str, str], Counter[str]] = {}
    for rows in parts:
        for column in ("labels", "segments", "boxes"):
            for said in rows[column].to_pylist():
                for one in said or []:
                    found.setdefault((one["layer"], one["label"] or "(nothing)"), Counter())[column] += 1
    for (layer, label), n in sorted(found.items()):
        yield f"| {layer} | {label} | {n['labels']} | {n['segments']} | {n['boxes']} |"


def _command(data: DataSet) -> str:
    jobs = " ".join(data.jobs)
    split = ",".join(f"{share:g}" for share in data.shares)
    return (
        f"annolake export training {jobs} --out DIR --split {split} --seed {data.seed} --method {data.method}"
        f" --release {data.release_id}"
    )
