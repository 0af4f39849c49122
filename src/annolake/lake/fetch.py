"""Reading a job's outputs from the object store: listing, bounded concurrent downloads, manifests by lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlparse

from botocore.exceptions import BotoCoreError, ClientError

from annolake.errors import LabelingUnavailable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DOWNLOADS = 16
"""Most requests at a time."""
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


def list_sources(s3: S3Client, prefix_uri: str) -> Iterator[Source]:
    """Every object under a prefix, in the order of the keys."""
    bucket, prefix = _place(prefix_uri)
    try:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for entry in page.get("Contents", []):
                yield Source(f"s3://{bucket}/{entry['Key']}", entry["ETag"].strip('"'), entry["LastModified"])
    except ClientError as error:
        if error.response["Error"].get("Code") not in NOT_THERE:
            raise _unavailable(prefix_uri, error) from error
    except BotoCoreError as error:
        raise _unavailable(prefix_uri, error) from error


def find_source(s3: S3Client, uri: str) -> Source | None:
    """The newest version of one object; None where there is none."""
    bucket, key = _place(uri)
    try:
        head = s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"].get("Code") in NOT_THERE:
            return None
        raise _unavailable(uri, error) from error
    except BotoCoreError as error:
        raise _unavailable(uri, error) from error
    return Source(uri, head["ETag"].strip('"'), head["LastModified"])


def download(s3: S3Client, sources: Iterable[Source]) -> Iterator[Body]:
    """Contents in the order of the sources; at most `DOWNLOADS` requests at a time."""
    with ThreadPoolExecutor(DOWNLOADS, thread_name_prefix="download") as pool:
        yield from pool.map(lambda source: _get(s3, source), sources)


def read_lines(s3: S3Client, source: Source) -> Iterator[bytes]:
    """The lines of one version of an object, without holding it whole; raises where it was replaced meanwhile."""
    bucket, key = _place(source.uri)
    try:
        body = s3.get_object(Bucket=bucket, Key=key, IfMatch=f'"{source.version}"')["Body"]
        yield from body.iter_lines(chunk_size=1 << 20)
    except (ClientError, BotoCoreError) as error:
        raise _unavailable(source.uri, error) from error


def _get(s3: S3Client, source: Source) -> Body:
    bucket, key = _place(source.uri)
    try:
        return Body(source, s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    except ClientError as error:
        code = error.response["Error"].get("Code", "")
        if code in NOT_THERE or code in REFUSED:
            return Body(source, None, f"{code}: {error.response['Error'].get('Message', '')}")
        raise _unavailable(source.uri, error) from error
    except BotoCoreError as error:
        raise _unavailable(source.uri, error) from error


def _unavailable(uri: str, error: Exception) -> LabelingUnavailable:
    return LabelingUnavailable(f"{uri} cannot be read now: {error}", hint="Try again; nothing half-read was kept.")


def _place(uri: str) -> tuple[str, str]:
    place = urlparse(uri, allow_fragments=False)
    return place.netloc, place.path.lstrip("/")
