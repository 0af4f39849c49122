"""Many small worker-response files from local disk, against a loop of `json` and the mere reading of them.

Annolake stands there twice: reading the files into rows in Parquet, which is the work of the loop, and landing them,
which is much more.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.bench_gold import settings
from benchmarks.bench_landing import job
from benchmarks.harness import Bench, Figures, Size, Way, same
from benchmarks.manifests import BUCKET, JOB
from benchmarks.responses import FOLDER, N_SEGMENTS, write_responses


def prepare(folder: Path, size: Size) -> None:
    """Files of about 1.4 kB."""
    write_responses(folder, size["files"])


def _load(folder: Path, size: Size) -> Any:
    return folder, Path(tempfile.mkdtemp(prefix="home-", dir=folder)), size["files"]


def _folder(folder: Path, size: Size) -> Path:
    return folder


def _rows_work(folder: Path) -> Figures:
    """The loop's work by the lander's reader: rows of segments, and of the answers that these name, in Parquet.

    The answers' text is read and hashed, but not written: the loop does not keep it either.
    """
    from datetime import UTC, datetime

    import pyarrow.parquet as pq

    from annolake.lake.fetch import LocalStore
    from annolake.lake.lines import ahead
    from annolake.lake.responses import ANSWERS, Stamp, by_object
    from annolake.lake.segments import SEGMENTS
    from annolake.lake.spread import Readers, gather

    home = Path(tempfile.mkdtemp(prefix="home-", dir=folder))
    whose = ANSWERS.remove(ANSWERS.get_field_index("answer"))
    n_files = n_segments = 0
    with (
        Readers(LocalStore(folder), Stamp(JOB, "benchmark", datetime.now(UTC), "benchmark")) as readers,
        pq.ParquetWriter(home / "answers.parquet", whose, compression="zstd") as answers,
        pq.ParquetWriter(home / "segments.parquet", SEGMENTS, compression="zstd") as segments,
    ):
        sources = by_object(readers.list(f"s3://{BUCKET}/{FOLDER}/"))
        for rows in ahead(gather(readers.read(sources))):
            answers.write_table(rows.answers.select(whose.names))
            segments.write_table(rows.segments)
            n_files += rows.outcomes["is_ok"].to_pylist().count(True)
            n_segments += rows.segments.num_rows
    shutil.rmtree(home)
    return {"files": n_files, "segments": n_segments}


def _work(loaded: Any) -> Figures:
    from annolake.lake.catalog import open_lake
    from annolake.lake.fetch import LocalStore
    from annolake.lake.land import land_outputs

    folder, home, files = loaded
    with open_lake(settings(home)) as lake:
        report = land_outputs(lake, LocalStore(folder), job(files), pseudonym_key="benchmark")
    shutil.rmtree(home)
    same(report.n_rows["silver.segment"], files * N_SEGMENTS, 0, "segments")
    return {"files": report.n_answers, "segments": report.n_rows["silver.segment"]}


def _paths(folder: str) -> Iterator[str]:
    with os.scandir(folder) as found:
        for entry in found:
            if entry.is_dir():
                yield from _paths(entry.path)
            else:
                yield entry.path


def _loop_work(folder: Path) -> Figures:
    """What a notebook does: rows of all segments, then one Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = []
    n_files = 0
    for path in _paths(str(folder / BUCKET / FOLDER)):
        n_files += 1
        with Path(path).open() as file:
            document = json.load(file)
        for answer in document["answers"]:
            said = json.loads(answer["answerContent"]["annotations"])
            for layer, stretches in said["streams"].items():
                whose = {"path": path, "worker": answer["workerId"], "layer": layer}
                rows += (whose | {"number": number} | stretch for number, stretch in enumerate(stretches))
    out = folder / "loop.parquet"
    pq.write_table(pa.Table.from_pylist(rows), out, compression="zstd")
    out.unlink()
    return {"files": n_files, "segments": len(rows)}


def _floor_work(folder: Path) -> Figures:
    n_files = 0
    for path in _paths(str(folder / BUCKET / FOLDER)):
        with Path(path).open("rb", buffering=0) as file:
            n_files += bool(file.read())
    return {"files": n_files}


def check(found: Any) -> None:
    """Everybody read all files, and found the same number of segments."""
    for name, figures in found.items():
        same(figures["files"], found["landing"]["files"], 0, f"files of {name}")
        if "segments" in figures:
            same(figures["segments"], found["landing"]["segments"], 0, f"segments of {name}")


BENCH = Bench(
    title="small worker-response files, into rows and landed",
    claim="files into rows at least 3 times as fast as a json loop (reached), at most 3.5 times scandir and read",
    data="{files:,} worker-response files of one answer with 8 segments, on local disk, in the system's cache",
    sizes={"tiny": {"files": 50}, "small": {"files": 10_000}, "full": {"files": 100_000}},
    prepare=prepare,
    ways=(
        Way("files into rows", _folder, _rows_work, "annolake.lake.land great_expectations"),
        Way("landing", _load, _work, "annolake.lake.land great_expectations"),
        Way("json loop", _folder, _loop_work, "pyarrow.parquet", is_baseline=True),
        Way("scandir and read", _folder, _floor_work, is_baseline=True),
    ),
    check=check,
    rounds=2,
    shown=("files", "segments"),
    reading=(
        "Files into rows does what the loop does: it reads every file into rows of segments, in Parquet. Beyond that "
        "it lists versions, refuses what is no answer, replaces worker ids, and keeps who answered when, and outcomes; "
        "the answers' text is made ready, and written by neither. Both "
        "processors work on it: beside the process whose memory is told are two others, and the one that they came "
        "from, with 100 MiB together. Landing is not the same work: it makes assignments, answers and segments of "
        "them, puts each through the quality gate, commits to Iceberg and checks the tables."
    ),
)
