"""Rounds over a real lake: an episode is noted once and told once a channel, and doubt is recorded as doubt."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from annolake.alerts.findings import running_jobs
from annolake.alerts.watch import Round, look, standing, watch
from annolake.config import Settings
from annolake.errors import LakeError
from annolake.lake.catalog import open_lake
from tests.alerts.conftest import JOB, Hook, land_check

START = datetime(2026, 3, 30, 12, tzinfo=UTC)
At = Callable[[float], Callable[[], datetime]]


def at(minutes: float) -> Callable[[], datetime]:
    return lambda: START + timedelta(minutes=minutes)


def alert_rows(settings: Settings) -> list[dict[str, Any]]:
    with open_lake(settings) as lake:
        rows: list[dict[str, Any]] = lake.scan("meta.alert").to_pylist()
    return rows


def steps(settings: Settings, channel: str = "webhook") -> list[tuple[str, str, int]]:
    order = {"sending": 0, "failed": 1, "sent": 2}
    rows = [r for r in alert_rows(settings) if r["channel"] == channel]
    return sorted(
        ((r["stage"], r["step"], r["attempt"]) for r in rows), key=lambda s: (s[0] == "cleared", s[2], order[s[1]])
    )


def hooked(settings: Settings, hook: Hook, **more: object) -> Settings:
    return settings.model_copy(update={"alert_webhook": hook.url, "webhook_private": True, **more})


def test_evaluated_twice_told_once(released: Settings, hook: Hook) -> None:
    settings = hooked(released, hook)
    land_check(settings, START, n_failed=3)
    first, second = watch(settings, clock=at(0)), watch(settings, clock=at(15))
    assert sorted(row["rule"] for row in first.noted) == ["check_failed", "worker_drifted"]
    assert first.told["webhook"] == (2, "") == first.told["log"]
    assert second.noted == () and second.told == {}
    (message,) = hook.got
    assert {a["rule"] for a in message["alerts"]} == {"check_failed", "worker_drifted"}
    drifted = next(a for a in message["alerts"] if a["rule"] == "worker_drifted")
    assert drifted["link"].startswith(f"{settings.dashboards_url}/workers?job=")
    assert (drifted["attempt"], drifted["may_repeat"], drifted["n"]) == (1, False, 40)
    assert steps(settings) == [("raised", "sending", 1)] * 2 + [("raised", "sent", 1)] * 2


def test_what_cannot_be_asked_is_not_cleared_and_named(released: Settings) -> None:
    seen = look(released, clock=at(0))
    assert seen.left_out == {"job_stalled": "Nobody answers."} and seen.failed == ()
    assert "Listing the labeling jobs" in str(running_jobs(released))


def test_raised_cleared_and_raised_again_are_two_episodes(released: Settings, hook: Hook) -> None:
    settings = hooked(released, hook)
    for minute, n_failed in ((0, 3), (15, 0), (30, 5)):
        land_check(settings, START + timedelta(minutes=minute), n_failed=n_failed)
        watch(settings, clock=at(minute))
    told = [(a["stage"], a["episode"]) for m in hook.got for a in m["alerts"] if a["rule"] == "check_failed"]
    assert told == [("raised", 1), ("cleared", 1), ("raised", 2)]
    assert [row["rule"] for row in standing(settings)] == ["check_failed", "worker_drifted"]


def test_a_channel_set_up_later_is_told_what_stands_and_no_history(released: Settings, hook: Hook) -> None:
    land_check(released, START, n_failed=3)
    watch(released, clock=at(0))
    land_check(released, START + timedelta(minutes=5), n_failed=0)
    watch(released, clock=at(5))
    watch(hooked(released, hook), clock=at(10))
    assert [[a["rule"] for a in m["alerts"]] for m in hook.got] == [["worker_drifted"]]


def test_a_refused_message_is_tried_again_and_recorded(released: Settings, hook: Hook) -> None:
    settings = hooked(released, hook)
    hook.answers = [503, 302]
    assert watch(settings, clock=at(0)).told["webhook"][1].endswith("answered 503.")
    assert watch(settings, clock=at(15)).told["webhook"][1].endswith("answered 302.")
    assert watch(settings, clock=at(30)).told["webhook"] == (1, "")
    assert [m["alerts"][0]["attempt"] for m in hook.got] == [1, 2, 3]
    assert not any(m["alerts"][0]["may_repeat"] for m in hook.got)
    assert [step for _, step, _ in steps(settings)] == ["sending", "failed", "sending", "failed", "sending", "sent"]


def test_attempts_end(released: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("annolake.alerts.deliver.MOST_ATTEMPTS", 2)
    settings = released.model_copy(update={"alert_webhook": "http://127.0.0.1:1/", "webhook_private": True})
    done = [watch(settings, clock=at(15 * n)).told.get("webhook") for n in range(4)]
    assert [bool(told) for told in done] == [True, True, False, False]


def test_a_webhook_in_a_private_network_is_refused(released: Settings, hook: Hook) -> None:
    settings = hooked(released, hook, webhook_private=False)
    assert "needs an https:// address" in watch(settings, clock=at(0)).told["webhook"][1]
    settings = settings.model_copy(update={"alert_webhook": "https://localhost/hook"})
    assert "inside of a private network" in watch(settings, clock=at(15)).told["webhook"][1]
    assert hook.got == []


KILLED = """
import sys
from datetime import datetime
from annolake.alerts.watch import watch
from annolake.config import Settings
watch(Settings.load(), clock=lambda: datetime.fromisoformat(sys.argv[1]))
"""


def test_killed_between_message_and_record_it_is_told_again_and_says_so(released: Settings, hook: Hook) -> None:
    settings = hooked(released, hook)
    hook.hangs = True
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, START.isoformat()], env={**os.environ, **settings.environment()}
    )
    try:
        assert hook.arrived.wait(60)
        child.send_signal(signal.SIGKILL)
    finally:
        child.kill()
        child.wait()
    hook.hangs = False
    assert steps(settings) == [("raised", "sending", 1)], "the attempt is on record, its end is not"
    assert "webhook" not in watch(settings, clock=at(5)).told, "another process could still be at it"
    assert watch(settings, clock=at(11)).told["webhook"] == (1, "")
    first, second = (m["alerts"][0] for m in hook.got)
    assert first["text"] == second["text"]
    assert (second["attempt"], second["may_repeat"]) == (2, True)
    assert steps(settings) == [("raised", "sending", 1), ("raised", "sending", 2), ("raised", "sent", 2)]


def test_rounds_at_the_same_time_note_and_tell_once(released: Settings, hook: Hook) -> None:
    settings = hooked(released, hook)
    land_check(settings, START, n_failed=3)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: watch(settings, clock=at(0)), range(4)))
    noted = Counter((r["rule"], r["episode"]) for r in alert_rows(settings) if r["step"] == "noted")
    assert noted == {("check_failed", 1): 1, ("worker_drifted", 1): 1}
    told = Counter(a["rule"] for m in hook.got for a in m["alerts"])
    assert told == {"check_failed": 1, "worker_drifted": 1}


def test_a_wrong_rule_does_not_silence_the_others(released: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from annolake.alerts import watch as module
    from annolake.alerts.rules import rules

    broken = {**rules(), "label_vanished": replace(rules()["label_vanished"], sql="SELECT nothing FROM gold.job_trend")}
    monkeypatch.setattr(module, "rules", lambda: broken)
    with pytest.raises(LakeError, match=r"sql/alerts/label_vanished\.sql"):
        watch(released, clock=at(0))
    assert [row["rule"] for row in standing(released)] == ["worker_drifted"]


def test_without_a_release_it_says_so(settings: Settings) -> None:
    with pytest.raises(LakeError, match="no release to look at"):
        watch(settings)
    assert standing(settings) == []


def test_commands(released: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from annolake.cli import app

    for name, value in released.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("annolake.alerts.watch.now_utc", at(0))
    run = CliRunner().invoke
    assert "No alert stands" in run(app, ["alerts", "list"]).output
    land_check(released, START, n_failed=3)
    dry = run(app, ["alerts", "check", "--dry-run"])
    assert dry.exit_code == 1 and "met       check_failed" in dry.output
    assert alert_rows(released) == []
    assert run(app, ["alerts", "check"]).exit_code == 1
    assert json.loads(alert_rows(released)[0]["subject"])["job_name"] in {JOB, "dialogues-l1-audio"}
    assert "check_failed" in run(app, ["alerts", "list"]).output


def test_analysts_read_alerts_as_they_are_now(released: Settings) -> None:
    from annolake.lake.sql import query

    done = watch(released, clock=at(0))
    assert isinstance(done, Round)
    rows = query(released, "SELECT rule, step FROM meta.alert WHERE step = 'noted'").to_pylist()
    assert rows == [{"rule": "worker_drifted", "step": "noted"}]
