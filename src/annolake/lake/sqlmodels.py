"""SQL models: one SELECT a file under `sql/`, with a header; their order is read from the SQL itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import sqlglot
from sqlglot import exp

import annolake
from annolake.errors import LakeError
from transforms.schemas import TABLES

HEADER = re.compile(r"^\s*/\*(?P<text>.*?)\*/", re.DOTALL)
FIELD = re.compile(r"\b(grain|reads|owner|checks|notes):[ \t]*")


@dataclass(frozen=True)
class SqlModel:
    """One file: what it makes, from what, and the statement."""

    name: str
    purpose: str
    fields: Mapping[str, str]
    reads: frozenset[str]
    sql: str
    query: exp.Query
    """The statement, parsed."""
    names: frozenset[str] | None = None
    """Every name in the statement, those of columns among them; None where it takes whole rows (`*`)."""


def sql_folder() -> Path:
    """`sql/` of the checkout, or its copy inside an installed package."""
    package = Path(annolake.__file__).parent
    for folder in (package / "_sql", package.parents[1] / "sql"):
        if folder.is_dir():
            return folder
    raise LakeError(
        "The SQL models are not installed.", hint="Install Annolake anew: pip install --force-reinstall annolake"
    )


@cache
def models(layer: str) -> Mapping[str, SqlModel]:
    """The models of `sql/<layer>/` by `layer.file`, each after what it reads."""
    found = {m.name: m for m in (read_model(path, layer) for path in sorted((sql_folder() / layer).glob("*.sql")))}
    try:
        order = list(TopologicalSorter({n: sorted(m.reads & set(found)) for n, m in found.items()}).static_order())
    except CycleError as error:
        raise LakeError(f"sql/{layer}: models read each other in a circle: {' -> '.join(error.args[1])}.") from None
    return {name: found[name] for name in order}


@cache
def steps() -> Mapping[str, SqlModel]:
    """The models of `sql/measure/` that are no table: gold models read them, worked out anew each time."""
    return {name: model for name, model in models("measure").items() if name not in TABLES}


def sql_models() -> Mapping[str, SqlModel]:
    """Every SQL model that makes a table of measures or gold, each after what it reads."""
    return {**{name: model for name, model in models("measure").items() if name in TABLES}, **models("gold")}


def sums() -> tuple[list[str], list[str]]:
    """The tables of measures that SQL makes: those of silver alone, and those that read what Python models measured."""
    every = {name: model for name, model in models("measure").items() if name in TABLES}
    measured = [n for n, m in every.items() if any(r.startswith("measure.") and r not in every for r in m.reads)]
    return [name for name in every if name not in measured], measured


def steps_of(reads: Iterable[str]) -> dict[str, SqlModel]:
    """The steps among what a model reads, each after those that it reads itself."""
    found: dict[str, SqlModel] = {}
    for name in sorted(reads):
        if name in steps():
            found |= steps_of(steps()[name].reads) | {name: steps()[name]}
    return found


def tables_read(model: SqlModel) -> list[str]:
    """The tables of the lake that a model reads, those of its steps among them."""
    every = {*model.reads, *(read for step in steps_of(model.reads).values() for read in step.reads)}
    return sorted(name for name in every if name in TABLES)


def names_read(model: SqlModel) -> frozenset[str] | None:
    """Every name in a statement and in its steps; None where one of them takes whole rows."""
    found = [model.names, *(step.names for step in steps_of(model.reads).values())]
    return None if None in found else frozenset(name for names in found if names for name in names)


def read_model(path: Path, layer: str) -> SqlModel:
    """One file, parsed; raises `LakeError` where it is not a header and one SELECT."""
    text = path.read_text()
    header = HEADER.match(text)
    if not header:
        raise LakeError(f"{path} has no header comment (purpose, grain, reads, owner, checks).")
    purpose, *parts = FIELD.split(" ".join(header["text"].split()))
    fields = {key: value.strip() for key, value in zip(parts[::2], parts[1::2], strict=True)}
    sql = text[header.end() :].strip().rstrip(";")
    try:
        statements = sqlglot.parse(sql, dialect="duckdb")
    except sqlglot.errors.ParseError as error:
        raise LakeError(f"{path}: {error}") from None
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise LakeError(f"{path} must hold exactly one SELECT.")
    name = f"{layer}.{path.stem}"
    query = statements[0]
    reads = tables_of(query) - {name}
    return SqlModel(name, purpose.strip().rstrip("."), fields, reads, sql, query, names_of(query))


def names_of(statement: exp.Query) -> frozenset[str] | None:
    """Every name in a statement, None where it has a `*` other than `count(*)`."""
    if any(not isinstance(star.parent, exp.Count) for star in statement.find_all(exp.Star)):
        return None
    return frozenset(name.this for name in statement.find_all(exp.Identifier))


def tables_of(statement: exp.Query) -> frozenset[str]:
    """Every `namespace.table` that a statement names."""
    return frozenset(f"{t.db}.{t.name}" for t in statement.find_all(exp.Table) if t.db)
