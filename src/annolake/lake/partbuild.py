"""Models of objects, built part by part: the parts of a job that changed since a model's last build, or all of them.

A model that reads what other models made of the parts is built up to what those were built up to, so that rows of
silver that land between two models are looked at again by the next build.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.expressions import (
    AlwaysFalse,
    And,
    BooleanExpression,
    EqualTo,
    GreaterThanOrEqual,
    In,
    IsNull,
    Or,
)

import transforms
from annolake.config import Settings
from annolake.lake.built import IN_DOUBT, Built, Changes, digest
from annolake.lake.catalog import Lake
from annolake.lake.inputs import UNITS, Parts
from annolake.lake.pymodels import MAKERS, PYTHON, READ_BY_PYTHON, PartModel
from annolake.lake.sqlmodels import names_read, sql_models, steps_of
from annolake.lake.statements import check, current_rows, price_of, query
from transforms import measures, parts
from transforms.schemas import MEASURE_LABEL_USE, PART, TABLES
from transforms.tracks import LAYERS

log = logging.getLogger(__name__)

PARTS_AT_ONCE = 8
"""Parts of jobs whose rows are in memory together."""
BESIDE = 2
"""Parts that are measured beside each other, and tables written: numpy and Arrow let go of the interpreter."""


def is_by_part(name: str) -> bool:
    """Whether a model is built part by part."""
    return isinstance(PYTHON.get(name), PartModel) or (name in TABLES and PART.name in TABLES[name].arrow.names)


def build_parts(
    lake: Lake, name: str, jobs: Sequence[str], settings: Settings, *, changes: Changes, build_id: str
) -> int:
    """Build the parts of these jobs that changed since the model's last build; returns the rows written."""
    before = changes.builds.last(name, jobs)
    now = _built_now(lake, name, jobs, settings, changes=changes, build_id=build_id)
    todo: dict[str, set[int]] = {}
    whole = []
    for job in jobs:
        touched = _touched(changes, job, before.get(job), now[job])
        if touched is None:
            whole.append(job)
        todo[job] = changes.every(job, now[job].snapshots) if touched is None else touched
    for table in _makes(name) if whole else ():
        lake.replace(table, TABLES[table].empty(), whole, build_id=build_id, where=_ANY_PART)
    n_rows = 0
    for some in _some_at_a_time(todo):
        n_rows += _put(lake, _made(lake, name, some, settings, changes), some, build_id)
    if moved := {job: one for job, one in now.items() if job in whole or before[job].snapshots != one.snapshots}:
        changes.builds.built(name, moved, {job: len(todo[job]) for job in moved})
    if sum(map(len, todo.values())) > PARTS_AT_ONCE:  # too much to do again after a kill
        changes.builds.note()
    log.info("%s: %d parts, all of %d jobs", name, sum(map(len, todo.values())), len(whole))
    return n_rows


# -- what is to be done ------------------------------------------------------------------------------------------------


def _touched(changes: Changes, job: str, last: Built | None, now: Built) -> set[int] | None:
    """The parts to build; None where the whole job must be."""
    if last is None or last.basis != now.basis or now.basis == IN_DOUBT:
        return None
    return changes.touched(job, last.snapshots, now.snapshots)


def _built_now(
    lake: Lake, name: str, jobs: Sequence[str], settings: Settings, *, changes: Changes, build_id: str
) -> dict[str, Built]:
    """What the model is about to be built up to, by job."""
    sources = {source: changes.builds.last(source, jobs) for source in _sources(name)}
    known = known_of(lake, jobs, changes) if name in PYTHON else None
    found = {}
    for job in jobs:
        of_sources = [builds[job] for builds in sources.values() if job in builds]
        snapshots = of_sources[0].snapshots if of_sources else changes.sources(_reads(name))
        facts = [parts.OBJECTS, settings.boundary_windows, changes.facts(job), _layers(known, job) if known else None]
        facts += _grouping(name, changes.n_objects(job))
        basis = digest(_code(name), facts, [one.basis for one in of_sources])
        if len(of_sources) < len(sources) or any(
            one.basis == IN_DOUBT or one.snapshots != snapshots for one in of_sources
        ):
            basis = IN_DOUBT
        found[job] = Built(basis, snapshots, build_id)
    return found


def _reads(name: str) -> frozenset[str]:
    model = PYTHON.get(name)
    return sql_models()[name].reads if model is None else frozenset(model.reads)


def _sources(name: str) -> list[str]:
    """The models by part that this one reads."""
    model = PYTHON.get(name)
    if isinstance(model, PartModel):
        return list(model.after)
    makers = {maker for read in sql_models()[name].reads for maker in MAKERS.get(read, (read,))}
    return sorted(maker for maker in makers if (maker in PYTHON or maker in sql_models()) and is_by_part(maker))


def _grouping(name: str, n_objects: int) -> list[int]:
    """The share of the sample, which Python models follow, or the size of a unit where the model's SQL names it."""
    if name in PYTHON:
        return [parts.stride(n_objects)]
    return [size(n_objects) for unit, size in UNITS.items() if unit in (names_read(sql_models()[name]) or ())]


def _layers(known: measures.Known, job: str) -> list[list[str]]:
    """The layers of a job in which anybody drew, and those in which anybody gave a label."""
    of_job = pc.field("job_name") == job
    return [sorted(map(str, table.filter(of_job)["layer"].to_pylist())) for table in (known.drawn, known.said)]


def known_of(lake: Lake, jobs: Sequence[str], changes: Changes) -> measures.Known:
    """What must be known of whole jobs, from the labels that were used in their parts."""
    key = (lake.snapshot(MEASURE_LABEL_USE.name), *jobs)
    if key not in changes.layers:  # each model asks
        changes.layers[key] = _layers_used(lake, jobs)
    answered = [job for job in jobs if changes.facts(job)["is_answered"]]
    every = {job: one_of for job in jobs if (one_of := parts.stride(changes.n_objects(job))) > 1}
    return measures.Known(*changes.layers[key], pa.array(answered, pa.string()), every)


def _layers_used(lake: Lake, jobs: Sequence[str]) -> tuple[pa.Table, pa.Table]:
    """The layers in which anybody drew, and those in which anybody gave a label."""
    used = current_rows(lake, [MEASURE_LABEL_USE.name], jobs, {*LAYERS.names, "duration_s"})[MEASURE_LABEL_USE.name]
    drawn = pc.is_valid(used["duration_s"])
    drawn_in, said_in = (
        used.filter(kept).select(LAYERS.names).group_by(LAYERS.names).aggregate([]).cast(LAYERS)
        for kept in (drawn, pc.invert(drawn))
    )
    return drawn_in, said_in


@cache
def _code(name: str) -> str:
    """A hash of a model's SQL, or of the code of all Python models."""
    if name in PYTHON:
        folder = Path(transforms.__file__).parent
        texts = [path.read_bytes() for path in sorted(folder.rglob("*.py"))]
    else:
        model = sql_models()[name]
        texts = [model.sql.encode(), *(step.sql.encode() for step in steps_of(model.reads).values())]
    return hashlib.blake2b(b"\0".join(texts), digest_size=12).hexdigest()


# -- doing it ----------------------------------------------------------------------------------------------------------


def _makes(name: str) -> tuple[str, ...]:
    model = PYTHON.get(name)
    return model.makes if isinstance(model, PartModel) else (name,)


def _some_at_a_time(todo: Parts) -> Iterator[dict[str, list[int]]]:
    """The parts of all jobs, `PARTS_AT_ONCE` of them at a time."""
    every = [(job, part) for job, numbers in todo.items() for part in sorted(numbers)]
    for start in range(0, len(every), PARTS_AT_ONCE):
        some: dict[str, list[int]] = {}
        for job, part in every[start : start + PARTS_AT_ONCE]:
            some.setdefault(job, []).append(part)
        yield some


def _made(lake: Lake, name: str, some: Parts, settings: Settings, changes: Changes) -> Mapping[str, pa.Table]:
    """The rows of these parts."""
    model, jobs = PYTHON.get(name), sorted(some)
    if not isinstance(model, PartModel):
        n_objects = {job: changes.n_objects(job) for job in jobs}
        return {name: query(lake, sql_models()[name], jobs, price_of(settings), parts=some, n_objects=n_objects)}
    known = known_of(lake, jobs, changes)
    rows = current_rows(lake, model.reads, jobs, READ_BY_PYTHON, some)

    def measured(one: tuple[int, Mapping[str, pa.Table]]) -> dict[str, pa.Table]:
        part, of_part = one
        return {table: parts.with_part(made, part) for table, made in model.build(of_part, known, settings).items()}

    with ThreadPoolExecutor(BESIDE) as pool:
        made = list(pool.map(measured, parts.split(rows)))
    return parts.joined([*made, {table: TABLES[table].empty() for table in model.makes}])


def _put(lake: Lake, made: Mapping[str, pa.Table], some: Parts, build_id: str) -> int:
    """Put these parts' rows in the place of those that are there; returns how many."""

    def put(table: str) -> int:
        check(table, made[table])
        return lake.replace(table, made[table], some, build_id=build_id, where=_of(some))

    with ThreadPoolExecutor(BESIDE) as pool:
        return sum(pool.map(put, made))


def _of(some: Mapping[str, Iterable[int]]) -> BooleanExpression:
    """Rows of these parts."""
    found: BooleanExpression = AlwaysFalse()
    for job, numbers in some.items():
        found = Or(found, And(EqualTo("job_name", job), In(PART.name, sorted(numbers))))
    return found


_ANY_PART: BooleanExpression = Or(GreaterThanOrEqual(PART.name, 0), IsNull(PART.name))
"""Rows of any part: all but those of whole jobs, which other models make (`measures.OF_JOB`)."""
