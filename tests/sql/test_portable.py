"""The SQL models in the dialects of Spark and Trino: gold as it stands, silver but for what only DuckDB has."""

from __future__ import annotations

import logging
import re

import pytest
import sqlglot
from sqlglot import exp

from annolake.lake.sqlmodels import SqlModel, models

ENGINES = ("spark", "trino")
_BOTH = {"CARDINALITY", "JSON_ARRAY_LENGTH", "MAP_ENTRIES"}
THEIR_OWN = {"spark": _BOTH, "trino": {"AT_TIMEZONE", *_BOTH}}
"""Functions that the engine has and sqlglot does not know."""

ONLY_DUCKDB = {
    "JSON_EACH": "the members of a JSON value as rows: from_json and explode in Spark, json_table in Trino",
    "JSON_EXISTS": "whether a JSON value has a path: get_json_object in Spark; Trino's has another syntax",
    "JSON_MERGE_PATCH": "a JSON object without some keys: neither has it",
    "TO_JSON": "a value as JSON: CAST(... AS JSON) in Trino",
    "TRY_STRPTIME": "a time in a format, NULL where it is none: try_to_timestamp in Spark, try(date_parse()) in Trino",
    "dash in a path": '$.class-name, which Trino wants as $."class-name"',
    "wildcard in a path": "$.*, all members at once: map_values(from_json) in Spark, CAST to MAP in Trino",
}
"""What silver uses that must be written anew for another engine, and how. Landing runs on DuckDB wherever it runs."""


def transpiled(model: SqlModel, engine: str, caplog: pytest.LogCaptureFixture) -> set[str]:
    """What of a model the engine does not have; raises where sqlglot names something unsupported."""
    caplog.clear()
    with caplog.at_level(logging.WARNING, logger="sqlglot"):
        try:
            written = sqlglot.transpile(
                model.sql, read="duckdb", write=engine, unsupported_level=sqlglot.ErrorLevel.RAISE
            )
        except sqlglot.UnsupportedError as error:
            assert "ildcard" in str(error), f"{model.name} on {engine}: {error}"
            return {"wildcard in a path"}
        parsed = sqlglot.parse_one(written[0], dialect=engine)
    told = {record.getMessage() for record in caplog.records}
    dashes = {text for text in told if re.search(r"Invalid JSON path syntax.*-", text)}
    assert told == dashes, f"{model.name} on {engine}: {told - dashes}"
    unknown = {call.name.upper() for call in parsed.find_all(exp.Anonymous)} - THEIR_OWN[engine]
    return unknown | ({"dash in a path"} if dashes else set())


@pytest.mark.parametrize("engine", ENGINES)
def test_gold_is_portable(engine: str, caplog: pytest.LogCaptureFixture) -> None:
    assert len(models("gold")) > 10
    every = {**models("measure"), **models("gold")}
    found = {name: transpiled(model, engine, caplog) for name, model in every.items()}
    assert {name: what for name, what in found.items() if what} == {}


def test_what_silver_needs_of_duckdb_is_listed(caplog: pytest.LogCaptureFixture) -> None:
    assert len(models("silver")) > 8
    found = {
        what for model in models("silver").values() for engine in ENGINES for what in transpiled(model, engine, caplog)
    }
    assert found == set(ONLY_DUCKDB), "what is new needs its reason, what is gone has none"
