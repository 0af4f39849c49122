"""The body of an S3 upload as it arrives: plain, or `aws-chunked` with chunk signatures and trailing checksums."""

from __future__ import annotations

import base64
import hashlib
import hmac
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from annolake.service import sigv4
from annolake.service.crc import crc32c, crc64nvme
from annolake.service.faults import S3Fault

HEADER_LIMIT = 8192
CHECKSUM = "x-amz-checksum-"
ABOUT = (f"{CHECKSUM}algorithm", f"{CHECKSUM}type", f"{CHECKSUM}mode")
"""Headers that say something of a checksum, but are none."""


class _Crc32:
    def __init__(self) -> None:
        self.value = 0

    def update(self, chunk: bytes) -> None:
        self.value = zlib.crc32(chunk, self.value)

    def digest(self) -> bytes:
        return self.value.to_bytes(4, "big")


CHECKSUMS: dict[str, Callable[[], Any]] = {
    f"{CHECKSUM}crc32": _Crc32,
    f"{CHECKSUM}crc32c": crc32c,
    f"{CHECKSUM}crc64nvme": crc64nvme,
    f"{CHECKSUM}sha1": lambda: hashlib.sha1(usedforsecurity=False),
    f"{CHECKSUM}sha256": hashlib.sha256,
}


class Payload:
    """Decodes what arrives and proves at the end that it is what was signed and promised."""

    def __init__(self, headers: Mapping[str, str], verified: sigv4.Verified) -> None:
        self._headers = headers
        self._verified = verified
        self._sha256 = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False)
        announced = {name for name in (*headers, *_trailer_names(headers)) if name.startswith(CHECKSUM)} - {*ABOUT}
        if unknown := sorted(announced - CHECKSUMS.keys()):
            known = ", ".join(name.removeprefix(CHECKSUM) for name in CHECKSUMS)
            raise S3Fault(501, "NotImplemented", f"{unknown[0]} cannot be checked here; use one of {known}")
        self._checksums = {name: CHECKSUMS[name]() for name in announced}
        self._chunks = _Chunks(verified) if verified.payload_hash.startswith(sigv4.STREAMING) else None
        self._size = 0

    def feed(self, data: bytes) -> bytes:
        """Raw bytes in, object bytes out."""
        content = self._chunks.feed(data) if self._chunks else data
        self._size += len(content)
        if not self._chunks:
            self._sha256.update(content)
        if "content-md5" in self._headers:
            self._md5.update(content)
        for checksum in self._checksums.values():
            checksum.update(content)
        return content

    def finish(self) -> None:
        """Raises `S3Fault` where the body is not what was signed or promised."""
        trailers: Mapping[str, str] = {}
        if self._chunks:
            trailers = self._chunks.finish()
            length = self._headers.get("x-amz-decoded-content-length", "")
            if length and length != str(self._size):
                raise S3Fault(400, "IncompleteBody", f"The body has {self._size} bytes, {length} were promised")
        elif self._verified.payload_hash != sigv4.UNSIGNED and not hmac.compare_digest(
            self._sha256.hexdigest(), self._verified.payload_hash
        ):
            raise S3Fault(
                400, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' does not match the body"
            )
        if "content-md5" in self._headers and not _same(self._headers["content-md5"], self._md5.digest()):
            raise S3Fault(400, "BadDigest", "The Content-MD5 you specified did not match what we received")
        for name, checksum in self._checksums.items():
            promised = trailers.get(name) or self._headers.get(name)
            if promised and not _same(promised, checksum.digest()):
                raise S3Fault(400, "BadDigest", f"The {name} you specified did not match the calculated checksum")


class _Chunks:
    """`size[;chunk-signature=..] CRLF bytes CRLF ... 0 CRLF trailers CRLF`."""

    def __init__(self, verified: sigv4.Verified) -> None:
        self._verified = verified
        self._is_signed = "HMAC" in verified.payload_hash
        self._previous = verified.signature
        self._signature = ""
        self._buffer = b""
        self._left = -1  # bytes left of the chunk; -1: a chunk's header comes next; -2: trailers
        self._hash = hashlib.sha256()

    def feed(self, data: bytes) -> bytes:
        self._buffer += data
        out = []
        while True:
            if self._left == -2:
                if len(self._buffer) > HEADER_LIMIT:
                    raise _broken("trailers are too long")
                break
            if self._left == -1:
                line, found, rest = self._buffer.partition(b"\r\n")
                if not found:
                    if len(self._buffer) > HEADER_LIMIT:
                        raise _broken("a chunk header is too long")
                    break
                self._begin(line)
                self._buffer = rest
                continue
            if self._left > 0:
                piece, self._buffer = self._buffer[: self._left], self._buffer[self._left :]
                self._left -= len(piece)
                self._hash.update(piece)
                out.append(piece)
            if self._left > 0 or len(self._buffer) < 2:
                break
            if not self._buffer.startswith(b"\r\n"):
                raise _broken("a chunk does not end where its header says")
            self._buffer = self._buffer[2:]
            self._end()
            self._left = -1
        return b"".join(out)

    def _begin(self, line: bytes) -> None:
        size, _, extension = line.decode("latin-1").partition(";")
        try:
            self._left = int(size, 16)
        except ValueError:
            raise _broken(f"{size[:40]!r} is not a chunk size") from None
        if self._left < 0:
            raise _broken("a chunk size is negative")
        self._signature = extension.partition("chunk-signature=")[2]
        self._hash = hashlib.sha256()
        if self._left == 0:
            self._end()
            self._left = -2

    def _end(self) -> None:
        if not self._is_signed:
            return
        v = self._verified
        hashes = (sigv4.EMPTY_SHA256, self._hash.hexdigest())
        expected = sigv4.sign(v.key, "AWS4-HMAC-SHA256-PAYLOAD", v.stamp, v.scope, self._previous, *hashes)
        if not hmac.compare_digest(expected.encode(), self._signature.encode()):
            raise S3Fault(403, "SignatureDoesNotMatch", "A chunk's signature does not match")
        self._previous = expected

    def finish(self) -> dict[str, str]:
        if self._left != -2:
            raise S3Fault(400, "IncompleteBody", "The body ended before its last chunk")
        lines = [line for line in self._buffer.decode("latin-1").split("\r\n") if line.strip()]
        trailers = {}
        for line in lines:
            name, _, value = line.partition(":")
            trailers[name.strip().lower()] = value.strip()
        signature = trailers.pop("x-amz-trailer-signature", "")
        if self._is_signed and trailers:
            v = self._verified
            text = "".join(f"{name}:{value}\n" for name, value in sorted(trailers.items()))
            digest = hashlib.sha256(text.encode()).hexdigest()
            expected = sigv4.sign(v.key, "AWS4-HMAC-SHA256-TRAILER", v.stamp, v.scope, self._previous, digest)
            if not hmac.compare_digest(expected.encode(), signature.encode()):
                raise S3Fault(403, "SignatureDoesNotMatch", "The trailers' signature does not match")
        return trailers


def _trailer_names(headers: Mapping[str, str]) -> list[str]:
    return [name.strip().lower() for name in headers.get("x-amz-trailer", "").split(",")]


def _same(promised: str, digest: bytes) -> bool:
    return hmac.compare_digest(promised.encode(), base64.b64encode(digest))


def _broken(problem: str) -> S3Fault:
    return S3Fault(400, "InvalidRequest", f"The aws-chunked body is malformed: {problem}")
