"""`docs/dags.md`, made from the DAG files without running or importing them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from annolake.airflow.environment import dags_folder

INTRODUCTION = """# DAGs

Written by `make docs` from the files in `dags/`; Airflow shows the same manuals. Assets wake the DAGs: `media` says
that there may be new files, `annotations` that landed answers changed.

![All DAGs in Airflow](images/airflow-dags.png)

![A batch, from the plan to the release; the book shows the manual](images/airflow-label-batch.png)

| DAG | runs | emits |
|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class DagFile:
    """What a DAG file says of itself."""

    dag_id: str
    schedule: str
    outlets: tuple[str, ...]
    manual: str


def dags_page(folder: Path | None = None) -> str:
    """The text of docs/dags.md."""
    found = [read_dag(path) for path in sorted((folder or dags_folder()).glob("*.py"))]
    rows = [f"| [`{d.dag_id}`](#{d.dag_id}) | {d.schedule} | {', '.join(d.outlets) or '-'} |" for d in found]
    parts = [INTRODUCTION + "\n".join(rows) + "\n"]
    parts += [f"## `{d.dag_id}`\n\n{d.manual.strip()}\n" for d in found]
    return "\n".join(parts)


def read_dag(path: Path) -> DagFile:
    """Read a file with exactly one function that is decorated with `@dag(...)`."""
    tree = ast.parse(path.read_text(), str(path))
    function, options = next(_decorated(tree))
    outlets = [
        f"`{ast.unparse(item).lower()}`"
        for node in ast.walk(function)
        if isinstance(node, ast.keyword) and node.arg == "outlets" and isinstance(node.value, ast.List)
        for item in node.value.elts
    ]
    schedule = _schedule(options.get("schedule"))
    return DagFile(function.name, schedule, tuple(outlets), ast.get_docstring(tree) or "")


def _decorated(tree: ast.Module) -> Iterator[tuple[ast.FunctionDef, dict[str, ast.expr]]]:
    for node in tree.body:
        for decorator in getattr(node, "decorator_list", ()):
            if isinstance(node, ast.FunctionDef) and isinstance(decorator, ast.Call) and _name(decorator) == "dag":
                yield node, {k.arg: k.value for k in decorator.keywords if k.arg}


def _name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _schedule(value: ast.expr | None) -> str:
    match value:
        case ast.List(elts=assets):
            names = ", ".join(f"`{ast.unparse(asset).lower()}`" for asset in assets)
            return f"woken by {names}, or by hand"
        case ast.Call(args=[ast.Constant(value=str(cron)), *_]):
            return f"`{cron}`, or by hand"
        case _:
            return "by hand, or by another program"
