"""Where media comes from: what every source can do. `local` is a folder or file, `bucket` an s3:// prefix."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from blake3 import blake3

from annolake.config import Settings
from annolake.errors import MediaError
from annolake.media.headers import claims_media, looks_like_media
from annolake.media.outcome import Outcome

PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Candidate:
    """One file that may be media."""

    uri: str
    name: str
    bytes: int
    version: str = ""
    """Known before reading for objects of a bucket; of a local file it is its size and hash."""


@dataclass(frozen=True, slots=True)
class Staged:
    """A private copy of a candidate that nobody else changes, with the hash of its content."""

    candidate: Candidate
    path: Path
    bytes: int
    content_hash: str
    version: str

    @property
    def asset_id(self) -> str:
        return self.content_hash[:32]


class Source(Protocol):
    """A place with media."""

    prefix: str
    """Every candidate's URI begins with it."""
    is_in_place: bool
    """Whether registered media stays where it is, or is copied to the media bucket."""

    def candidates(self) -> tuple[list[Candidate], list[Outcome]]:
        """Candidates in order, and what could not even be listed. Raises `MediaError` where there is nothing."""

    def head(self, candidate: Candidate) -> bytes:
        """Its first bytes."""

    def version(self, candidate: Candidate) -> str:
        """Its version as it is now; reads a local file."""

    def fetch(self, candidate: Candidate, to: Path) -> Staged:
        """Copy it to a private file; raises `MediaError` where it changes meanwhile or cannot be read."""


def open_source(settings: Settings, source: str) -> Source:
    """The source that a folder, a file or an s3:// prefix names."""
    from annolake.labeling.clients import s3
    from annolake.media.bucket import BucketSource
    from annolake.media.local import LocalSource

    if source.startswith("s3://"):
        return BucketSource(s3(settings), source)
    if "://" in source and not source.startswith("file://"):
        raise MediaError("no_source", f"{source}: media comes from a folder, a file or an s3:// prefix.")
    return LocalSource(Path(source.removeprefix("file://")).expanduser())


def wants_probe(source: Source, candidate: Candidate) -> bool:
    """Whether name or first bytes claim to be media; anything else is skipped without being copied."""
    return claims_media(candidate.name) or looks_like_media(source.head(candidate))


def copy_hashed(file: Any, out: Any | None) -> tuple[int, str]:
    """Copy `file` to `out`, or only read it; its size and BLAKE3 hash."""
    hasher = blake3()
    size = 0
    while piece := file.read(PIECE):
        hasher.update(piece)
        size += len(piece)
        if out is not None:
            out.write(piece)
    return size, hasher.hexdigest()


def changed(how: str) -> MediaError:
    """The refusal of a file that was not left alone."""
    return MediaError(
        "changed_while_reading",
        f"The file changed while it was read: {how}.",
        hint="Ingest it again when it is complete.",
    )
