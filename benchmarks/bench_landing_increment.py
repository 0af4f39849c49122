"""Landing 1 % more lines of a manifest that landed before and building gold anew, against all of it from nothing."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.bench_gold import settings
from benchmarks.bench_landing import job
from benchmarks.harness import Bench, Figures, Size, Way
from benchmarks.manifests import BUCKET, JOB, MANIFEST, write_manifest

IMPORTS = "annolake.lake.land annolake.lake.models great_expectations pandas"
GROWING, STILL, LANDED = "growing", "still", "landed"


def prepare(folder: Path, size: Size) -> None:
    """A manifest that landed and of which gold was built, and one that never grows."""
    write_manifest(folder / GROWING / BUCKET / MANIFEST, size["lines"])
    (folder / STILL / BUCKET / MANIFEST).parent.mkdir(parents=True)
    shutil.copy(folder / GROWING / BUCKET / MANIFEST, folder / STILL / BUCKET / MANIFEST)
    (folder / "lines").write_text(str(size["lines"]))
    _land(folder / GROWING, folder / LANDED, size["lines"])


def _land(buckets: Path, home: Path, lines: int) -> Figures:
    from annolake.lake.catalog import open_lake
    from annolake.lake.fetch import LocalStore
    from annolake.lake.land import land_outputs
    from annolake.lake.models import build_gold

    begun = time.perf_counter()
    with open_lake(settings(home)) as lake:
        report = land_outputs(lake, LocalStore(buckets), job(lines), pseudonym_key="benchmark")
    landed = time.perf_counter()
    build_gold(settings(home), [JOB])
    took = {"landing_s": landed - begun, "gold_s": time.perf_counter() - landed}
    return {"lines": report.n_lines, "segments": report.n_rows.get("silver.segment", 0), **took}


def _start(folder: Path) -> None:
    """What a process does once before it builds: the SQL models are parsed. What was prepared is written to the disk,
    and files come to the system's cache."""
    from annolake.lake.graph import model_order

    model_order()
    os.sync()
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                while file.read(1 << 22):
                    pass


def _load_more(folder: Path, size: Size) -> Any:
    first, more = int((folder / "lines").read_text()), size["lines"] // 100
    write_manifest(folder / GROWING / BUCKET / MANIFEST, more, first)
    _start(folder)
    (folder / "lines").write_text(str(first + more))
    return folder / GROWING, folder / LANDED, first + more


def _load_whole(folder: Path, size: Size) -> Any:
    _start(folder / STILL)
    return folder / STILL, Path(tempfile.mkdtemp(prefix="home-", dir=folder)), size["lines"]


def _work(loaded: Any) -> Figures:
    return _land(*loaded)


def check(found: Any) -> None:
    """The increment has a hundredth of the lines."""
    if found["1 % more"]["lines"] * 100 != found["the whole"]["lines"]:
        raise AssertionError(f"not one in a hundred: {found}")


BENCH = Bench(
    title="landing 1 % more lines, and gold",
    claim="under 5 % of the time of the whole, that is 20 times as fast",
    data="a manifest of {lines:,} lines that landed, written anew with 1 % more lines at its end",
    sizes={
        "tiny": {"lines": 200},
        "small": {"lines": 20_000},
        "half": {"lines": 500_000},
        "full": {"lines": 1_000_000},
        "double": {"lines": 2_000_000},
    },
    prepare=prepare,
    ways=(
        Way("1 % more", _load_more, _work, IMPORTS),
        Way("the whole", _load_whole, _work, IMPORTS, is_baseline=True),
    ),
    check=check,
    rounds=2,
    shown=("lines", "segments", "landing_s", "gold_s"),
    reading="Landing and gold (landing_s and gold_s of the last round). Sums by object are made of the touched parts "
    "alone; models of the whole job read sums of its parts, and estimates (skills, offsets, chance floors) a sample of "
    "its objects: no model is warm-started. Imports and the parsing of the SQL models (0.4 s) are the start of a "
    "process, and not timed; files are in the system's cache.",
)
