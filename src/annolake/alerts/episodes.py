"""What an evaluation changes: an episode begins where a rule is met, and ends where its figure is back.

Between the two it stands, also while the interval reaches over the threshold again: an alert does not flicker.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from annolake.alerts.findings import Evaluation, Finding

Row = Mapping[str, Any]
"""A row of `meta.alert`."""


@dataclass(frozen=True, slots=True)
class Episode:
    """One episode of one alert; `cleared` is None while it stands."""

    raised: Row
    cleared: Row | None = None

    @property
    def number(self) -> int:
        return int(self.raised["episode"])


def episodes(rows: Iterable[Row]) -> dict[tuple[str, str], Episode]:
    """The newest episode of each (rule, subject)."""
    found: dict[tuple[str, str], Episode] = {}
    noted = (row for row in rows if row["step"] == "noted")
    for row in sorted(noted, key=lambda r: (r["episode"], r["stage"] == "cleared")):
        key = (row["rule"], row["subject"])
        if row["stage"] == "raised":
            found[key] = Episode(row)
        elif key in found and found[key].number == row["episode"]:
            found[key] = Episode(found[key].raised, row)
    return found


def changes(rows: Iterable[Row], seen: Evaluation, rules: Iterable[str], now: datetime) -> list[dict[str, Any]]:
    """Rows to note: alerts that are new, and standing ones whose rule was asked and does not find the subject."""
    known = episodes(rows)
    found = {(f.rule, f.subject): f for f in seen.findings}
    noted = []
    for key, finding in found.items():
        last = known.get(key)
        if finding.is_met and (last is None or last.cleared is not None):
            noted.append(_row(finding, seen.release_id, last.number + 1 if last else 1, now))
    asked = set(rules) - set(seen.left_out)
    for key, last in known.items():
        if last.cleared is None and key not in found and (key[0] in asked or key[0] not in set(rules)):
            noted.append(
                {
                    **last.raised,
                    "stage": "cleared",
                    "text": f"No longer so: {last.raised['text']}",
                    "release_id": seen.release_id,
                    "happened_at": now,
                }
            )
    return noted


def _row(finding: Finding, release_id: int, episode: int, now: datetime) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "subject": finding.subject,
        "episode": episode,
        "stage": "raised",
        "step": "noted",
        "channel": "",
        "attempt": 0,
        "severity": finding.severity,
        "text": finding.text,
        "value": finding.value,
        "value_lo": finding.lo,
        "value_hi": finding.hi,
        "threshold": finding.threshold,
        "n": finding.n,
        "release_id": release_id,
        "delivery_id": "",
        "happened_at": now,
    }
