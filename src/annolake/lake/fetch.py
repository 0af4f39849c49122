"""Where a job's outputs stand: behind S3, or in the bucket folder of the embedded service on this same machine.

Both give the same sources under the same names. From S3 at most `DOWNLOADS` requests run at a time; from disk a file
is read with no request at all. Versions differ (ETag, or size and time), so what was read in one way and is read in
the other later is read again, and found to be there.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from annolake.errors import LabelingUnavailable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from annolake.config import Settings

DOWNLOADS = 16
"""Most requests at a time."""
AHEAD = 8 * DOWNLOADS
"""Most bodies that wait in memory for whoever reads them."""
CHUNK_BYTES = 4 << 20
SMALL_READ = 1 << 16
"""Files are read in pieces of this size: a larger buffer is a memory mapping of its own, and a process may have only
some ten thousands."""
NOT_THERE = ("NoSuchKey", "NoSuchBucket", "404", "NotFound")
REFUSED = ("AccessDenied", "403", "Forbidden", "InvalidObjectState")


@dataclass(frozen=True, slots=True)
class Source:
    """One version of one object in the store."""

    uri: str
    version: str
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class Body:
    """What a download brought: the content, or why there is none."""

    source: Source
    content: bytes | None
    problem: str = ""


class Store(Protocol):
    """Where outputs are read."""

    def list(self, prefix_uri: str) -> Iterator[Source]:
        """Every object under a prefix, in the order of the keys."""

    def find(self, uri: str) -> Source | None:
        """The newest version of one object; None where there is none."""

    def read(self, sources: Iterable[Source]) -> Iterator[Body]:
        """Contents in the order of the sources."""

    def chunks(self, source: Source) -> Iterator[bytes]:
        """The bytes of one version, without holding it whole; raises where it was replaced meanwhile."""


def store_of(settings: Settings, s3: S3Client) -> Store:
    """The folder behind the embedded service's buckets where it is on this machine, else S3."""
    return LocalStore(settings.buckets_folder) if is_local(settings) else S3Store(s3)


def is_local(settings: Settings) -> bool:
    """Whether the outputs are in the embedded service's buckets, and those on this machine."""
    return not settings.s3_endpoint and (settings.buckets_folder / settings.labeling_bucket).is_dir()


class S3Store:
    """Objects behind the S3 API."""

    def __init__(self, s3: S3Client) -> None:
        self.s3 = s3

    def list(self, prefix_uri: str) -> Iterator[Source]:
        bucket, prefix = _place(prefix_uri)
        try:
            for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
                for entry in page.get("Contents", []):
                    yield Source(f"s3://{bucket}/{entry['Key']}", entry["ETag"].strip('"'), entry["LastModified"])
        except ClientError as error:
            if error.response["Error"].get("Code") not in NOT_THERE:
                raise _unavailable(prefix_uri, error) from error
        except BotoCoreError as error:
            raise _unavailable(prefix_uri, error) from error

    def find(self, uri: str) -> Source | None:
        bucket, key = _place(uri)
        try:
            head = self.s3.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error.response["Error"].get("Code") in NOT_THERE:
                return None
            raise _unavailable(uri, error) from error
        except BotoCoreError as error:
            raise _unavailable(uri, error) from error
        return Source(uri, head["ETag"].strip('"'), head["LastModified"])

    def read(self, sources: Iterable[Source]) -> Iterator[Body]:
        with ThreadPoolExecutor(DOWNLOADS, thread_name_prefix="download") as pool:
            coming: deque[Future[Body]] = deque()
            for source in sources:
                coming.append(pool.submit(self._get, source))
                if len(coming) == AHEAD:
                    yield coming.popleft().result()
            while coming:
                yield coming.popleft().result()

    def chunks(self, source: Source) -> Iterator[bytes]:
        bucket, key = _place(source.uri)
        try:
            body = self.s3.get_object(Bucket=bucket, Key=key, IfMatch=f'"{source.version}"')["Body"]
            yield from body.iter_chunks(CHUNK_BYTES)
        except (ClientError, BotoCoreError) as error:
            raise _unavailable(source.uri, error) from error

    def _get(self, source: Source) -> Body:
        bucket, key = _place(source.uri)
        try:
            return Body(source, self.s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        except ClientError as error:
            code = error.response["Error"].get("Code", "")
            if code in NOT_THERE or code in REFUSED:
                return Body(source, None, f"{code}: {error.response['Error'].get('Message', '')}")
            raise _unavailable(source.uri, error) from error
        except BotoCoreError as error:
            raise _unavailable(source.uri, error) from error


class LocalStore:
    """Objects that are files: `<folder>/<bucket>/<key>`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def list(self, prefix_uri: str) -> Iterator[Source]:
        bucket, prefix = _place(prefix_uri)
        root = self.folder / bucket
        top = root / prefix[: prefix.rfind("/") + 1]
        if not top.is_dir():
            return
        for path, stat in _files(str(top)):
            key = path[len(str(root)) + 1 :]
            if key.startswith(prefix):
                yield _local_source(f"s3://{bucket}/{key}", stat)

    def find(self, uri: str) -> Source | None:
        try:
            path = self._path(uri)
            return _local_source(uri, path.stat()) if path.is_file() else None
        except OSError as error:
            raise _unavailable(uri, error) from error

    def read(self, sources: Iterable[Source]) -> Iterator[Body]:
        for source in sources:
            try:
                yield Body(source, _content(f"{self.folder}/{'/'.join(_place(source.uri))}"))
            except OSError as error:
                yield Body(source, None, f"{error.strerror}")

    def chunks(self, source: Source) -> Iterator[bytes]:
        try:
            with self._path(source.uri).open("rb", buffering=0) as file:
                if _local_source(source.uri, os.fstat(file.fileno())).version != source.version:
                    raise _unavailable(source.uri, OSError("it was replaced meanwhile"))
                while chunk := file.read(CHUNK_BYTES):
                    yield chunk
        except OSError as error:
            raise _unavailable(source.uri, error) from error

    def _path(self, uri: str) -> Path:
        bucket, key = _place(uri)
        return self.folder / bucket / key


def _files(folder: str) -> Iterator[tuple[str, os.stat_result]]:
    """Every file below, in the order of the keys, but for those that other links lead to."""
    with os.scandir(folder) as found:
        entries = [
            (e.name + "/" if (is_folder := e.is_dir(follow_symlinks=False)) else e.name, is_folder, e) for e in found
        ]
    if len(entries) > 1:
        entries.sort(key=itemgetter(0))
    for _, is_folder, entry in entries:
        if is_folder:
            yield from _files(entry.path)
        elif entry.is_file(follow_symlinks=False):
            yield entry.path, entry.stat(follow_symlinks=False)


def _content(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        content = os.read(descriptor, SMALL_READ)
        if len(content) < SMALL_READ:
            return content
        parts = [content]
        while part := os.read(descriptor, SMALL_READ):
            parts.append(part)
        return b"".join(parts)
    finally:
        os.close(descriptor)


def _local_source(uri: str, stat: os.stat_result) -> Source:
    return Source(uri, f"{stat.st_size:x}-{stat.st_mtime_ns:x}", datetime.fromtimestamp(stat.st_mtime, UTC))


def _unavailable(uri: str, error: Exception) -> LabelingUnavailable:
    return LabelingUnavailable(f"{uri} cannot be read now: {error}", hint="Try again; nothing half-read was kept.")


def _place(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key.lstrip("/")
