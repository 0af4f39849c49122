"""The order of models, by what they read; and building them, two beside each other where neither reads the other.

While one waits for DuckDB, numpy or the disk, the other has the interpreter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import cache
from graphlib import TopologicalSorter

from annolake.lake.engine import shared_by
from annolake.lake.pymodels import MAKERS, PYTHON, EstimateModel
from annolake.lake.sampled import OF_SAMPLE
from annolake.lake.sqlmodels import models, sql_models, sums, tables_read
from transforms.schemas import MEASURE_LABEL_USE

BESIDE = 2
"""Models that are built beside each other."""


def model_order() -> list[str]:
    """Every model, each after those that it reads: sums by SQL, the Python models, sums of theirs, then `gold.*`."""
    first, then = sums()
    return [*first, *PYTHON, *then, *models("gold")]


@cache
def built_after() -> Mapping[str, frozenset[str]]:
    """Model -> the models that make what it reads."""
    makers = {**{name: (name,) for name in sql_models()}, **MAKERS}
    return {
        name: frozenset(maker for table in _reads(name) for maker in makers.get(table, ())) for name in model_order()
    }


def _reads(name: str) -> list[str]:
    """The tables that a model is made from; all Python models ask which layers the labels used stand in."""
    model = PYTHON.get(name)
    if model is None:
        return tables_read(sql_models()[name])
    return [*model.reads, MEASURE_LABEL_USE.name, *(OF_SAMPLE if isinstance(model, EstimateModel) else ())]


def build_beside(build: Callable[[str], object]) -> None:
    """Build every model, `BESIDE` at a time: of those that can begin, the one that most others wait for.

    Where one fails no other begins; those that have begun are finished.
    """
    order, waiting = TopologicalSorter(built_after()), _waiting()
    order.prepare()
    ready: list[str] = []
    running: dict[Future[object], str] = {}
    with shared_by(BESIDE), ThreadPoolExecutor(BESIDE, thread_name_prefix="model") as pool:
        while order.is_active():
            ready = sorted([*ready, *order.get_ready()], key=lambda name: waiting[name])
            while ready and len(running) < BESIDE:
                name = ready.pop()
                running[pool.submit(build, name)] = name
            for done in wait(running, return_when=FIRST_COMPLETED).done:
                done.result()
                order.done(running.pop(done))


def _waiting() -> dict[str, int]:
    """How many models wait for each, directly or for one that does."""
    found: dict[str, set[str]] = {name: set() for name in built_after()}
    for name in reversed(model_order()):
        for before in built_after()[name]:
            found[before] |= {name, *found[name]}
    return {name: len(those) for name, those in found.items()}
