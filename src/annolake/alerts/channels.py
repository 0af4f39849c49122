"""Where alerts are told: the log always, a webhook and e-mail where they are set."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode

from annolake.alerts.rules import rules
from annolake.config import Settings
from annolake.notify.mail import addresses, send_mail
from annolake.notify.webhook import post_json

log = logging.getLogger(__name__)

FILTERS = {"job_name": "job", "layer": "layer", "worker_id": "worker", "label": "label"}
"""Parts of a subject that the dashboards take as filters, and their names in the address."""


@dataclass(frozen=True, slots=True)
class Told:
    """One alert in a message; `may_repeat` where an earlier attempt broke off before it was known to have arrived."""

    row: Mapping[str, Any]
    attempt: int
    may_repeat: bool

    @property
    def line(self) -> str:
        again = " (you may have had this already: an earlier attempt was cut off)" if self.may_repeat else ""
        return f"{self.row['text']}{again}"


class Channel(Protocol):
    """A way to tell."""

    @property
    def name(self) -> str:
        """What `meta.alert` calls it."""

    def send(self, delivery_id: str, alerts: Sequence[Told]) -> None:
        """Tell all of them in one message; raises `AnnolakeError` where it was not taken."""


@dataclass(frozen=True, slots=True)
class Log:
    """A line each in the log of the process, or of the DAG's task."""

    name: str = "log"

    def send(self, delivery_id: str, alerts: Sequence[Told]) -> None:  # noqa: ARG002 - a log has no messages
        for told in alerts:
            level = logging.WARNING if told.row["stage"] == "raised" else logging.INFO
            log.log(level, "alert %s: %s", told.row["stage"], told.line)


@dataclass(frozen=True, slots=True)
class Webhook:
    """One JSON document to the address of the setting `alert_webhook`."""

    settings: Settings
    name: str = "webhook"

    def send(self, delivery_id: str, alerts: Sequence[Told]) -> None:
        settings = self.settings
        content = {"delivery_id": delivery_id, "alerts": [_shown(settings, told) for told in alerts]}
        post_json(settings.alert_webhook, content, allow_private=settings.webhook_private)


@dataclass(frozen=True, slots=True)
class Email:
    """One message to the addresses of the setting `alert_mail_to`."""

    settings: Settings
    name: str = "email"

    def send(self, delivery_id: str, alerts: Sequence[Told]) -> None:
        raised = [told for told in alerts if told.row["stage"] == "raised"]
        counted = [f"{len(raised)} raised"] if raised else []
        counted += [f"{len(alerts) - len(raised)} cleared"] if len(raised) < len(alerts) else []
        text = "\n\n".join(f"{told.line}\n{link(self.settings, told.row)}" for told in alerts)
        to = addresses(self.settings.alert_mail_to)
        send_mail(self.settings, to, f"Annolake alerts: {', '.join(counted)}", f"{text}\n", message_key=delivery_id)


def channels(settings: Settings) -> tuple[Channel, ...]:
    """The channels that the settings set up."""
    found: list[Channel] = [Log()]
    if settings.alert_webhook:
        found.append(Webhook(settings))
    if settings.alert_mail_to:
        found.append(Email(settings))
    return tuple(found)


def link(settings: Settings, row: Mapping[str, Any]) -> str:
    """Address of the dashboards' page that shows what an alert is about, filtered to it."""
    rule = rules().get(row["rule"])
    subject = json.loads(row["subject"])
    filters = {FILTERS[name]: value for name, value in subject.items() if name in FILTERS}
    return f"{settings.dashboards_url}/{rule.page if rule else ''}?{urlencode(filters)}"


def _shown(settings: Settings, told: Told) -> dict[str, Any]:
    row = told.row
    figures = {name: row[name] for name in ("value", "value_lo", "value_hi", "threshold", "n", "release_id")}
    return {
        **{name: row[name] for name in ("rule", "episode", "stage", "severity", "text")},
        "subject": json.loads(row["subject"]),
        **figures,
        "attempt": told.attempt,
        "may_repeat": told.may_repeat,
        "link": link(settings, row),
        "happened_at": row["happened_at"].isoformat(),
    }
