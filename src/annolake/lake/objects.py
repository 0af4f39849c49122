"""The objects of a job: which media each manifest line names, and whether that is registered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import pyarrow as pa
from pyiceberg.expressions import In, Or

from annolake.lake.catalog import PRUNE_LIMIT, Lake
from annolake.lake.facts import JobFacts
from annolake.lake.fetch import find_source, read_lines
from annolake.lake.silver import OBJECT
from transforms.ground_truth import Fault, Line, read_line

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

VIDEO = (".mp4", ".webm", ".ogv", ".mov", ".mkv", ".m4v", ".avi")
ASSET_COLUMNS = ["asset_id", "uri", "duration_s", "width_px", "height_px", "fps"]


class Objects:
    """Object id -> its line: those of the output manifest just read, else of the input manifest, else of bronze."""

    def __init__(self, lake: Lake, s3: S3Client, job: JobFacts) -> None:
        self.lake, self.s3, self.job = lake, s3, job
        self._lines: dict[str, tuple[str, str | None, float | None, bool]] = {}
        self._searched = False
        self._assets: pa.Table | None = None

    def add(self, line: Line) -> None:
        self._lines[line.object_id] = (line.source, line.asset_id, line.duration_s, line.is_text)
        self._assets = None

    def table(self, object_ids: Iterable[str]) -> pa.Table:
        """Rows of `silver.OBJECT`; the asset only where it is registered, the duration its own first."""
        ids = sorted(object_ids)
        self._search(ids)
        assets = self.assets().to_pylist()
        by_id = {row["asset_id"]: row for row in assets}
        by_uri = {row["uri"]: row for row in assets}
        rows = []
        for object_id in ids:
            source, asset_id, duration, is_text = self._lines.get(object_id, ("", None, None, False))
            asset = by_id.get(asset_id) or by_uri.get(source) or {}
            rows.append(
                {
                    "object_id": object_id,
                    "asset_id": asset.get("asset_id"),
                    "duration_s": asset.get("duration_s", duration),
                    "width_px": asset.get("width_px"),
                    "height_px": asset.get("height_px"),
                    "fps": asset.get("fps"),
                    "source_text": source if is_text else None,
                }
            )
        return pa.Table.from_pylist(rows, schema=OBJECT)

    def assets(self) -> pa.Table:
        """The registered media among the objects known so far."""
        if self._assets is None:
            ids = sorted({asset_id for _, asset_id, *_ in self._lines.values() if asset_id})
            uris = sorted({source for source, _, _, is_text in self._lines.values() if not is_text})
            few = len(ids) <= PRUNE_LIMIT and len(uris) <= PRUNE_LIMIT
            where = Or(In("asset_id", ids), In("uri", uris)) if few else None
            self._assets = self.lake.scan("silver.asset", columns=ASSET_COLUMNS, where=where)
        return self._assets

    def media_type(self) -> str:
        """audio or video, by the names of the sources."""
        return "video" if any(s.lower().endswith(VIDEO) for s, *_ in self._lines.values()) else "audio"

    def _search(self, ids: list[str]) -> None:
        if self._searched or all(i in self._lines for i in ids):
            return
        self._searched = True
        for line in (*self._input(), *self._bronze()):
            if line.object_id not in self._lines:
                self.add(line)

    def _input(self) -> Iterator[Line]:
        source = find_source(self.s3, self.job.input_uri) if self.job.input_uri.startswith("s3://") else None
        if source is None:
            return
        lines = (raw for raw in read_lines(self.s3, source) if raw.strip())
        for number, raw in enumerate(lines):
            found = read_line(number + 1, str(number), raw, str)
            if not isinstance(found, Fault):
                yield found

    def _bronze(self) -> Iterator[Line]:
        rows = self.lake.scan("bronze.manifest_line", jobs=[self.job.job_name], columns=["object_id", "line"])
        for row in rows.to_pylist():
            found = read_line(1, row["object_id"], row["line"].encode(), str)
            if not isinstance(found, Fault):
                yield found
