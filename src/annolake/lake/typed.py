"""Worker-response files of the usual shapes, read typed: the form is checked while the text is read, once.

A segmentation's files come from one program and look alike. What has one of the shapes below is read by `msgspec` into
their fields; anything else, however slightly unusual, is left to the careful reader (`transforms.ground_truth`) and the
models (`sql/silver/`), and gives the same rows there. A shape has no room for what readers of JSON take differently:
unknown keys, other types, keys that stand twice, numbers out of range, halves of surrogate pairs, negative zeros.
"""

from __future__ import annotations

import re
from typing import Generic, TypeVar

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
WRITER = msgspec.json.Encoder()
"""Writes texts as `strict_json.dump` does."""
NOBODY = Identity()
UNFIT = (msgspec.DecodeError, UnicodeError, RecursionError)


Annotations = Streams[Segment] | Streams[OldSegment]


def read_file(raw: bytes) -> list[tuple[Answer, Annotations | None]] | None:
    """The answers of a file, as `read_answers` gives them, and their annotations; None where it has another shape.

    Annotations are None where an answer says more, or in another shape: the models unpack it. Whether the values in
    them are sound is told of many at once (`lake.segments`).
    """
    try:
        said = FILE.decode(raw).answers
    except UNFIT:
        return None
    read: list[tuple[Answer, Annotations | None]] = []
    for number, one in enumerate(said):
        answer = _answer(number, one)
        if answer is None:
            return None
        read.append((answer, _annotations(one.answerContent)))
    return read


def _annotations(content: dict[str, str]) -> Annotations | None:
    text = content.get("annotations")
    if text is None or len(content) > 1:
        return None
    for decoder, n_texts in SHAPES:
        try:
            said = decoder.decode(text)
        except UNFIT:
            continue
        n_segments = sum(map(len, said.streams.values()))
        return said if _n_quotes(text) == 2 * (_n_texts(said) + n_texts * n_segments) else None
    return None


def _answer(number: int, said: Said) -> Answer | None:
    submitted = parse_time(said.submissionTime)
    if submitted is None or not said.workerId:
        return None
    identity = (said.workerMetadata and said.workerMetadata.identityData) or NOBODY
    return Answer(  # by place: names would cost as much as the times above
        number,
        said.workerId,
        identity.identityProviderType or None,
        identity.issuer or None,
        identity.sub or None,
        parse_time(said.acceptanceTime),
        submitted,
        said.timeSpentInSeconds,
        WRITER.encode(said.answerContent).decode(),
    )


def _n_texts(said: Annotations) -> int:
    """Keys and texts beside the segments."""
    n = 4 + len(said.streams)
    if said.categories is not UNSET:
        n += 1 + len(said.categories) + sum(map(len, said.categories.values()))
    n -= (said.elapsedTime is UNSET) + (said.startTimestamp is UNSET) + (said.endTimestamp is UNSET)
    return n + 2 * ((said.startUTCTime is not UNSET) + (said.endUTCTime is not UNSET))


def _n_quotes(text: str) -> int:
    """How many quotes begin or end a key or a text in JSON; -1 where that takes a closer look.

    A key that stands twice, of which readers take the first or the last, has more than what was read of it.
    """
    if "\\" not in text:
        return text.count('"')
    if "\\\\" in text or "\\u0000" in text:
        return -1
    return text.count('"') - text.count('\\"')
