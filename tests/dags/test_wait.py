"""Waiting for people: restarts of the service are survived, everything else ends with its reason."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from annolake.airflow.triggers import LabelingJobsTrigger, judge
from annolake.config import Settings
from annolake.labeling import clients
from annolake.labeling.jobs import JobState

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def state(name: str, status: str, reason: str = "") -> JobState:
    return JobState(name, status, 2, 2, 0, 1, 3, NOW, NOW, reason)


def test_verdicts() -> None:
    assert judge([state("a", "Completed"), state("b", "InProgress")]) is None
    assert judge([state("a", "Completed"), state("b", "Stopping")]) is None
    done = judge([state("a", "Completed"), state("b", "Completed")])
    assert done is not None and done["status"] == "completed"
    ended = judge([state("a", "InProgress"), state("b", "Failed", "the manifest is gone")])
    assert ended is not None and ended["status"] == "ended"
    assert ended["message"] == "b is Failed (2 of 6 labeled, 1 failed): the manifest is gone"


def test_trigger_keeps_no_secret(settings: Settings) -> None:
    path, arguments = LabelingJobsTrigger(["a"], 1.0, 2.0).serialize()
    assert path == "annolake.airflow.triggers.LabelingJobsTrigger"
    assert arguments == {"jobs": ["a"], "poll_s": 1.0, "patience_s": 2.0}
    assert LabelingJobsTrigger(**arguments).serialize() == (path, arguments)


def first_event(trigger: LabelingJobsTrigger) -> dict[str, str]:
    async def run() -> dict[str, str]:
        async for event in trigger.run():
            return dict(event.payload)
        raise AssertionError("no event")

    return asyncio.run(run())


@pytest.fixture
def known(make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings that the triggerer finds in its environment."""
    settings = make_settings()
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    return settings


def test_an_unknown_job_is_refused(known: Settings) -> None:
    from annolake.service.run import running

    with running(known):
        event = first_event(LabelingJobsTrigger(["nothing"], poll_s=0.1))
    assert event["status"] == "refused" and "Labeling job nothing does not exist" in event["message"]


def test_a_service_that_stays_away_is_told(known: Settings, quick_retries: None) -> None:
    event = first_event(LabelingJobsTrigger(["a"], poll_s=0.05, patience_s=0.3))
    assert event["status"] == "unavailable" and "does not answer" in event["message"]


def test_a_restart_of_the_service_is_survived(known: Settings, quick_retries: None) -> None:
    """Away, back with an answer: the trigger is still there."""
    from annolake.service.run import running

    answer: list[dict[str, str]] = []
    trigger = LabelingJobsTrigger(["nothing"], poll_s=0.1, patience_s=60)
    waiting = threading.Thread(target=lambda: answer.append(first_event(trigger)))
    waiting.start()
    waiting.join(1.0)
    assert waiting.is_alive() and not answer
    with running(known):
        waiting.join(30)
    assert answer and answer[0]["status"] == "refused"


@pytest.fixture
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """boto3 gives up after one try: its own patience is not what is tested."""
    monkeypatch.setattr(clients, "_common", _quick(clients._common))


def _quick(common: Callable[..., dict[str, object]]) -> Callable[..., dict[str, object]]:
    from botocore.config import Config

    def options(settings: Settings, service: str) -> dict[str, object]:
        found = common(settings, service)
        found["config"] = found["config"].merge(Config(retries={"max_attempts": 1}))  # type: ignore[attr-defined]
        return found

    return options
