"""The rules: one SELECT a file under `sql/alerts/`, its header says threshold, minimum n and the sentence.

A rule returns the subjects whose figure is past the threshold: the columns of its grain, then `value`, `lo`, `hi`, `n`,
`is_met` (certain: the interval clears the threshold and n is enough) and whatever the sentence names. It may use
`$threshold`, `$minimum` and `$now`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import sqlglot
from sqlglot import exp

from annolake.errors import LakeError
from annolake.lake.sqlmodels import HEADER, sql_folder, tables_of

FIELDS = ("grain", "reads", "owner", "severity", "threshold", "minimum", "page", "says", "notes")
FIELD = re.compile(rf"(?:^|\s)({'|'.join(FIELDS)}):\s+")
NUMBER = re.compile(r"(\d+(?:\.\d+)?)\s*\(([^)]+)\)")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; `minimum` counts what `minimum_unit` says, `page` is the dashboards' page that shows it."""

    name: str
    purpose: str
    grain: tuple[str, ...]
    reads: frozenset[str]
    severity: str
    threshold: float
    threshold_unit: str
    minimum: int
    minimum_unit: str
    page: str
    says: str
    notes: str
    sql: str


@cache
def rules() -> Mapping[str, Rule]:
    """All rules by name."""
    return {path.stem: read_rule(path) for path in sorted((sql_folder() / "alerts").glob("*.sql"))}


def read_rule(path: Path) -> Rule:
    """One file; raises `LakeError` naming what its header lacks."""
    text = path.read_text()
    header = HEADER.match(text)
    if not header:
        raise LakeError(f"{path} has no header comment.")
    purpose, *parts = FIELD.split(" ".join(header["text"].split()))
    fields = dict(zip(parts[::2], parts[1::2], strict=True))
    if missing := [name for name in FIELDS if not fields.get(name)]:
        raise LakeError(f"{path}: the header lacks {', '.join(missing)}.")
    threshold, threshold_unit = _number(path, "threshold", fields["threshold"])
    minimum, minimum_unit = _number(path, "minimum", fields["minimum"])
    sql = text[header.end() :].strip()
    statement = sqlglot.parse_one(sql, dialect="duckdb")
    if not isinstance(statement, exp.Query):
        raise LakeError(f"{path} must hold exactly one SELECT.")
    if (reads := tables_of(statement)) != frozenset(re.findall(r"[a-z_]+\.[a-z_]+", fields["reads"])):
        raise LakeError(f"{path}: the header says it reads {fields['reads']}, it reads {', '.join(sorted(reads))}.")
    return Rule(
        name=path.stem,
        purpose=purpose.strip(),
        grain=tuple(part.strip() for part in fields["grain"].split(",")),
        reads=reads,
        severity=fields["severity"].strip(),
        threshold=threshold,
        threshold_unit=threshold_unit,
        minimum=int(minimum),
        minimum_unit=minimum_unit,
        page=fields["page"].strip(),
        says=fields["says"].strip(),
        notes=fields["notes"].strip(),
        sql=sql,
    )


def _number(path: Path, name: str, text: str) -> tuple[float, str]:
    found = NUMBER.match(text)
    if not found:
        raise LakeError(f"{path}: {name} must be a number with its unit in brackets, it is {text!r}.")
    return float(found[1]), found[2]
