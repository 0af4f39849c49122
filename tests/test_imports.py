"""Imports go one way: dags, dashboards, command line -> annolake -> transforms. Read from the source, not run."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# What the pure side may use of the standard library: nothing that opens, starts, waits, or asks for time or chance.
PURE = {
    "__future__", "abc", "base64", "bisect", "collections", "dataclasses", "decimal", "enum", "fractions", "functools",
    "hashlib", "heapq", "hmac", "itertools", "json", "math", "numbers", "operator", "re", "statistics", "string",
    "types", "typing", "unicodedata", "uuid", "datetime", "urllib.parse", "email.utils", "zlib",
}  # fmt: skip
OPENS_FILES = {"pyarrow.csv", "pyarrow.dataset", "pyarrow.fs", "pyarrow.feather", "pyarrow.flight", "pyarrow.parquet"}
CLOCKS = {"now", "utcnow", "today", "time", "time_ns", "perf_counter", "monotonic", "uuid1", "uuid4"}


def sources(folder: str) -> list[Path]:
    found = sorted(p for p in (ROOT / folder).rglob("*.py") if "__pycache__" not in p.parts)
    assert found, f"no Python files under {folder}/: this test would prove nothing"
    return found


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything that a file imports, at any depth; `from a import b` gives a and a.b."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}:{node.lineno}: write imports in full"
            assert node.module
            yield node.lineno, node.module
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def within(name: str, packages: set[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def breaches(folder: str, forbidden: set[str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in sources(folder)
        for line, name in imported(path)
        if within(name, forbidden)
    ]


def test_transforms_know_numbers_and_arrow_only() -> None:
    wrong = []
    for path in sources("transforms"):
        for line, name in imported(path):
            known = within(name, {"numpy", "scipy", "pyarrow", "transforms"} | PURE)
            if not known or within(name, OPENS_FILES):
                wrong.append(f"{path.relative_to(ROOT)}:{line} imports {name}")
    assert not wrong


def test_transforms_open_nothing_and_ask_no_clock() -> None:
    wrong = []
    for path in sources("transforms"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            called = node.func
            is_open = isinstance(called, ast.Name) and called.id in {"open", "print", "input", "exec", "eval"}
            is_clock = isinstance(called, ast.Attribute) and called.attr in CLOCKS
            unseeded = isinstance(called, ast.Attribute) and called.attr == "default_rng" and not node.args
            if is_open or is_clock or unseeded:
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} {ast.unparse(called)}")
    assert not wrong


def test_the_library_knows_no_dags_and_no_dashboards() -> None:
    assert not breaches("src/annolake", {"dags", "dashboards", "tests", "benchmarks", "streamlit"})


def test_only_the_airflow_package_imports_airflow() -> None:
    outside = [b for b in breaches("src/annolake", {"airflow"}) if not b.startswith("src/annolake/airflow/")]
    assert not outside


def test_dags_wire_the_library_and_airflow() -> None:
    wrong = []
    for path in sources("dags"):
        for line, name in imported(path):
            standard = name.split(".")[0] in sys.stdlib_module_names
            if not (standard or within(name, {"annolake", "airflow", "dags", "pydantic"})):
                wrong.append(f"{path.relative_to(ROOT)}:{line} imports {name}")
    assert not wrong


DOORS = {f"dashboards/{name}.py" for name in ("data/asking", "source", "serve")}
"""The queries, what opens the release for them, and what loads both before the first visitor comes."""


def test_only_the_doors_of_the_dashboards_read_the_lake() -> None:
    readers = {b.split(":")[0] for b in breaches("dashboards", {"annolake.lake", "duckdb", "pyiceberg"})}
    assert readers and readers <= DOORS
    assert not breaches("dashboards", {"dags", "airflow", "transforms"})


@pytest.mark.parametrize("folder", ["transforms", "src/annolake", "dags", "dashboards"])
def test_files_were_found(folder: str) -> None:
    assert len(sources(folder)) >= 2
