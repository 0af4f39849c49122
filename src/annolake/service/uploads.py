"""Uploads in parts: each a folder of its parts under `.uploads`, joined to an object when they are all there."""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from annolake.service.buckets import Buckets, ObjectInfo, Staged
from annolake.service.faults import S3Fault

PART_LIMIT = 10_000


class Uploads:
    """The uploads that have begun in some buckets."""

    def __init__(self, buckets: Buckets) -> None:
        self._buckets = buckets

    def create(self, bucket: str, key: str, content_type: str, metadata: Mapping[str, str]) -> str:
        """Begin an upload in parts."""
        self._buckets.path(bucket, key)
        upload_id = secrets.token_hex(16)
        folder = self._buckets.root / ".uploads" / upload_id
        folder.mkdir()
        facts = {"bucket": bucket, "key": key, "content_type": content_type, "metadata": dict(metadata)}
        (folder / "upload.json").write_text(json.dumps(facts))
        return upload_id

    def put_part(self, bucket: str, key: str, upload_id: str, number: int, staged: Staged) -> str:
        """Keep a part; returns its ETag."""
        folder = self._folder(bucket, key, upload_id)
        if not 1 <= number <= PART_LIMIT:
            raise S3Fault(400, "InvalidArgument", f"partNumber must be 1 to {PART_LIMIT}, not {number}")
        staged.close()
        etag = staged.md5.hexdigest()
        for older in folder.glob(f"{number:05d}.*"):
            older.unlink(missing_ok=True)
        staged.path.replace(folder / f"{number:05d}.{etag}")
        return etag

    def parts(self, bucket: str, key: str, upload_id: str) -> list[tuple[int, str, int, int]]:
        """(number, ETag, size, mtime_ns) of the parts that arrived."""
        found = []
        for path in sorted(self._folder(bucket, key, upload_id).glob("[0-9]*.*")):
            number, etag = path.name.split(".")
            found.append((int(number), etag, path.stat().st_size, path.stat().st_mtime_ns))
        return found

    def complete(
        self, bucket: str, key: str, upload_id: str, parts: Sequence[tuple[int, str]], *, if_absent: bool = False
    ) -> ObjectInfo:
        """Join the listed parts to the object."""
        folder = self._folder(bucket, key, upload_id)
        if not parts or [n for n, _ in parts] != sorted({n for n, _ in parts}):
            raise S3Fault(400, "InvalidPartOrder", "The parts must be listed once each, in ascending order")
        facts = json.loads((folder / "upload.json").read_text())
        staged = self._buckets.stage()
        try:
            for number, etag in parts:
                path = folder / f"{number:05d}.{etag}"
                if "/" in etag or not path.is_file():
                    raise S3Fault(400, "InvalidPart", f"Part {number} with ETag {etag} was not uploaded")
                with path.open("rb") as part:
                    while chunk := part.read(1 << 20):
                        staged.write(chunk)
            digests = b"".join(bytes.fromhex(etag) for _, etag in parts)
            etag = f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(parts)}"
            kept = {"content_type": facts["content_type"], "metadata": facts["metadata"]}
            info = self._buckets.commit(bucket, key, staged, **kept, etag=etag, if_absent=if_absent)
        finally:
            staged.discard()
        shutil.rmtree(folder, ignore_errors=True)
        return info

    def abort(self, bucket: str, key: str, upload_id: str) -> None:
        """Forget an upload and its parts."""
        shutil.rmtree(self._folder(bucket, key, upload_id), ignore_errors=True)

    def _folder(self, bucket: str, key: str, upload_id: str) -> Path:
        folder = self._buckets.root / ".uploads" / upload_id
        if upload_id.isalnum() and (folder / "upload.json").is_file():
            facts = json.loads((folder / "upload.json").read_text())
            if (facts["bucket"], facts["key"]) == (bucket, key):
                return folder
        raise S3Fault(404, "NoSuchUpload", f"The specified upload does not exist: {upload_id}")
