"""Silver of one landing: the SQL models of `sql/silver/` over its bronze rows, each passed through the gate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import duckdb
import pyarrow as pa

from annolake.lake.bulk import SEGMENT_COLUMNS, parts_of_line
from annolake.lake.emptiness import is_empty
from annolake.lake.sqlmodels import SqlModel, models
from annolake.lake.views import empty_rows
from annolake.quality.gate import Count, Gated, gate, gate_nothing
from transforms.schemas import TABLES

_OBJECT: dict[str, pa.DataType] = {
    "object_id": pa.string(),
    "asset_id": pa.string(),
    "duration_s": pa.float64(),
    "width_px": pa.int32(),
    "height_px": pa.int32(),
    "fps": pa.float64(),
    "source_text": pa.string(),
}
_LABEL: dict[str, pa.DataType] = {"layer": pa.string(), "label": pa.string(), "label_no": pa.int32()}
OBJECT = pa.schema(_OBJECT)
LABEL = pa.schema(_LABEL)
NO_TRACKS = """(SELECT * EXCLUDE (answer, answer_no, source_version), NULL::BIGINT AS answer_id,
    NULL::INTEGER AS n_segments, NULL::VARCHAR AS problem FROM bronze.worker_response WHERE false)"""
NO_SEGMENTS = f"(SELECT {', '.join(f'NULL::{t} AS {n}' for n, t in SEGMENT_COLUMNS.items())} WHERE false)"
VIEWS = frozenset({"silver.interval", "silver.annotation", "silver.assignment", "silver.segment"})
"""Models that are not stored: joins of stored tables by number, cheaper to make twice than to keep."""

SETUP = "CREATE SCHEMA bronze; CREATE SCHEMA silver; CREATE SCHEMA landing; SET TimeZone = 'UTC'"

_shapes: dict[str, str] = {}
"""Step -> its columns as DuckDB has them: the same at every landing, and to find them costs as much as to run it."""


@dataclass
class Silver:
    """What the models made of the rows given, table by table; the good rows stay in DuckDB until they are asked for."""

    gated: dict[str, Gated] = field(default_factory=dict)

    @property
    def rows(self) -> dict[str, pa.Table]:
        """Good rows by table."""
        return {name: one.good for name, one in self.gated.items()}

    @property
    def quarantined(self) -> pa.Table:
        """Quarantined rows of all tables."""
        return pa.concat_tables([TABLES["silver.quarantine"].empty(), *(g.quarantined for g in self.gated.values())])

    @property
    def n_doubled(self) -> dict[str, int]:
        """Good rows whose key another one has, by table."""
        return {name: one.n_good - one.n_keys for name, one in self.gated.items()}

    @property
    def counts(self) -> list[Count]:
        """The count of every rule."""
        return [count for one in self.gated.values() for count in one.counts]


def open_models(temporary: str = "") -> duckdb.DuckDBPyConnection:
    """A connection for the models; what does not fit in its memory goes to the `temporary` folder."""
    connection = duckdb.connect()
    connection.execute(SETUP)
    connection.execute("SET preserve_insertion_order = false")
    # DuckDB gives a thread 122,880 rows of a table, more than a batch has: the other threads would have nothing to do.
    # The pragma, meant for tests of parallel plans, gives out single vectors of 2,048 rows instead.
    connection.execute("PRAGMA verify_parallelism")
    if temporary:
        # Where DuckDB comes near its limit, it gives all free memory back to the system and has to touch it anew: each
        # page costs microseconds. A landing needs some 400 MB.
        connection.execute(f"SET temp_directory = '{temporary}'; SET memory_limit = '700MB'")
    return connection


def offered(labels: Mapping[str, Sequence[str]]) -> pa.Table:
    """`landing.label`: the labels that a job offers by layer, in their order."""
    rows = [
        {"layer": layer, "label": label, "label_no": number}
        for layer, known in labels.items()
        for number, label in enumerate(known)
    ]
    return pa.Table.from_pylist(rows, schema=LABEL)


def stamped(rows: pa.Table, stamp: Mapping[str, Any]) -> pa.Table:
    """Rows that landed before, as if the landing that `stamp` tells of had read them."""
    for name, value in stamp.items():
        at, field = rows.schema.get_field_index(name), rows.schema.field(name)
        rows = rows.set_column(at, field, pa.array([value] * rows.num_rows, field.type))
    return rows


def run_models(
    connection: duckdb.DuckDBPyConnection, given: Mapping[str, pa.Table | str], accepted: pa.Table | None = None
) -> Silver:
    """Run the models once; see `Models.run`."""
    return Models(connection).run(given, accepted)


class Models:
    """The models on one connection, for one batch of rows after the other: what is only named is named once."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self._views: dict[str, str] = {}
        self._shown: dict[str, pa.Table] = {}
        self._skipped: set[str] = set()
        self._empties: set[str] = set()

    def run(
        self,
        given: Mapping[str, pa.Table | str],
        accepted: pa.Table | None = None,
        empty: Set[str] | None = None,
    ) -> Silver:
        """Run the models over relations by name, Arrow tables or SQL.

        `bronze.worker_response`, `bronze.manifest_line` and `bronze.label_file` are bronze rows; `landing.line` lines
        that are taken apart already (`bulk.parts_of_line`), else those of bronze are; `landing.track` and
        `landing.segment` are answers in manifest lines and their segments; `landing.object` (see OBJECT) is known of
        their objects; `landing.label` are the labels that the job offers, `landing.job` its row of `silver.job`. What
        is not given is empty. `accepted` rows (table_name, row_key, rule) pass the gate as they are. `empty` names the
        relations given in SQL that have no row, where the caller knows; else each is asked.
        """
        nothing: dict[str, pa.Table | str] = {name: empty_rows(name) for name in TABLES if name.startswith("bronze.")}
        nothing |= {"landing.track": NO_TRACKS, "landing.segment": NO_SEGMENTS}
        known = nothing | dict(given)
        if "landing.line" not in given:
            known["landing.line"] = _lines(_attribute(given["landing.job"]))
        without_rows = nothing.keys() - given.keys()
        for name, rows in known.items():
            if not self._show(name, rows, is_asked=empty is None and name not in without_rows):
                without_rows.add(name)
        empty = without_rows | (empty or set())
        silver = Silver()
        self._skipped = set()
        for name, model in models("silver").items():
            if _has_none(name, frozenset(empty)):
                empty.add(name)
                self._skipped.add(name)
                if name in TABLES:
                    silver.gated[name] = gate_nothing(self.connection, name)
                continue
            self._make_empty(model.reads)
            if name in TABLES:
                silver.gated[name] = self._gate(model, accepted, "" if accepted is not None else _key(name, silver))
            elif self._make(model) == 0:
                empty.add(name)
        return silver

    def _show(self, name: str, rows: pa.Table | str, *, is_asked: bool) -> int:
        """Make the relation known by name; returns 0 where it has no row, as far as that is asked of one in SQL."""
        if isinstance(rows, pa.Table):
            plain = name.replace(".", "__")
            if self._shown.get(name) is not rows:
                self.connection.register(plain, rows)
                self._shown[name] = rows
            self._view(name, f"FROM {plain}")
            return int(rows.num_rows)
        self._view(name, f"FROM {rows}")
        return len(self.connection.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchall()) if is_asked else 1

    def _view(self, name: str, query: str) -> None:
        if self._views.get(name) != query:
            self.connection.execute(f"CREATE OR REPLACE VIEW {name} AS {query}")
            self._views[name] = query

    def _gate(self, model: SqlModel, accepted: pa.Table | None, key: str) -> Gated:
        is_stored = model.name not in VIEWS
        gated = gate(self.connection, model.name, f"({model.sql}\n)", accepted, is_stored=is_stored, key=key)
        self._view(model.name, f"FROM {gated.relation}")
        return gated

    def _make(self, model: SqlModel) -> int:
        """A step of the other models; returns how many rows it has, 1 where nobody counted."""
        if model.name in VIEWS:
            self._view(model.name, model.sql)
            return 1
        self._empties.discard(model.name)
        made = self.connection.execute(f"CREATE OR REPLACE TABLE {model.name} AS {model.sql}").fetchall()
        return int(made[0][0])

    def _make_empty(self, names: Iterable[str]) -> None:
        """Steps that were not run as they have no row, for a model that joins them."""
        for name in sorted(names):
            if name not in self._skipped:
                continue
            self._skipped.remove(name)
            if name in self._empties:  # as the last run left it
                continue
            self._empties.add(name)
            model = models("silver")[name]
            if name not in _shapes:
                self._make_empty(model.reads)
                columns = self.connection.execute(f"DESCRIBE {model.sql}").fetchall()
                _shapes[name] = ", ".join(f'"{column}" {kind}' for column, kind, *_ in columns)
            self.connection.execute(f"CREATE OR REPLACE TABLE {name} ({_shapes[name]})")


def models_beside(connection: duckdb.DuckDBPyConnection, number: int) -> Models:
    """Models in a database of their own, in the same DuckDB."""
    beside = connection.cursor()
    beside.execute(f"ATTACH ':memory:' AS beside_{number}; USE beside_{number}; {SETUP}")
    return Models(beside)


@cache
def _has_none(name: str, empty: frozenset[str]) -> bool:
    """Whether a model surely has no row; the same for most batches."""
    return is_empty(models("silver")[name].query, empty)


def _key(name: str, silver: Silver) -> str:
    """What tells good rows apart as their key does: for segments the number of the answer stands for four columns.

    It does where no two good answers share their key; empty text where there is no such thing.
    """
    if name != "silver.segment" or silver.n_doubled["silver.annotation"]:
        return ""
    return "hash(_answer_id, layer, segment_no)"


def _attribute(job: pa.Table | str) -> str:
    if isinstance(job, str):
        raise TypeError("landing.job is an Arrow table: its label attribute is part of the statements")
    return str(job["label_attribute"][0].as_py())


def _lines(attribute: str) -> str:
    """Lines of bronze, taken apart."""
    return f"""(
        SELECT DISTINCT ON (job_name, object_id, line_hash) *
        FROM {parts_of_line("bronze.manifest_line", attribute)}
        ORDER BY job_name, object_id, line_hash, line_no)"""


def build_silver(
    answers: pa.Table,
    lines: pa.Table,
    *,
    job: pa.Table,
    objects: pa.Table,
    labels: pa.Table,
    files: pa.Table | None = None,
    accepted: pa.Table | None = None,
) -> Silver:
    """Run the models over bronze rows that are in memory."""
    given: dict[str, pa.Table | str] = {
        "bronze.worker_response": answers,
        "bronze.manifest_line": lines,
        "landing.job": job,
        "landing.object": objects,
        "landing.label": labels,
    }
    return run_models(open_models(), given | ({} if files is None else {"bronze.label_file": files}), accepted)
