"""Landings that commit to one table at the same moment: three processes, on either catalog, against one alone."""

from __future__ import annotations

import logging
import multiprocessing
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.harness import Bench, Figures, Size, Way, same

TABLE = "silver.classification"
ROWS = 100
PROCESSES = 3


def prepare(folder: Path, size: Size) -> None:
    """Nothing: a lake begins empty."""


def _settings(home: Path, catalog: str) -> Any:
    from annolake.config import Settings

    given = {"home": home} | ({"catalog_uri": catalog} if catalog else {})
    return Settings.load(given, environ={}, file=home / "none.toml")


class _Conflicts(logging.Handler):
    """Counts how often a commit met another writer."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.of_commit: Counter[int] = Counter()
        self.commit = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.of_commit[self.commit] += "met another writer" in record.getMessage()


def _write(settings: Any, number: int, commits: int, barrier: Any, retries: Any) -> None:
    """Staged files, registered when all are ready; every fourth row is one that the others have as well."""
    import duckdb

    from annolake.lake.catalog import log, open_lake
    from annolake.lake.stage import Stage

    conflicts = _Conflicts()
    log.setLevel(logging.DEBUG)
    log.addHandler(conflicts)
    name = f"CASE WHEN n % 4 = 0 THEN 'all' ELSE '{number}' END"
    rows = f"""(SELECT 'a' AS job_name, {name} || '-{{}}-' || n AS object_id, NULL AS asset_id, 'w' AS worker_id,
        1 AS revision, 'class' AS layer, 'speech' AS label, 'l' AS landing_id,
        TIMESTAMPTZ '2026-01-08 07:00:00Z' AS landed_at FROM range({ROWS}) AS t (n))"""
    with open_lake(settings) as lake, duckdb.connect() as connection:
        for conflicts.commit in range(commits):
            with Stage(lake, f"land-{number}-{conflicts.commit}", "a", connection) as stage:
                stage.write(TABLE, rows.format(conflicts.commit))
                barrier.wait()
                stage.commit(TABLE)
    retries.put(max(conflicts.of_commit.values(), default=0))


def _run(settings: Any, processes: int, commits: int) -> Figures:
    from annolake.lake.catalog import open_lake
    from transforms.schemas import TABLES

    context = multiprocessing.get_context("spawn")
    barrier, retries = context.Barrier(processes, timeout=120), context.Queue()
    writers = [context.Process(target=_write, args=(settings, n, commits, barrier, retries)) for n in range(processes)]
    for writer in writers:
        writer.start()
    most = max(retries.get(timeout=300) for _ in writers)
    for writer in writers:
        writer.join(60)
        same(writer.exitcode or 0, 0, 0, "exit code")
    with open_lake(settings) as lake:
        rows = lake.scan(TABLE, columns=TABLES[TABLE].key)
    keys = Counter(map(tuple, zip(*(column.to_pylist() for column in rows.columns), strict=True)))
    expected = commits * (ROWS // 4 + processes * (ROWS - ROWS // 4))
    return {
        "commits": processes * commits,
        "lost": expected - len(keys),
        "doubled": rows.num_rows - len(keys),
        "most_retries": most,
    }


def _load(catalog: str, processes: int) -> Any:
    def load(folder: Path, size: Size) -> Any:
        return Path(tempfile.mkdtemp(prefix="home-", dir=folder)), catalog, processes, size["commits"]

    return load


def _work(loaded: Any) -> Figures:
    home, catalog, processes, commits = loaded
    with ExitStack() as running:
        if catalog == "postgres":
            from tests.conftest import free_port
            from tests.postgres import new_database, running_postgres

            catalog = new_database(running.enter_context(running_postgres(free_port(), fsync="on")))
        return _run(_settings(home, catalog), processes, commits)


def check(found: Any) -> None:
    """No row is lost or doubled, and the retries stay far below the bound."""
    from annolake.lake.catalog import ATTEMPTS

    for name, figures in found.items():
        same(figures["lost"], 0, 0, f"{name}: rows lost")
        same(figures["doubled"], 0, 0, f"{name}: rows doubled")
        if figures["most_retries"] >= ATTEMPTS:
            raise AssertionError(f"{name}: a commit met others {figures['most_retries']} times")


BENCH = Bench(
    title="three landings that commit at once",
    claim="no row lost, none doubled, retries bounded",
    data="{commits} times each process commits 100 rows to one table at the same moment, a quarter of them the same",
    sizes={"tiny": {"commits": 2}, "small": {"commits": 5}, "full": {"commits": 20}},
    prepare=prepare,
    ways=(
        Way("three processes, SQLite", _load("", PROCESSES), _work, "annolake.lake.stage"),
        Way("three processes, PostgreSQL", _load("postgres", PROCESSES), _work, "annolake.lake.stage"),
        Way("one process, SQLite", _load("", 1), _work, "annolake.lake.stage", is_baseline=True),
    ),
    check=check,
    rounds=2,
    shown=("commits", "lost", "doubled", "most_retries"),
    reading="The start of the processes, and of the PostgreSQL server, is in the seconds; the figures are what counts.",
)  # fmt: skip
