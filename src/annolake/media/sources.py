"""Where media comes from: a local folder or file, or an s3:// prefix. Lists candidates in a stable order, fetches them.

Hidden files and folders are left out. Links are followed, but no folder is entered twice. Pipes, sockets and devices
are never opened.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote_to_bytes

from blake3 import blake3
from botocore.exceptions import ClientError, ParamValidationError

from annolake.config import Settings
from annolake.errors import MediaError
from annolake.labeling.clients import s3 as s3_client
from annolake.media.headers import HEAD_BYTES, claims_media, looks_like_media
from annolake.media.outcome import Outcome, refused

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

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
    if source.startswith("s3://"):
        return BucketSource(s3_client(settings), source)
    if "://" in source and not source.startswith("file://"):
        raise MediaError("no_source", f"{source}: media comes from a folder, a file or an s3:// prefix.")
    return LocalSource(Path(source.removeprefix("file://")).expanduser())


def wants_probe(source: Source, candidate: Candidate) -> bool:
    """Whether name or first bytes claim to be media; anything else is skipped without being copied."""
    return claims_media(candidate.name) or looks_like_media(source.head(candidate))


# -- local files --------------------------------------------------------------------------------------------------


class LocalSource:
    """A folder with everything below it, or one file."""

    is_in_place = False

    def __init__(self, root: Path) -> None:
        try:
            self.root = root.resolve()
        except (OSError, RuntimeError) as error:  # a link that leads to itself
            raise MediaError("no_source", f"{root}: {error}.") from None
        self.prefix = self.root.as_uri()

    def candidates(self) -> tuple[list[Candidate], list[Outcome]]:
        problems: list[Outcome] = []
        paths = [self.root]
        try:
            if stat.S_ISDIR(self.root.stat().st_mode):
                os.scandir(self.root).close()
                paths = list(self._walk(self.root, frozenset(), set(), problems))
        except FileNotFoundError:
            raise MediaError("no_source", f"{self.root}: there is no such file or folder.") from None
        except OSError as error:
            raise MediaError(
                "unreadable", f"{self.root} cannot be read: {error.strerror}.", hint=f"ls -ld '{self.root}'"
            ) from None
        found = [c for path in paths if (c := self._candidate(path, problems))]
        if not found and not problems:
            raise MediaError(
                "empty_folder",
                f"{self.root} holds no file.",
                hint="Hidden files, whose names begin with a dot, do not count.",
            )
        return found, problems

    def _walk(
        self, folder: Path, above: frozenset[tuple[int, int]], seen: set[tuple[int, int]], problems: list[Outcome]
    ) -> Iterator[Path]:
        try:
            status = folder.stat()
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda e: os.fsencode(e.name))
        except OSError as error:
            problems.append(_unreadable(folder, error))
            return
        here = (status.st_dev, status.st_ino)
        if here in above:
            loop = MediaError("symlink_loop", "The link leads back to a folder that it lies in; it was not followed.")
            problems.append(refused(folder.as_uri(), _name(folder), loop))
            return
        if here in seen:
            return  # reached by two ways; its files are there once
        seen.add(here)
        for entry in entries:
            if entry.name.startswith("."):
                continue
            path = Path(entry.path)
            try:
                is_folder = entry.is_dir()
            except OSError:
                is_folder = False
            if is_folder:
                yield from self._walk(path, above | {here}, seen, problems)
            else:
                yield path

    def _candidate(self, path: Path, problems: list[Outcome]) -> Candidate | None:
        try:
            status = path.stat()
        except OSError as error:
            problems.append(_unreadable(path, error))
            return None
        if not stat.S_ISREG(status.st_mode):
            why = MediaError("not_media", "It is a pipe, socket or device, not a file.")
            problems.append(refused(path.as_uri(), _name(path), why))
            return None
        return Candidate(path.as_uri(), _name(path), status.st_size)

    def head(self, candidate: Candidate) -> bytes:
        with _opened(candidate) as file:
            return bytes(file.read(HEAD_BYTES))

    def version(self, candidate: Candidate) -> str:
        with _opened(candidate) as file:
            size, digest = _copy(file, None)
        return _local_version(size, digest)

    def fetch(self, candidate: Candidate, to: Path) -> Staged:
        with _opened(candidate) as file, to.open("wb") as out:
            before = _state(os.fstat(file.fileno()))
            size, digest = _copy(file, out)
            after = _state(_path(candidate).stat())
        if before != after or size != before[0]:
            raise _changed(f"{before[0]:,} bytes before, {after[0]:,} after")
        return Staged(candidate, to, size, digest, _local_version(size, digest))


def _opened(candidate: Candidate) -> Any:
    try:
        return _path(candidate).open("rb")
    except OSError as error:
        raise MediaError(
            "unreadable", f"The file cannot be opened: {error.strerror}.", hint="Check its owner and mode."
        ) from None


def _path(candidate: Candidate) -> Path:
    return Path(os.fsdecode(unquote_to_bytes(candidate.uri.removeprefix("file://"))))


def _state(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_size, status.st_mtime_ns, status.st_ino


def _copy(file: Any, out: Any | None) -> tuple[int, str]:
    hasher = blake3()
    size = 0
    while piece := file.read(PIECE):
        hasher.update(piece)
        size += len(piece)
        if out is not None:
            out.write(piece)
    return size, hasher.hexdigest()


def _local_version(size: int, digest: str) -> str:
    return f"{size}-{digest[:32]}"


def _changed(how: str) -> MediaError:
    return MediaError(
        "changed_while_reading",
        f"The file changed while it was read: {how}.",
        hint="Ingest it again when it is complete.",
    )


def _unreadable(path: Path, error: OSError) -> Outcome:
    if path.is_symlink():
        if error.errno == errno.ELOOP:
            loop = MediaError("symlink_loop", "The link leads back to itself.")
            return refused(path.as_uri(), _name(path), loop)
        if error.errno == errno.ENOENT:
            broken = MediaError("unreadable", f"The link leads to {path.readlink()}, which does not exist.")
            return refused(path.as_uri(), _name(path), broken)
    what = "folder" if path.is_dir() else "file"
    problem = MediaError(
        "unreadable", f"The {what} cannot be read: {error.strerror}.", hint="Check its owner and mode."
    )
    return refused(path.as_uri(), _name(path), problem)


def _name(path: Path) -> str:
    return os.fsencode(path.name).decode("utf-8", "replace")


# -- buckets ------------------------------------------------------------------------------------------------------


class BucketSource:
    """Objects below an s3:// prefix; they stay where they are."""

    is_in_place = True

    def __init__(self, client: S3Client, prefix: str) -> None:
        self.client = client
        self.prefix = prefix
        self.bucket, _, self.key = prefix.removeprefix("s3://").partition("/")
        if not self.bucket:
            raise MediaError("no_source", f"{prefix}: names no bucket.", hint="s3://bucket/prefix is meant.")

    def candidates(self) -> tuple[list[Candidate], list[Outcome]]:
        found = []
        try:
            for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.key):
                found += [self._candidate(o) for o in page.get("Contents", []) if self._is_wanted(o["Key"])]
        except ClientError as error:
            raise MediaError("no_source", f"{self.prefix}: {_said(error)}.") from None
        except ParamValidationError as error:
            raise MediaError("no_source", f"{self.prefix}: {error}") from None
        inside = [c for c in found if self._is_inside(self._key(c))]
        if not found:
            raise MediaError("empty_folder", f"{self.prefix}: no object's key begins so.")
        return sorted(inside or found, key=lambda c: c.uri.encode()), []

    def _is_wanted(self, key: str) -> bool:
        below = key[self.key.rfind("/") + 1 :]
        return not key.endswith("/") and not any(part.startswith(".") for part in below.split("/"))

    def _is_inside(self, key: str) -> bool:
        """Whether the prefix, taken as a folder or a whole key, holds it; `media` does not mean `media2/a.wav`."""
        return not self.key or key == self.key or key.startswith(f"{self.key.rstrip('/')}/")

    def _candidate(self, found: Any) -> Candidate:
        key = found["Key"]
        uri = f"s3://{self.bucket}/{key}"
        return Candidate(uri, key.rsplit("/", 1)[-1], int(found["Size"]), found["ETag"].strip('"'))

    def head(self, candidate: Candidate) -> bytes:
        if not candidate.bytes:
            return b""
        try:
            got = self.client.get_object(
                Bucket=self.bucket, Key=self._key(candidate), Range=f"bytes=0-{HEAD_BYTES - 1}"
            )
        except ClientError as error:
            raise MediaError("unreadable", f"The object cannot be read: {_said(error)}.") from None
        return got["Body"].read()

    def version(self, candidate: Candidate) -> str:
        return candidate.version

    def fetch(self, candidate: Candidate, to: Path) -> Staged:
        try:
            got = self.client.get_object(Bucket=self.bucket, Key=self._key(candidate))
        except ClientError as error:
            raise MediaError("unreadable", f"The object cannot be read: {_said(error)}.") from None
        if got["ETag"].strip('"') != candidate.version:
            raise _changed("its ETag is not the one that was listed")
        with to.open("wb") as out:
            size, digest = _copy(got["Body"], out)
        return Staged(candidate, to, size, digest, candidate.version)

    def _key(self, candidate: Candidate) -> str:
        return candidate.uri.removeprefix(f"s3://{self.bucket}/")


def _said(error: ClientError) -> str:
    told = error.response.get("Error", {})
    return f"{told.get('Code', 'Error')}: {told.get('Message', '')}".rstrip(": .")
