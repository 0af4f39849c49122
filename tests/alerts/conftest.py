"""A released lake whose checks can be made to fail, and a local webhook that keeps what it is sent."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pyarrow as pa
import pytest

from annolake.config import Settings
from annolake.lake.catalog import open_lake
from annolake.lake.release import publish
from tests.dashboards import gold_tables as gold
from transforms.schemas import CHECK_RESULT, TABLES

JOB = "calls-7"


@pytest.fixture
def released(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a lake with one release and one worker who drifted in it; no labeling service runs."""
    monkeypatch.setattr("annolake.alerts.watch.running_jobs", lambda _: "Nobody answers.")  # without boto3's patience
    rows = [{**gold.full()["gold.worker_quality"][0], **_drift()}]
    with open_lake(settings) as lake:
        lake.replace("gold.worker_quality", gold.as_table(TABLES["gold.worker_quality"], rows), [gold.AUDIO])
    publish(settings, [gold.AUDIO])
    return settings


def _drift() -> dict[str, Any]:
    return {
        "n_items": 40,
        "is_drifting": True,
        "drift_cusum": 1.9,
        "drift_ewma": -0.2,
        "drift_at": datetime(2026, 3, 29, tzinfo=UTC),
    }


def land_check(settings: Settings, at: datetime, *, n_failed: int) -> None:
    """One result of a check of severity fail, as a landing writes it."""
    row = {
        "job_name": JOB, "table_name": "silver.segment", "check_name": "within_asset", "severity": "fail",
        "is_ok": n_failed == 0, "n_rows": 200, "n_failed": n_failed, "detail": "no segment ends after its media",
        "landing_id": f"landing-{at:%d%H%M%S}", "landed_at": at,
    }  # fmt: skip
    with open_lake(settings) as lake:
        lake.append_new(CHECK_RESULT.name, pa.Table.from_pylist([row], schema=CHECK_RESULT.arrow))


@dataclass
class Hook:
    """A webhook on this machine; `answers` are the next statuses, `hangs` keeps the request open."""

    url: str
    got: list[dict[str, Any]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    hangs: bool = False
    arrived: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def hook() -> Iterator[Hook]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            kept.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            kept.arrived.set()
            if kept.hangs:
                time.sleep(8)
                return
            self.send_response(kept.answers.pop(0) if kept.answers else 200)
            self.send_header("Location", "http://127.0.0.1:1/")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        kept = Hook(f"http://127.0.0.1:{server.server_address[1]}/hook")
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield kept
        server.shutdown()
        thread.join()
