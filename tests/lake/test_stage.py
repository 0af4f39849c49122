"""Staged batches of several landings that register their files at the same moment."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from typing import Any

import duckdb
import pytest

from annolake.config import Settings
from annolake.lake.catalog import open_lake
from annolake.lake.stage import Stage
from tests.lake.test_catalog import answers

TABLE, ROUNDS, WRITERS = "silver.classification", 3, 3


def stage_and_commit(settings: Settings, number: int, barrier: Any, added: Any) -> None:
    """Rows that all writers have, and some of its own; all wait for each other before they register them."""
    with open_lake(settings) as lake, duckdb.connect() as connection:
        for step in range(ROUNDS):
            with Stage(lake, f"landing-{number}-{step}", "a", connection) as stage:
                shared = [("a", f"shared-{step}-{n}") for n in range(50)]
                for part in (shared, [("a", f"own-{number}-{step}")]):
                    connection.register("rows", answers(*part, landing="another"))
                    stage.write(TABLE, "rows")
                barrier.wait()
                n_added = stage.commit(TABLE)
                with added.get_lock():
                    added.value += n_added


@pytest.mark.timeout(240)
def test_three_processes_register_each_row_once(any_settings: Settings) -> None:
    context = multiprocessing.get_context("spawn")
    barrier, added = context.Barrier(WRITERS, timeout=120), context.Value("i", 0)
    writers = [context.Process(target=stage_and_commit, args=(any_settings, n, barrier, added)) for n in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(200)
        assert writer.exitcode == 0
    with open_lake(any_settings) as lake:
        rows = lake.scan(TABLE)
        snapshots = lake.table(TABLE).snapshots()
        keys = Counter(zip(rows["job_name"].to_pylist(), rows["object_id"].to_pylist(), strict=True))
    expected = {("a", f"shared-{step}-{n}") for step in range(ROUNDS) for n in range(50)}
    expected |= {("a", f"own-{w}-{s}") for w in range(WRITERS) for s in range(ROUNDS)}
    assert keys == dict.fromkeys(expected, 1)
    assert added.value == rows.num_rows, "each commit tells what it added, all together the whole"
    assert len(snapshots) == WRITERS * ROUNDS, "one commit a landing, however often it met another"
    landings = {f"landing-{w}-{s}" for w in range(WRITERS) for s in range(ROUNDS)}
    assert set(rows["landing_id"].to_pylist()) == landings, "all rows are of the stage's landing"
