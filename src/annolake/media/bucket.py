"""Media in a bucket, below an s3:// prefix; it stays where it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, ParamValidationError

from annolake.errors import MediaError
from annolake.media.headers import HEAD_BYTES
from annolake.media.outcome import Outcome
from annolake.media.sources import Candidate, Staged, changed, copy_hashed

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


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
            raise changed("its ETag is not the one that was listed")
        with to.open("wb") as out:
            size, digest = copy_hashed(got["Body"], out)
        return Staged(candidate, to, size, digest, candidate.version)

    def _key(self, candidate: Candidate) -> str:
        return candidate.uri.removeprefix(f"s3://{self.bucket}/")


def _said(error: ClientError) -> str:
    told = error.response.get("Error", {})
    return f"{told.get('Code', 'Error')}: {told.get('Message', '')}".rstrip(": .")
