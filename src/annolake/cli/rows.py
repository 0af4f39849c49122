"""How a table of rows is printed."""

from __future__ import annotations

import contextlib
import json
import sys
from enum import StrEnum
from pathlib import Path

import pyarrow as pa
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from annolake.cli.app import out
from annolake.errors import AnnolakeError


class Format(StrEnum):
    """How `annolake sql` prints."""

    table = "table"
    csv = "csv"
    json = "json"
    parquet = "parquet"


def print_rows(table: pa.Table, how: Format, file: Path | None = None) -> None:
    """Print a table in a format; a wide one as records, a long one cut with a word about the rest.

    With `file` the rows go there; Parquet goes to a file, or to standard output where that is not a terminal.
    """
    if how is Format.parquet:
        _write_parquet(table, file)
    elif file is not None:
        with file.open("w", encoding="utf-8", newline="") as opened, contextlib.redirect_stdout(opened):
            print_rows(table, Format.csv if how is Format.table else how)
    elif how is Format.table:
        rows = [[_cell(v) for v in row.values()] for row in table.slice(0, MOST_ROWS).to_pylist()]
        if not rows:
            out.print(f"No rows; the columns are {', '.join(table.column_names)}.")
            return
        out.print(_rows_table(table, rows) or _records_table(table, rows))
        rest = f", the first {MOST_ROWS} shown; --format csv gives all" if table.num_rows > MOST_ROWS else ""
        out.print(f"{table.num_rows:,} row{'s' * (table.num_rows != 1)}{rest}", style="dim")
    elif how is Format.csv:
        import csv

        writer = csv.writer(sys.stdout)
        writer.writerow(table.column_names)
        for batch in table.to_batches():
            writer.writerows(zip(*(batch.column(i).to_pylist() for i in range(batch.num_columns)), strict=True))
    else:
        json.dump(table.to_pylist(), sys.stdout, default=str, ensure_ascii=False, indent=1)
        sys.stdout.write("\n")


def _write_parquet(table: pa.Table, file: Path | None) -> None:
    import pyarrow.parquet

    if file is None and sys.stdout.isatty():
        raise AnnolakeError(
            "Parquet is not for a terminal.", hint="Add --out rows.parquet, or redirect: > rows.parquet"
        )
    pyarrow.parquet.write_table(table, file or sys.stdout.buffer, compression="zstd")


def _rows_table(table: pa.Table, rows: list[list[str]]) -> Table | None:
    """A row a line; None where that does not fit the width."""
    from pyarrow import types

    shown = Table(header_style="bold", box=SIMPLE_HEAD)
    for field in table.schema:
        number = types.is_integer(field.type) or types.is_floating(field.type)
        shown.add_column(field.name, justify="right" if number else "left", overflow="fold")
    for row in rows:
        shown.add_row(*row)
    needed = out.measure(shown, options=out.options.update(width=ANY_WIDTH)).maximum
    return shown if len(table.schema) == 1 or needed <= out.width else None


def _records_table(table: pa.Table, rows: list[list[str]]) -> Table:
    """A value a line, rows apart: nothing is cut, however wide."""
    shown = Table("column", "value", header_style="bold", box=SIMPLE_HEAD)
    shown.columns[1].overflow = "fold"
    for row in rows:
        for name, value in zip(table.column_names, row, strict=True):
            shown.add_row(name, value)
        shown.add_section()
    return shown


MOST_ROWS = 200
ANY_WIDTH = 10_000


def _cell(value: object) -> str:
    if value is None:
        return "[dim]NULL[/]"
    return f"{value:.4g}" if isinstance(value, float) else escape(str(value))
