"""Telling of alerts: once a channel, as far as that can be known.

An attempt is claimed in `meta.alert` (step `sending`) before the message goes out and closed after it (`sent` or
`failed`). The claim's key lets one of several processes at once have it. A process that dies in between leaves a
claim without an end; nobody can tell then whether the message arrived, so after `CLAIM` it is sent again and says so.
A failed attempt is made again at the next evaluation, `MOST_ATTEMPTS` times at most.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pyarrow as pa

from annolake.alerts.channels import Channel, Told
from annolake.alerts.episodes import Row, episodes
from annolake.errors import AnnolakeError
from annolake.lake.catalog import Lake
from transforms.schemas import ALERT

CLAIM = timedelta(minutes=10)
MOST_ATTEMPTS = 20

Clock = Callable[[], datetime]


def now_utc() -> datetime:
    """The clock on the wall."""
    return datetime.now(UTC)


def deliver(lake: Lake, channels: Sequence[Channel], *, clock: Clock = now_utc) -> dict[str, tuple[int, str]]:
    """Tell each channel what it was not told; channel -> (alerts in the message, why it failed or '')."""
    done = {}
    for channel in channels:
        due = list(pending(lake.scan(ALERT.name).to_pylist(), channel.name, clock()))
        delivery_id = uuid.uuid4().hex
        mine = _claim(lake, channel.name, due, delivery_id, clock())
        if not mine:
            continue
        problem = ""
        try:
            channel.send(delivery_id, mine)
        except AnnolakeError as error:
            problem = error.message
        step = partial(_step, step="failed" if problem else "sent", channel=channel.name, delivery_id=delivery_id)
        note(lake, [step(told, now=clock(), problem=problem) for told in mine])
        done[channel.name] = (len(mine), problem)
    return done


def pending(rows: Iterable[Row], channel: str, now: datetime) -> Iterator[Told]:
    """What a channel is to be told: alerts that stand, and the end of those that it was told of."""
    rows = list(rows)
    tried: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        if row["channel"] == channel:
            tried.setdefault(_about(row), []).append(row)
    for episode in episodes(rows).values():
        noted = episode.cleared or episode.raised
        if episode.cleared and not any(r["step"] != "failed" for r in tried.get(_about(episode.raised), ())):
            continue  # nobody was told that it began
        told = _next(noted, tried.get(_about(noted), []), now)
        if told:
            yield told


def note(lake: Lake, rows: Sequence[Row]) -> int:
    """Append rows to `meta.alert`, each once; returns how many were new."""
    return lake.append_new(ALERT.name, pa.Table.from_pylist([dict(row) for row in rows], schema=ALERT.arrow))


def _next(noted: Row, tried: Sequence[Row], now: datetime) -> Told | None:
    """The next attempt to tell of one row; None where it was told, is being told, or was tried often enough."""
    last = max((row["attempt"] for row in tried), default=0)
    steps = {row["step"]: row for row in tried if row["attempt"] == last}
    if any(row["step"] == "sent" for row in tried) or last >= MOST_ATTEMPTS:
        return None
    if "sending" in steps and "failed" not in steps and now - steps["sending"]["happened_at"] < CLAIM:
        return None
    ended = {row["attempt"] for row in tried if row["step"] == "failed"}
    return Told(noted, last + 1, may_repeat=any(row["attempt"] not in ended for row in tried))


def _claim(lake: Lake, channel: str, due: Sequence[Told], delivery_id: str, now: datetime) -> list[Told]:
    """The alerts whose next attempt this process got; another one at the same time gets the others."""
    if not due:
        return []
    step = partial(_step, step="sending", channel=channel, delivery_id=delivery_id, now=now)
    note(lake, [step(told) for told in due])
    rows = lake.scan(ALERT.name, columns=[*ALERT.key, "delivery_id"]).to_pylist()
    mine = {(*_about(row), row["attempt"]) for row in rows if row["delivery_id"] == delivery_id}
    return [told for told in due if (*_about(told.row), told.attempt) in mine]


def _step(told: Told, *, step: str, channel: str, delivery_id: str, now: datetime, problem: str = "") -> dict[str, Any]:
    return {
        **told.row,
        "step": step,
        "channel": channel,
        "attempt": told.attempt,
        "text": problem or told.line,
        "delivery_id": delivery_id,
        "happened_at": now,
    }


def _about(row: Row) -> tuple[Any, ...]:
    return (row["rule"], row["subject"], row["episode"], row["stage"])
