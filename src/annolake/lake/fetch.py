"""Where a job's outputs stand: behind S3, or in the bucket folder of the embedded service on this same machine.

Both give the same sources under the same names. From S3 at most `DOWNLOADS` requests run at a time; from disk a file
is read with no request at all. Versions differ (ETag, or size and time), so what was read in one way and is read in
the other later is read again, and found to be there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from annolake.lake.local import CHUNK_BYTES, Body, LocalStore, Source, place, unavailable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from annolake.config import Settings

__all__ = ["Body", "LocalStore", "S3Store", "Source", "Store", "is_local", "store_of"]

DOWNLOADS = 16
"""Most requests at a time."""
AHEAD = 8 * DOWNLOADS
"""Most bodies that wait in memory for whoever reads them."""
NOT_THERE = ("NoSuchKey", "NoSuchBucket", "404", "NotFound")
REFUSED = ("AccessDenied", "403", "Forbidden", "InvalidObjectState")


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
        bucket, prefix = place(prefix_uri)
        try:
            for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
                for entry in page.get("Contents", []):
                    yield Source(
                        f"s3://{bucket}/{entry['Key']}", entry["ETag"].strip('"'), entry["LastModified"], entry["Size"]
                    )
        except ClientError as error:
            if error.response["Error"].get("Code") not in NOT_THERE:
                raise unavailable(prefix_uri, error) from error
        except BotoCoreError as error:
            raise unavailable(prefix_uri, error) from error

    def find(self, uri: str) -> Source | None:
        bucket, key = place(uri)
        try:
            head = self.s3.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error.response["Error"].get("Code") in NOT_THERE:
                return None
            raise unavailable(uri, error) from error
        except BotoCoreError as error:
            raise unavailable(uri, error) from error
        return Source(uri, head["ETag"].strip('"'), head["LastModified"], head["ContentLength"])

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
        bucket, key = place(source.uri)
        try:
            body = self.s3.get_object(Bucket=bucket, Key=key, IfMatch=f'"{source.version}"')["Body"]
            yield from body.iter_chunks(CHUNK_BYTES)
        except (ClientError, BotoCoreError) as error:
            raise unavailable(source.uri, error) from error

    def _get(self, source: Source) -> Body:
        bucket, key = place(source.uri)
        try:
            return Body(source, self.s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        except ClientError as error:
            code = error.response["Error"].get("Code", "")
            if code in NOT_THERE or code in REFUSED:
                return Body(source, None, f"{code}: {error.response['Error'].get('Message', '')}")
            raise unavailable(source.uri, error) from error
        except BotoCoreError as error:
            raise unavailable(source.uri, error) from error
