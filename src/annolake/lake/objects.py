"""The objects of a job: which media each manifest line names, and whether that is registered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from annolake.lake.bulk import read_batch
from annolake.lake.catalog import Lake
from annolake.lake.engine import database
from annolake.lake.facts import JobFacts
from annolake.lake.fetch import Store
from annolake.lake.lines import LINES, LineReader
from annolake.lake.rewritten import newest_lines

VIDEO = (".mp4", ".webm", ".ogv", ".mov", ".mkv", ".m4v", ".avi")
ASSET_COLUMNS = ["asset_id", "uri", "duration_s", "width_px", "height_px", "fps"]
BATCH_BYTES = 32 << 20
_KNOWN: dict[str, pa.DataType] = {
    "object_id": pa.string(),
    "source": pa.string(),
    "asset_id": pa.string(),
    "duration_s": pa.float64(),
    "source_text": pa.string(),
}
KNOWN = pa.schema(_KNOWN)
"""What a manifest line says of its object; `source_text` where the source is the text itself."""


class Objects:
    """Object id -> its line: in the output manifest, else in the input manifest, else in bronze."""

    def __init__(self, lake: Lake, store: Store, job: JobFacts) -> None:
        self.lake, self.store, self.job = lake, store, job
        self._known = KNOWN.empty_table()
        self._searched: set[str] = set()
        self._assets: pa.Table | None = None

    def find(self, object_ids: Iterable[str]) -> None:
        """Look the objects up, in as few passes over the manifests as can be."""
        wanted = set(object_ids) - self._searched
        self._searched |= wanted
        with database() as connection:
            for uri in (self.job.manifest_uri, self.job.input_uri):
                if wanted and uri.startswith("s3://"):
                    wanted -= self._keep(connection, self._manifest(uri, wanted))
            if wanted:
                self._keep(connection, self._bronze(wanted))

    def table(self, connection: duckdb.DuckDBPyConnection) -> str:
        """Rows of `silver.OBJECT` of the objects that were looked up, as a relation."""
        connection.register("known_object", self._known)
        return self.described(connection, "known_object")

    def described(self, connection: duckdb.DuckDBPyConnection, lines: str) -> str:
        """Rows of `silver.OBJECT` of a relation with the columns of KNOWN, each with its asset where that is known."""
        connection.register("known_asset", self.assets())
        said = ", ".join(f"coalesce(a.{c}, u.{c}) AS {c}" for c in ("asset_id", "width_px", "height_px", "fps"))
        return f"""(
            SELECT l.object_id, {said}, coalesce(a.duration_s, u.duration_s, l.duration_s) AS duration_s, l.source_text
            FROM {lines} AS l
            LEFT JOIN (SELECT DISTINCT ON (asset_id) * FROM known_asset) AS a ON a.asset_id = l.asset_id
            LEFT JOIN (SELECT DISTINCT ON (uri) * FROM known_asset) AS u ON u.uri = l.source AND l.source_text IS NULL
        )"""

    def assets(self) -> pa.Table:
        """The registered media."""
        if self._assets is None:
            self._assets = self.lake.scan("silver.asset", columns=ASSET_COLUMNS)
        return self._assets

    def media_type(self) -> str:
        """audio or video, by the names of the sources."""
        return media_type(str(source) for source in self._known["source"].to_pylist())

    def _keep(self, connection: duckdb.DuckDBPyConnection, batches: Iterable[pa.Table]) -> set[str]:
        found: set[str] = set()
        for batch in batches:
            read_batch(connection, batch, [], self.job.label_attribute)
            names = ", ".join(KNOWN.names)
            rows = connection.sql(f"SELECT {names} FROM landing_line").to_arrow_table().cast(KNOWN)
            self._known = pa.concat_tables([self._known, rows])
            found |= set(rows["object_id"].to_pylist())
        return found

    def _manifest(self, uri: str, wanted: set[str]) -> Iterator[pa.Table]:
        source = self.store.find(uri)
        numbers = pa.array([int(i) for i in wanted if i.isdecimal() and len(i) < 18], pa.int64())
        if source is None:
            return
        for batch in LineReader(self.store.chunks(source), str).batches(BATCH_BYTES):
            yield batch.filter(pc.is_in(batch["object_no"], value_set=numbers))

    def _bronze(self, wanted: set[str]) -> Iterator[pa.Table]:
        rows = newest_lines(self.lake, self.job.job_name, wanted)
        count = pa.nulls(rows.num_rows, pa.int32())
        numbers = pc.cast(rows["object_id"], pa.int64())
        yield pa.table([rows["line_no"], numbers, count, rows["line"]], schema=LINES)


def media_type(sources: Iterable[str]) -> str:
    """audio or video, by the names of the sources."""
    return "video" if any(s.lower().endswith(VIDEO) for s in sources) else "audio"
