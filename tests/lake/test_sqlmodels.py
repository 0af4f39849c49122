"""Headers and order of the SQL models; every example question is answered."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from annolake.config import Settings
from annolake.errors import LakeError
from annolake.lake import sqlmodels
from annolake.lake.dictionary import tables_page
from annolake.lake.engine import database
from annolake.lake.sql import query
from annolake.lake.sqlmodels import models, read_model, sql_folder
from annolake.lake.statements import Steps
from transforms.schemas import TABLES


@pytest.mark.parametrize("layer", ["silver", "gold", "queries"])
def test_headers_say_what_the_sql_does(layer: str) -> None:
    found = models(layer)
    assert found
    for name, model in found.items():
        said = {"grain", "reads", "owner"} | (set() if layer == "queries" else {"checks"})
        assert said <= set(model.fields), name
        assert model.purpose, name
        stated = {r.strip() for r in model.fields["reads"].split(",")}
        assert stated == model.reads, name
        if name in TABLES:
            assert [g.strip() for g in model.fields["grain"].split(",")] == list(TABLES[name].key), name


def test_each_model_comes_after_what_it_reads() -> None:
    for layer in ("silver", "gold"):
        seen: set[str] = set()
        for name, model in models(layer).items():
            assert {r for r in model.reads if r.startswith(f"{layer}.")} <= seen, name
            seen.add(name)


def test_every_gold_and_silver_table_of_a_landing_is_made() -> None:
    assert {n for n in TABLES if n.startswith("gold.")} == set(models("gold"))
    made = {"annotation", "segment", "classification", "assignment", "consolidated"}
    assert {f"silver.{t}" for t in made} <= set(models("silver"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("select 1", "no header"),
        ("/* x grain: a */ select 1; select 2", "exactly one SELECT"),
        ("/* x grain: a */ drop table x", "exactly one SELECT"),
        ("/* x grain: a */ selec 1 from", "bad.sql"),
    ],
)
def test_a_file_that_is_no_model(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.sql"
    path.write_text(text)
    with pytest.raises(LakeError, match=message):
        read_model(path, "gold")


def test_models_in_a_circle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gold").mkdir()
    (tmp_path / "gold" / "a.sql").write_text("/* a grain: x */ select * from gold.b")
    (tmp_path / "gold" / "b.sql").write_text("/* b grain: x */ select * from gold.a")
    monkeypatch.setattr(sqlmodels, "sql_folder", lambda: tmp_path)
    with pytest.raises(LakeError, match="in a circle"):
        models.__wrapped__("gold")


@pytest.mark.parametrize("path", sorted((sql_folder() / "queries").glob("*.sql")), ids=lambda p: p.stem)
def test_example_questions_are_answered_by_an_empty_lake(path: Path, settings: Settings) -> None:
    assert query(settings, path.read_text()).num_rows == 0


def test_the_dictionary_names_every_table_and_column() -> None:
    page = tables_page()
    for name, table in TABLES.items():
        assert f"### {name}\n" in page
        assert all(f"| `{c.name}` |" in page for c in table.columns)
    assert "no_overlap_in_track" in page and len(page.splitlines()) > 200


def test_a_step_is_worked_out_by_the_first_model_that_reads_it() -> None:
    steps = Steps()
    with database() as one, database() as other:
        first = steps.rows("measure.pair_compared", one, "SELECT 1 AS n")
        assert steps.rows("measure.pair_compared", other, "SELECT 2 AS n") is first
        assert steps.rows("measure.worker_compared", other, "SELECT 2 AS n")["n"].to_pylist() == [2]
        with pytest.raises(duckdb.Error):
            steps.rows("measure.unit_term", one, "SELECT nothing")
        assert steps.rows("measure.unit_term", other, "SELECT 3 AS n")["n"].to_pylist() == [3]
