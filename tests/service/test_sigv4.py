"""Signatures against the examples that Amazon published, and the streamed payloads of S3."""

from __future__ import annotations

import base64
import datetime as dt
import zlib
from collections.abc import Callable

import pytest

from annolake.config import Settings
from annolake.service import sigv4
from annolake.service.faults import S3Fault
from annolake.service.payload import Payload
from annolake.service.sigv4 import EMPTY_SHA256, Signed, Verified, verify

KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
NOW = dt.datetime(2013, 5, 24, tzinfo=dt.UTC)
HOST = "examplebucket.s3.amazonaws.com"
SCOPE = f"{KEY}/20130524/us-east-1/s3/aws4_request"
CHUNK_SIGNATURES = [
    "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
    "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
    "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
]


@pytest.fixture
def example(make_settings: Callable[..., Settings]) -> Settings:
    return make_settings(access_key=KEY, secret_key=SECRET)


def authorization(headers: str, signature: str) -> str:
    return f"AWS4-HMAC-SHA256 Credential={SCOPE},SignedHeaders={headers},Signature={signature}"


def test_published_get_object(example: Settings) -> None:
    headers = {
        "host": HOST,
        "range": "bytes=0-9",
        "x-amz-content-sha256": EMPTY_SHA256,
        "x-amz-date": "20130524T000000Z",
        "authorization": authorization(
            "host;range;x-amz-content-sha256;x-amz-date",
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
    }
    verify(example, "s3", Signed("GET", "/test.txt", "", headers), EMPTY_SHA256, NOW)
    with pytest.raises(sigv4.SignatureFault, match="does not match"):
        verify(example, "s3", Signed("GET", "/test2.txt", "", headers), EMPTY_SHA256, NOW)


def test_published_presigned_url(example: Settings) -> None:
    query = (
        f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={SCOPE.replace('/', '%2F')}&X-Amz-Date=20130524T000000Z"
        "&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    )
    request = Signed("GET", "/test.txt", query, {"host": HOST})
    verify(example, "s3", request, "", NOW)
    with pytest.raises(sigv4.SignatureFault, match="expired"):
        verify(example, "s3", request, "", NOW + dt.timedelta(days=1, seconds=1))


def published_upload(example: Settings) -> tuple[dict[str, str], Verified]:
    headers = {
        "host": "s3.amazonaws.com",
        "x-amz-date": "20130524T000000Z",
        "x-amz-storage-class": "REDUCED_REDUNDANCY",
        "content-encoding": "aws-chunked",
        "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "x-amz-decoded-content-length": "66560",
        "content-length": "66824",
    }
    names = ";".join(sorted(headers))
    signature = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
    signed = headers | {"authorization": authorization(names, signature)}
    request = Signed("PUT", "/examplebucket/chunkObject.txt", "", signed)
    return signed, verify(example, "s3", request, headers["x-amz-content-sha256"], NOW)


def chunked(signatures: list[str]) -> bytes:
    chunks = [b"a" * 65536, b"a" * 1024, b""]
    return b"".join(
        f"{len(chunk):x};chunk-signature={signature}\r\n".encode() + chunk + b"\r\n"
        for chunk, signature in zip(chunks, signatures, strict=True)
    )


@pytest.mark.parametrize("size", [1, 7, 1000, 10**6])
def test_published_streamed_upload_in_any_pieces(example: Settings, size: int) -> None:
    headers, verified = published_upload(example)
    payload, body = Payload(headers, verified), chunked(CHUNK_SIGNATURES)
    content = b"".join(payload.feed(body[start : start + size]) for start in range(0, len(body), size))
    payload.finish()
    assert content == b"a" * 66560


def test_changed_chunk_is_refused(example: Settings) -> None:
    headers, verified = published_upload(example)
    with pytest.raises(S3Fault, match="signature"):
        Payload(headers, verified).feed(chunked(CHUNK_SIGNATURES).replace(b"aaaa", b"aaab", 1))
    with pytest.raises(S3Fault, match="signature"):
        Payload(headers, verified).feed(chunked([CHUNK_SIGNATURES[0], *CHUNK_SIGNATURES[:2]]))
    with pytest.raises(S3Fault, match="ended before"):
        payload = Payload(headers, verified)
        payload.feed(chunked(CHUNK_SIGNATURES)[:-90])
        payload.finish()


def unsigned_trailer(content: bytes, checksum: bytes) -> Payload:
    headers = {"x-amz-trailer": "x-amz-checksum-crc32", "x-amz-decoded-content-length": "5"}
    payload = Payload(headers, Verified("STREAMING-UNSIGNED-PAYLOAD-TRAILER", "", "", "", b""))
    trailer = b"x-amz-checksum-crc32:" + base64.b64encode(checksum)
    assert payload.feed(b"5\r\n" + content + b"\r\n0\r\n" + trailer + b"\r\n\r\n") == content
    return payload


def test_trailing_checksum() -> None:
    unsigned_trailer(b"hello", zlib.crc32(b"hello").to_bytes(4, "big")).finish()
    with pytest.raises(S3Fault, match="checksum"):
        unsigned_trailer(b"hullo", zlib.crc32(b"hello").to_bytes(4, "big")).finish()


@pytest.mark.parametrize("body", [b"zz\r\n", b"-5\r\n", b"5\r\nhelloXX", b"x" * 9000, b"0\r\n" + b"y" * 9000])
def test_malformed_chunks_are_refused(body: bytes) -> None:
    payload = Payload({}, Verified("STREAMING-UNSIGNED-PAYLOAD-TRAILER", "", "", "", b""))
    with pytest.raises(S3Fault, match="malformed"):
        payload.feed(body)
