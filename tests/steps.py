"""Steps and sums that gold models read, by their SQL over tables in memory."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
import pyarrow as pa

from annolake.lake.inputs import UNITS
from annolake.lake.sqlmodels import sql_models, steps
from transforms.parts import parts_of
from transforms.schemas import TABLES


def add_steps(connection: duckdb.DuckDBPyConnection, given: Mapping[str, pa.Table]) -> None:
    """Views of the tables of silver, measures and gold (empty where not given), and of all that SQL makes of them."""
    every = {n: t.empty() for n, t in TABLES.items() if n.split(".")[0] in ("silver", "measure", "gold", "bronze")}
    made = {n: model for n, model in sql_models().items() if n.startswith("measure.") and n not in given}
    for schema in {n.split(".")[0] for n in {**every, **given}}:
        connection.execute(f"CREATE SCHEMA {schema}")
    for table, rows in {**every, **given}.items():
        if table in made:
            continue
        plain = table.replace(".", "__")
        connection.register(plain, _as_objects(rows))
        connection.execute(f"CREATE VIEW {table} AS SELECT * FROM {plain}")
    for name, model in {**made, **steps()}.items():
        connection.execute(f"CREATE VIEW {name} AS {model.sql}")


def _as_objects(rows: pa.Table) -> pa.Table:
    """Rows of objects with their part, each a unit of its own."""
    if "object_id" not in rows.schema.names:
        return rows
    if "part" not in rows.schema.names:
        rows = rows.append_column("part", pa.array(parts_of(rows["object_id"]), pa.int32()))
    for unit in UNITS.keys() - set(rows.schema.names):
        rows = rows.append_column(unit, rows["object_id"])
    return rows


def step(name: str, given: Mapping[str, pa.Table]) -> pa.Table:
    """The rows of a step, in order of its first columns."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        add_steps(connection, given)
        return connection.sql(f"SELECT * FROM {name} ORDER BY ALL").to_arrow_table()
