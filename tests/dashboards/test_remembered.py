"""Answers that are kept: asked once by however many, forgotten by age, never a failure kept."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import duckdb
import pyarrow as pa
import pytest

from dashboards.data import Where, agreement
from dashboards.data.remembered import Remembered
from tests.dashboards import gold_tables as gold


class Counted:
    """A reader that counts what it is asked."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self.asked: list[str | None] = []

    def cursor(self, statement: str, job: str | None = None) -> duckdb.DuckDBPyConnection:
        self.asked.append(job)
        return self._connection.cursor()


def test_a_question_is_asked_once_and_another_filter_is_another_question() -> None:
    reader = Counted(gold.connect(gold.full()))
    kept = Remembered(reader)
    first, again = (agreement.measure(kept, Where()) for _ in range(2))
    one = agreement.measure(kept, Where((gold.VIDEO,)))
    assert first.table.equals(again.table) and first.sql == again.sql
    assert set(one.column("job_name")) == {gold.VIDEO} != set(first.column("job_name"))
    assert reader.asked == [None, gold.VIDEO]


def test_many_who_ask_at_the_same_time_wait_for_one_answer() -> None:
    kept, begun, go = Remembered(Counted(gold.connect({}))), threading.Event(), threading.Event()
    asked = []

    def slow() -> pa.Table:
        asked.append(1)
        begun.set()
        assert go.wait(30)
        return pa.table({"n": [1]})

    with ThreadPoolExecutor(8) as people:
        first = people.submit(kept.answer, "q", slow)
        assert begun.wait(30)
        others = [people.submit(kept.answer, "q", slow) for _ in range(7)]
        go.set()
        assert {one.result().num_rows for one in [first, *others]} == {1}
    assert len(asked) == 1


def test_what_was_asked_longest_ago_is_forgotten_first() -> None:
    rows = pa.table({"n": [1, 2, 3, 4]})
    kept = Remembered(Counted(gold.connect({})), most_bytes=2 * rows.nbytes)
    asked: list[str] = []

    def ask(question: str) -> None:
        kept.answer(question, lambda: asked.append(question) or rows)

    for question in ("a", "b", "a", "c", "a", "b"):
        ask(question)
    assert asked == ["a", "b", "c", "b"], "b was the oldest when c came"


def test_a_failure_is_asked_again() -> None:
    kept = Remembered(Counted(gold.connect({})))

    def fail() -> pa.Table:
        raise duckdb.InvalidInputException("no")

    with pytest.raises(duckdb.InvalidInputException):
        kept.answer("q", fail)
    assert kept.answer("q", lambda: pa.table({"n": [1]})).num_rows == 1
