"""One round: evaluate the rules at the latest release, note what changed, tell it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from annolake.alerts.channels import channels
from annolake.alerts.deliver import Clock, deliver, note, now_utc
from annolake.alerts.episodes import changes, episodes
from annolake.alerts.findings import Evaluation, evaluate, running_jobs
from annolake.alerts.rules import rules
from annolake.config import Settings
from annolake.errors import LakeError
from annolake.lake.catalog import open_lake
from annolake.lake.reader import ReleaseReader
from transforms.schemas import ALERT, CHECK_RESULT

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Round:
    """What a round saw and did; `told` is channel -> (alerts, problem)."""

    seen: Evaluation
    noted: tuple[Mapping[str, Any], ...] = ()
    told: Mapping[str, tuple[int, str]] = field(default_factory=dict)


def look(settings: Settings, *, clock: Clock = now_utc) -> Evaluation:
    """Evaluate every rule at the latest release; nothing is noted and nobody is told."""
    with open_lake(settings) as lake:
        checks = lake.scan(CHECK_RESULT.name)
    with ReleaseReader(settings) as reader:
        if reader.release is None:
            raise LakeError("There is no release to look at.", hint="Land a job: annolake land JOB")
        return evaluate(
            reader.connection,
            rules().values(),
            release_id=reader.release.release_id,
            now=clock(),
            watched={"watch.check_result": checks, "watch.job": running_jobs(settings)},
        )


def watch(settings: Settings, *, clock: Clock = now_utc) -> Round:
    """One round. Safe to repeat and to run twice at once: an episode is noted once, a message is sent once a channel.

    Raises `LakeError` at its end where the statement of a rule is wrong; the other rules were evaluated and told.
    """
    seen = look(settings, clock=clock)
    for name, reason in seen.left_out.items():
        log.warning("rule %s was left out: %s", name, reason)
    with open_lake(settings) as lake:
        noted = changes(lake.scan(ALERT.name).to_pylist(), seen, rules(), clock())
        if noted:
            note(lake, noted)
        told = deliver(lake, channels(settings), clock=clock)
    for channel, (n, problem) in told.items():
        if problem:
            log.error("%d alerts could not be told by %s: %s", n, channel, problem)
    if seen.failed:
        raise LakeError("; ".join(seen.left_out[name] for name in seen.failed))
    return Round(seen, tuple(noted), told)


def standing(settings: Settings) -> list[Mapping[str, Any]]:
    """The alerts that stand, the newest first."""
    with open_lake(settings) as lake:
        return newest_first(lake.scan(ALERT.name))


def newest_first(rows: pa.Table) -> list[Mapping[str, Any]]:
    """The alerts that stand in rows of `meta.alert`."""
    found = [e.raised for e in episodes(rows.to_pylist()).values() if e.cleared is None]
    return sorted(found, key=lambda row: (row["happened_at"], row["rule"], row["subject"]), reverse=True)
