"""The thread that moves jobs on: reads manifests, opens objects, expires, consolidates, writes outputs, completes.

It decides nothing that is not in the store, so after a kill at any moment the next start goes on where this one was:
a half-read manifest is read again, an output that was half written is written anew with the same bytes, a job is
`Completed` only after its files are on the disk.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from annolake.errors import AnnolakeError
from annolake.service import clock, intake, lifecycle, own_functions
from annolake.service.consolidation import warm_up
from annolake.service.core import Service
from annolake.service.events import record_end
from annolake.service.jobs import after, begin_stop
from annolake.service.objects import ObjectMissing
from annolake.service.outputs import write_manifest, write_outputs, write_responses
from annolake.service.tables import data_object, job
from annolake.service.templates import TemplateFault

TICK = 0.5
REST = 20
"""A progressive output that took a second is written again no sooner than after twenty."""

log = logging.getLogger(__name__)


class Engine:
    """One background thread, and one more for each job that calls functions of one's own."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="labeling-engine", daemon=True)
        self._written: dict[int, tuple[int, float]] = {}  # job -> (change_no that is in the files, time of the next)
        self._retry_at: dict[int, float] = {}
        self._troubles: dict[int, str] = {}
        self._beside: dict[int, threading.Thread] = {}  # jobs that call functions of one's own: each waits alone
        self.error = ""
        """What keeps the engine from its work now, for `/healthz`; empty when all is well."""

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the step at hand."""
        self._is_stopping.set()
        self._service.wake.set()
        deadline = time.monotonic() + 20
        for thread in (self._thread, *self._beside.values()):
            thread.join(timeout=max(0.0, deadline - time.monotonic()))

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def _run(self) -> None:
        warm_up()
        while not self._is_stopping.is_set():
            try:
                self._look_around()
            except Exception as error:  # the thread must outlive a full disk or a database that is away
                self.error = f"{type(error).__name__}: {error}"
                log.exception("The labeling engine failed; it tries again")
                self._is_stopping.wait(2)
            self._service.wake.wait(TICK)
            self._service.wake.clear()

    def _look_around(self) -> None:
        with self._service.store.write() as connection:
            lifecycle.expire_leases(connection, clock.now_us())
        self._beside = {number: thread for number, thread in self._beside.items() if thread.is_alive()}
        moving = ("Initializing", "InProgress", "Stopping")
        with self._service.store.read() as connection:  # after the look at the threads: what one has done is seen
            rows = connection.execute(select(job).where(job.c.status.in_(moving)).order_by(job.c.job_id)).all()
        for row in rows:
            if self._is_stopping.is_set():
                return
            if row.job_id in self._beside or self._retry_at.get(row.job_id, 0) > time.monotonic():
                continue
            if own_functions.pre_function(row) or own_functions.post_function(row):  # which may take their time
                name = f"labeling-job-{row.job_id}"
                self._beside[row.job_id] = threading.Thread(target=self._attempt, args=(row,), name=name, daemon=True)
                self._beside[row.job_id].start()
            else:
                self._attempt(row)
        self.error = "; ".join(self._troubles.copy().values())

    def _attempt(self, row: Row[Any]) -> None:
        try:
            self._move(row)
            self._retry_at.pop(row.job_id, None)
            self._troubles.pop(row.job_id, None)
        except Exception as error:  # one job's trouble is not the other jobs'
            self._retry_at[row.job_id] = time.monotonic() + 5
            self._troubles[row.job_id] = f"job {row.name}: {type(error).__name__}: {error}"
            log.exception("Job %s cannot move on; it is tried again", row.name)

    def _move(self, row: Row[Any]) -> None:
        if row.status == "Initializing":
            self._initialize(row)
            return
        if row.status == "InProgress":
            row = self._advance(row)
        if row.status == "Stopping":
            self._finish(row, "Stopped")
        elif lifecycle.is_all_done(row):
            self._finish(row, "Completed")
        elif lifecycle.is_enough(row.request, row):
            with self._service.store.write() as connection:
                begin_stop(connection, row)
            self._service.wake.set()
        else:
            self._write_progress(row)

    # -- Initializing ----------------------------------------------------------------------------------------------

    def _initialize(self, row: Row[Any]) -> None:
        service = self._service
        try:
            values = intake.take_in(service, row)
        except (ObjectMissing, TemplateFault, AnnolakeError) as error:
            self._fail(row, str(error))
            return
        with service.store.write() as connection:
            connection.execute(update(job).where(job.c.job_id == row.job_id).values(**values))
        with service.store.read() as connection:
            row = _reload(connection, row)
        write_manifest(service, row, {})
        with service.store.write() as connection:
            row = _reload(connection, row)
            status = "Stopping" if row.is_stop_requested else "InProgress"
            moved = {"status": status, "modified_us": after(row.modified_us)}
            connection.execute(update(job).where(job.c.job_id == row.job_id).values(**moved))
            if status == "InProgress":
                lifecycle.open_objects(connection, row, clock.now_us())
        self._written[row.job_id] = (row.change_no, 0.0)
        log.info("Job %s is %s: %d objects", row.name, status, row.n_objects)
        service.wake.set()

    def _fail(self, row: Row[Any], reason: str) -> None:
        reason = f"ClientError: {reason}"
        reason = reason if len(reason) <= 1024 else reason[:1021] + "..."
        with self._service.store.write() as connection:
            now = after(row.modified_us)
            connection.execute(delete(data_object).where(data_object.c.job_id == row.job_id))
            values = {"status": "Failed", "failure_reason": reason, "modified_us": now, "ended_us": now}
            values |= {"n_objects": 0, "n_labeled": 0, "n_failed": 0}
            connection.execute(update(job).where(job.c.job_id == row.job_id).values(**values))
            record_end(self._service, connection, row, "Failed", now)
        log.warning("Job %s failed: %s", row.name, reason)

    # -- InProgress ------------------------------------------------------------------------------------------------

    def _advance(self, row: Row[Any]) -> Row[Any]:
        """Close what ran out of time, open what may be open; the job as it is then."""
        o, now = data_object.c, clock.now_us()
        overdue = select(o.object_no).where(o.job_id == row.job_id, o.status == "open", o.available_until_us <= now)
        with self._service.store.read() as connection:
            numbers = connection.execute(overdue).scalars().all()
        for chunk in _batched(numbers, 200):
            with self._service.store.write() as connection:
                for number in chunk:
                    lifecycle.close_overdue(connection, row, number, now)
        with self._service.store.write() as connection:
            lifecycle.open_objects(connection, row, now)
            return _reload(connection, row)

    def _write_progress(self, row: Row[Any]) -> None:
        change_no, next_time = self._written.get(row.job_id, (-1, 0.0))
        if change_no == row.change_no:
            return
        write_responses(self._service, row)  # each once, so as soon as may be
        if time.monotonic() < next_time:
            return
        started = time.monotonic()
        write_outputs(self._service, row, is_final=False)
        ended = time.monotonic()
        self._written[row.job_id] = (row.change_no, ended + max(1.0, REST * (ended - started)))

    def _finish(self, row: Row[Any], status: str) -> None:
        """Settle what is open, write everything, and only then say so."""
        o = data_object.c
        if status == "Stopped":
            partial = select(o.object_no).where(o.job_id == row.job_id, o.status == "open", o.n_answered > 0)
            with self._service.store.read() as connection:
                numbers = connection.execute(partial).scalars().all()
            for chunk in _batched(numbers, 200):
                with self._service.store.write() as connection:
                    for number in chunk:
                        lifecycle.finish_object(connection, row, number, clock.now_us())
        write_outputs(self._service, row, is_final=True)
        with self._service.store.write() as connection:
            row = _reload(connection, row)
            now = after(row.modified_us)
            values = {"status": status, "modified_us": now, "ended_us": now}
            connection.execute(update(job).where(job.c.job_id == row.job_id).values(**values))
            record_end(self._service, connection, row, status, now)
        self._written.pop(row.job_id, None)


def _reload(connection: Connection, row: Row[Any]) -> Row[Any]:
    return connection.execute(select(job).where(job.c.job_id == row.job_id)).one()


def _batched(numbers: Any, size: int) -> Any:
    return (numbers[start : start + size] for start in range(0, len(numbers), size))
