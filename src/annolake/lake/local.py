"""A job's outputs as files of this machine: `<folder>/<bucket>/<key>`, listed and read with few system calls.

Little is imported here: processes that read files beside a landing (`lake.spread`) start in a tenth of a second.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from operator import itemgetter
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import NamedTuple

import msgspec

from annolake.errors import LabelingUnavailable

TRY_AGAIN = "Try again; nothing half-read was kept."
GONE = (FileNotFoundError, NotADirectoryError)
CHUNK_BYTES = 4 << 20
SMALL_READ = 1 << 16
"""Files are read in pieces of this size: a larger buffer is a memory mapping of its own, and a process may have only
some ten thousands."""


class Source(msgspec.Struct, frozen=True, gc=False):
    """One version of one object in the store. There may be many: the collector of cycles does not look at them."""

    uri: str
    version: str
    modified_at: datetime
    n_bytes: int = 0


class Body(NamedTuple):
    """What a download brought: the content, or why there is none."""

    source: Source
    content: bytes | None
    problem: str = ""


class LocalStore:
    """Objects that are files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self._here = ""

    def path(self, uri: str) -> str:
        """Where the object's file is."""
        return f"{self.folder}/{uri.removeprefix('s3://')}"

    def enter(self, first: str, last: str) -> None:
        """Go where all paths between two are: the kernel looks up each folder of a path, at each call.

        It moves the whole process, so it is for one that does nothing else.
        """
        here = os.path.commonpath([first, last]) + "/"
        if here != self._here:
            self._here = ""
            with suppress(OSError):  # then paths stay long, and what is wrong there is told of the files
                os.chdir(here)
                self._here = here

    def list(self, prefix_uri: str) -> Iterator[Source]:
        return self.below(self.places(prefix_uri))

    def places(self, prefix_uri: str, enough: int = 1, when_enough: Callable[[], None] | None = None) -> Sequence[str]:
        """Paths of files and folders, these with a slash at their end, that hold all keys of a prefix, in their order.

        Folders are opened until there are `enough`, or no folder is left; a folder that has enough is told at once.
        """
        start = f"{self.folder}/{'/'.join(place(prefix_uri))}"
        top = start[: start.rfind("/") + 1]
        found = [path for path in _entries(top, enough, when_enough) if path.startswith(start)]
        while len(found) < enough and any(path.endswith("/") for path in found):
            found = [
                below
                for path in found
                for below in (_entries(path, enough, when_enough) if path.endswith("/") else [path])
            ]
        return found

    def below(self, places: Iterable[str]) -> Iterator[Source]:
        """The objects at such places, in the order of the keys. What vanishes meanwhile is not there."""
        root = len(f"{self.folder}/")
        for path in places:
            cut = path.rfind("/") + 1
            folder = path[:cut].removeprefix(self._here) or "./"
            for file, stat in _files(folder, [path[cut:]] if path[cut:] else None):
                yield _source(f"s3://{path[root:cut]}{file[len(folder) :]}", stat)

    def find(self, uri: str) -> Source | None:
        try:
            path = self._path(uri)
            return _source(uri, path.stat()) if path.is_file() else None
        except OSError as error:
            raise unavailable(uri, error) from error

    def read(self, sources: Iterable[Source]) -> Iterator[Body]:
        for source in sources:
            try:
                yield Body(source, _content(self.path(source.uri).removeprefix(self._here), source.n_bytes))
            except OSError as error:
                yield Body(source, None, f"{error.strerror}")

    def chunks(self, source: Source) -> Iterator[bytes]:
        try:
            with self._path(source.uri).open("rb", buffering=0) as file:
                if _source(source.uri, os.fstat(file.fileno())).version != source.version:
                    raise unavailable(source.uri, OSError("it was replaced meanwhile"))
                while chunk := file.read(CHUNK_BYTES):
                    yield chunk
        except OSError as error:
            raise unavailable(source.uri, error) from error

    def _path(self, uri: str) -> Path:
        bucket, key = place(uri)
        return self.folder / bucket / key


def place(uri: str) -> tuple[str, str]:
    """Bucket and key."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key.lstrip("/")


def unavailable(uri: str, error: Exception) -> LabelingUnavailable:
    """What is raised where outputs cannot be read at all; a single bad file is a row with its reason."""
    return LabelingUnavailable(f"{uri} cannot be read now: {error}", hint=TRY_AGAIN)


def _entries(folder: str, enough: int, when_enough: Callable[[], None] | None) -> list[str]:
    """Files and folders in a folder, in the order of their keys: a folder counts with its slash; links are left out."""
    names: list[str] = []
    try:
        with os.scandir(folder) as found:
            for entry in found:
                if entry.is_dir(follow_symlinks=False):
                    names.append(entry.name + "/")
                elif entry.is_file(follow_symlinks=False):
                    names.append(entry.name)
                if when_enough and len(names) == enough:
                    when_enough()
    except GONE:
        return []
    except OSError as error:
        raise unavailable(folder, error) from error
    names.sort()
    return [folder + name for name in names]


def _files(folder: str, names: Sequence[str] | None = None) -> list[tuple[str, os.stat_result]]:
    """Every file below a folder, or those with such names, in the order of the keys.

    Nearly all that is there are files: `lstat`, which each of them needs, tells it of the others.
    """
    found: list[tuple[str, os.stat_result]] = []
    try:
        for name in _names(folder) if names is None else names:
            try:
                stat = os.lstat(folder + name)
            except GONE:
                continue
            found.append((name + "/" if S_ISDIR(stat.st_mode) else name, stat))
    except OSError as error:
        raise unavailable(str(Path(folder).absolute()), error) from error
    if len(found) > 1:
        found.sort(key=itemgetter(0))
    files: list[tuple[str, os.stat_result]] = []
    for name, stat in found:
        if S_ISREG(stat.st_mode):
            files.append((folder + name, stat))
        elif name[-1] == "/":
            files += _files(folder + name)
    return files


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 - a path object of each would take longer than the listing
    except GONE:
        return []


def _content(path: str, expected: int) -> bytes:
    size = min(expected + 1, SMALL_READ)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        content = os.read(descriptor, size)
        if len(content) < size:  # so it ends there
            return content
        parts = [content]
        while part := os.read(descriptor, SMALL_READ):
            parts.append(part)
        return b"".join(parts)
    finally:
        os.close(descriptor)


def _source(uri: str, stat: os.stat_result) -> Source:
    modified = datetime.fromtimestamp(stat.st_mtime, UTC)
    return Source(uri, f"{stat.st_size:x}-{stat.st_mtime_ns:x}", modified, stat.st_size)
