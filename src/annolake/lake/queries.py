"""Documented questions of analysts, one SELECT a file under `sql/queries/`, and the page that lists them.

A header says the question, what a row is, what is read, each column with its unit, and how to read the answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from annolake.errors import LakeError
from annolake.lake.sqlmodels import HEADER, sql_folder

FIELD = re.compile(r"\b(grain|reads|owner|columns|notes): ")
FIELDS = ("grain", "reads", "owner", "columns", "notes")

HEAD = """# Questions and their queries

Each is a file under [`sql/queries/`](../sql/queries/) that runs as it stands: `annolake sql` and then `.run NAME`, or
`annolake sql "$(cat sql/queries/NAME.sql)"`. The tables are in [tables.md](tables.md), the measures in
[metrics.md](metrics.md). Generated from the headers of the files by `make docs`.

| question | query |
|---|---|
"""


@dataclass(frozen=True, slots=True)
class Query:
    """One question with its statement."""

    name: str
    question: str
    grain: str
    reads: tuple[str, ...]
    columns: Mapping[str, str]
    """Column -> its meaning with unit; empty where the name says it."""
    how_to_read: str
    sql: str


@cache
def queries() -> Mapping[str, Query]:
    """Every documented question by name."""
    found = [read_query(path) for path in sorted((sql_folder() / "queries").glob("*.sql"))]
    return {query.name: query for query in found}


def read_query(path: Path) -> Query:
    """One file; raises `LakeError` where its header lacks a field."""
    text = path.read_text()
    header = HEADER.match(text)
    question, *parts = FIELD.split(" ".join(header["text"].split())) if header else ("",)
    fields = {key: value.strip() for key, value in zip(parts[::2], parts[1::2], strict=True)}
    if header is None or (missing := [f for f in FIELDS if not fields.get(f)]):
        raise LakeError(f"{path}: the header lacks {', '.join(missing) if header else 'everything'}.")
    columns = dict(_column(part) for part in fields["columns"].split("; "))
    reads = tuple(sorted(part.strip() for part in fields["reads"].split(",")))
    sql = text[header.end() :].strip().rstrip(";")
    return Query(path.stem, question.strip(), fields["grain"], reads, columns, fields["notes"], sql)


def _column(part: str) -> tuple[str, str]:
    name, _, meaning = part.partition(": ")
    return name.strip(), meaning.strip()


def queries_page() -> str:
    """docs/queries.md."""
    listed = "".join(f"| {q.question} | [{q.name}](#{q.name}) |\n" for q in queries().values())
    return HEAD + listed + "\n" + "\n".join(_section(q) for q in queries().values())


def _section(query: Query) -> str:
    columns = "; ".join(f"`{name}`" + (f" {meaning}" if meaning else "") for name, meaning in query.columns.items())
    reads = ", ".join(f"[{table}](tables.md#{table.replace('.', '')})" for table in query.reads)
    return "\n".join([
        f"## {query.name}", "", f"**{query.question}**", "", f"Reads {reads}. One row: {query.grain}.", "",
        f"Columns: {columns}.", "", f"How to read it: {query.how_to_read}", "", "```sql", query.sql, "```", "",
    ])  # fmt: skip
