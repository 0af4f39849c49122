"""Sources that are written anew: what one says now counts, also where that is what it said before.

Bronze keeps each thing that a source says of an object once, by its hash. Where the source goes back to something, that
is a new thing whose hash is `<hash>@<n>`: n others were said before it. So silver has a newer row of it as well, and
another landing of the same version finds the same hash. An answer that stands in a line is as new as its line: its
revision is one more for each thing that the line said before.
"""

from __future__ import annotations

from collections.abc import Sequence, Set

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from annolake.lake.engine import database

NEWEST_COLUMNS = ["object_id", "line_no", "line_hash", "source_modified_at", "landed_at"]
"""What `newest_lines` needs of lines in bronze."""
KNOWN_COLUMNS = [*NEWEST_COLUMNS, "landing_id"]
"""What `know_lines` needs of them."""
_KNOWN = "memory.landing_known"
_NEWEST = "source_modified_at DESC, landed_at DESC, line_no DESC"


def bare(hash_: str) -> str:
    """The hash of what was said, whether the source went back to it or not.

    >>> bare("9e107d9d@2")
    '9e107d9d'
    """
    return hash_.partition("@")[0]


def hash_now(said: Sequence[str], hash_: str) -> str:
    """The hash that something has in bronze, which a source says now; `said` are the hashes there, the newest last.

    >>> hash_now([], "a"), hash_now(["a"], "a"), hash_now(["a", "b"], "a"), hash_now(["a", "b", "a@2"], "a")
    ('a', 'a', 'a@2', 'a@2')
    """
    if said and bare(said[-1]) == hash_:
        return said[-1]
    return f"{hash_}@{len(said)}" if hash_ in map(bare, said) else hash_


def know_lines(connection: duckdb.DuckDBPyConnection, lines: pa.Table, finished: Set[str]) -> str:
    """Keep what bronze has of a manifest; returns the relation of the lines that need not be read again.

    That is those whose text is the newest of their object, where a `finished` landing has it.
    """
    is_finished = pc.is_in(lines["landing_id"], value_set=pa.array(sorted(finished), pa.string()))
    connection.register("known_line", lines.drop_columns("landing_id").append_column("is_finished", is_finished))
    connection.execute(f"""
        CREATE OR REPLACE TABLE {_KNOWN} AS
        SELECT object_id, line_no, line_hash, split_part(line_hash, '@', 1) AS bare,
            first_value(line_hash) OVER newest_first AS newest,
            is_finished AND first_value(is_finished) OVER newest_first AS is_finished
        FROM known_line WINDOW newest_first AS (PARTITION BY object_id ORDER BY {_NEWEST})""")
    connection.unregister("known_line")
    return f"(SELECT line_no, bare AS line_hash FROM {_KNOWN} WHERE is_finished AND bare = split_part(newest, '@', 1))"


def mark_lines(connection: duckdb.DuckDBPyConnection) -> None:
    """After `know_lines`, tell of the lines of a batch what hash they have in bronze, as `hash_now` does.

    `landing_rewritten` (object_id, line_hash, n_earlier) has the objects that are known, and how many other things
    were said of each before.
    """
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE landing_rewritten AS
        WITH told AS (
            SELECT l.object_id, CASE
                WHEN split_part(any_value(k.newest), '@', 1) = l.line_hash THEN any_value(k.newest)
                WHEN bool_or(k.bare = l.line_hash) THEN l.line_hash || '@' || count(DISTINCT k.line_hash)
                ELSE l.line_hash END AS line_hash
            FROM landing_line AS l INNER JOIN {_KNOWN} AS k USING (object_id)
            GROUP BY l.object_id, l.line_hash
        )
        SELECT t.object_id, t.line_hash, count(DISTINCT k.line_hash) FILTER (k.line_hash <> t.line_hash) AS n_earlier
        FROM told AS t INNER JOIN {_KNOWN} AS k USING (object_id)
        GROUP BY t.object_id, t.line_hash""")


def marked(lines: str) -> str:
    """A relation of lines of a batch, with the hashes of `mark_lines`."""
    return f"""(SELECT l.* REPLACE (coalesce(r.line_hash, l.line_hash) AS line_hash)
        FROM {lines} AS l LEFT JOIN landing_rewritten AS r USING (object_id))"""


N_EARLIER = "coalesce((SELECT n_earlier FROM landing_rewritten AS r WHERE r.object_id = t.object_id), 0)"
"""After `mark_lines`, of answers `t` in lines of a batch: how many other things their lines said before."""


def newest_lines(lines: pa.Table) -> pa.Table:
    """Of rows of `bronze.manifest_line` the newest of each object, with `n_earlier`: how many others there were."""
    with database() as connection:
        connection.register("lines", lines)
        newest: pa.Table = connection.sql(f"""
            SELECT *, count(DISTINCT line_hash) OVER (PARTITION BY object_id) - 1 AS n_earlier FROM lines
            QUALIFY row_number() OVER (PARTITION BY object_id ORDER BY {_NEWEST}) = 1""").to_arrow_table()
        return newest
