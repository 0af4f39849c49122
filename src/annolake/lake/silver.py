"""Silver of one landing: the SQL models of `sql/silver/` over its bronze rows, each passed through the gate."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import pyarrow as pa

from annolake.lake.sqlmodels import models
from annolake.quality.gate import Count, gate, good_rows
from transforms.schemas import LABEL_FILE, TABLES

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


@dataclass(frozen=True)
class Silver:
    """Good rows by table, quarantined rows of all of them, and the count of every rule."""

    rows: dict[str, pa.Table]
    quarantined: pa.Table
    counts: list[Count]


def build_silver(
    answers: pa.Table,
    lines: pa.Table,
    *,
    job: pa.Table,
    objects: pa.Table,
    labels: pa.Table,
    files: pa.Table | None = None,
) -> Silver:
    """Run the models. `answers`, `lines` and label `files` are bronze rows; `objects` (see `OBJECT`) are theirs;
    `labels` (layer, label, label_no) those that the job offers; `job` its row of `silver.job`.
    """
    given = {
        "bronze.worker_response": answers,
        "bronze.manifest_line": lines,
        "bronze.label_file": LABEL_FILE.empty() if files is None else files,
        "landing.job": job,
        "landing.object": objects,
        "landing.label": labels,
    }
    rows: dict[str, pa.Table] = {}
    quarantined = [TABLES["silver.quarantine"].empty()]
    counts: list[Count] = []
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA bronze; CREATE SCHEMA silver; CREATE SCHEMA landing; SET TimeZone = 'UTC'")
        for name, table in given.items():
            connection.register(name.replace(".", "__"), table)
            connection.execute(f"CREATE VIEW {name} AS SELECT * FROM {name.replace('.', '__')}")
        for name, model in models("silver").items():
            if name not in TABLES:
                connection.execute(f"CREATE TABLE {name} AS {model.sql}")
                continue
            connection.execute(f"CREATE VIEW {name}_said AS {model.sql}")
            gated = gate(connection, name, f"{name}_said")
            connection.execute(f"CREATE VIEW {name} AS SELECT * FROM {good_rows(f'{name}_said')}")
            rows[name] = gated.good
            quarantined.append(gated.quarantined)
            counts += gated.counts
    return Silver(rows, pa.concat_tables(quarantined), counts)
