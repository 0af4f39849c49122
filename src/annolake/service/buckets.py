"""Buckets in a local folder: one folder a bucket, one file an object, put atomically.

    <root>/<bucket>/<key>         the objects, plain files that any tool reads
    <root>/.objects/<hash>.json   ETag, content type and user metadata, believed while size and mtime still match
    <root>/.staging/, .uploads/   what is not an object yet

Only configured buckets exist. A key that would leave its bucket, by `..` or through a link, is refused. One limit of
files shows: `a` and `a/b` cannot both be objects. A key that ends in `/` is a folder: an object without bytes, there if
somebody put it. Folders that only hold objects are none.
"""

from __future__ import annotations

import hashlib
import json
import mimetypes
import os
import secrets
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO

from annolake.service.faults import S3Fault

KEY_LIMIT = 1024
LAST = "\U0010ffff"
"""Sorts behind every key: `after=folder + LAST` skips a folder without looking into it."""


@dataclass(frozen=True)
class ObjectInfo:
    """What S3 tells of an object."""

    key: str
    size: int
    mtime_ns: int
    etag: str
    content_type: str
    metadata: Mapping[str, str] = field(default_factory=dict)


class Staged:
    """Bytes on their way to become an object or a part."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self.md5 = hashlib.md5(usedforsecurity=False)
        self._file = path.open("xb")

    def write(self, chunk: bytes) -> None:
        """Append bytes."""
        self._file.write(chunk)
        self.md5.update(chunk)
        self.size += len(chunk)

    def close(self) -> None:
        """Bring the bytes to the disk."""
        if not self._file.closed:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()

    def discard(self) -> None:
        """Forget the bytes."""
        self._file.close()
        self.path.unlink(missing_ok=True)


class Buckets:
    """The configured buckets under one folder."""

    def __init__(self, root: Path, names: Sequence[str]) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self.root = root.resolve()
        self.names = list(dict.fromkeys(names))
        self._changing = threading.Lock()  # folders come and go with their objects
        for folder in (*self.names, ".objects", ".staging", ".uploads"):
            (self.root / folder).mkdir(exist_ok=True)

    # -- places ----------------------------------------------------------------------------------------------------

    def bucket(self, name: str) -> Path:
        """Folder of a configured bucket; `NoSuchBucket` for any other name."""
        if name not in self.names:
            raise S3Fault(404, "NoSuchBucket", f"The specified bucket does not exist: {name}")
        return self.root / name

    def path(self, bucket: str, key: str) -> Path:
        """File behind a key, proven to lie in its bucket."""
        folder = self.bucket(bucket)
        if len(key.encode()) > KEY_LIMIT or any(len(part.encode()) > 255 for part in key.split("/")):
            raise S3Fault(400, "KeyTooLongError", "Your key is too long")
        parts = key.removesuffix("/").split("/")
        if "\0" in key or any(part in ("", ".", "..") for part in parts):
            raise S3Fault(400, "InvalidArgument", f"The key {key!r} has an empty, '.' or '..' segment; not supported")
        path = folder.joinpath(*parts)
        if not path.resolve().is_relative_to(folder):
            raise S3Fault(403, "AccessDenied", f"The key {key!r} leads out of its bucket")
        return path

    # -- reading ---------------------------------------------------------------------------------------------------

    def head(self, bucket: str, key: str) -> ObjectInfo:
        """What is known of an object; `NoSuchKey` where there is none."""
        path = self.path(bucket, key)
        info = self.info(bucket, key, path)
        if info is None:
            raise S3Fault(404, "NoSuchKey", f"The specified key does not exist: {key}")
        return info

    def open(self, bucket: str, key: str) -> tuple[ObjectInfo, IO[bytes]]:
        """The bytes of an object with its facts, which are of these bytes even where it is being replaced."""
        path = self.path(bucket, key)
        try:
            file = path.open("rb")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise S3Fault(404, "NoSuchKey", f"The specified key does not exist: {key}") from None
        try:
            return self._info(bucket, key, path, file), file
        except BaseException:
            file.close()
            raise

    def walk(self, bucket: str, prefix: str = "", after: str = "") -> Iterator[tuple[str, Path]]:
        """(key, file) of the objects with a prefix, beyond `after`, in UTF-8 order; folders, where put, as `name/`."""
        for key, path in _walk(self.bucket(bucket), "", prefix, after):
            if not key.endswith("/") or self._sidecar(bucket, key).exists():
                yield key, path

    def info(self, bucket: str, key: str, path: Path) -> ObjectInfo | None:
        """Facts of the file behind a key; None where there is none."""
        try:
            if key.endswith("/"):
                is_put = path.is_dir() and self._sidecar(bucket, key).exists()
                return _folder_info(key, path) if is_put else None
            with path.open("rb") as file:
                return self._info(bucket, key, path, file)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None

    def _info(self, bucket: str, key: str, path: Path, file: IO[bytes]) -> ObjectInfo:
        stat = os.fstat(file.fileno())
        known = self._sidecar(bucket, key)
        try:
            info = ObjectInfo(**json.loads(known.read_bytes()))
            if (info.size, info.mtime_ns) == (stat.st_size, stat.st_mtime_ns):
                return info
        except (FileNotFoundError, ValueError, TypeError):
            pass  # put there by another tool, or changed since: the file itself is the truth
        etag = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()  # type: ignore[arg-type]
        file.seek(0)
        info = ObjectInfo(key, stat.st_size, stat.st_mtime_ns, etag, guess_type(key))
        with self._changing:  # never over the facts of an object that is just taking this one's place
            if path.exists() and path.stat().st_ino == stat.st_ino:
                self._remember(bucket, info)
        return info

    # -- writing ---------------------------------------------------------------------------------------------------

    def stage(self) -> Staged:
        """A place for bytes that are still arriving."""
        return Staged(self.root / ".staging" / secrets.token_hex(12))

    def commit(
        self,
        bucket: str,
        key: str,
        staged: Staged,
        *,
        content_type: str = "",
        metadata: Mapping[str, str] | None = None,
        etag: str = "",
        if_absent: bool = False,
    ) -> ObjectInfo:
        """Make staged bytes the object, at once for all readers and durably."""
        path = self.path(bucket, key)
        try:
            staged.close()
            if key.endswith("/"):
                return self._commit_folder(bucket, key, path, staged)
            mtime_ns = staged.path.stat().st_mtime_ns
            etag = etag or staged.md5.hexdigest()
            info = ObjectInfo(key, staged.size, mtime_ns, etag, content_type or guess_type(key), dict(metadata or {}))
            with self._changing:
                self._make_parents(key, path)
                if if_absent:
                    os.link(staged.path, path)  # fails where the object exists, whoever was first
                    self._remember(bucket, info)
                else:
                    self._remember(bucket, info)
                    staged.path.replace(path)
            _sync_folder(path.parent)
            return info
        except FileExistsError:
            raise S3Fault(412, "PreconditionFailed", "The object exists and If-None-Match was '*'") from None
        finally:
            staged.discard()

    def put(self, bucket: str, key: str, chunks: Iterable[bytes], *, content_type: str = "") -> ObjectInfo:
        """Write an object from pieces."""
        staged = self.stage()
        try:
            for chunk in chunks:
                staged.write(chunk)
            return self.commit(bucket, key, staged, content_type=content_type)
        finally:
            staged.discard()

    def delete(self, bucket: str, key: str) -> None:
        """Remove an object if it is there, and the folders that it leaves empty and that nobody put."""
        path = self.path(bucket, key)
        with self._changing:
            if not key.endswith("/"):
                try:
                    path.unlink()
                except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                    return
            self._sidecar(bucket, key).unlink(missing_ok=True)
            top = self.bucket(bucket)
            folder = path if key.endswith("/") else path.parent
            while folder != top and not self._sidecar(bucket, f"{folder.relative_to(top).as_posix()}/").exists():
                try:
                    folder.rmdir()
                except OSError:
                    break  # not empty
                folder = folder.parent

    def _commit_folder(self, bucket: str, key: str, path: Path, staged: Staged) -> ObjectInfo:
        if staged.size:
            raise S3Fault(400, "InvalidArgument", f"The key {key!r} ends in '/': a folder, which holds no bytes")
        with self._changing:
            self._make_parents(key, path)
            try:
                path.mkdir(exist_ok=True)
            except FileExistsError:
                raise _in_the_way(key) from None
            info = _folder_info(key, path)
            self._remember(bucket, info)
        return info

    def _make_parents(self, key: str, path: Path) -> None:
        if path.is_dir() and not key.endswith("/"):
            raise _in_the_way(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise _in_the_way(key) from None

    def _sidecar(self, bucket: str, key: str) -> Path:
        digest = hashlib.sha256(f"{bucket}/{key}".encode()).hexdigest()
        return self.root / ".objects" / digest[:2] / f"{digest}.json"

    def _remember(self, bucket: str, info: ObjectInfo) -> None:
        path = self._sidecar(bucket, info.key)
        path.parent.mkdir(exist_ok=True)
        staged = self.root / ".staging" / secrets.token_hex(12)
        staged.write_text(json.dumps(asdict(info)))
        staged.replace(path)


def _folder_info(key: str, path: Path) -> ObjectInfo:
    empty = hashlib.md5(usedforsecurity=False).hexdigest()
    return ObjectInfo(key, 0, path.stat().st_mtime_ns, empty, "application/x-directory")


def guess_type(key: str) -> str:
    """Content type by the key's ending."""
    return mimetypes.guess_type(key)[0] or "binary/octet-stream"


def _in_the_way(key: str) -> S3Fault:
    return S3Fault(409, "OperationAborted", f"{key!r} cannot be stored: a part of it is an object or a folder already")


def _sync_folder(folder: Path) -> None:
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return  # the object has been deleted again already
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _walk(folder: Path, base: str, prefix: str, after: str) -> Iterator[tuple[str, Path]]:
    """Depth first, in the order of the keys: a folder sorts as its name with `/`, before what it holds."""
    names = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                is_folder = entry.is_dir(follow_symlinks=False)
                if not is_folder and not (entry.is_file() and _stays_inside(entry, folder, base)):
                    continue
                if entry.name.isprintable() or _is_utf8(entry.name):
                    names.append(entry.name + "/" if is_folder else entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return
    if base and base.startswith(prefix) and base > after:
        yield base, folder
    for name in sorted(names):
        key = base + name
        if not name.endswith("/"):
            if key.startswith(prefix) and key > after:
                yield key, folder / name
        elif (key.startswith(prefix) or prefix.startswith(key)) and (
            after < key or (after.startswith(key) and not after.startswith(key + LAST))
        ):
            yield from _walk(folder / name[:-1], key, prefix, after)


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _stays_inside(entry: os.DirEntry[str], folder: Path, base: str) -> bool:
    if not entry.is_symlink():
        return True
    top = folder if not base else folder.parents[base.count("/") - 1]
    return Path(entry.path).resolve().is_relative_to(top.resolve())
