"""Gold, and the sums it is made of: SQL models and Python measures, built for some jobs at a time.

Models of objects (their tables have a column `part`) are built part by part: only the parts of a job that new rows of
silver touch are made anew (`lake.partbuild`). The others replace their rows of a whole job; they read stored sums, or
need all answers. Either way a rerun gives the same. SQL sees `silver.*` (current revisions), `measure.*` and `gold.*`
of these jobs only, `reference.student_t` (df, t975) for 95 % intervals, and `reference.price` (hour_price, currency):
one row, none where no price is set.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa
from pyiceberg.expressions import EqualTo

from annolake.config import Settings
from annolake.errors import LakeError
from annolake.lake.built import Changes
from annolake.lake.catalog import Lake, open_lake
from annolake.lake.graph import build_beside, model_order
from annolake.lake.partbuild import build_parts, is_by_part, known_of
from annolake.lake.pymodels import PYTHON, READ_BY_PYTHON, EstimateModel, PythonModel
from annolake.lake.release import unreleased_jobs
from annolake.lake.sampled import estimate_rows
from annolake.lake.sqlmodels import sql_models
from annolake.lake.statements import (
    NO_PRICE,
    PRICE,
    PRICE_COLUMNS,
    STUDENT_T,
    check,
    current_rows,
    price_of,
    query,
    run_sql,
    student_t,
)
from transforms import measures, rework
from transforms.schemas import JOB_TABLE, PART, TABLES

__all__ = [
    "NO_PRICE",
    "PRICE",
    "PRICE_COLUMNS",
    "READ_BY_PYTHON",
    "STUDENT_T",
    "build_gold",
    "build_model",
    "current_rows",
    "model_order",
    "run_sql",
    "student_t",
]

log = logging.getLogger(__name__)


def build_gold(settings: Settings, jobs: Iterable[str] | None = None) -> list[str]:
    """Build every model for these jobs (those with unreleased landings where None); returns the models built."""
    jobs = sorted(set(unreleased_jobs(settings) if jobs is None else jobs))
    if not jobs:
        return []
    with open_lake(settings) as lake:
        changes = Changes(lake)
        try:
            build_beside(lambda name: _build(lake, name, jobs, settings, changes))
        finally:
            changes.builds.note()
    return model_order()


def build_model(settings: Settings, name: str, jobs: Iterable[str]) -> int:
    """Build one model for these jobs; returns the rows that it wrote."""
    with open_lake(settings) as lake:
        changes = Changes(lake)
        n_rows = _build(lake, name, sorted(set(jobs)), settings, changes)
        changes.builds.note()
        return n_rows


def _build(lake: Lake, name: str, jobs: list[str], settings: Settings, changes: Changes) -> int:
    if name not in model_order():
        raise LakeError(f"No model is called {name}.", hint=f"The models: {', '.join(model_order())}")
    build_id = f"build-{secrets.token_hex(6)}"
    if is_by_part(name):
        n_rows = build_parts(lake, name, jobs, settings, changes=changes, build_id=build_id)
    else:
        n_rows = _build_whole(lake, name, jobs, settings, changes=changes, build_id=build_id)
    log.info("%s: %d rows for %s", name, n_rows, ", ".join(jobs))
    return n_rows


def _build_whole(lake: Lake, name: str, jobs: list[str], settings: Settings, *, changes: Changes, build_id: str) -> int:
    """Build a model of whole jobs; in tables that have rows of parts too, its own stand in a part of their own."""
    model = PYTHON.get(name)
    made: Mapping[str, pa.Table]
    if isinstance(model, PythonModel):
        read = _with_earlier(lake, jobs) if model.with_earlier else jobs
        made = model.build(current_rows(lake, model.reads, read, READ_BY_PYTHON), jobs, settings)
    elif isinstance(model, EstimateModel):
        made = model.build(estimate_rows(lake, model, jobs, changes), known_of(lake, jobs, changes), settings)
    else:
        most = max(changes.n_objects(job) for job in jobs)
        made = {name: query(lake, sql_models()[name], jobs, price_of(settings), most=most, steps=changes.steps)}
    for table, rows in made.items():
        check(table, rows)
        where = EqualTo(PART.name, measures.OF_JOB) if PART.name in TABLES[table].arrow.names else None
        lake.replace(table, rows, jobs, build_id=build_id, where=where)
    return sum(rows.num_rows for rows in made.values())


def _with_earlier(lake: Lake, jobs: Sequence[str]) -> list[str]:
    """These jobs and those of earlier levels of their batches; none where there are no earlier levels."""
    earlier = rework.earlier_jobs(lake.scan(JOB_TABLE.name, columns=["job_name", "batch_id", "level"]), jobs)
    return sorted({*jobs, *earlier}) if earlier else []
