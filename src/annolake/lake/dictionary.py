"""docs/tables.md: every table and column of the lake, from `transforms.schemas` and the headers of the SQL models."""

from __future__ import annotations

import pyarrow as pa

from annolake.lake.queries import queries
from annolake.lake.sqlmodels import SqlModel, models
from annolake.lake.views import CURRENT, DUCK
from annolake.quality.checks import WRITTEN as CHECKS
from annolake.quality.rules import WRITTEN as RULES
from transforms.schemas import TABLES, Column, Table

LAYERS = {
    "bronze": "what arrived, unchanged but for the names of annotators",
    "silver": "one meaning per column; what broke a rule is in `silver.quarantine`",
    "measure": "sums by object and estimates by annotator, made by `transforms.measures`",
    "gold": "answers",
    "meta": "releases, checks and alerts",
    "restricted": "left out of releases",
}

HEAD = """# Tables

Iceberg tables of the lake, as `annolake sql` shows them. Times are UTC, positions and lengths seconds, annotators
pseudonyms. Generated from `transforms/schemas` and `sql/` by `make docs`: change it there. Questions that are asked of
them are in [queries.md](queries.md).

```mermaid
erDiagram
    ASSET ||--o{ ANNOTATION : "is answered in (asset_id)"
    JOB ||--o{ ASSIGNMENT : "asks (job_name)"
    ASSIGNMENT ||--o| ANNOTATION : "gives (job_name, object_id, worker_id)"
    ANNOTATION ||--o{ SEGMENT : "holds (..., revision)"
    ANNOTATION ||--o{ CLASSIFICATION : "holds (..., revision)"
    ANNOTATION ||--o{ BOX : "holds (..., revision)"
    JOB ||--o{ CONSOLIDATED : "ends in (job_name, object_id)"
    JOB ||--o{ AGREEMENT_JOB : "is measured by (job_name)"
    AGREEMENT_JOB ||--o{ AGREEMENT_ITEM : "sums up (job_name, layer)"
    AGREEMENT_ITEM ||--o{ DISPUTE_QUEUE : "differs in (job_name, object_id, layer)"
    AGREEMENT_JOB ||--o{ WORKER_QUALITY : "rests on (job_name, layer)"
```
"""


def tables_page() -> str:
    """The whole page."""
    parts = [HEAD]
    for layer, meaning in LAYERS.items():
        parts.append(f"## {layer}: {meaning}\n")
        parts += [_table(t) for t in TABLES.values() if t.name.split(".")[0] == layer]
    parts.append(_rules())
    return "\n".join(parts)


def _table(table: Table) -> str:
    lines = [f"### {table.name}", "", f"One row: {table.grain}. Key: {_code(table.key)}.{_shown(table)}"]
    if table.partition:
        lines[-1] += f" Partitioned by {_code(table.partition)}."
    if model := _model(table.name):
        lines += ["", f"{model.purpose}. Made by `sql/{table.name.replace('.', '/')}.sql`{_notes(model)}"]
    if asked := [q.name for q in queries().values() if table.name in q.reads]:
        lines += ["", f"Asked by {', '.join(f'[{name}](queries.md#{name})' for name in asked)}."]
    lines += ["", "| column | type | meaning |", "|---|---|---|", *(_row(c) for c in table.columns), ""]
    return "\n".join(lines)


def _model(name: str) -> SqlModel | None:
    layer = name.split(".", maxsplit=1)[0]
    return models(layer).get(name) if layer in ("silver", "gold") else None


def _notes(model: SqlModel) -> str:
    notes = model.fields.get("notes", "")
    return f": {notes}" if notes else "."


def _shown(table: Table) -> str:
    return " Readers see the current revision." if table.name in CURRENT else ""


def _row(column: Column) -> str:
    null = ", may be NULL" if column.nullable else ""
    return f"| `{column.name}` | {_type(column.type)}{null} | {column.meaning.replace('|', chr(92) + '|')} |"


def _type(kind: pa.DataType) -> str:
    names = {"VARCHAR": "text", "TIMESTAMP WITH TIME ZONE": "timestamp"}
    if isinstance(kind, pa.MapType):
        return f"map of {_type(kind.key_type)} to {_type(kind.item_type)}"
    if isinstance(kind, pa.ListType):
        return f"list of {_type(kind.value_type)}"
    if isinstance(kind, pa.StructType):
        return f"({', '.join(f'{f.name} {_type(f.type)}' for f in kind)})"
    return names.get(DUCK[kind], DUCK[kind].lower())


def _code(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{n}`" for n in names)


def _rules() -> str:
    lines = [
        "## Rules of the quality gate\n",
        "Every column that may not be NULL is checked, and the ranges that names promise. A row that breaks a rule of",
        "severity *fail* goes to `silver.quarantine`, alone; where an answer is rejected, its segments and labels go",
        "with it. *warn* is counted in `meta.check_result`. Checks of whole tables hold a release where they *fail*.\n",
        "| table | rule | severity | what holds |",
        "|---|---|---|---|",
        *(f"| {r.table} | `{r.name}` | {r.severity} | {r.meaning} |" for r in RULES),
        *(f"| {c.table} (whole) | `{c.name}` | {c.severity} | {c.meaning} |" for c in CHECKS),
    ]
    return "\n".join(lines) + "\n"
