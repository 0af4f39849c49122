"""Annotators over HTTP: many at once in one process, each taking, thinking and answering; what they saw, how fast."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import aiohttp
import numpy as np

PASSWORD = "a password of the benchmark"


@dataclass
class Seen:
    """What the annotators of one run saw."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    take_ms: list[float] = field(default_factory=list)
    submit_ms: list[float] = field(default_factory=list)
    acknowledged: dict[tuple[str, str], str] = field(default_factory=dict)  # (object, worker) -> the answer's mark
    refused: list[str] = field(default_factory=list)

    @property
    def requests_per_s(self) -> float:
        return (len(self.take_ms) + len(self.submit_ms)) / self.seconds


def percentiles(values: Sequence[float]) -> str:
    """p50 / p95 / p99.

    >>> percentiles([1.0, 2.0, 3.0])
    '2.0 / 2.9 / 3.0'
    """
    return " / ".join(f"{np.percentile(values, p):.1f}" for p in (50, 95, 99)) if values else ""


async def sign_in(url: str, workers: Sequence[str]) -> dict[str, dict[str, str]]:
    """The headers of each worker's session, by name."""
    async with aiohttp.ClientSession(url, cookie_jar=aiohttp.DummyCookieJar()) as http:
        return {worker: await _sign_in(http, worker) for worker in workers}


async def _sign_in(http: aiohttp.ClientSession, worker: str) -> dict[str, str]:
    async with http.post("/portal/api/session", json={"username": worker, "password": PASSWORD}) as response:
        response.raise_for_status()
        cookies = "; ".join(f"{name}={cookie.value}" for name, cookie in response.cookies.items())
        return {"Cookie": cookies, "X-CSRF-Token": (await response.json())["csrf_token"]}


async def work(url: str, sessions: dict[str, dict[str, str]], job: str, seconds: float, think_s: float) -> Seen:
    """Let everybody work on a job for a while; requests that are on their way at its end are still counted."""
    seen, begun, cpu = Seen(), time.perf_counter(), time.process_time()
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(url, connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as http:
        people = [
            _Annotator(http, worker, headers, job, think_s, begun + seconds, seen)
            for worker, headers in sessions.items()
        ]
        await asyncio.gather(*(person.work() for person in people))
    seen.seconds, seen.cpu_seconds = time.perf_counter() - begun, time.process_time() - cpu
    return seen


@dataclass
class _Annotator:
    http: aiohttp.ClientSession
    worker: str
    headers: dict[str, str]
    job: str
    think_s: float
    until: float
    seen: Seen

    async def work(self) -> None:
        """Take, think, answer, until the time is over."""
        dice = random.Random(self.worker)
        await self._rest(dice.uniform(0, self.think_s))
        while time.perf_counter() < self.until:
            said = await self._post("/portal/api/tasks/next", {"job_name": self.job}, self.seen.take_ms)
            task = said.get("task")
            if task is None:
                await self._rest(0.5)
                continue
            await self._rest(dice.expovariate(1 / self.think_s) if self.think_s else 0)
            mark = f"{dice.getrandbits(64):016x}"
            answer = {"crowd-classifier": {"label": dice.choice("abc")}, "by": self.worker, "mark": mark}
            if time.perf_counter() < self.until and await self._post(
                f"/portal/api/tasks/{task['task_id']}/answer", {"answer": answer}, self.seen.submit_ms, mark
            ):
                self.seen.acknowledged[task["object_id"], self.worker] = mark

    async def _rest(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, max(0.0, self.until - time.perf_counter())))

    async def _post(self, path: str, body: object, times_ms: list[float], key: str = "") -> dict[str, dict[str, str]]:
        headers = self.headers | ({"Idempotency-Key": key} if key else {})
        begun = time.perf_counter()
        async with self.http.post(path, json=body, headers=headers) as response:
            said: dict[str, dict[str, str]] = await response.json()
        times_ms.append((time.perf_counter() - begun) * 1000)
        if response.status != 200:
            self.seen.refused.append(f"{path}: {response.status} {said}")
            return {}
        return said
