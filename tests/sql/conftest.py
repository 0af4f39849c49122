"""SQL models run in DuckDB over small Arrow tables, by themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from scipy import stats

from annolake.lake.models import NO_PRICE, PRICE
from transforms.schemas import TABLES

GOLD = Path(__file__).parents[2] / "sql" / "gold"
Run = Callable[..., pa.Table]


def student_t(most: int = 1000) -> pa.Table:
    df = list(range(1, most + 1))
    return pa.table({"df": pa.array(df, pa.int64()), "t975": [float(stats.t.ppf(0.975, k)) for k in df]})


@pytest.fixture(scope="session")
def run_model() -> Run:
    """`run_model("agreement_job", tables)`: the model's rows, with empty tables for those that are not given."""
    quantiles = student_t()

    def run(name: str, tables: Mapping[str, pa.Table]) -> pa.Table:
        connection = duckdb.connect()
        connection.execute("SET TimeZone = 'UTC'")
        every = {n: t.empty() for n, t in TABLES.items() if n.split(".")[0] in ("silver", "measure", "gold")}
        every |= {"reference.student_t": quantiles, PRICE: NO_PRICE, **tables}
        for schema in {n.split(".")[0] for n in every}:
            connection.execute(f"CREATE SCHEMA {schema}")
        for table, rows in every.items():
            plain = table.replace(".", "__")
            connection.register(plain, rows)
            connection.execute(f"CREATE VIEW {table} AS SELECT * FROM {plain}")
        found = connection.sql((GOLD / f"{name}.sql").read_text()).arrow().read_all()
        schema = TABLES[f"gold.{name}"].arrow
        assert found.schema.names == schema.names
        return found.cast(schema)

    return run
