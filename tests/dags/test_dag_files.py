"""Every DAG file is found, is read quickly without network or database, and is documented for its operators."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from annolake.airflow.dictionary import dags_page, read_dag
from annolake.airflow.environment import dags_folder

FILES = sorted(dags_folder().glob("*.py"))
EXPECTED = {
    "ingest_media",
    "label_batch",
    "land_annotations",
    "build_gold",
    "watch_alerts",
    "send_reports",
    "maintain_lake",
}
SECONDS_TO_READ = 5.0

READ = """
import socket, sqlite3, sys
def refuse(*a, **k): raise SystemExit(f"reaches out while it is read: {a}")
import airflow.sdk
import annolake.airflow.operators
socket.socket.connect = refuse
sqlite3.connect = refuse
import runpy, time
started = time.monotonic()
for path in sys.argv[1:]:
    runpy.run_path(path)
heavy = {"pyiceberg", "great_expectations", "pandas", "duckdb", "streamlit", "scipy"} & set(sys.modules)
print(time.monotonic() - started, ",".join(sorted(heavy)) or "none")
"""


@pytest.fixture(scope="module")
def dag_bag(airflow_database: None) -> Any:
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(dag_folder=str(dags_folder()))


def test_all_dags_are_found_without_errors(dag_bag: Any) -> None:
    assert dag_bag.import_errors == {}
    assert set(dag_bag.dags) >= EXPECTED
    assert {path.stem for path in FILES} == set(dag_bag.dags)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_dag_is_owned_tagged_and_documented(dag_bag: Any, name: str) -> None:
    dag = dag_bag.dags[name]
    assert "annolake" in dag.tags and len(dag.tags) >= 2
    assert dag.owner == "labeling"
    assert dag.catchup is False
    assert dag.max_active_runs != 16, "Airflow's default was not thought about"
    manual = dag.doc_md
    assert manual.index("**Triage**") < manual.index("**What it does.**") < manual.index("**Parameters")
    assert "**Rerun and resume.**" in manual
    for parameter in dag.params:
        assert f"`{parameter}`" in manual
    for task in dag.tasks:
        assert task.retries == 5


def test_files_are_read_fast_and_reach_nothing() -> None:
    assert FILES
    command = [sys.executable, "-c", READ, *map(str, FILES)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    seconds, heavy = done.stdout.split()[-2:]
    assert heavy == "none", f"{heavy} would be imported at every parse"
    assert float(seconds) < SECONDS_TO_READ


def test_build_gold_has_a_task_for_each_model(dag_bag: Any) -> None:
    from annolake.lake.models import model_order

    tasks = [task.task_id for task in dag_bag.dags["build_gold"].topological_sort()]
    assert tasks == ["changed", *(name.replace(".", "_") for name in model_order()), "release"]


def test_page_lists_every_dag() -> None:
    page = dags_page()
    for path in FILES:
        assert f"## `{path.stem}`" in page
        assert read_dag(path).manual.strip() in page


def test_page_reads_schedules_and_assets(tmp_path: Path) -> None:
    assert read_dag(dags_folder() / "label_batch.py").schedule == "woken by `media`, or by hand"
    assert read_dag(dags_folder() / "label_batch.py").outlets == ("`annotations`",)
    assert read_dag(dags_folder() / "ingest_media.py").schedule == "by hand, or by another program"
    assert read_dag(dags_folder() / "land_annotations.py").schedule == "`*/15 * * * *`, or by hand"
