"""Batches worked on side by side: a thread and a database of its own for each, in one DuckDB with one limit of memory.

DuckDB divides a statement among threads by row groups, and a batch has less than one; to plan a statement takes one
thread however many rows there are. So each thread takes whole batches, and DuckDB has no threads of its own meanwhile:
they would only take the processors from these.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import TypeVar

import duckdb

from annolake.lake.silver import Models, models_beside

MOST = 4
"""More threads than that would not fit in a landing's memory."""

Item = TypeVar("Item")
Made = TypeVar("Made")


class Crew:
    """As many models as there are processors for them."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        threads = connection.execute("SELECT current_setting('threads')").fetchall()[0][0]
        self.size = min(MOST, int(threads))
        self._free: SimpleQueue[Models] = SimpleQueue()
        for number in range(self.size):
            self._free.put(models_beside(connection, number))

    def work(
        self, make: Callable[[Models, Item], Made], items: Iterable[Item], is_alone: Callable[[], bool]
    ) -> Iterator[Made]:
        """What is made of each item, in order; the next one is read meanwhile.

        While `is_alone` holds, an item is done before the next is begun.
        """
        with ThreadPoolExecutor(self.size, thread_name_prefix="crew") as pool:
            coming: deque[Future[Made]] = deque()
            self._connection.execute("SET threads = 1")
            try:
                for item in items:
                    while coming and (len(coming) > self.size or is_alone()):
                        yield coming.popleft().result()
                    coming.append(pool.submit(self._make, make, item))
                while coming:
                    yield coming.popleft().result()
            finally:
                pool.shutdown(cancel_futures=True)
                self._connection.execute("RESET threads")

    def _make(self, make: Callable[[Models, Item], Made], item: Item) -> Made:
        models = self._free.get()
        try:
            return make(models, item)
        finally:
            self._free.put(models)
