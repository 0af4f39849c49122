"""What happened to jobs, in EventBridge's form: kept in the store, and told to the webhook of the settings.

An event is written in the transaction that ends its job, so none is lost and none is made twice; it is delivered at
least once, in order of time, with the same `id` each time. A webhook that does not take it is asked again, later and
later, for a day. Requests are signed: `X-Annolake-Signature: sha256=<HMAC of the body, hex>`, by the setting
`event_webhook_secret`.
"""

from __future__ import annotations

import json
import logging
import threading
import uuid
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from annolake.config import ACCOUNT_ID
from annolake.errors import AnnolakeError, ConfigError
from annolake.notify.webhook import post_json
from annolake.service import clock
from annolake.service.core import Service
from annolake.service.store import Store
from annolake.service.tables import job_event

FIRST_WAIT_S, LONGEST_WAIT_S, PATIENCE_S = 2, 3600, 86_400
LOOK_SECONDS = 1.0
DETAIL = "SageMaker Ground Truth Labeling Job State Change"

log = logging.getLogger(__name__)


def record_end(service: Service, connection: Connection, job_row: Row[Any], status: str, at_us: int) -> None:
    """Note that a job is Completed, Failed or Stopped (contract, section 1.4)."""
    event_id = str(uuid.uuid4())
    body = {
        "version": "0",
        "id": event_id,
        "detail-type": DETAIL,
        "source": "aws.sagemaker",
        "account": ACCOUNT_ID,
        "time": clock.iso_ms(at_us)[:-5] + "Z",
        "region": service.settings.region,
        "resources": [job_row.arn],
        "detail": {"LabelingJobStatus": status},
    }
    row = {"event_id": event_id, "at_us": at_us, "job_name": job_row.name, "body": json.dumps(body), "n_attempts": 0}
    due = clock.now_us() if service.settings.event_webhook else None
    connection.execute(insert(job_event).values(**row, next_us=due))
    log.info("Job %s is %s (event %s)", job_row.name, status, event_id)


def list_events(store: Store, limit: int = 200) -> list[Row[Any]]:
    """The newest events, newest first: `at_us`, `job_name`, `body`, and how their delivery went."""
    with store.read() as connection:
        return list(connection.execute(select(job_event).order_by(job_event.c.at_us.desc()).limit(limit)).all())


class Courier:
    """One background thread that delivers what is due.

    Raises `ConfigError` where there is somebody to tell who could not check who tells.
    """

    def __init__(self, service: Service) -> None:
        if service.settings.event_webhook and not service.settings.event_webhook_secret:
            raise ConfigError("event_webhook needs event_webhook_secret, by which its receiver checks what it gets.")
        self._service = service
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="event-courier", daemon=True)

    def start(self) -> None:
        """Begin, where there is somebody to tell."""
        if self._service.settings.event_webhook:
            self._thread.start()

    def stop(self) -> None:
        """End after the delivery at hand."""
        self._is_stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=15)

    def _run(self) -> None:
        while not self._is_stopping.wait(LOOK_SECONDS):
            try:
                for event in self._due():
                    if self._is_stopping.is_set():
                        return
                    self._deliver(event)
            except Exception:  # the thread must outlive a database that is away
                log.exception("Events cannot be delivered now; it is tried again")

    def _due(self) -> Iterator[Row[Any]]:
        due = select(job_event).where(job_event.c.next_us <= clock.now_us()).order_by(job_event.c.at_us).limit(100)
        with self._service.store.read() as connection:
            return iter(connection.execute(due).all())

    def _deliver(self, event: Row[Any]) -> None:
        settings, now = self._service.settings, clock.now_us()
        n_attempts = event.n_attempts + 1
        values: dict[str, Any] = {"n_attempts": n_attempts, "next_us": None, "delivered_us": now, "problem": None}
        try:
            post_json(
                settings.event_webhook,
                json.loads(event.body),
                allow_private=settings.webhook_private,
                secret=settings.event_webhook_secret,
            )
        except AnnolakeError as error:
            wait_s = min(FIRST_WAIT_S * 2**event.n_attempts, LONGEST_WAIT_S)
            is_over = now - event.at_us > PATIENCE_S * clock.SECOND
            retry_us = None if is_over else now + wait_s * clock.SECOND
            values |= {"delivered_us": None, "problem": error.message, "next_us": retry_us}
            log.warning("Event %s (attempt %d): %s", event.event_id, n_attempts, error.message)
        with self._service.store.write() as connection:
            connection.execute(update(job_event).where(job_event.c.event_id == event.event_id).values(**values))
