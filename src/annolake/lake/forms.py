"""The form that the lines of a manifest share, so that DuckDB reads them typed, in one pass and with all threads.

A segmentation's lines come from one program and look alike: the same keys, in each of thousands of segments. A few
lines tell the form. DuckDB then reads all lines with `json_transform_strict`, which refuses a missing key, one that
stands twice and a value of another type; keys that the form does not have show in the number of keys (`lake.lines`).
A line that fits is read exactly; any other one is left to the careful reader.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from transforms import strict_json
from transforms.inline import TRACKS

SAMPLE = 100
TIMES = ("start", "end")
TEXTS = ("text", "label")
TRACK_TIMES = ("submissionTime", "acceptanceTime")
TIME = r"[12]\d{3}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,3})?Z"
"""As Ground Truth writes it; any other way is left to the careful reader."""
NUMBER = r"-?[0-9]{1,15}(\.[0-9]{1,30})?"
NAMES_WORKER = "workerMetadata"
"""Key of a worker's identity."""
NOT_NUMBERS = "('nan', '-nan', 'inf', '-inf', 'infinity', '-infinity')"
"""What DuckDB takes for numbers, in any case, and keeps as it stands."""
TYPED: dict[str, Any] = {
    "start": "DOUBLE",
    "end": "DOUBLE",
    "text": "VARCHAR",
    "label": "VARCHAR",
    "labels": ["VARCHAR"],
}


@dataclass(frozen=True, slots=True)
class Form:
    """The keys of a line, of a track in its label attribute, and of a segment in a track."""

    attribute: str
    keys: tuple[str, ...]
    track_keys: tuple[str, ...]
    segment_keys: tuple[str, ...]

    @property
    def structure(self) -> str:
        """The form as `json_transform_strict` takes it: what is not named in TYPED stays JSON."""
        segment = {k: TYPED.get(k, "JSON") for k in self.segment_keys}
        track = {k: "VARCHAR" if k in TRACK_TIMES else "JSON" for k in self.track_keys} | {"segments": [segment]}
        return json.dumps(dict.fromkeys(self.keys, "JSON") | {self.attribute: {TRACKS: [track]}})

    @property
    def tracks(self) -> str:
        return f"read.{name(self.attribute)}.{TRACKS}"

    @property
    def others(self) -> list[str]:
        """Keys of the line beside the label attribute."""
        return [k for k in self.keys if k != self.attribute]

    @property
    def rest(self) -> list[str]:
        """Keys of a segment that are kept as its attributes."""
        return sorted(k for k in self.segment_keys if k not in (*TIMES, *TEXTS, "labels"))

    def of_line(self, key: str) -> str:
        """A value of the line, as JSON; NULL where the form does not have it."""
        return f"read.{name(key)}" if key in self.keys else "CAST(NULL AS JSON)"

    def of_track(self, key: str) -> str:
        """A value of `track`, a time as text and any other as JSON; NULL where the form does not have it."""
        return f"track.{name(key)}" if key in self.track_keys else "CAST(NULL AS JSON)"

    @property
    def about(self) -> str:
        """The metadata of the label attribute, as JSON."""
        keys = (f"{self.attribute}-metadata", f"{self.attribute}-ref-metadata")
        return next((f"coalesce({self.of_line(k)}, 'null'::JSON)" for k in keys if k in self.keys), "NULL::JSON")

    @property
    def line_fits(self) -> str:
        """Whether a line that was read has no key beyond the form, and beside its tracks nothing odd."""
        inner = " + ".join(["0", *(_keys_in(self.of_line(k)) for k in self.others)])
        source = self.of_line("source-ref" if "source-ref" in self.keys else "source")
        beside = ", ".join(["''", *(f"{self.of_line(k)}::VARCHAR" for k in self.others)])
        return f"""
            n_keys = {len(self.keys) + 1} + {inner} + coalesce(list_sum(list_transform({self.tracks},
                lambda t: {len(self.track_keys)} + {len(self.segment_keys)} * len(t.segments))), 0)
            AND {self.tracks} IS NOT NULL AND starts_with({source}, '"') AND len({source}) > 2
            AND NOT {odd(f"concat_ws(' ', {beside})")}"""

    @property
    def track_fits(self) -> str:
        """Whether `track` has what all readers of JSON read alike."""
        parts = ["track.segments IS NOT NULL", 'len(track."workerId") > 2']
        for key in self.track_keys:
            value = self.of_track(key)
            if key in TRACK_TIMES:
                parts.append(f"regexp_full_match({value}, '{TIME}')")
            elif key == "timeSpentInSeconds":
                parts.append(f"regexp_full_match({value}::VARCHAR, '{NUMBER}')")
            elif key in {"workerId", "layer"}:
                parts.append(f"starts_with({value}, '\"')")
            elif key != "segments":
                parts.append(_is_simple(value))
        return f"coalesce({' AND '.join(parts)}, false)"

    @property
    def segment_fits(self) -> str:
        """Whether the segment `s` has what all readers of JSON read alike."""
        parts = [f"isfinite(s.{name(k)})" for k in TIMES]
        parts += [_is_simple(f"s.{name(k)}") for k in self.rest]
        if "labels" in self.segment_keys:
            parts.append("len(s.labels) = 1 AND s.labels[1] IS NOT NULL")
        texts = [self.label] + ["s.text"] * ("text" in self.segment_keys)
        parts += [f"coalesce({_is_plain(value)}, true)" for value in texts]
        return f"coalesce({' AND '.join(parts)}, false)"

    @property
    def label(self) -> str:
        """The label of the segment `s`."""
        return "s.labels[1]" if "labels" in self.segment_keys else "s.label"

    @property
    def layer(self) -> str:
        """The layer that `track` names."""
        return f"nullif(json_extract_string({self.of_track('layer')}, '$'), '')"

    @property
    def segment(self) -> str:
        """What the segment `s` says, in the columns that the models take."""
        parts = [f"'{'{' if k == self.rest[0] else ','}{_quoted(k)}:', s.{name(k)}" for k in self.rest]
        attributes = f"concat({', '.join(parts)}, '}}')" if parts else "NULL::VARCHAR"
        text = "s.text" if "text" in self.segment_keys else "NULL::VARCHAR"
        return f"""{self.label} AS label, s.start AS start_s, s."end" AS end_s, {text} AS "text",
            {attributes} AS attributes"""


def find_form(sample: Iterable[bytes | str], attribute: str) -> Form | None:
    """The form that most lines of a sample with tracks have; None where none has segments of known keys."""
    found: Counter[Form] = Counter()
    for raw in sample:
        try:
            line = strict_json.load(raw)
        except ValueError:
            continue
        if form := _form(line, attribute):
            found[form] += 1
    return found.most_common(1)[0][0] if found else None


def _form(line: Any, attribute: str) -> Form | None:
    said = line.get(attribute) if isinstance(line, dict) else None
    if not isinstance(said, dict) or list(said) != [TRACKS] or not isinstance(said[TRACKS], list):
        return None
    tracks = [t for t in said[TRACKS] if isinstance(t, dict) and isinstance(t.get("segments"), list)]
    segment = next((s for t in tracks for s in t["segments"] if isinstance(s, dict)), None)
    if segment is None or not {"start", "end"} <= set(segment) or ("labels" in segment) == ("label" in segment):
        return None
    if "workerId" not in tracks[0] or any(NAMES_WORKER in keys for keys in (line, tracks[0], segment)):
        return None
    return Form(attribute, tuple(sorted(line)), tuple(sorted(tracks[0])), tuple(segment))


def name(key: str) -> str:
    """A key as the name of a field."""
    return '"' + key.replace('"', '""') + '"'


def _quoted(key: str) -> str:
    """A key as JSON within a literal."""
    return json.dumps(key, ensure_ascii=False).replace("'", "''")


def odd(text: str) -> str:
    """Whether JSON text has what DuckDB's reader takes and others do not (NaN), or the identity of a worker."""
    return f"""(contains({text}, '{NAMES_WORKER}') OR regexp_matches({text}, '[:,\\[\\s-](?i:nan|inf)'))"""


def _is_simple(value: str) -> str:
    """Whether a JSON value is text or a number that all readers read alike."""
    return f"CASE WHEN starts_with({value}, '\"') THEN true ELSE regexp_full_match({value}::VARCHAR, '{NUMBER}') END"


def _is_plain(text: str) -> str:
    """Whether text was surely text in the JSON, or a number, and not NaN, a list or an object."""
    first = ", ".join(str(ord(c)) for c in "[{nNiI-")  # whatever begins with another character is plain
    is_value = f"left({text}, 1) IN ('[', '{{') OR lower({text}) IN {NOT_NUMBERS}"
    return f"CASE WHEN ascii({text}) IN ({first}) THEN NOT ({is_value}) ELSE true END"


def _keys_in(value: str) -> str:
    """How many keys stand in a JSON value."""
    text = f"{value}::VARCHAR"
    return f"coalesce((strlen({text}) - strlen(replace({text}, '\":', ''))) // 2, 0)"
