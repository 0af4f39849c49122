"""Dashboards that are up, as `annolake up` starts them, and what their lakes hold."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from annolake.config import Settings
from annolake.lake.catalog import open_lake
from annolake.lake.release import publish
from annolake.processes.parts import dashboards_part
from tests.dashboards import gold_tables as gold
from transforms.schemas import TABLES

JOBS = (gold.AUDIO, gold.VIDEO)
PATIENCE_MS = 60_000
"""The first page imports the lake's libraries."""
START_S = 90


@contextmanager
def serving(settings: Settings, folder: Path) -> Iterator[str]:
    """The dashboards' address, until the block ends; `folder` is where they run and keep their log."""
    part = dashboards_part(settings)
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            part.commands[0].argv,
            cwd=folder,
            env={**os.environ, **part.environment},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            deadline = time.monotonic() + START_S
            while missing := part.missing():
                if time.monotonic() > deadline or process.poll() is not None:
                    pytest.fail(f"The dashboards did not start: {missing}; {log.read_text()[-2000:]}")
                time.sleep(0.2)
            yield settings.dashboards_url
        finally:
            process.kill()
            process.wait()


def release(settings: Settings, rows: gold.Rows) -> None:
    """Put rows into the lake, as if their last day were today, and publish them."""
    rows = gold.with_summaries(gold.until(rows, datetime.now(UTC).date()))
    for check in rows.get("meta.check_result", []):
        check["severity"] = "fail" if check["is_ok"] else "warn"  # one that fails would hold the release
    with open_lake(settings) as lake:
        for name, of_table in rows.items():
            table = gold.as_table(TABLES[name], of_table)
            if name.startswith("gold."):
                lake.replace(name, table, {r["job_name"] for r in of_table})
            else:
                lake.append_new(name, table)
    publish(settings, JOBS)
