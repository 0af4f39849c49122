"""Twenty people at the dashboards at once: time to a page, memory of a session, and the first page in Chromium.

The server is the real one (`streamlit run`, as `annolake up` starts it) over the lake of the benchmark `panels`. The
people are clients of its websocket that speak Streamlit's own messages: they open a page, wait until all of it has
come, look at it for some seconds and open the next. Twenty browsers beside the server would be what is measured. The
first page is measured in a real Chromium, from the address to the first chart that is drawn.
"""

from __future__ import annotations

import asyncio
import os
import random
import statistics
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

from benchmarks.harness import ROOT, Bench, Figures, Size, Way
from benchmarks.lake import SIZES, Shape, kept_at, make, settings

PAGES = ("", "agreement", "workers", "label_distributions", "jobs", "item", "data_quality", "disputes")
"""Addresses of all pages; the first is the overview."""

FLIP_S, READ_S = (1.0, 3.0), (10.0, 20.0)
"""How long somebody looks at a page before the next: who only flips through them, and who reads."""

CROWDS = ((1, FLIP_S, len(PAGES)), (5, FLIP_S, len(PAGES)), (20, FLIP_S, len(PAGES)), (20, READ_S, 4))
"""People, how long they look, and how many pages each opens after the overview."""

FIRST_PAGES = 4

LEAST_ELEMENTS = 4
"""Under these many elements a page shows neither data nor why there is none."""

DEADLINE_S = 120.0
MIB = 2.0**20
PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Server:
    """A running `streamlit run`."""

    pid: int
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def memory_mib(self) -> float:
        """Resident memory of the process now."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * PAGE_SIZE / MIB


@contextmanager
def served(lake: Path) -> Iterator[Server]:
    """The dashboards over a lake, started as `annolake up` starts them, in a process of their own."""
    from annolake.config import Settings
    from annolake.processes.parts import dashboards_part

    own = settings(lake)
    used = Settings.load({"home": own.home, "dashboards_port": _free_port()}, environ={}, file=lake / "none.toml")
    part = dashboards_part(used)
    with tempfile.NamedTemporaryFile(suffix=".log") as log:
        process = subprocess.Popen(
            part.commands[0].argv, cwd=ROOT, env={**os.environ, **part.environment}, stdout=log, stderr=log
        )
        try:
            _wait_for(f"{used.dashboards_url}/_stcore/health", process, Path(log.name))
            yield Server(process.pid, used.dashboards_port)
        finally:
            process.terminate()
            process.wait()


def _free_port() -> int:
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"The dashboards did not start: {log.read_text()[-2000:]}")


# -- sessions ---------------------------------------------------------------------------------------------------------


class Session:
    """Somebody's open window: a connection that stays while pages are opened in it."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket

    async def open(self, page: str) -> float:
        """Open a page and wait until all of it has come; returns seconds."""
        from streamlit.proto.BackMsg_pb2 import BackMsg
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

        asked = BackMsg()
        asked.rerun_script.page_name = page
        begun = time.perf_counter()
        await self._socket.send(asked.SerializeToString())
        charts = 0
        while True:
            said = ForwardMsg.FromString(await self._socket.recv())
            kind = said.WhichOneof("type")
            charts += kind == "ref_hash" or said.delta.new_element.WhichOneof("type") is not None
            if said.delta.new_element.WhichOneof("type") == "exception":
                raise RuntimeError(f"{page or 'overview'}: {said.delta.new_element.exception.message}")
            if kind == "script_finished" and said.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                if charts < LEAST_ELEMENTS:
                    raise RuntimeError(f"{page or 'overview'} has only {charts} elements: it shows no data")
                return time.perf_counter() - begun


Look = tuple[float, float]


async def visit(
    server: Server, n: int, look_s: Look = FLIP_S, pages: int = len(PAGES)
) -> tuple[list[float], list[tuple[str, float]], float]:
    """`n` people: all open the overview at once, then each walks the pages by themselves.

    Returns the seconds of the overviews, page and seconds of each visit, and MiB of the server at the end, while all
    are there.
    """
    from websockets.asyncio.client import connect

    address = f"ws://127.0.0.1:{server.port}/_stcore/stream"
    sockets = [await connect(address, subprotocols=["streamlit"], max_size=None) for _ in range(n)]  # type: ignore[list-item]
    people = [Session(socket) for socket in sockets]
    at_once = await asyncio.gather(*(one.open("") for one in people))
    walked = await asyncio.gather(*(_walk(one, number, look_s, pages) for number, one in enumerate(people)))
    memory = server.memory_mib()
    for socket in sockets:
        await socket.close()
    return list(at_once), [visit for of_one in walked for visit in of_one], memory


async def _walk(one: Session, number: int, look_s: Look, pages: int) -> list[tuple[str, float]]:
    chance = random.Random(number)
    took = []
    for k in range(pages):
        await asyncio.sleep(chance.uniform(*look_s))
        page = PAGES[(number + k) % len(PAGES)]
        took.append((page or "overview", await one.open(page)))
    return took


def _sessions(given: Any) -> Figures:
    """The crowds, one after the other at one server, which keeps what they made it keep."""
    rows: list[dict[str, Any]] = []
    with served(given["lake"]) as server:
        idle = server.memory_mib()
        asyncio.run(visit(server, 1, pages=0))
        opened = server.memory_mib()
        for n, look_s, pages in CROWDS:
            at_once, walked, memory = asyncio.run(visit(server, n, look_s, pages))
            took = sorted(seconds for _, seconds in walked)
            slowest = max(walked, key=lambda one: one[1])
            rows.append(
                {
                    "people": n,
                    "look at a page, s": f"{look_s[0]:g} to {look_s[1]:g}",
                    "overviews at once, slowest s": max(at_once),
                    "page median s": statistics.median(took),
                    "page p95 s": took[ceil(0.95 * len(took)) - 1],
                    "slowest page": slowest[0],
                    "memory MiB": memory,
                    "a person MiB": (memory - idle) / n,
                }
            )
    return {"idle_mib": idle, "opened_mib": opened, "rows": [_rounded(row) for row in rows]}


def _rounded(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: round(value, 2) if isinstance(value, float) else value for name, value in row.items()}


# -- the first page ---------------------------------------------------------------------------------------------------


def _first_page(given: Any) -> Figures:
    """Seconds from the address to the first figure and the first chart; at a server that just started, and again."""
    from playwright.sync_api import sync_playwright

    from annolake.tools.browser import launch_options

    rows = []
    with served(given["lake"]) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options())  # type: ignore[arg-type]
        for n in range(FIRST_PAGES):
            context = browser.new_context(viewport={"width": 1440, "height": 900})
            page = context.new_page()
            page.set_default_timeout(1000 * DEADLINE_S)
            begun = time.perf_counter()
            page.goto(server.url)
            page.get_by_test_id("stMetric").first.wait_for()
            figure = time.perf_counter() - begun
            page.locator("[data-testid=stVegaLiteChart] :is(canvas, svg)").first.wait_for()
            chart = time.perf_counter() - begun
            state = "server just started" if n == 0 else "server in use"
            rows.append({"state": state, "first figure s": figure, "first chart s": chart})
            context.close()
        browser.close()
    return {"rows": [_rounded(row) for row in rows]}


# -- the benchmark ----------------------------------------------------------------------------------------------------


def prepare(_: Path, size: Size) -> None:
    """The lake of the benchmark `panels`."""
    make(kept_at(size), Shape(size["jobs"], size["objects"]))


def _lake(_: Path, size: Size) -> Any:
    return {"lake": kept_at(size)}


def check(found: Mapping[str, Figures]) -> None:
    if [row["people"] for row in found["people"]["rows"]] != [n for n, _, _ in CROWDS]:
        raise AssertionError("people are missing")


BENCH = Bench(
    title="many people at the dashboards",
    claim="first page visible in under 3 s in Chromium; a session takes under 300 MB; 20 sessions at once",
    data="{jobs} jobs of {objects:,} objects x 3 annotators x 10 segments: the lake of the benchmark panels",
    sizes=SIZES,
    prepare=prepare,
    ways=(Way("people", _lake, _sessions), Way("first page", _lake, _first_page)),
    check=check,
    rounds=1,
    shown=("idle_mib", "opened_mib"),
    reading="The peak MiB above are those of the clients; `idle_mib` is the server before anybody came, `opened_mib` "
    "after the first overview, and `memory MiB` while all people are there. Most of that the process holds for "
    "everybody: libraries, gold tables in memory, DuckDB's buffers (1 GB at most); `a person MiB` is all that came "
    "since it started, divided by the people. One process draws all pages, so twenty who open a page in the same "
    "second wait for each other.",
)
