"""SIGKILL in the middle of the work, and a clean stop: what was acknowledged is there, once."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from annolake.config import Settings
from annolake.service.accounts import ensure_accounts
from tests.postgres import new_database
from tests.service.lab import PASSWORD, TEAM, Annotator, Lab, label

pytestmark = pytest.mark.integration
N_OBJECTS = 40
KILLS = 10
SOAK_RUNS = 10  # of ten kills each


class Process:
    """The service as a process of its own."""

    def __init__(self, settings: Settings) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("ANNOLAKE_")}
        environment |= {k: v for k, v in settings.environment().items() if v}
        log = settings.home / "service.log"
        with log.open("w") as file:
            self._child = subprocess.Popen([sys.executable, "-m", "annolake.service.run"], env=environment, stderr=file)
        with httpx.Client(base_url=settings.service_url, verify=False) as client:
            for _ in range(3000):  # looks, not seconds: a machine that sleeps meanwhile proves nothing
                try:
                    if client.get("/healthz").status_code == 200:
                        return
                except httpx.TransportError:
                    time.sleep(0.02)
                if self._child.poll() is not None:
                    break
        raise AssertionError(f"the service did not start ({self.end(signal.SIGKILL)}): {log.read_text()[-2000:]}")

    def end(self, number: signal.Signals) -> int:
        if self._child.poll() is None:
            self._child.send_signal(number)
        return self._child.wait(timeout=20)


def quiet_port() -> int:
    """A free port that no client is given by chance: who calls a service that is down, again and again, from ports of
    the range that its own is from, once calls itself, and has the port."""
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.randrange(10_000, lowest)
        with socket.socket() as listener, suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port


def cases() -> Iterator[Any]:
    """Ten kills on SQLite; in soak ten times ten, every other time on PostgreSQL."""
    yield pytest.param(20261121, "sqlite", id="sqlite")
    for seed in range(SOAK_RUNS):
        database = "postgres" if seed % 2 else "sqlite"
        yield pytest.param(seed, database, id=f"{database}-{seed}", marks=pytest.mark.soak)


@pytest.mark.parametrize(("seed", "database"), list(cases()))
def test_killed_service_loses_and_doubles_nothing(
    make_settings: Callable[..., Settings], request: pytest.FixtureRequest, seed: int, database: str
) -> None:
    url = new_database(request.getfixturevalue("postgres")) if database == "postgres" else ""
    settings = make_settings(service_database=url, service_port=quiet_port())
    dice = random.Random(seed)
    acknowledged: dict[tuple[str, str], str] = {}
    service = Process(settings)
    try:
        ensure_accounts(settings, dict.fromkeys(TEAM, PASSWORD))
        lab = Lab(settings, settings.service_url)
        for name in ("killed", "undisturbed"):
            lab.create(name, N_OBJECTS, NumberOfHumanWorkersPerDataObject=3)
        with working(settings, "killed", acknowledged) as threads:
            for n_done in sorted(dice.sample(range(1, 3 * N_OBJECTS - 5), KILLS)):
                while len(acknowledged) < n_done:
                    assert all(thread.is_alive() for thread in threads)
                    time.sleep(0.002)
                time.sleep(dice.uniform(0, 0.03))  # anywhere between two answers
                service.end(signal.SIGKILL)
                service = Process(settings)
            lab.wait("killed", "Completed", seconds=60)
        with working(settings, "undisturbed", {}):
            lab.wait("undisturbed", "Completed", seconds=60)
        killed, undisturbed = outputs(lab, "killed"), outputs(lab, "undisturbed")
        assert killed == undisturbed
        stored = {
            (object_no, content["by"]): content["crowd-classifier"]["label"]
            for object_no, answers in killed["answers"].items()
            for _, content in answers
        }
        assert stored == acknowledged and len(acknowledged) == 3 * N_OBJECTS
        assert [len(answers) for answers in killed["answers"].values()] == [3] * N_OBJECTS
        lab.close()
    finally:
        service.end(signal.SIGKILL)


def outputs(lab: Lab, name: str) -> dict[str, Any]:
    """What a job left, without its own name and the times of its answers."""
    answers = {}
    for key in lab.keys(f"output/{name}/annotations/worker-response/"):
        given = json.loads(lab.download(lab.uri(key)))["answers"]
        found = answers.setdefault(key.split("/")[5], [])
        found += sorted((answer["workerId"], answer["answerContent"]) for answer in given)
    lines = lab.manifest(name)
    for line in lines:
        del line["class-metadata"]["creation-date"], line["class-metadata"]["job-name"]
    folder = f"output/{name}/annotations/consolidated-annotation/"
    kinds = sorted(key.split("/")[4:6] for key in lab.keys(folder))
    return {"answers": dict(sorted(answers.items())), "lines": lines, "consolidated": kinds}


def test_signals_stop_the_service_within_seconds(make_settings: Callable[..., Settings]) -> None:
    settings = make_settings()
    for number in (signal.SIGTERM, signal.SIGINT):
        service = Process(settings)
        with httpx.stream("GET", settings.service_url + "/healthz"):  # a client that keeps its connection open
            started = time.monotonic()
            code = service.end(number)
        assert time.monotonic() - started < 15, "it waits three seconds for requests, not for who keeps a connection"
        assert code in (0, -number, 128 + number)


def _sign_in(url: str, worker: str) -> Annotator:
    while True:
        try:
            return Annotator(url, worker)
        except httpx.TransportError:
            time.sleep(0.3)


@contextmanager
def working(
    settings: Settings, name: str, acknowledged: dict[tuple[str, str], str]
) -> Iterator[list[threading.Thread]]:
    """Three annotators at work on a job, who go on whatever happens to the service."""
    is_over = threading.Event()
    args = (settings.service_url, name, acknowledged, is_over)
    threads = [threading.Thread(target=_keep_working, args=(worker, *args), daemon=True) for worker in TEAM[:3]]
    for thread in threads:
        thread.start()
    try:
        yield threads
    finally:
        is_over.set()
        for thread in threads:
            thread.join(timeout=30)


def _keep_working(
    worker: str, url: str, name: str, acknowledged: dict[tuple[str, str], str], is_over: threading.Event
) -> None:
    annotator: Annotator | None = None
    task: dict[str, Any] | None = None
    while not is_over.is_set():
        try:
            annotator = annotator or _sign_in(url, worker)
            task = task or annotator.next(name)["task"]
            if task is None:
                time.sleep(0.1)
                continue
            choice = random.Random(f"{worker} {task['object_id']}").choice("abc")
            response = annotator.answer(task, label(choice) | {"by": worker}, key=f"key of {task['task_id']}")
            assert response.status_code == 200, response.text
            acknowledged[task["object_id"], worker] = choice
            task = None
        except httpx.TransportError:
            time.sleep(0.05)
    if annotator:
        annotator.http.close()
