"""Answers that are kept for everybody who looks at a release: it does not change, so neither do they."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future

import pyarrow as pa

from dashboards.data.asking import Cursor, Reader

MOST_BYTES = 64_000_000
"""What is kept at most; what was asked longest ago goes first."""


class Remembered:
    """A reader that knows its latest answers. Of several who ask the same at once, one asks the release."""

    def __init__(self, reader: Reader, most_bytes: int = MOST_BYTES) -> None:
        self._reader = reader
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._bytes = 0
        self._known: OrderedDict[Hashable, Future[pa.Table]] = OrderedDict()

    def cursor(self, statement: str, job: str | None = None) -> Cursor:
        """The reader's own."""
        return self._reader.cursor(statement, job)

    def answer(self, question: Hashable, ask: Callable[[], pa.Table]) -> pa.Table:
        """What `ask` gives for this question, asked once. An answer that failed is asked for again."""
        with self._lock:
            known = self._known.get(question)
            if known:
                self._known.move_to_end(question)
            else:
                own = self._known[question] = Future()
        if known:
            return known.result()
        try:
            rows = ask()
        except BaseException as error:
            with self._lock:
                del self._known[question]
            own.set_exception(error)
            raise
        own.set_result(rows)
        self._keep(rows.nbytes)
        return rows

    def _keep(self, size: int) -> None:
        """Count another answer, and forget old ones where that is too much; those still asked for stay."""
        with self._lock:
            self._bytes += size
            for question, one in list(self._known.items()):
                if self._bytes <= self._most_bytes:
                    return
                if one.done():
                    self._bytes -= one.result().nbytes
                    del self._known[question]
