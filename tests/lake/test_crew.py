"""Batches side by side: in order, one at a time where that is asked, each in a database of its own."""

from __future__ import annotations

import threading
from contextlib import closing

import pytest

from annolake.lake.crew import Crew
from annolake.lake.silver import Models, open_models


def threads_of(models: Models) -> int:
    return int(models.connection.execute("SELECT current_setting('threads')").fetchall()[0][0])


def test_what_is_made_comes_in_order_from_databases_that_do_not_meet() -> None:
    def make(models: Models, number: int) -> tuple[int, int]:
        models.connection.execute(f"CREATE OR REPLACE TABLE silver.made AS SELECT {number} AS number")
        models.connection.execute(f"CREATE OR REPLACE TEMP TABLE made AS SELECT {number} AS number")
        found = models.connection.execute("SELECT m.number FROM silver.made AS m JOIN made USING (number)").fetchall()
        return found[0][0], threads_of(models)

    with closing(open_models()) as connection:
        before = threads_of(Models(connection))
        made = list(Crew(connection).work(make, range(30), lambda: False))
        assert made == [(number, 1) for number in range(30)]
        assert threads_of(Models(connection)) == before


def test_one_at_a_time_until_it_is_told_what_comes() -> None:
    told, running = threading.Event(), threading.Semaphore(1)

    def make(_: Models, number: int) -> int:
        if number > 4:
            assert told.is_set()
            return number
        assert running.acquire(blocking=False), "another item is being worked on"
        if number == 4:
            told.set()
        running.release()
        return number

    with closing(open_models()) as connection:
        assert list(Crew(connection).work(make, range(9), lambda: not told.is_set())) == list(range(9))


def test_what_fails_in_a_thread_fails_the_landing_and_leaves_nothing_running() -> None:
    def make(_: Models, number: int) -> int:
        if number == 3:
            raise ValueError("item 3")
        return number

    with closing(open_models()) as connection:
        before, found = threads_of(Models(connection)), []
        with pytest.raises(ValueError, match="item 3"):
            found.extend(Crew(connection).work(make, iter(range(100)), lambda: False))
        assert threads_of(Models(connection)) == before
        assert not [t for t in threading.enumerate() if t.name.startswith("crew")]
