"""Write Ground Truth input manifests: registered assets become JSON Lines.

The line of an asset: `source-ref` (its s3:// location), `asset-id`, `duration` in seconds where it has one,
`peaks-ref` (its waveform) where it has sound, and `play-ref` (the copy that browsers play) where they do not play the
original. `source-ref` is what the labels are about, so it names the original always. A job passes all of them on to
the output manifest.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from annolake.errors import ManifestError
from annolake.manifest.read import MOST_OBJECTS, line_problem


def asset_line(asset: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest line of a row of `silver.asset`.

    >>> asset_line({"uri": "s3://b/a.mp4", "asset_id": "4f", "duration_s": 2.5, "peaks_uri": None})
    {'source-ref': 's3://b/a.mp4', 'asset-id': '4f', 'duration': 2.5}
    """
    line = {"source-ref": asset["uri"], "asset-id": asset["asset_id"], "duration": asset["duration_s"]}
    if asset.get("peaks_uri"):
        line["peaks-ref"] = asset["peaks_uri"]
    if asset.get("playable_uri"):
        line["play-ref"] = asset["playable_uri"]
    return line


def asset_lines(assets: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The lines of several assets, in their order."""
    return (asset_line(asset) for asset in assets)


def dump_lines(lines: Iterable[Mapping[str, Any]], uri: str) -> Iterator[str]:
    """Each line as one line of text with its line end; raises `ManifestError` at the first that breaks the contract."""
    n = 0
    for n, line in enumerate(lines, start=1):
        if problem := line_problem(dict(line)):
            raise ManifestError(uri, n, problem)
        if n > MOST_OBJECTS:
            raise ManifestError(
                uri, n, f"a manifest holds at most {MOST_OBJECTS:,} objects.", hint="Make several jobs."
            )
        try:
            yield json.dumps(line, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n"
        except ValueError as error:
            raise ManifestError(uri, n, f"not expressible in JSON: {error}.") from None
    if not n:
        raise ManifestError(uri, 1, "there is nothing to label.", hint="Register media first: annolake ingest FOLDER")


def manifest_text(lines: Iterable[Mapping[str, Any]], uri: str) -> str:
    """The whole manifest as it goes to the bucket."""
    return "".join(dump_lines(lines, uri))
