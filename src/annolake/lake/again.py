"""Silver again: what the models make today of answers and lines that landed before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.expressions import GreaterThan

from annolake.lake.bulk import read_batch
from annolake.lake.catalog import Lake
from annolake.lake.facts import JobFacts
from annolake.lake.fetch import Store
from annolake.lake.lines import LINES
from annolake.lake.objects import Objects
from annolake.lake.rewritten import newest_lines
from annolake.lake.silver import Silver, offered, open_models, run_models, stamped
from transforms.inline import LAST_UNTIMED, UNTIMED


def silver_again(  # noqa: PLR0917 - each is another thing
    lake: Lake,
    store: Store,
    job: JobFacts,
    job_row: pa.Table,
    object_ids: set[str],
    stamp: Mapping[str, Any],
    accepted: pa.Table,
) -> Silver:
    """Silver of these objects as it would be today: of their answers, and of the newest line of each.

    Rows carry the `stamp` (landing_id, landed_at); `accepted` (table_name, row_key, rule) pass the gate as they are.
    """
    answers, files = (
        _of_objects(lake.scan(name, jobs=[job.job_name]), object_ids)
        for name in ("bronze.worker_response", "bronze.label_file")
    )
    is_timed = GreaterThan("revision", LAST_UNTIMED)
    timed = lake.scan("silver.assignment", jobs=[job.job_name], columns=["object_id", "worker_id"], where=is_timed)
    connection = open_models()
    objects = Objects(lake, store, job)
    objects.find(object_ids)
    connection.register("known_answer", stamped(answers, stamp))
    connection.register("known_line", stamped(newest_lines(lake, job.job_name, object_ids), stamp))
    connection.register("untimed_is_old", timed)
    given: dict[str, pa.Table | str] = {
        "landing.job": job_row,
        "landing.label": offered(job.labels),
        "landing.object": objects.table(connection),
        "bronze.label_file": files,
    }
    return run_models(connection, given | _unpacked(connection, job.label_attribute), accepted)


def _of_objects(rows: pa.Table, object_ids: set[str]) -> pa.Table:
    return rows.filter(pc.field("object_id").isin(sorted(object_ids)))


def _unpacked(connection: duckdb.DuckDBPyConnection, attribute: str) -> dict[str, pa.Table | str]:
    """Bronze as the models take it: answers that stand inside of lines apart from them, as at a landing."""
    lines = connection.sql("SELECT line_no, CAST(object_id AS BIGINT), NULL::INTEGER, line FROM known_line")
    read_batch(connection, pa.table(lines.to_arrow_table().columns, schema=LINES), [], attribute)
    answer = f"""b.job_name, b.source_uri, t.object_id, t.worker_id,
        coalesce(epoch_ms(t.submitted_at), {UNTIMED}) + b.n_earlier AS revision, t.accepted_at,
        coalesce(t.submitted_at, b.source_modified_at) AS submitted_at, t.time_spent_s, t.answer_hash,
        b.landing_id, b.landed_at"""
    of_line = """AS t JOIN known_line AS b USING (object_id) WHERE t.submitted_at IS NOT NULL OR NOT EXISTS
        (SELECT 1 FROM untimed_is_old AS f WHERE f.object_id = t.object_id AND f.worker_id = t.worker_id)"""
    return {
        "landing.line": """(SELECT b.* EXCLUDE (line, n_earlier), l.said, l.about, l.source_text
            FROM known_line AS b JOIN landing_line AS l USING (object_id))""",
        "bronze.worker_response": f"""(FROM known_answer UNION ALL BY NAME SELECT {answer}, b.source_version,
            t.answer_no, t.content AS answer FROM landing_content {of_line})""",
        "landing.track": f"(SELECT {answer}, t.answer_id, t.n_segments, t.problem FROM landing_track {of_line})",
        "landing.segment": "landing_segment",
    }
