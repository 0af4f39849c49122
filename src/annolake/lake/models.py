"""Gold, and the sums it is made of: SQL models and Python measures, built for some jobs at a time.

Each model replaces its rows of those jobs, so a rerun gives the same. SQL sees `silver.*` (current revisions),
`measure.*` and `gold.*` of these jobs only, `reference.student_t` (df, t975) for 95 % intervals, and `reference.price`
(hour_price, currency): one row, none where no price is set.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from annolake.config import Settings
from annolake.errors import LakeError, QualityError
from annolake.lake.catalog import Lake, conform, open_lake
from annolake.lake.inputs import add_views, columns_of
from annolake.lake.release import unreleased_jobs
from annolake.lake.sqlmodels import SqlModel, models
from annolake.quality.rules import rules_of
from transforms import box_measures, measures, quality, rework
from transforms.boxes import BOXES as BOXES_READ
from transforms.schemas import BATCH_ITEM, JOB_TABLE, MEASURE_REWORK, MEASURE_WORKER_ITEM, TABLES, SchemaMismatch
from transforms.tracks import SEGMENTS

log = logging.getLogger(__name__)

MEASURE = "measure"
QUALITY = "quality"
BOXES = "boxes"
REWORK = "rework"
STUDENT_T = "reference.student_t"
PRICE = "reference.price"
_PRICE: dict[str, pa.DataType] = {"hour_price": pa.float64(), "currency": pa.string()}
PRICE_COLUMNS = pa.schema(_PRICE)
NO_PRICE = PRICE_COLUMNS.empty_table()
LEAST_DF = 1000


@dataclass(frozen=True)
class PythonModel:
    """A model that needs more than SQL: Arrow tables in, tables of its namespace out."""

    build: Callable[[Mapping[str, pa.Table], Sequence[str], Settings], Mapping[str, pa.Table]]
    reads: tuple[str, ...]
    with_earlier: bool = False
    """Whether it also reads the jobs of earlier levels of the same batches."""


def _measure(inputs: Mapping[str, pa.Table], jobs: Sequence[str], settings: Settings) -> Mapping[str, pa.Table]:
    """Agreement sums, of what was said about objects that are not gold items."""
    return measures.build(quality.without_planted(inputs), jobs, settings.boundary_windows, settings.scales)


def _quality(inputs: Mapping[str, pa.Table], jobs: Sequence[str], _: Settings) -> Mapping[str, pa.Table]:
    """Workers against gold items and over time, and what is disputed."""
    return quality.build(inputs, jobs)


def _boxes(inputs: Mapping[str, pa.Table], jobs: Sequence[str], _: Settings) -> Mapping[str, pa.Table]:
    """Agreement sums and fusion of boxes and tracks."""
    return box_measures.build(quality.without_planted(inputs), jobs)


def _rework(inputs: Mapping[str, pa.Table], jobs: Sequence[str], _: Settings) -> Mapping[str, pa.Table]:
    """What these jobs changed in the answers of earlier levels."""
    return {MEASURE_REWORK.name: rework.build(inputs, jobs)}


PYTHON: dict[str, PythonModel] = {
    MEASURE: PythonModel(_measure, tuple(t.name for t in (*measures.INPUTS, BATCH_ITEM))),
    QUALITY: PythonModel(_quality, tuple(t.name for t in quality.INPUTS)),
    BOXES: PythonModel(_boxes, tuple(t.name for t in (*box_measures.INPUTS, BATCH_ITEM))),
    REWORK: PythonModel(_rework, tuple(t.name for t in rework.INPUTS), with_earlier=True),
}


READ_BY_PYTHON = frozenset(
    {*SEGMENTS.names, *BOXES_READ.names, *MEASURE_WORKER_ITEM.arrow.names, "asset_id", "text", "transcript"}
    | {"submitted_at", "outcome", "duration_s", "task_type", "labels", "is_gold", "segments"}
    | {"batch_id", "level"}
)
"""The columns that Python models read, of all tables: raw answers alone would fill the memory."""


def model_order() -> list[str]:
    """Every model, each after those that it reads: the Python measures, then `gold.*` as their SQL says."""
    return [*PYTHON, *models("gold")]


def build_gold(settings: Settings, jobs: Iterable[str] | None = None) -> list[str]:
    """Build every model for these jobs (those with unreleased landings where None); returns the models built."""
    jobs = sorted(set(unreleased_jobs(settings) if jobs is None else jobs))
    if not jobs:
        return []
    with open_lake(settings) as lake:
        for name in model_order():
            _build(lake, name, jobs, settings)
    return model_order()


def build_model(settings: Settings, name: str, jobs: Iterable[str]) -> int:
    """Build one model for these jobs; returns the rows that it has for them."""
    with open_lake(settings) as lake:
        return _build(lake, name, sorted(set(jobs)), settings)


def _build(lake: Lake, name: str, jobs: list[str], settings: Settings) -> int:
    build_id = f"build-{secrets.token_hex(6)}"
    if name in PYTHON:
        model = PYTHON[name]
        read = _with_earlier(lake, jobs) if model.with_earlier else jobs
        made = model.build(current_rows(lake, model.reads, read, READ_BY_PYTHON), jobs, settings)
    elif name in models("gold"):
        statement = models("gold")[name]
        made = {name: _query(lake, statement, jobs, price_of(settings))}
    else:
        raise LakeError(f"No model is called {name}.", hint=f"The models: {', '.join(model_order())}")
    for table, rows in made.items():
        _check(table, rows)
        lake.replace(table, rows, jobs, build_id=build_id)
    n_rows = sum(rows.num_rows for rows in made.values())
    log.info("%s: %d rows for %s", name, n_rows, ", ".join(jobs))
    return n_rows


def _with_earlier(lake: Lake, jobs: Sequence[str]) -> list[str]:
    """These jobs and those of earlier levels of their batches; none where there are no earlier levels."""
    earlier = rework.earlier_jobs(lake.scan(JOB_TABLE.name, columns=["job_name", "batch_id", "level"]), jobs)
    return sorted({*jobs, *earlier}) if earlier else []


def current_rows(
    lake: Lake, reads: Iterable[str], jobs: Sequence[str], names: Collection[str] | None = None
) -> dict[str, pa.Table]:
    """The current rows of tables for these jobs, as models see them; of the columns those in `names`, all where None.

    A table of which no column is in `names` (its rows are only counted) keeps its key.
    """
    wanted = [name for name in reads if name in TABLES]
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        add_views(connection, lake, wanted, jobs, names)
        return {n: _read(connection, n, columns_of(n, names)) for n in wanted}


def _read(connection: duckdb.DuckDBPyConnection, table: str, columns: list[str]) -> pa.Table:
    quoted = ", ".join(f'"{c}"' for c in columns)
    rows = connection.sql(f"SELECT {quoted} FROM {table}").to_arrow_table()
    return conform(rows, pa.schema([TABLES[table].arrow.field(c) for c in columns]))


def _query(lake: Lake, model: SqlModel, jobs: Sequence[str], price: pa.Table) -> pa.Table:
    """The rows of a SQL model over the tables of the lake, read where they are."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        most = add_views(connection, lake, [name for name in model.reads if name in TABLES], jobs, model.names)
        return _run(connection, model, most, price)


def run_sql(model: SqlModel, inputs: Mapping[str, pa.Table], price: pa.Table = NO_PRICE) -> pa.Table:
    """The rows of a SQL model over tables in memory, in the order and types of its schema; without a price no cost."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for name, rows in inputs.items():
            _show(connection, name, rows)
        return _run(connection, model, max([0, *(table.num_rows for table in inputs.values())]), price)


def _run(connection: duckdb.DuckDBPyConnection, model: SqlModel, most: int, price: pa.Table) -> pa.Table:
    """Run a model over the views of a connection; `most` is the greatest number of objects."""
    if STUDENT_T in model.reads:
        _show(connection, STUDENT_T, student_t(most))
    if PRICE in model.reads:
        _show(connection, PRICE, price)
    try:
        return conform(connection.sql(model.sql).to_arrow_table(), TABLES[model.name].arrow)
    except (duckdb.Error, SchemaMismatch, pa.ArrowInvalid) as error:
        raise LakeError(f"sql/{model.name.replace('.', '/')}.sql: {error}") from error
    except KeyError:
        raise LakeError(f"sql/{model.name.replace('.', '/')}.sql: transforms.schemas has no {model.name}.") from None


def _show(connection: duckdb.DuckDBPyConnection, name: str, rows: pa.Table) -> None:
    """A view of rows in memory under the table's name."""
    plain = name.replace(".", "__")
    connection.register(plain, rows)
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {name.split('.', maxsplit=1)[0]}")
    connection.execute(f"CREATE VIEW {name} AS SELECT * FROM {plain}")


def price_of(settings: Settings) -> pa.Table:
    """`reference.price`: what an hour of annotation costs; no row where no price is set."""
    row = {"hour_price": settings.worker_hour_price, "currency": settings.currency}
    return pa.Table.from_pylist([row] if settings.worker_hour_price else [], PRICE_COLUMNS)


def student_t(most: int) -> pa.Table:
    """(df, t975) for 1 to `most` degrees of freedom, and at least `LEAST_DF`: the 97.5 % point of Student's t.

    Beyond `LEAST_DF` by the expansion of Fisher and Cornish (1960, doi:10.2307/1266546), right to twelve digits there.
    """
    from scipy.stats import norm, t

    few, df = np.arange(1, LEAST_DF + 1), np.arange(LEAST_DF + 1, most + 1, dtype=np.float64)
    z = float(norm.ppf(0.975))
    many = z + (z**3 + z) / (4.0 * df)
    many += (5.0 * z**5 + 16.0 * z**3 + 3.0 * z) / (96.0 * df**2)
    many += (3.0 * z**7 + 19.0 * z**5 + 17.0 * z**3 - 15.0 * z) / (384.0 * df**3)
    return pa.table({"df": np.r_[few, df.astype(np.int64)], "t975": np.r_[t.ppf(0.975, few), many]})


def _check(table: str, rows: pa.Table) -> None:
    """Stop before anything is written where rows break the schema's rules or its key."""
    spec = TABLES[table]
    rows = conform(rows, spec.arrow)
    rules = [r for r in rules_of(table) if r.severity == "fail"]
    key = ", ".join(spec.key)
    sums = ", ".join(f"count(*) FILTER (WHERE NOT ({r.holds}))" for r in rules)
    with duckdb.connect() as connection:
        connection.register("made", rows)
        found = connection.sql(
            f"SELECT count(*) - (SELECT count(*) FROM (SELECT DISTINCT {key} FROM made)), {sums} FROM made"
        ).fetchall()
    doubled, *failed = found[0]
    broken = [f"{n} rows: {r.meaning} does not hold" for r, n in zip(rules, failed, strict=True) if n]
    if doubled:
        broken.insert(0, f"{doubled} rows repeat a key ({key})")
    if broken:
        raise QualityError(f"{table} was not built: {'; '.join(broken)}.")
