"""Silver of one landing: the SQL models of `sql/silver/` over its bronze rows, each passed through the gate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import duckdb
import pyarrow as pa

from annolake.lake.forms import SEGMENTS
from annolake.lake.sqlmodels import models
from annolake.lake.views import empty_rows
from annolake.quality.gate import Count, Gated, gate
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
NO_TRACKS = f"""(SELECT * EXCLUDE (answer, answer_no, source_version), NULL::{SEGMENTS} AS segments,
    NULL::VARCHAR AS problem FROM bronze.worker_response WHERE false)"""


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
    def counts(self) -> list[Count]:
        """The count of every rule."""
        return [count for one in self.gated.values() for count in one.counts]


def open_models(temporary: str = "") -> duckdb.DuckDBPyConnection:
    """A connection for the models; what does not fit in its memory goes to the `temporary` folder."""
    connection = duckdb.connect()
    connection.execute("CREATE SCHEMA bronze; CREATE SCHEMA silver; CREATE SCHEMA landing; SET TimeZone = 'UTC'")
    connection.execute("SET preserve_insertion_order = false")
    if temporary:
        connection.execute(f"SET temp_directory = '{temporary}'; SET memory_limit = '400MB'")
    return connection


def run_models(
    connection: duckdb.DuckDBPyConnection, given: Mapping[str, pa.Table | str], accepted: pa.Table | None = None
) -> Silver:
    """Run the models over relations by name, Arrow tables or SQL.

    `bronze.worker_response`, `bronze.manifest_line` and `bronze.label_file` are bronze rows; `landing.track` answers
    whose segments stand in manifest lines; `landing.object` (see OBJECT) is known of their objects; `landing.label`
    are the labels that the job offers, `landing.job` its row of `silver.job`. What is not given is empty. `accepted`
    rows (table_name, row_key, rule) pass the gate as they are.
    """
    empty: dict[str, pa.Table | str] = {name: empty_rows(name) for name in TABLES if name.startswith("bronze.")}
    empty["landing.track"] = NO_TRACKS
    for name, rows in {**empty, **given}.items():
        relation = rows
        if isinstance(rows, pa.Table):
            relation = name.replace(".", "__")
            connection.register(relation, rows)
        connection.execute(f"CREATE OR REPLACE VIEW {name} AS SELECT * FROM {relation}")
    silver = Silver()
    for name, model in models("silver").items():
        if name not in TABLES:
            connection.execute(f"CREATE OR REPLACE TABLE {name} AS {model.sql}")
            continue
        connection.execute(f"CREATE OR REPLACE VIEW {name}_said AS {model.sql}")
        silver.gated[name] = gate(connection, name, f"{name}_said", accepted)
        connection.execute(f"CREATE OR REPLACE VIEW {name} AS SELECT * FROM {silver.gated[name].relation}")
    return silver


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
