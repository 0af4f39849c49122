"""The trigger that watches labeling jobs while no worker is held for them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from annolake.config import Settings
from annolake.errors import AnnolakeError, LabelingUnavailable
from annolake.labeling.jobs import JobState, job_states

LONGEST_PAUSE_S = 60.0


class LabelingJobsTrigger(BaseTrigger):
    """Fires when all jobs are completed, or one has ended in another way, or the backend is away too long.

    The event is `{"status": "completed" | "ended" | "unavailable" | "refused", "message": …}`. A backend that is
    restarted in between is waited for, `patience_s` long. Connections and secrets come from the triggerer's own
    settings, so nothing secret is kept in Airflow's database.
    """

    def __init__(self, jobs: list[str], poll_s: float = 30.0, patience_s: float = 900.0) -> None:
        super().__init__()
        self.jobs = jobs
        self.poll_s = poll_s
        self.patience_s = patience_s

    def serialize(self) -> tuple[str, dict[str, Any]]:
        arguments = {"jobs": self.jobs, "poll_s": self.poll_s, "patience_s": self.patience_s}
        return f"{type(self).__module__}.{type(self).__qualname__}", arguments

    async def run(self) -> AsyncIterator[TriggerEvent]:
        settings = await asyncio.to_thread(Settings.load)
        last_answer, pause, told = time.monotonic(), self.poll_s, ""
        while True:
            # The operator has just looked. And an event within a second of the deferral can overtake the executor's
            # own report of it: Airflow then takes the task for lost and starts it over.
            await asyncio.sleep(pause)
            try:
                states = await asyncio.to_thread(job_states, settings, self.jobs)
            except LabelingUnavailable as error:
                away = time.monotonic() - last_answer
                self.log.warning("%s Trying again; away for %.0f s of %.0f.", error.message, away, self.patience_s)
                if away > self.patience_s:
                    yield TriggerEvent({"status": "unavailable", "message": f"{error} It was away for {away:.0f} s."})
                    return
                pause = min(pause * 2, max(self.poll_s, LONGEST_PAUSE_S))
            except AnnolakeError as error:
                yield TriggerEvent({"status": "refused", "message": str(error)})
                return
            else:
                last_answer, pause = time.monotonic(), self.poll_s
                if verdict := judge(states):
                    yield TriggerEvent(verdict)
                    return
                if (text := "; ".join(map(str, states))) != told:
                    self.log.info("%s", text)
                    told = text


def judge(states: list[JobState]) -> dict[str, str] | None:
    """The event that these states amount to; None while there is something to wait for."""
    if bad := [s for s in states if s.is_ended and not s.is_completed]:
        return {"status": "ended", "message": "; ".join(map(str, bad))}
    if all(s.is_completed for s in states):
        return {"status": "completed", "message": "; ".join(map(str, states))}
    return None
