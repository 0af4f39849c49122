"""A released job with everything that a report can say, and a mail server on this machine."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest

from annolake.config import Settings
from annolake.lake.catalog import open_lake
from annolake.lake.release import publish
from annolake.report.facts import Facts
from annolake.report.write import read_facts
from tests.dashboards import gold_tables as gold
from transforms.schemas import TABLES

JOB = gold.AUDIO
AT = datetime(2026, 10, 6, 9, tzinfo=UTC)


def rows() -> dict[str, list[dict[str, Any]]]:
    """The dashboards' gold tables, and what a report reads beside them."""
    full = gold.full()
    found: dict[str, list[dict[str, Any]]] = {
        name: [row for row in full[name] if row["job_name"] == JOB]
        for name in ("gold.agreement_job", "gold.agreement_item", "gold.label_distribution", "gold.worker_quality")
    }
    found["silver.annotation"] = [
        {
            "job_name": JOB, "object_id": str(n), "worker_id": worker, "revision": 1, "task_type": "audio_segmentation",
            "submitted_at": AT, "answer": "{}", "landing_id": "l", "landed_at": AT,
        }
        for n in range(12)
        for worker in gold.WORKERS[:3]
    ]  # fmt: skip
    found["gold.label_reliability"] = [
        {"job_name": JOB, "layer": "speaker", "label": "<b>Speaker & A</b>", "task_type": "audio_segmentation",
         "alpha_binary": 0.7, "alpha_lo": 0.5, "alpha_hi": 0.9, "n_items": 12, "most_confused_with": "",
         "confused_share": 0.2},
        {"job_name": JOB, "layer": "speaker", "label": "Speaker B", "task_type": "audio_segmentation", "n_items": 0,
         "reason_code": "one_annotator"},
    ]  # fmt: skip
    found["gold.label_confusion"] = [
        {"job_name": JOB, "layer": "speaker", "scope": "pair", "label_a": "", "label_b": "Speaker B",
         "task_type": "audio_segmentation", "mass": 75.0, "share": 0.25, "share_lo": 0.1, "share_hi": 0.4,
         "expected_mass": 100.0, "lift": 0.75, "n_items": 8},
    ]  # fmt: skip
    found["silver.quarantine"] = [
        {"job_name": JOB, "table_name": "silver.segment", "row_key": "{}", "rule": "ends_in_media",
         "reason": "ends at 61.0 s", "row": "{}", "worker_id": gold.WORKERS[0], "landing_id": "l", "landed_at": AT},
    ]  # fmt: skip
    found["meta.check_result"] = [
        {"job_name": JOB, "table_name": "silver.segment", "check_name": name, "severity": "warn", "is_ok": ok,
         "n_rows": 200, "n_failed": 0 if ok else 9, "detail": "what holds", "landing_id": "l", "landed_at": AT}
        for name, ok in (("gate_known_label", True), ("gate_ends_in_media", False))
    ]  # fmt: skip
    return found


@pytest.fixture
def released(settings: Settings) -> Settings:
    """Settings of a lake with one released job."""
    with open_lake(settings) as lake:
        for name, of_table in rows().items():
            table = gold.as_table(TABLES[name], of_table)
            if name.startswith("gold."):
                lake.replace(name, table, [JOB])
            else:
                lake.append_new(name, table, landing_id="l", job_name=JOB)
    publish(settings, [JOB])
    return settings


@dataclass
class Post:
    """A mail server that keeps what it takes; `refuses` makes it say no."""

    port: int = 0
    refuses: bool = False
    mails: list[EmailMessage] = field(default_factory=list)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def say(line: str) -> None:
            writer.write(f"{line}\r\n".encode())
            await writer.drain()

        await say("220 post.test")
        while line := (await reader.readline()).decode().strip():
            verb = line.split()[0].upper()
            if verb == "DATA":
                await say("354 go on")
                content = await reader.readuntil(b"\r\n.\r\n")
                self.mails.append(
                    message_from_bytes(content[:-5].replace(b"\r\n..", b"\r\n."), policy=policy.default)  # type: ignore[arg-type]
                )
            if verb == "RCPT" and self.refuses:
                await say("550 nobody of that name")
                continue
            await say("221 bye" if verb == "QUIT" else "250 post.test")
            if verb == "QUIT":
                break
        writer.close()


@pytest.fixture
def post() -> Iterator[Post]:
    found = Post()
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(found.talk, "127.0.0.1", 0))
    found.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield found
    loop.call_soon_threadsafe(server.close)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)
    loop.close()


@pytest.fixture
def found(released: Settings) -> Facts:
    return read_facts(released, JOB)
