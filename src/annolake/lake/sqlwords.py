"""What an analyst is told: DuckDB's errors in words that name the table or column that was meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from annolake.errors import SqlRefused
from annolake.lake.views import READABLE
from transforms.schemas import TABLES

OUTSIDE = "The statement reaches for something outside the release."
NO_TABLE = re.compile(r'Table with name "?([^"\s]+)"? does not exist')
NO_COLUMN = (
    re.compile(r'Referenced column "([^"]+)"'),
    re.compile(r'does not have a column named "([^"]+)"'),
    re.compile(r'column "([^"]+)" not found', re.IGNORECASE),
)
NO_FUNCTION = re.compile(r"(?:Scalar|Table|Aggregate|Macro)? ?Function with name (\S+) does not exist", re.IGNORECASE)
LIKE_FUNCTION = re.compile(r'Did you mean "([^"]+)"')


def too_long(seconds: float) -> SqlRefused:
    """Past the limit of time."""
    return SqlRefused(
        f"The statement ran longer than {seconds:g} s and was stopped.",
        hint="Ask for fewer jobs (where job_name = ...), or give it more time: annolake sql --seconds 300",
    )


def too_large(why: str) -> SqlRefused:
    """Past the limit of memory."""
    return SqlRefused(
        f"The statement needs more memory than it may use: {why}",
        hint="Ask for less, or give it more: annolake sql --memory 4GB",
    )


def explained(kind: str, text: str, statement: str, tables: Iterable[str]) -> SqlRefused:
    """An error of DuckDB, by the name of its class and its text, as what to do next."""
    if kind == "PermissionException" or "Permission Error" in text:
        return SqlRefused(OUTSIDE)
    if kind == "OutOfMemoryException" or "Out of Memory Error" in text:
        return too_large(text.splitlines()[0])
    if missing := NO_TABLE.search(text):
        return no_table(missing.group(1), statement)
    for pattern in NO_COLUMN:
        if missing := pattern.search(text):
            return no_column(missing.group(1), [t for t in tables if t.split(".")[1] in statement.lower()])
    if missing := NO_FUNCTION.search(text):
        like = LIKE_FUNCTION.search(text)
        meant = f"; did you mean {like.group(1)}?" if like else "."
        return SqlRefused(f"No function is called {missing.group(1)}{meant}", hint="DuckDB's functions are there.")
    return SqlRefused(re.sub(r"/\S*\.parquet", "a file of the release", text.splitlines()[0]))


def no_table(name: str, statement: str) -> SqlRefused:
    """No table has that name; the topic in another layer is the first guess."""
    if "restricted" in statement.lower():
        return SqlRefused("restricted.* says who the annotators are; it is not part of a release.")
    if re.search(r"[/\\*:]|\.(csv|json|parquet|db|duckdb|txt)$", name):
        return SqlRefused(f"{name} is a file; only the tables of the release can be read.", hint=_tables())
    topic = name.lower().rsplit(".", maxsplit=1)[-1]
    known = {n.split(".")[1]: n for n in reversed(READABLE)} | {n: n for n in READABLE}
    close = [topic] if topic in known else difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    close = close or difflib.get_close_matches(topic, known, n=1, cutoff=0.5)
    meant = f"; did you mean {known[close[0]]}?" if close else "."
    return SqlRefused(f"No table is called {name}{meant}", hint=_tables())


def no_column(name: str, tables: Iterable[str]) -> SqlRefused:
    """No column has that name in the tables that the statement reads; elsewhere it may."""
    where = sorted(tables)
    columns = {c: t for t in reversed(where or READABLE) for c in TABLES[t].arrow.names}
    close = difflib.get_close_matches(name.lower(), columns, n=1, cutoff=0.5)
    meant = f"; did you mean {close[0]} of {columns[close[0]]}?" if close else "."
    elsewhere = [t for t in sorted(READABLE) if name.lower() in TABLES[t].arrow.names and t not in where]
    elsewhere.sort(key=lambda t: not t.startswith("gold."))
    if elsewhere and where:
        meant = f" here; {elsewhere[0]} has it" + (f". Or {close[0]}?" if close else ".")
    hint = "".join(f"{t} has: {', '.join(TABLES[t].arrow.names)}. " for t in where).strip()
    return SqlRefused(f"No column is called {name}{meant}", hint=hint or None)


def _tables() -> str:
    return f"The tables: {', '.join(sorted(READABLE))}"
