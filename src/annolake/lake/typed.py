"""Worker-response files of the usual shapes, read typed: the form is checked while the text is read, once.

A segmentation's files come from one program and look alike. What has one of the shapes below is read by `msgspec` into
their fields; anything else, however slightly unusual, is left to the careful reader (`transforms.ground_truth`) and the
models (`sql/silver/`), and gives the same rows there. A shape has no room for what readers of JSON take differently:
unknown keys, other types, keys that stand twice, numbers out of range, halves of surrogate pairs, negative zeros.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Generic, NamedTuple, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from transforms.ground_truth import Answer, parse_time

PLAIN = re.compile(r"[\w .,:;()+/-]*", re.ASCII)
"""Text that every writer of JSON writes alike."""


class Shape(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """An object with these keys and no others; unlike a `Struct` it is not looked at by the collector of cycles."""


class Identity(Shape):
    """Whom a private worker is."""

    identityProviderType: str | None = None  # noqa: N815 - keys of Ground Truth
    issuer: str | None = None
    sub: str | None = None


class Metadata(Shape):
    """What Ground Truth tells of a worker."""

    identityData: Identity | None = None  # noqa: N815


class Said(Shape):
    """One answer as a file has it, of text fields only."""

    answerContent: dict[str, str]  # noqa: N815
    submissionTime: str  # noqa: N815
    workerId: str  # noqa: N815
    acceptanceTime: str | None = None  # noqa: N815
    timeSpentInSeconds: float | None = None  # noqa: N815
    workerMetadata: Metadata | None = None  # noqa: N815


class File(Shape):
    """A worker-response file."""

    answers: list[Said]


class Segment(Shape):
    """As templates write it now."""

    id: str
    start: float
    end: float
    text: str
    emotion: str


class OldSegment(Shape):
    """As they did before: the text was called label."""

    id: str
    start: float
    end: float
    text: str = msgspec.field(name="label")
    emotion = None


S = TypeVar("S")


class Streams(Shape, Generic[S]):
    """The annotations of an answer: tracks of segments by layer, and what the template adds."""

    streams: dict[str, list[S]]
    categories: dict[str, list[str]] | UnsetType = UNSET
    elapsedTime: float | UnsetType = UNSET  # noqa: N815
    startTimestamp: float | UnsetType = UNSET  # noqa: N815
    endTimestamp: float | UnsetType = UNSET  # noqa: N815
    startUTCTime: str | UnsetType = UNSET  # noqa: N815
    endUTCTime: str | UnsetType = UNSET  # noqa: N815


SHAPES = (
    (msgspec.json.Decoder(Streams[Segment]), 5 + 3),
    (msgspec.json.Decoder(Streams[OldSegment]), 4 + 2),
)
"""Each with how many keys and texts a segment of it has."""
FILE = msgspec.json.Decoder(File)
UNFIT = (msgspec.DecodeError, UnicodeError, RecursionError)


class Segments(NamedTuple):
    """The segments of one answer or of several, column by column; of a track of each layer how many there are."""

    layers: list[str]
    counts: list[int]
    label: list[str]
    start_s: list[float]
    end_s: list[float]
    text: list[str]
    attributes: list[str | None]


def read_file(raw: bytes) -> list[tuple[Answer, Segments | None]] | None:
    """The answers of a file, as `read_answers` gives them, and their segments; None where it has another shape.

    Segments are None where an answer says more, or in another shape: the models unpack it.
    """
    try:
        said = FILE.decode(raw).answers
    except UNFIT:
        return None
    answers = [_answer(number, one) for number, one in enumerate(said)]
    if None in answers:
        return None
    return [(a, _segments(one.answerContent)) for a, one in zip(answers, said, strict=True) if a]


def _segments(content: dict[str, str]) -> Segments | None:
    text = content.get("annotations")
    if text is None or len(content) > 1:
        return None
    for decoder, n_texts in SHAPES:
        try:
            return _columns(text, decoder.decode(text), n_texts)
        except UNFIT:
            continue
    return None


def _answer(number: int, said: Said) -> Answer | None:
    submitted = parse_time(said.submissionTime)
    if submitted is None or not said.workerId:
        return None
    identity = (said.workerMetadata and said.workerMetadata.identityData) or Identity()
    return Answer(
        answer_no=number,
        backend_worker_id=said.workerId,
        provider=identity.identityProviderType or None,
        issuer=identity.issuer or None,
        subject=identity.sub or None,
        accepted_at=parse_time(said.acceptanceTime),
        submitted_at=submitted,
        time_spent_s=said.timeSpentInSeconds,
        content=_dump(said.answerContent),
    )


def _dump(content: dict[str, str]) -> str:
    """What `strict_json.dump` gives, without making an encoder."""
    return "{" + ",".join([f"{encode_basestring(k)}:{encode_basestring(v)}" for k, v in content.items()]) + "}"


def _columns(text: str, said: Streams[Segment] | Streams[OldSegment], n_texts: int) -> Segments | None:
    tracks = said.streams.values()
    segments = [s for track in tracks for s in track]
    found = Segments(
        list(said.streams),
        [len(track) for track in tracks],
        [s.id for s in segments],
        [s.start for s in segments],
        [s.end for s in segments],
        [s.text for s in segments],
        [_attributes(s.emotion) for s in segments],
    )
    is_sound = (
        _n_quotes(text) == 2 * (_n_texts(said) + n_texts * len(segments))
        and "" not in found.attributes
        and not _has_negative_zero(found.start_s)
        and not _has_negative_zero(found.end_s)
    )
    return found if is_sound else None


def _n_texts(said: Streams[Segment] | Streams[OldSegment]) -> int:
    """Keys and texts beside the segments."""
    categories = said.categories
    n = 1 + len(said.streams)
    if categories is not UNSET:
        n += 1 + len(categories) + sum(map(len, categories.values()))
    numbers = (said.elapsedTime, said.startTimestamp, said.endTimestamp)
    texts = (said.startUTCTime, said.endUTCTime)
    return n + 3 - numbers.count(UNSET) + 2 * (2 - texts.count(UNSET))


def _n_quotes(text: str) -> int:
    """How many quotes begin or end a key or a text in JSON; -1 where that takes a closer look.

    A key that stands twice, of which readers take the first or the last, has more than what was read of it.
    """
    if "\\" not in text:
        return text.count('"')
    if "\\\\" in text or "\\u0000" in text:
        return -1
    return text.count('"') - text.count('\\"')


def _has_negative_zero(times: list[float]) -> bool:
    return 0.0 in times and any(t == 0 and math.copysign(1, t) < 0 for t in times)


@lru_cache(1024)
def _attributes(emotion: str | None) -> str | None:
    """The rest of a segment as JSON; empty where the text is not a plain one."""
    if emotion is None:
        return None
    return f'{{"emotion":"{emotion}"}}' if PLAIN.fullmatch(emotion) else ""
