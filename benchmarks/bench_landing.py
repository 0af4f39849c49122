"""Landing a large output manifest: the whole lander, against bare DuckDB SQL and the notebook's json_normalize.

The three do not do the same. DuckDB and pandas flatten the segments inside of the lines to one Parquet file. The
lander keeps each line as it came (bronze), reads it strictly, replaces worker ids by pseudonyms, puts it through the
quality gate to silver, commits to Iceberg and writes the ledger of inputs.
"""

from __future__ import annotations

import io
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.bench_gold import settings
from benchmarks.generate import LABELS, segments
from benchmarks.harness import Bench, Figures, Size, Way, same

JOB = "big"
BUCKET = "labeling"
MANIFEST = f"output/{JOB}/manifests/output/output.manifest"
AT = datetime(2026, 1, 8, 7, tzinfo=UTC)
AT_ONCE = 10_000
SHARE = 5_000  # lines that pandas does


def prepare(folder: Path, size: Size) -> None:
    """Lines of about 1.5 kB: two annotators' tracks of about four segments each, as a custom job's function keeps."""
    path = folder / BUCKET / MANIFEST
    path.parent.mkdir(parents=True)
    with path.open("w") as out:
        for first in range(0, size["lines"], AT_ONCE):
            n = min(AT_ONCE, size["lines"] - first)
            drawn = segments(n, 2, 4, seed=first)
            start, end, label = drawn.start.tolist(), drawn.end.tolist(), drawn.label.tolist()
            for k in range(n):
                out.write(json.dumps(_line(first + k, start[k], end[k], label[k])) + "\n")


def _line(number: int, start: Any, end: Any, label: Any) -> dict[str, Any]:
    tracks = [
        {
            "workerId": f"private.us-east-1.{(number + 7 * w) % 40:032x}",
            "submissionTime": "2026-01-08T07:12:02.481Z",
            "timeSpentInSeconds": 61.25,
            "segments": [
                {
                    "id": f"{number:08d}-{w}-{i}", "start": a, "end": b, "labels": [LABELS[c]],
                    "text": "", "emotion": "neutral",
                }
                for i, (a, b, c) in enumerate(zip(start[w], end[w], label[w], strict=True))
            ],
        }
        for w in range(len(start))
    ]  # fmt: skip
    return {
        "source-ref": f"s3://media/recordings/{number:08d}.wav",
        "duration": 30.0,
        "segments": {"tracks": tracks},
        "segments-metadata": {
            "type": "groundtruth/custom", "job-name": f"labeling-job/{JOB}", "human-annotated": "yes",
            "creation-date": "2026-01-08T07:17:35.219298",
        },
    }  # fmt: skip


class LocalFiles:
    """The part of an S3 client that landing calls, over a folder: no network stands between the lander and the disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.opened: list[io.BufferedReader] = []

    def close(self) -> None:
        for body in self.opened:
            body.close()

    def head_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        path = self.folder / Bucket / Key
        if not path.is_file():
            from botocore.exceptions import ClientError

            raise ClientError({"Error": {"Code": "404", "Message": "Not Found"}}, "HeadObject")
        return {"ETag": f'"{path.stat().st_size}"', "LastModified": AT, "ContentLength": path.stat().st_size}

    def get_object(self, Bucket: str, Key: str, **_: Any) -> dict[str, Any]:
        from botocore.response import StreamingBody

        head = self.head_object(Bucket=Bucket, Key=Key)
        self.opened.append((self.folder / Bucket / Key).open("rb"))
        return {**head, "Body": StreamingBody(self.opened[-1], head["ContentLength"])}

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, **_: Any) -> Iterator[dict[str, Any]]:
        return iter(())


def _load(folder: Path, size: Size) -> Any:
    home = Path(tempfile.mkdtemp(prefix="home-", dir=folder))
    return folder, home, size["lines"]


def _work(loaded: Any) -> Figures:
    from annolake.lake.catalog import open_lake
    from annolake.lake.facts import JobFacts
    from annolake.lake.land import land_outputs

    folder, home, lines = loaded
    job = JobFacts(
        job_name=JOB, label_attribute="segments", output_root=f"s3://{BUCKET}/output/{JOB}", input_uri="",
        status="Completed", created_at=AT, modified_at=AT, task_type="audio_segmentation", workers_per_object=2,
        n_objects=lines, n_labeled=lines,
    )  # fmt: skip
    with open_lake(settings(home)) as lake, closing(LocalFiles(folder)) as files:
        report = land_outputs(lake, files, job, pseudonym_key="benchmark")  # type: ignore[arg-type]
    shutil.rmtree(home)
    return {
        "lines": report.n_rows.get("silver.consolidated", 0),
        "segments": report.n_rows.get("silver.segment", 0),
    }


COLUMNS = """{'source-ref': 'VARCHAR', 'duration': 'DOUBLE',
  'segments': 'STRUCT(tracks STRUCT("workerId" VARCHAR, "submissionTime" VARCHAR, "timeSpentInSeconds" DOUBLE,
    segments STRUCT(id VARCHAR, "start" DOUBLE, "end" DOUBLE, labels VARCHAR[], "text" VARCHAR, emotion VARCHAR)[])[])',
  'segments-metadata': 'STRUCT("type" VARCHAR, "job-name" VARCHAR, "human-annotated" VARCHAR,
    "creation-date" VARCHAR)'}"""


def _folder(folder: Path, size: Size) -> Any:
    return folder


def _duckdb_work(folder: Path) -> Figures:
    import duckdb

    out = folder / "duckdb.parquet"
    duckdb.execute(f"""
        SET preserve_insertion_order = false;
        COPY (
            WITH a AS (
                SELECT "source-ref" AS source, "segments-metadata"."job-name" AS job, unnest(segments.tracks) AS t
                FROM read_json('{folder / BUCKET / MANIFEST}', format = 'newline_delimited', columns = {COLUMNS})
            ),
            b AS (SELECT * EXCLUDE (t), t."workerId" AS worker, unnest(t.segments) AS s,
                generate_subscripts(t.segments, 1) - 1 AS segment_no FROM a)
            SELECT source, job, worker, segment_no, s.id, s.start, s."end", s.labels, s.text, s.emotion FROM b
        ) TO '{out}' (FORMAT parquet, COMPRESSION zstd)""")
    share = f"source < 's3://media/recordings/{SHARE:08d}'"
    n, total = duckdb.sql(f"SELECT count(*), sum(start) FILTER ({share}) FROM '{out}'").fetchall()[0]
    out.unlink()
    return {"segments": n, "sum_of_share": total}


def _pandas_work(folder: Path) -> Figures:
    import itertools

    import pandas as pd

    with (folder / BUCKET / MANIFEST).open() as lines:
        rows = [json.loads(line) for line in itertools.islice(lines, SHARE)]
    for row in rows:  # a record path and its siblings must stand side by side
        row |= {"tracks": row["segments"]["tracks"], "job": row["segments-metadata"]["job-name"]}
    tracks = pd.json_normalize(rows, "tracks", ["source-ref", "job"])
    found = pd.json_normalize(tracks.to_dict("records"), "segments", ["workerId", "source-ref", "job"])
    out = folder / "pandas.parquet"
    found.to_parquet(out, compression="zstd")
    out.unlink()
    return {"segments": len(found), "sum_of_share": float(found["start"].sum())}


def check(found: Any) -> None:
    same(found["bare DuckDB"]["sum_of_share"], found["pandas json_normalize"]["sum_of_share"], 1e-9, "sum of starts")
    if not found["annolake"]["lines"]:
        raise AssertionError(f"nothing landed: {found['annolake']}")


def _size(lines: int) -> Size:
    return {"lines": lines, "share": SHARE}


BENCH = Bench(
    title="landing an output manifest",
    claim="at least 12 times pandas json_normalize, at most 1.5 times bare DuckDB, under 1 GiB (not reached yet)",
    data="one output manifest of {lines:,} lines, 8 segments a line inside; pandas does {share:,} lines",
    sizes={"tiny": _size(200), "small": _size(20_000), "full": _size(50_000)},
    prepare=prepare,
    ways=(
        Way("annolake", _load, _work, "annolake.lake.land great_expectations"),
        Way("bare DuckDB", _folder, _duckdb_work, "duckdb", is_baseline=True),
        Way(
            "pandas json_normalize", _folder, _pandas_work, "pandas pyarrow.parquet", is_baseline=True,
            times=lambda size: max(1.0, size["lines"] / SHARE),
        ),
    ),
    check=check,
    rounds=2,
    shown=("lines", "segments"),
    reading=(
        "Not the same work: DuckDB and pandas write the segments to one Parquet file; the lander reads strictly, "
        "replaces worker ids, keeps the line, checks every row, commits to Iceberg and keeps a ledger, and where "
        "its column `segments` is 0 the segments stay JSON in silver.consolidated."
    ),
)  # fmt: skip
