"""Models are built beside each other, each after all that it reads."""

from __future__ import annotations

import threading
import time

import pytest

from annolake.errors import LakeError
from annolake.lake.graph import BESIDE, build_beside, built_after, model_order
from annolake.lake.pymodels import MEASURE, PYTHON
from annolake.lake.sqlmodels import sql_models
from transforms.schemas import TABLES

PATIENCE_S = 30


def test_a_model_begins_when_all_that_it_reads_are_built() -> None:
    built: set[str] = set()
    too_early: list[str] = []

    def build(name: str) -> None:
        if not built_after()[name] <= built:
            too_early.append(name)
        time.sleep(0.001)
        built.add(name)

    build_beside(build)
    assert too_early == []
    assert built == set(model_order())


def test_two_models_that_do_not_read_each_other_are_built_at_once() -> None:
    together, lock = threading.Barrier(BESIDE), threading.Lock()
    met: list[str] = []

    def build(name: str) -> None:
        with lock:
            first = len(met) < BESIDE
            met.append(name)
        if first:
            together.wait(PATIENCE_S)  # breaks where the first ones are built one after the other

    build_beside(build)
    assert len(met) == len(model_order())


def test_where_one_fails_none_of_those_that_read_it_begins() -> None:
    begun: set[str] = set()

    def build(name: str) -> None:
        begun.add(name)
        if name == MEASURE:
            raise LakeError("out of order")

    with pytest.raises(LakeError, match="out of order"):
        build_beside(build)
    assert not [name for name in begun if MEASURE in built_after()[name]]


def test_every_table_has_a_model_and_models_come_after_what_they_read() -> None:
    makers = {*sql_models(), *(table for model in PYTHON.values() for table in model.makes)}
    assert makers == {name for name in TABLES if name.startswith(("measure.", "gold."))}
    order = model_order()
    for number, name in enumerate(order):
        assert built_after()[name] <= set(order[:number]), name
