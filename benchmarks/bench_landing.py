"""Landing a large output manifest: the whole lander, against bare DuckDB SQL and the notebook's json_normalize.

The three do not do the same. DuckDB and pandas flatten the segments inside of the lines to one Parquet file. The
lander keeps each line as it came (bronze), refuses what is no JSON, replaces worker ids by pseudonyms, makes rows of
assignments, answers, segments and consolidated labels, puts each through the quality gate, commits to Iceberg, checks
the tables and writes the ledger of inputs.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.bench_gold import settings
from benchmarks.harness import Bench, Figures, Size, Way, same
from benchmarks.manifests import AT, ATTRIBUTE, BUCKET, JOB, MANIFEST, n_segments, write_manifest


def prepare(folder: Path, size: Size) -> None:
    """Lines of about 1.4 kB: two annotators' tracks, 7.5 segments a line."""
    write_manifest(folder / BUCKET / MANIFEST, size["lines"])


def job(lines: int) -> Any:
    """What the labeling backend would say of the job."""
    from annolake.lake.facts import JobFacts

    return JobFacts(
        job_name=JOB, label_attribute=ATTRIBUTE, output_root=f"s3://{BUCKET}/output/{JOB}", input_uri="",
        status="Completed", created_at=AT, modified_at=AT, task_type="audio_segmentation", workers_per_object=2,
        n_objects=lines, n_labeled=lines,
    )  # fmt: skip


def _load(folder: Path, size: Size) -> Any:
    home = Path(tempfile.mkdtemp(prefix="home-", dir=folder))
    return folder, home, size["lines"]


def _work(loaded: Any) -> Figures:
    from annolake.lake.catalog import open_lake
    from annolake.lake.fetch import LocalStore
    from annolake.lake.land import land_outputs

    folder, home, lines = loaded
    with open_lake(settings(home)) as lake:
        report = land_outputs(lake, LocalStore(folder), job(lines), pseudonym_key="benchmark")
    shutil.rmtree(home)
    same(report.n_rows["silver.segment"], n_segments(lines), 0, "segments")
    return {"lines": report.n_rows["bronze.manifest_line"], "segments": report.n_rows["silver.segment"]}


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
    n, total = duckdb.sql(f"SELECT count(*), sum(start) FROM '{out}'").fetchall()[0]
    out.unlink()
    return {"segments": n, "sum_of_starts": total}


def _pandas_work(folder: Path) -> Figures:
    import pandas as pd

    with (folder / BUCKET / MANIFEST).open() as lines:
        rows = [json.loads(line) for line in lines]
    for row in rows:  # a record path and its siblings must stand side by side
        row |= {"tracks": row["segments"]["tracks"], "job": row["segments-metadata"]["job-name"]}
    tracks = pd.json_normalize(rows, "tracks", ["source-ref", "job"])
    found = pd.json_normalize(tracks.to_dict("records"), "segments", ["workerId", "source-ref", "job"])
    out = folder / "pandas.parquet"
    found.to_parquet(out, compression="zstd")
    out.unlink()
    return {"segments": len(found), "sum_of_starts": float(found["start"].sum())}


def check(found: Any) -> None:
    duckdb, pandas = found["bare DuckDB"], found["pandas json_normalize"]
    same(duckdb["sum_of_starts"], pandas["sum_of_starts"], 1e-9, "sum of starts")
    same(found["annolake"]["segments"], pandas["segments"], 0, "segments")


BENCH = Bench(
    title="landing an output manifest",
    claim="at least 12 times pandas json_normalize (reached by the median), at most 1.5 times bare DuckDB "
    "(not reached), under 1 GiB (reached)",
    data="one output manifest of {lines:,} lines of 1.4 kB, 7.5 segments a line inside",
    sizes={"tiny": {"lines": 200}, "small": {"lines": 50_000}, "full": {"lines": 1_000_000}},
    prepare=prepare,
    ways=(
        Way("annolake", _load, _work, "annolake.lake.land great_expectations"),
        Way("bare DuckDB", _folder, _duckdb_work, "duckdb", is_baseline=True),
        Way("pandas json_normalize", _folder, _pandas_work, "pandas pyarrow.parquet", is_baseline=True),
    ),
    check=check,
    rounds=2,
    shown=("lines", "segments"),
    reading=(
        "Not the same work: DuckDB and pandas write the segments to one Parquet file; the lander also keeps every "
        "line, hashes it, replaces worker ids, refuses what is no JSON, writes assignments, answers and consolidated "
        "labels, checks every row, commits to Iceberg, checks the tables and keeps a ledger. Each way reads the whole "
        "manifest. Of a million lines pandas keeps 17 GiB of objects, over which Python's garbage collector goes "
        "again and again: a line costs it more than in a short manifest."
    ),
)  # fmt: skip
