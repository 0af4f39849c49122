"""A labeling service in this process and registered media without files behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from annolake.config import Settings
from annolake.labeling.clients import s3
from annolake.lake.catalog import open_lake
from transforms.schemas import ASSET_TABLE

Register = Callable[..., list[str]]


@pytest.fixture
def service(settings: Settings) -> Iterator[Settings]:
    """The settings of a running service."""
    from annolake.service.run import running

    with running(settings):
        yield settings


def asset_row(settings: Settings, number: int, media_type: str) -> dict[str, Any]:
    ending = "wav" if media_type == "audio" else "mp4"
    name = f"{media_type}-{number:03d}.{ending}"
    return {
        "asset_id": f"{number:031x}{media_type[0]}".replace("v", "e"),
        "uri": f"s3://{settings.media_bucket}/assets/{name}",
        "name": name,
        "media_type": media_type,
        "duration_s": 10.0 + number,
        "container": ending,
        "bytes": 1000,
        "content_hash": f"{number:064x}",
        "peaks_uri": f"s3://{settings.media_bucket}/peaks/{name}.json",
        "landing_id": "test",
        "landed_at": datetime.now(UTC),
    }


@pytest.fixture
def register() -> Register:
    """Put assets into the lake and their bytes into the bucket; returns their ids."""

    def add(settings: Settings, *, audio: range = range(0), video: range = range(0)) -> list[str]:
        rows = [asset_row(settings, n, "audio") for n in audio] + [asset_row(settings, n, "video") for n in video]
        client = s3(settings)
        for row in rows:
            for uri in (row["uri"], row["peaks_uri"]):
                client.put_object(Bucket=settings.media_bucket, Key=uri.split("/", 3)[3], Body=b"{}")
        with open_lake(settings) as lake:
            lake.append_new(ASSET_TABLE.name, pa.Table.from_pylist(rows, schema=ASSET_TABLE.arrow), landing_id="test")
        return [row["asset_id"] for row in rows]

    return add
