"""Sources that are written anew: what one says now counts, also where that is what it said before.

Bronze keeps each thing that a source says of an object once, by its hash. Where the source goes back to something, that
is a new thing whose hash is `<hash>@<n>`: n others were said before it. So silver has a newer row of it as well, and
another landing of the same version finds the same hash. An answer that stands in a line is as new as its line: its
revision is one more for each thing that the line said before.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence, Set

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from annolake.lake.catalog import Lake
from annolake.lake.engine import database

KNOWN_COLUMNS = ["object_id", "line_no", "line_hash", "source_modified_at", "landed_at", "landing_id"]
"""What `know_lines` needs of lines in bronze."""
_KNOWN = "memory.landing_known"
_OLDEST_FIRST = "source_modified_at, landed_at, line_no"
_REWRITTEN: dict[str, pa.DataType] = {"object_id": pa.string(), "line_hash": pa.string(), "n_earlier": pa.int64()}


def hash_now(said: Sequence[str], hash_: str) -> str:
    """The hash that something has in bronze, which a source says now; `said` are the hashes there, the newest last.

    >>> hash_now([], "a"), hash_now(["a"], "a"), hash_now(["a", "b"], "a"), hash_now(["a", "b", "a@2"], "a")
    ('a', 'a', 'a@2', 'a@2')
    """
    if said and _bare(said[-1]) == hash_:
        return said[-1]
    return f"{hash_}@{len(said)}" if hash_ in map(_bare, said) else hash_


def _bare(hash_: str) -> str:
    """The hash of what was said, whether the source went back to it or not."""
    return hash_.partition("@")[0]


def know_lines(connection: duckdb.DuckDBPyConnection, lines: pa.Table, finished: Set[str]) -> str:
    """Keep what bronze has of a manifest; returns the relation of the lines that need not be read again.

    That is those whose text is the newest of their object, where a `finished` landing has it.
    """
    is_finished = pc.is_in(lines["landing_id"], value_set=pa.array(sorted(finished), pa.string()))
    connection.register("known_line", lines.drop_columns("landing_id").append_column("is_finished", is_finished))
    connection.execute(f"""
        CREATE OR REPLACE TABLE {_KNOWN} AS
        SELECT object_id, line_no, line_hash, split_part(line_hash, '@', 1) AS bare,
            row_number() OVER from_oldest AS nth,
            is_finished AND last_value(is_finished) OVER from_oldest
                AND bare = last_value(bare) OVER from_oldest AS is_as_it_was
        FROM known_line WINDOW from_oldest AS (PARTITION BY object_id ORDER BY {_OLDEST_FIRST}
            ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)""")
    connection.unregister("known_line")
    return f"(SELECT line_no, bare AS line_hash FROM {_KNOWN} WHERE is_as_it_was)"


def mark_lines(connection: duckdb.DuckDBPyConnection) -> None:
    """After `know_lines`, tell of the lines of a batch what hash they have in bronze, as `hash_now` does.

    `landing_rewritten` (object_id, line_hash, n_earlier) has the objects that are known, and how many other things
    were said of each before.
    """
    lines = connection.execute(f"""
        SELECT l.object_id, l.line_hash, list(k.line_hash ORDER BY k.nth)
        FROM landing_line AS l INNER JOIN {_KNOWN} AS k USING (object_id)
        GROUP BY l.object_id, l.line_hash""").fetchall()
    rows = []
    for object_id, bare, hashes in lines:
        said = list(dict.fromkeys(hashes))  # one stands at several places where lines moved
        now = hash_now(said, bare)
        rows.append({"object_id": object_id, "line_hash": now, "n_earlier": len(said) - (now in said)})
    connection.register("landing_rewritten", pa.Table.from_pylist(rows, schema=pa.schema(_REWRITTEN)))


def marked(lines: str) -> str:
    """A relation of lines of a batch, with the hashes of `mark_lines`."""
    return f"""(SELECT l.* REPLACE (coalesce(r.line_hash, l.line_hash) AS line_hash)
        FROM {lines} AS l LEFT JOIN landing_rewritten AS r USING (object_id))"""


N_EARLIER = "coalesce((SELECT n_earlier FROM landing_rewritten AS r WHERE r.object_id = t.object_id), 0)"
"""After `mark_lines`, of answers `t` in lines of a batch: how many other things their lines said before."""


def newest_lines(lake: Lake, job_name: str, object_ids: Collection[str]) -> pa.Table:
    """The newest row of `bronze.manifest_line` of each object, with `n_earlier`: how many others there were."""
    lines = lake.scan("bronze.manifest_line", jobs=[job_name])
    lines = lines.filter(pc.is_in(lines["object_id"], value_set=pa.array(sorted(object_ids), pa.string())))
    with database() as connection:
        connection.register("lines", lines)
        newest: pa.Table = connection.sql(f"""
            SELECT *, count(DISTINCT line_hash) OVER (PARTITION BY object_id) - 1 AS n_earlier FROM lines
            QUALIFY row_number() OVER (PARTITION BY object_id ORDER BY {_OLDEST_FIRST})
                = count(*) OVER (PARTITION BY object_id)""").to_arrow_table()
        return newest
