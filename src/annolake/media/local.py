"""Media in a local folder, with everything below it, or in one file.

Candidates come in a stable order. Hidden files and folders are left out. Links are followed, but no folder is entered
twice. Pipes, sockets and devices are never opened.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from annolake.errors import MediaError
from annolake.media.headers import HEAD_BYTES
from annolake.media.outcome import Outcome, refused
from annolake.media.sources import Candidate, Staged, changed, copy_hashed


class LocalSource:
    """A folder with everything below it, or one file."""

    is_in_place = False

    def __init__(self, root: Path) -> None:
        self.root = Path(os.path.realpath(root))
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
            if error.errno == errno.ELOOP:
                raise MediaError("no_source", f"{self.root}: a link that leads to itself.") from None
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
            size, digest = copy_hashed(file, None)
        return _local_version(size, digest)

    def fetch(self, candidate: Candidate, to: Path) -> Staged:
        with _opened(candidate) as file, to.open("wb") as out:
            before = _state(os.fstat(file.fileno()))
            size, digest = copy_hashed(file, out)
            after = _state(_path(candidate).stat())
        if before != after or size != before[0]:
            raise changed(f"{before[0]:,} bytes before, {after[0]:,} after")
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


def _local_version(size: int, digest: str) -> str:
    return f"{size}-{digest[:32]}"


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
