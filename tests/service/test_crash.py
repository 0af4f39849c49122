"""SIGKILL in the middle of the work, and a clean stop: what was acknowledged is there, once."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from annolake.config import Settings
from annolake.service.accounts import ensure_accounts
from tests.service.lab import PASSWORD, TEAM, Annotator, Lab, label

pytestmark = pytest.mark.integration
N_OBJECTS = 25
KILLS = 3
SOAK_RUNS = 33  # of three kills each


class Process:
    """The service as a process of its own."""

    def __init__(self, settings: Settings) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("ANNOLAKE_")}
        environment |= {k: v for k, v in settings.environment().items() if v}
        self._child = subprocess.Popen(
            [sys.executable, "-m", "annolake.service.run"], env=environment, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 60
        with httpx.Client(base_url=settings.service_url, verify=False) as client:
            while time.monotonic() < deadline and self._child.poll() is None:
                try:
                    if client.get("/healthz").status_code == 200:
                        return
                except httpx.TransportError:
                    time.sleep(0.1)
        self.end(signal.SIGKILL)
        raise AssertionError("the service did not start")

    def end(self, number: signal.Signals) -> int:
        if self._child.poll() is None:
            self._child.send_signal(number)
        return self._child.wait(timeout=20)


@pytest.mark.parametrize("seed", [20261121, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(SOAK_RUNS))])
def test_killed_service_loses_and_doubles_nothing(make_settings: Callable[..., Settings], seed: int) -> None:
    settings = make_settings()
    dice = random.Random(seed)
    acknowledged: dict[tuple[str, str], str] = {}
    is_over = threading.Event()
    service = Process(settings)
    threads = []
    try:
        ensure_accounts(settings, dict.fromkeys(TEAM, PASSWORD))
        lab = Lab(settings, settings.service_url)
        name = lab.create("killed", N_OBJECTS, NumberOfHumanWorkersPerDataObject=3)
        for number, worker in enumerate(TEAM[:3]):
            args = (settings.service_url, worker, name, random.Random(number), acknowledged, is_over)
            threads.append(threading.Thread(target=_keep_working, args=args, daemon=True))
            threads[-1].start()
        for n_done in sorted(dice.sample(range(1, 3 * N_OBJECTS - 5), KILLS)):
            while len(acknowledged) < n_done:
                assert all(thread.is_alive() for thread in threads)
                time.sleep(0.002)
            service.end(signal.SIGKILL)
            service = Process(settings)
        lab.wait(name, "Completed", seconds=60)
        is_over.set()
        for thread in threads:
            thread.join(timeout=30)
        assert len(acknowledged) == 3 * N_OBJECTS
        keys = lab.keys("output/killed/annotations/worker-response/")
        assert len(keys) == N_OBJECTS
        stored = {}
        for key in keys:
            answers = json.loads(lab.download(lab.uri(key)))["answers"]
            assert len(answers) == 3
            for answer in answers:
                content = answer["answerContent"]
                stored[key.split("/")[5], content["by"]] = content["crowd-classifier"]["label"]
        assert stored == acknowledged
        assert [line["class-metadata"]["type"] for line in lab.manifest(name)] == [
            "groundtruth/video-classification"
        ] * N_OBJECTS
        lab.close()
    finally:
        is_over.set()
        service.end(signal.SIGKILL)


def test_signals_stop_the_service_within_seconds(make_settings: Callable[..., Settings]) -> None:
    settings = make_settings()
    for number in (signal.SIGTERM, signal.SIGINT):
        service = Process(settings)
        with httpx.stream("GET", settings.service_url + "/healthz"):  # a client that keeps its connection open
            started = time.monotonic()
            code = service.end(number)
        assert time.monotonic() - started < 6
        assert code in (0, -number, 128 + number)


def _sign_in(url: str, worker: str) -> Annotator:
    while True:
        try:
            return Annotator(url, worker)
        except httpx.TransportError:
            time.sleep(0.3)


def _keep_working(  # noqa: PLR0917
    url: str,
    worker: str,
    name: str,
    dice: random.Random,
    acknowledged: dict[tuple[str, str], str],
    is_over: threading.Event,
) -> None:
    annotator: Annotator | None = None
    task: dict[str, Any] | None = None
    choice = ""
    while not is_over.is_set():
        try:
            annotator = annotator or _sign_in(url, worker)
            if task is None:
                task, choice = annotator.next(name)["task"], dice.choice("abc")
            if task is None:
                time.sleep(0.1)
                continue
            response = annotator.answer(task, label(choice) | {"by": worker}, key=f"key of {task['task_id']}")
            assert response.status_code == 200, response.text
            acknowledged[task["object_id"], worker] = choice
            task = None
        except httpx.TransportError:
            time.sleep(0.2)
    if annotator:
        annotator.http.close()
