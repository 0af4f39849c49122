"""What is registered: the assets and media objects in the lake, and the rows that an ingest adds to them.

Assets are appended before media objects: a run that is killed in between leaves a file that the next run looks at
again, never one that it takes for known without an asset.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from annolake.media.decode import Probe
from annolake.media.outcome import Outcome
from annolake.media.sources import Staged
from transforms.schemas import ASSET_TABLE, LANDING_OUTCOME, MEDIA_OBJECT, Table

if TYPE_CHECKING:
    from annolake.lake.catalog import Lake

OF_PROBE = (
    *("media_type", "duration_s", "container", "audio_codec", "sample_rate_hz", "channels"),
    *("video_codec", "width_px", "height_px", "fps"),
)


@dataclass(frozen=True, slots=True)
class Landing:
    """Who writes, and when."""

    landing_id: str
    landed_at: datetime

    def columns(self) -> dict[str, Any]:
        return {"landing_id": self.landing_id, "landed_at": self.landed_at}


class Register:
    """The lake's tables of media."""

    def __init__(self, lake: Lake, landing: Landing) -> None:
        self.lake = lake
        self.landing = landing

    def known_versions(self, prefix: str) -> dict[str, dict[str, str]]:
        """Source URI -> version -> asset id, of the files below a prefix."""
        from pyiceberg.expressions import StartsWith

        rows = self.lake.scan(
            "bronze.media_object",
            columns=["source_uri", "source_version", "asset_id"],
            where=StartsWith("source_uri", prefix),
        )
        known: dict[str, dict[str, str]] = {}
        for row in rows.to_pylist():
            if row["asset_id"]:
                known.setdefault(row["source_uri"], {})[row["source_version"]] = row["asset_id"]
        return known

    def asset_names(self, asset_ids: Iterable[str]) -> dict[str, str]:
        """Asset id -> name, of those that are registered."""
        from pyiceberg.expressions import In

        wanted = sorted(set(asset_ids))
        if not wanted:
            return {}
        rows = self.lake.scan("silver.asset", columns=["asset_id", "name"], where=In("asset_id", wanted))
        return {r["asset_id"]: r["name"] for r in rows.to_pylist()}

    def add_assets(self, rows: Sequence[dict[str, Any]]) -> int:
        return self.lake.append_new("silver.asset", self._arrow(ASSET_TABLE, rows), landing_id=self.landing.landing_id)

    def add_objects(self, rows: Sequence[dict[str, Any]]) -> int:
        table = self._arrow(MEDIA_OBJECT, rows)
        return self.lake.append_new("bronze.media_object", table, landing_id=self.landing.landing_id)

    def add_outcomes(self, outcomes: Sequence[Outcome]) -> int:
        """Add what was not said before of the same version of the same file; returns how many rows that were."""
        from pyiceberg.expressions import And, EqualTo, In

        if not outcomes:
            return 0
        uris = sorted({o.source_uri for o in outcomes})

        def attempt(table: Any) -> int:
            rows = And(EqualTo("kind", "media"), In("source_uri", uris))
            fields = ("source_uri", "source_version", "reason_code")
            found = table.scan(row_filter=rows, selected_fields=fields).to_arrow().to_pylist()
            told = {tuple(row[f] for f in fields) for row in found}
            new = [o for o in outcomes if (o.source_uri, o.source_version, o.reason_code) not in told]
            if new:
                arrow = self._arrow(LANDING_OUTCOME, [_outcome_row(o) for o in new])
                table.append(arrow, snapshot_properties={"annolake.landing-id": self.landing.landing_id})
            return len(new)

        return self.lake.commit("bronze.landing_outcome", attempt)

    def _arrow(self, table: Table, rows: Sequence[dict[str, Any]]) -> pa.Table:
        return pa.Table.from_pylist([row | self.landing.columns() for row in rows], schema=table.arrow)


def object_row(staged: Staged) -> dict[str, Any]:
    """The row of `bronze.media_object` for a registered file."""
    return {
        "source_uri": staged.candidate.uri,
        "source_version": staged.version,
        "asset_id": staged.asset_id,
        "bytes": staged.bytes,
        "content_hash": staged.content_hash,
    }


def asset_row(
    staged: Staged, probe: Probe, uri: str, peaks_uri: str | None, playable_uri: str | None = None
) -> dict[str, Any]:
    """The row of `silver.asset` for a new content."""
    return {
        "asset_id": staged.asset_id,
        "uri": uri,
        "name": staged.candidate.name,
        "bytes": staged.bytes,
        "content_hash": staged.content_hash,
        "peaks_uri": peaks_uri,
        "playable_uri": playable_uri,
        **{name: getattr(probe, name) for name in OF_PROBE},
    }


def _outcome_row(outcome: Outcome) -> dict[str, Any]:
    return {
        "kind": "media",
        "job_name": None,
        "source_uri": outcome.source_uri,
        "source_version": outcome.source_version,
        "line_no": 0,
        "is_ok": outcome.is_ok,
        "reason_code": outcome.reason_code,
        "reason": outcome.reason,
        "seconds": outcome.seconds,
    }
