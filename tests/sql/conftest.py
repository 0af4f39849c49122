"""SQL models run in DuckDB over small Arrow tables, by themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from scipy import stats

from annolake.lake.models import NO_PRICE, PRICE
from tests.steps import add_steps
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
        add_steps(connection, {"reference.student_t": quantiles, PRICE: NO_PRICE, **tables})
        found = connection.sql((GOLD / f"{name}.sql").read_text()).arrow().read_all()
        schema = TABLES[f"gold.{name}"].arrow
        assert found.schema.names == schema.names
        return found.cast(schema)

    return run
