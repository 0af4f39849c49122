"""Models' rows: what they read from the lake, SQL run over it, and the check before anything is written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from threading import Lock
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from annolake.config import Settings
from annolake.errors import LakeError, QualityError
from annolake.lake.catalog import Lake, conform
from annolake.lake.emptiness import is_empty
from annolake.lake.engine import database
from annolake.lake.inputs import UNITS, Parts, add_views, columns_of
from annolake.lake.sqlmodels import SqlModel, names_read, steps_of, tables_read
from annolake.quality.rules import rules_of
from transforms.parts import parts_of
from transforms.schemas import PART, TABLES, SchemaMismatch

STUDENT_T = "reference.student_t"
PRICE = "reference.price"
_PRICE: dict[str, pa.DataType] = {"hour_price": pa.float64(), "currency": pa.string()}
PRICE_COLUMNS = pa.schema(_PRICE)
NO_PRICE = PRICE_COLUMNS.empty_table()
LEAST_DF = 1000


def current_rows(
    lake: Lake,
    reads: Iterable[str],
    jobs: Sequence[str],
    names: Collection[str] | None = None,
    parts: Parts | None = None,
) -> dict[str, pa.Table]:
    """The current rows of tables for these jobs (or parts of them), as models see them, with the columns in `names`.

    A table of which no column is in `names` (its rows are only counted) keeps its key.
    """
    wanted = [name for name in reads if name in TABLES]
    with database() as connection:
        add_views(connection, lake, wanted, jobs, names=names, parts=parts)
        return {n: _read(connection, n, columns_of(n, names)) for n in wanted}


def _read(connection: duckdb.DuckDBPyConnection, table: str, columns: list[str]) -> pa.Table:
    quoted = ", ".join(f'"{c}"' for c in columns)
    rows = connection.sql(f"SELECT {quoted} FROM {table}").to_arrow_table()
    return conform(rows, pa.schema([TABLES[table].arrow.field(c) for c in columns]))


def query(
    lake: Lake,
    model: SqlModel,
    jobs: Sequence[str],
    price: pa.Table,
    *,
    parts: Parts | None = None,
    n_objects: Mapping[str, int] | None = None,
    most: int = 0,
    steps: Steps | None = None,
) -> pa.Table:
    """The rows of a SQL model over the tables of the lake, read where they are; one that can have none is not run.

    Sums stand for more objects than they have rows: `most` is how many the largest of the jobs has, where it is known.
    Of models that share `steps`, all are of the same jobs.
    """
    with database() as connection:
        names = names_read(model)
        found = add_views(connection, lake, tables_read(model), jobs, names=names, parts=parts, n_objects=n_objects)
        empty = _with_steps(model, {name for name, n_rows in found.items() if not n_rows})
        if is_empty(model.query, empty):
            return TABLES[model.name].empty()
        return _run(connection, model, max([most, *found.values()]), price, empty=empty, made=steps)


def _with_steps(model: SqlModel, empty: Collection[str]) -> set[str]:
    """The tables that have no row, and the steps of a model that then have none."""
    found = set(empty)
    for name, step in steps_of(model.reads).items():
        if is_empty(step.query, found):
            found.add(name)
    return found


def run_sql(model: SqlModel, inputs: Mapping[str, pa.Table], price: pa.Table = NO_PRICE) -> pa.Table:
    """The rows of a SQL model over tables in memory, in the order and types of its schema; without a price no cost."""
    with database() as connection:
        for name, rows in inputs.items():
            _show(connection, name, _as_objects(rows))
        return _run(connection, model, max([0, *(table.num_rows for table in inputs.values())]), price)


class Steps:
    """The rows of steps in one build: the first model that reads a step works it out, and others wait for it."""

    def __init__(self) -> None:
        self._locks: defaultdict[str, Lock] = defaultdict(Lock)
        self._made: dict[str, pa.Table] = {}

    def rows(self, name: str, connection: duckdb.DuckDBPyConnection, statement: str) -> pa.Table:
        """The rows of a step, by this statement over the views of the connection unless they are known."""
        with self._locks[name]:
            if name not in self._made:
                self._made[name] = connection.sql(statement).to_arrow_table()
            return self._made[name]


def _run(
    connection: duckdb.DuckDBPyConnection,
    model: SqlModel,
    most: int,
    price: pa.Table,
    *,
    empty: Collection[str] = (),
    made: Steps | None = None,
) -> pa.Table:
    """Run a model over the views of a connection, but for the steps in `empty`; `most` is the number of objects."""
    if STUDENT_T in model.reads:
        _show(connection, STUDENT_T, student_t(max(LEAST_DF, 1 << most.bit_length())))
    if PRICE in model.reads:
        _show(connection, PRICE, price)
    try:
        for name, step in steps_of(model.reads).items():
            rows = f"SELECT * FROM ({step.sql}) WHERE false" if name in empty else step.sql
            _show(connection, name, (made or Steps()).rows(name, connection, rows), kind="TABLE")
        return conform(connection.sql(model.sql).to_arrow_table(), TABLES[model.name].arrow)
    except (duckdb.Error, SchemaMismatch, pa.ArrowInvalid) as error:
        raise LakeError(f"sql/{model.name.replace('.', '/')}.sql: {error}") from error
    except KeyError:
        raise LakeError(f"sql/{model.name.replace('.', '/')}.sql: transforms.schemas has no {model.name}.") from None


def _show(connection: duckdb.DuckDBPyConnection, name: str, rows: pa.Table, kind: str = "VIEW") -> None:
    """A view of rows in memory under the table's name, or a table of them, of which DuckDB knows how many they are."""
    plain = name.replace(".", "__")
    connection.register(plain, rows)
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {name.split('.', maxsplit=1)[0]}")
    connection.execute(f"CREATE {kind} {name} AS SELECT * FROM {plain}")


def _as_objects(rows: pa.Table) -> pa.Table:
    """Rows of objects with their part where they do not have it, each a unit of its own."""
    if "object_id" not in rows.schema.names:
        return rows
    added: dict[str, pa.Array[Any] | pa.ChunkedArray[Any]] = {
        PART.name: pa.array(parts_of(rows["object_id"]), PART.type),
        **dict.fromkeys(UNITS, rows["object_id"]),
    }
    for column, values in added.items():
        if column not in rows.schema.names:
            rows = rows.append_column(column, values)
    return rows


def price_of(settings: Settings) -> pa.Table:
    """`reference.price`: what an hour of annotation costs; no row where no price is set."""
    row = {"hour_price": settings.worker_hour_price, "currency": settings.currency}
    return pa.Table.from_pylist([row] if settings.worker_hour_price else [], PRICE_COLUMNS)


@lru_cache(maxsize=4)
def student_t(most: int) -> pa.Table:
    """(df, t975) for 1 to `most` degrees of freedom, `LEAST_DF` or more: the 97.5 % point of Student's t.

    Beyond `LEAST_DF` by the expansion of Fisher and Cornish (1960, doi:10.2307/1266546), right to twelve digits there.
    """
    from scipy.stats import norm, t

    few, df = np.arange(1, LEAST_DF + 1), np.arange(LEAST_DF + 1, most + 1, dtype=np.float64)
    z = float(norm.ppf(0.975))
    many = z + (z**3 + z) / (4.0 * df)
    many += (5.0 * z**5 + 16.0 * z**3 + 3.0 * z) / (96.0 * df**2)
    many += (3.0 * z**7 + 19.0 * z**5 + 17.0 * z**3 - 15.0 * z) / (384.0 * df**3)
    return pa.table({"df": np.r_[few, df.astype(np.int64)], "t975": np.r_[t.ppf(0.975, few), many]})


def check(table: str, rows: pa.Table) -> None:
    """Stop before anything is written where rows break the schema's rules or its key."""
    spec = TABLES[table]
    rows = conform(rows, spec.arrow)
    if not rows.num_rows:
        return
    rules = [r for r in rules_of(table) if r.severity == "fail"]
    key = ", ".join(spec.key)
    sums = ", ".join(f"count(*) FILTER (WHERE NOT ({r.holds}))" for r in rules)
    with database() as connection:
        connection.register("made", rows)
        found = connection.execute(
            f"SELECT count(*) - (SELECT count(*) FROM (SELECT DISTINCT {key} FROM made)), {sums} FROM made"
        ).fetchall()
    doubled, *failed = found[0]
    broken = [f"{n} rows: {r.meaning} does not hold" for r, n in zip(rules, failed, strict=True) if n]
    if doubled:
        broken.insert(0, f"{doubled} rows repeat a key ({key})")
    if broken:
        raise QualityError(f"{table} was not built: {'; '.join(broken)}.")
