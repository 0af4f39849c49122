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
TIME = r'"[12]\d{3}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,3})?Z"'
"""As Ground Truth writes it; any other way is left to the careful reader."""
NUMBER = r"-?[0-9]{1,15}(\.[0-9]{1,30})?"
TYPED: dict[str, Any] = {
    "start": "DOUBLE",
    "end": "DOUBLE",
    "text": "VARCHAR",
    "label": "VARCHAR",
    "labels": ["VARCHAR"],
}
SEGMENTS = "STRUCT(layer VARCHAR, label VARCHAR, start_s DOUBLE, end_s DOUBLE, text VARCHAR, attributes VARCHAR)[]"
"""The type of an answer's segments, whoever read them."""


@dataclass(frozen=True, slots=True)
class Form:
    """The keys of a line, of a track in its label attribute, and of a segment in a track."""

    attribute: str
    line: tuple[str, ...]
    track: tuple[str, ...]
    segment: tuple[str, ...]

    @property
    def structure(self) -> str:
        """The form as `json_transform_strict` takes it: what is not named in TYPED stays JSON."""
        segment = {k: TYPED.get(k, "JSON") for k in self.segment}
        track = dict.fromkeys(self.track, "JSON") | {"segments": [segment]}
        return json.dumps(dict.fromkeys(self.line, "JSON") | {self.attribute: {TRACKS: [track]}})

    @property
    def tracks(self) -> str:
        return f"read.{name(self.attribute)}.{TRACKS}"

    @property
    def others(self) -> list[str]:
        """Keys of the line beside the label attribute."""
        return [k for k in self.line if k != self.attribute]

    @property
    def rest(self) -> list[str]:
        """Keys of a segment that are kept as its attributes."""
        return sorted(k for k in self.segment if k not in (*TIMES, *TEXTS, "labels"))

    def of_line(self, key: str) -> str:
        """A value of the line, as JSON; NULL where the form does not have it."""
        return f"read.{name(key)}" if key in self.line else "CAST(NULL AS JSON)"

    def of_track(self, key: str, track: str = "track") -> str:
        """A value of a track, as JSON; NULL where the form does not have it."""
        return f"{track}.{name(key)}" if key in self.track else "CAST(NULL AS JSON)"

    @property
    def without_answers(self) -> str:
        """The line as JSON text, with nothing in its label attribute."""
        parts = [f"'{_quoted(k)}:' || coalesce({self.of_line(k)}::VARCHAR, 'null')" for k in self.others]
        return " || ',' || ".join(["'{" + _quoted(self.attribute) + ":{}'", *parts]) + " || '}'"

    @property
    def fits(self) -> str:
        """Whether a line that was read has nothing beyond the form, and what all readers of JSON read alike."""
        inner = " + ".join(["0", *(_keys_in(self.of_line(k)) for k in self.others)])
        segments = f"flatten(list_transform({self.tracks}, lambda t: t.segments))"
        source = self.of_line("source-ref" if "source-ref" in self.line else "source")
        track = [
            "t.segments IS NOT NULL",
            f'starts_with({self.of_track("workerId", "t")}, \'"\') AND len(t."workerId") > 2',
        ]
        track += [f"regexp_full_match(t.{k}::VARCHAR, '{TIME}')" for k in TRACK_TIMES if k in self.track]
        track += [f"regexp_full_match(t.{k}::VARCHAR, '{NUMBER}')" for k in ("timeSpentInSeconds",) if k in self.track]
        segment = ["len(s.labels) = 1 AND s.labels[1] IS NOT NULL"] if "labels" in self.segment else []
        segment += [f"isfinite(s.{name(k)})" for k in TIMES]
        segment += [
            f"(starts_with(s.{name(k)}, '\"') OR regexp_full_match(s.{name(k)}, '{NUMBER}'))" for k in self.rest
        ]
        return f"""
            n_keys = {len(self.line) + 1} + {inner} + coalesce(list_sum(list_transform({self.tracks},
                lambda t: {len(self.track)} + {len(self.segment)} * len(t.segments))), 0)
            AND starts_with({source}, '"') AND len({source}) > 2
            AND len(list_filter({self.tracks}, lambda t: coalesce({" AND ".join(track)}, false))) = len({self.tracks})
            AND len(list_filter({segments}, lambda s: coalesce({" AND ".join(segment)}, false))) = len({segments})"""

    @property
    def segments(self) -> str:
        """The segments of `track` in the type that the models take."""
        parts = [f"'{_quoted(k)}:' || s.{name(k)}::VARCHAR" for k in self.rest]
        attributes = "'{' || " + " || ',' || ".join(parts) + " || '}'" if parts else "NULL"
        layer = f"nullif(json_extract_string({self.of_track('layer')}, '$'), '')"
        return f"""list_transform(track.segments, lambda s: struct_pack(
            layer := {layer}, label := {"s.labels[1]" if "labels" in self.segment else "s.label"},
            start_s := s.start, end_s := s."end", "text" := {"s.text" if "text" in self.segment else "NULL::VARCHAR"},
            attributes := CAST({attributes} AS VARCHAR)))"""


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
    form = Form(attribute, tuple(sorted(line)), tuple(sorted(tracks[0])), tuple(segment))
    return form if "workerId" in form.track else None


def name(key: str) -> str:
    """A key as the name of a field."""
    return '"' + key.replace('"', '""') + '"'


def _quoted(key: str) -> str:
    """A key as JSON within a literal."""
    return json.dumps(key, ensure_ascii=False).replace("'", "''")


def _keys_in(value: str) -> str:
    """How many keys stand in a JSON value."""
    text = f"{value}::VARCHAR"
    return f"coalesce((strlen({text}) - strlen(replace({text}, '\":', ''))) // 2, 0)"
