"""The notebook: in the form of nbformat 4.5, without outputs or paths of a machine, and it runs on a small lake."""

from __future__ import annotations

import json
from pathlib import Path

import altair
import pytest

from annolake.config import Settings
from annolake.lake.dictionary import tables_page
from annolake.lake.duckdb_file import export_duckdb
from transforms.schemas import TABLES

NOTEBOOK = Path(__file__).parents[1] / "examples" / "first_look.ipynb"


def test_the_notebook_is_one_and_carries_no_outputs() -> None:
    notebook = json.loads(NOTEBOOK.read_text())
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5) and set(notebook) == {
        "cells", "metadata", "nbformat", "nbformat_minor"
    }  # fmt: skip
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids) > 5
    for cell in notebook["cells"]:
        code = {"execution_count", "outputs"} if cell["cell_type"] == "code" else set()
        assert set(cell) == {"cell_type", "id", "metadata", "source", *code}
        assert not cell.get("outputs") and cell.get("execution_count") is None
    assert "/home/" not in NOTEBOOK.read_text() and "/Users/" not in NOTEBOOK.read_text()


@pytest.mark.filterwarnings("ignore:The inplace keyword")  # DuckDB's way to a data frame, under pandas 3.1
def test_the_notebook_runs(small_lake: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export_duckdb(small_lake, tmp_path / "lake.duckdb")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for cell in json.loads(NOTEBOOK.read_text())["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    names["lake"].close()
    assert set(names["labels"]["label"]) == {"A", "B", "dog", "cat", "bird"}
    assert len(names["disputes"]) == 10 and names["agreement"]["value"].max() == 1.0
    for chart in ("agreement_chart", "label_chart"):
        assert isinstance(names[chart], (altair.Chart, altair.LayerChart)) and names[chart].to_dict()["data"]


def test_every_column_has_a_meaning_and_every_table_a_place() -> None:
    page = tables_page()
    for table in TABLES.values():
        assert f"### {table.name}" in page
        for column in table.columns:
            assert len(column.meaning) >= 3, f"{table.name}.{column.name}"
            if column.name.endswith("_lo"):
                assert "interval" in column.meaning or "..." in column.meaning, f"{table.name}.{column.name}"
    assert "erDiagram" in page and "queries.md#worst_items" in page
