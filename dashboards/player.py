"""The player: every annotator's timeline under the waveform, disputed spans shaded, the media playing.

Hand-written JavaScript beside this file (`player.js`, `player.css`), mounted by Streamlit in a shadow root. Nothing is
loaded but the media itself, by an address that is signed for reading and good for half an hour.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from annolake.errors import AnnolakeError
from dashboards import palette, source
from dashboards.data import Answer

HERE = Path(__file__).resolve().parent
SIGNED_SECONDS = 1800
KEPT_SECONDS = 900
"""How long a signed address is used again, so that a rerun of the page does not load the media anew."""

PATIENCE_SECONDS = 2.0
NO_SERVICE = "The media store does not answer, so nothing can be played. The timelines are complete."

Names = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Media:
    """What the browser plays and draws; `notice` says what is missing."""

    url: str = ""
    kind: str = ""
    peaks: Sequence[int] = ()
    peaks_per_s: float = 0.0
    notice: str = ""


def media_of(row: Mapping[str, Any]) -> Media:
    """The media of a row of `data.item.item`; with a notice where it is not registered or cannot be reached."""
    if not row["uri"]:
        return Media(notice="The media of this object is not registered, so nothing can be played.")
    return _media(row["playable_uri"] or row["uri"], row["peaks_uri"] or "", row["media_type"])


@st.cache_data(ttl=KEPT_SECONDS, show_spinner=False, max_entries=200)
def _signed(uri: str) -> str:
    """A read-only address of one object, as the browser reaches it."""
    from annolake.labeling.clients import s3  # noqa: PLC0415 - boto3 takes a second, pages without media draw at once

    bucket, _, key = uri.removeprefix("s3://").partition("/")
    settings = source.settings()
    if settings.media_endpoint:
        settings = settings.model_copy(update={"s3_endpoint": settings.media_endpoint})
    url = s3(settings).generate_presigned_url(
        "get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=SIGNED_SECONDS
    )
    return str(url)


@st.cache_data(ttl=KEPT_SECONDS, show_spinner=False, max_entries=50)
def _peaks(uri: str) -> tuple[list[int], float]:
    """Peaks as whole numbers from 0 to 255, and how many a second."""
    import httpx  # noqa: PLC0415

    from annolake.labeling.clients import s3  # noqa: PLC0415

    bucket, _, key = uri.removeprefix("s3://").partition("/")
    url = s3(source.settings()).generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key})
    answer = httpx.get(url, timeout=PATIENCE_SECONDS, trust_env=source.settings().s3_endpoint == "aws")
    answer.raise_for_status()
    kept = answer.json()
    return [round(255 * min(max(peak, 0), 1)) for peak in kept["peaks"]], float(kept["peaks_per_s"])


def _media(uri: str, peaks_uri: str, kind: str) -> Media:
    import httpx  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415

    try:
        url = _signed(uri)
        peaks, rate = _peaks(peaks_uri) if peaks_uri else ([], 0.0)
    except httpx.HTTPStatusError as error:
        return Media(url, kind, notice=f"There is no waveform: the media store answered {error.response.status_code}.")
    except (httpx.HTTPError, BotoCoreError, AnnolakeError, KeyError, ValueError):
        return Media(kind=kind, notice=NO_SERVICE)
    return Media(url, kind, peaks, rate, notice="" if peaks_uri else "The media has no sound, so it has no waveform.")


def layers_of(segments: Answer, annotators: Answer, names: Names) -> list[dict[str, Any]]:
    """The rows of each layer: the consensus first, then every annotator, also one who marked nothing."""
    rows = segments.table.to_pylist()
    workers = [row["worker_id"] for row in annotators.table.to_pylist()]
    return [_layer(layer, rows, workers, names) for layer in dict.fromkeys(row["layer"] for row in rows)]


def _layer(layer: str, rows: Iterable[Mapping[str, Any]], workers: Sequence[str], names: Names) -> dict[str, Any]:
    mine = [row for row in rows if row["layer"] == layer]
    by_use: dict[str, float] = {}
    for row in mine:
        by_use[row["label"]] = by_use.get(row["label"], 0.0) + row["end_s"] - row["start_s"]
    order = sorted(by_use, key=lambda label: (-by_use[label], label))
    colours = dict(zip(order, palette.CATEGORIES, strict=False))
    lines = [{"name": "Consensus", "title": "consensus of the annotators", "consensus": True, "of": ""}]
    lines += [{"name": names.get(w, w), "title": names.get(w, w), "consensus": False, "of": w} for w in workers]
    return {
        "name": layer,
        "colours": {label: colours.get(label, palette.OTHER) for label in order},
        "rows": [
            {**line, "segments": [_segment(row) for row in mine if row["worker_id"] == line["of"]]} for line in lines
        ],
    }


def _segment(row: Mapping[str, Any]) -> dict[str, Any]:
    note = "" if row["confidence"] is None else f"confidence {row['confidence']:.0%}"
    return {"start": row["start_s"], "end": row["end_s"], "label": row["label"], "text": row["text"], "note": note}


def disputes_of(disputes: Answer) -> list[dict[str, Any]]:
    """The disputed spans, each with a sentence."""
    return [
        {
            "layer": row["layer"],
            "start": row["t_start_s"],
            "end": row["t_end_s"],
            "kind": row["kind"],
            "text": in_words(row),
        }
        for row in disputes.table.to_pylist()
        if row["t_end_s"] is not None
    ]


def in_words(dispute: Mapping[str, Any]) -> str:
    """What is disputed, in a sentence: `speaker: Speaker A or nothing`."""
    labels = [label or "nothing" for label in json.loads(dispute["labels"])]
    kinds = {
        "boundary": "where it begins or ends: ",
        "missing": "missed by somebody: ",
        "extra": "seen by few: ",
        "box": "boxes of ",
    }
    return f"{dispute['layer']}: {kinds.get(dispute['kind'], '')}{' or '.join(labels)}"


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    return st.components.v2.component(
        "annolake_player",
        html='<div class="player"></div>',
        css=(HERE / "player.css").read_text(),
        js=(HERE / "player.js").read_text(),
    )


def player(
    row: Mapping[str, Any],
    media: Media,
    layers: Sequence[Mapping[str, Any]],
    disputes: Sequence[Mapping[str, Any]],
    *,
    at: float | None = None,
    layer: str | None = None,
) -> None:
    """Draw the player; `at` is the moment, and `layer` the layer of the dispute, that a link opened."""
    _component()(
        data={
            "media": {"url": media.url, "kind": media.kind, "name": row["uri"]} if media.url else None,
            "notice": media.notice or None,
            "duration": row["duration_s"],
            "peaks": list(media.peaks) or None,
            "peaks_per_s": media.peaks_per_s,
            "layers": list(layers),
            "disputes": list(disputes),
            "at": at,
            "layer": layer,
        },
        key="player",
    )
