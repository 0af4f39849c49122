"""The service's own way to objects by their `s3://` address: its local buckets, or any S3 endpoint, by settings."""

from __future__ import annotations

import io
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Protocol, cast

from annolake.config import Settings
from annolake.errors import ConfigError
from annolake.service import sigv4
from annolake.service.buckets import Buckets
from annolake.service.faults import S3Fault

RESERVED = frozenset({"portal", "elements", "frame", "healthz", "oauth2", "openapi.json"})
NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


class ObjectMissing(Exception):
    """There is no readable object at the address; the text says why."""


class Objects(Protocol):
    """What the service does with objects."""

    def open(self, uri: str) -> IO[bytes]:
        """The bytes at the address; raises `ObjectMissing`."""

    def put(self, uri: str, chunks: Iterable[bytes], content_type: str) -> None:
        """Write an object, at once for all readers."""

    def is_known(self, bucket: str) -> bool:
        """Whether the bucket is one that this service serves."""

    def signed_url(self, uri: str, origin: str, seconds: int) -> str:
        """A URL by which a browser reads the object for a while."""


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of an `s3://` address.

    >>> split_uri("s3://media/a/b.wav")
    ('media', 'a/b.wav')
    """
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not bucket:
        raise ValueError(f"{uri!r} is not an s3:// address")
    return bucket, key


def bucket_names(settings: Settings) -> list[str]:
    """Buckets that the embedded S3 subset serves."""
    more = [name.strip() for name in settings.more_buckets.split(",") if name.strip()]
    names = [settings.media_bucket, settings.labeling_bucket, *more]
    wrong = [name for name in names if name in RESERVED or not NAME.fullmatch(name)]
    if wrong:
        raise ConfigError(
            f"Bucket name {wrong[0]!r}: 3 to 63 lower-case letters, digits, dots and hyphens are needed, and"
            f" {', '.join(sorted(RESERVED))} are the service's own.",
            hint="Settings: media_bucket, labeling_bucket, more_buckets",
        )
    return names


def read_bytes(objects: Objects, uri: str, limit: int) -> bytes:
    """A small object whole; refuses one above `limit` bytes."""
    with objects.open(uri) as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise ObjectMissing(f"{uri} is larger than {limit} bytes")
    return content


def read_lines(objects: Objects, uri: str, limit: int) -> Iterator[bytes]:
    """The lines of an object without holding it; a line above `limit` bytes comes cut at `limit + 1`."""
    with objects.open(uri) as file:
        while line := file.readline(limit + 1):
            yield line.rstrip(b"\r\n")


class LocalObjects:
    """Objects in the service's own buckets."""

    def __init__(self, settings: Settings, buckets: Buckets) -> None:
        self._settings = settings
        self._buckets = buckets

    def open(self, uri: str) -> IO[bytes]:
        try:
            return self._buckets.open(*split_uri(uri))[1]
        except S3Fault as fault:
            raise ObjectMissing(f"{uri}: {fault.code}: {fault.message}") from None
        except ValueError as error:
            raise ObjectMissing(str(error)) from None

    def put(self, uri: str, chunks: Iterable[bytes], content_type: str) -> None:
        bucket, key = split_uri(uri)
        self._buckets.put(bucket, key, chunks, content_type=content_type)

    def is_known(self, bucket: str) -> bool:
        return bucket in self._buckets.names

    def signed_url(self, uri: str, origin: str, seconds: int) -> str:
        bucket, key = split_uri(uri)
        return sigv4.presign(self._settings, origin, bucket, key, seconds)


class S3Objects:
    """Objects behind any other S3 endpoint."""

    def __init__(self, settings: Settings) -> None:
        from annolake.labeling.clients import s3

        self._client = s3(settings)

    def open(self, uri: str) -> IO[bytes]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            bucket, key = split_uri(uri)
            body = self._client.get_object(Bucket=bucket, Key=key)["Body"]
            return io.BufferedReader(cast(io.RawIOBase, _Raw(body.read, body.close)), 1 << 18)
        except (ClientError, ValueError) as error:
            raise ObjectMissing(f"{uri}: {error}") from None
        except BotoCoreError as error:
            raise OSError(f"{uri}: {error}") from error

    def put(self, uri: str, chunks: Iterable[bytes], content_type: str) -> None:
        bucket, key = split_uri(uri)
        with tempfile.TemporaryFile() as file:
            for chunk in chunks:
                file.write(chunk)
            file.seek(0)
            self._client.upload_fileobj(file, bucket, key, ExtraArgs={"ContentType": content_type})

    def is_known(self, bucket: str) -> bool:  # noqa: ARG002 - the endpoint decides, when it is asked
        return True

    def signed_url(self, uri: str, origin: str, seconds: int) -> str:  # noqa: ARG002 - the endpoint has its own
        bucket, key = split_uri(uri)
        return self._client.generate_presigned_url(
            "get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=seconds
        )


class _Raw(io.RawIOBase):
    """A botocore body as a file that can be buffered."""

    def __init__(self, read: Callable[[int], bytes], close: Callable[[], None]) -> None:
        self._read, self._close = read, close

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        chunk = self._read(len(buffer))
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def close(self) -> None:
        self._close()
        super().close()


def open_objects(settings: Settings, buckets: Buckets) -> Objects:
    """The objects that the settings name."""
    return S3Objects(settings) if settings.s3_endpoint else LocalObjects(settings, buckets)
