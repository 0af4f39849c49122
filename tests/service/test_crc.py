"""CRC-32C and CRC-64/NVME: published values, and the same in whatever pieces the bytes come."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from annolake.service.crc import Crc, crc32c, crc64nvme
from annolake.service.faults import S3Fault
from annolake.service.payload import Payload
from annolake.service.sigv4 import UNSIGNED, Verified


@pytest.mark.parametrize(
    ("make", "data", "expected"),
    [
        (crc32c, bytes(32), "8a9136aa"),  # RFC 3720, B.4
        (crc32c, b"\xff" * 32, "62a8ab43"),
        (crc64nvme, bytes(4096), "6482d367eb22b64e"),  # NVM Command Set specification 1.0, 5.2.1.3.5
        (crc64nvme, b"\xff" * 4096, "c0ddba7302eca3ac"),
        (crc64nvme, b"", "0000000000000000"),
    ],
)
def test_published_values(make: Callable[[], Crc], data: bytes, expected: str) -> None:
    crc = make()
    crc.update(data)
    assert crc.digest().hex() == expected


@pytest.mark.parametrize("make", [crc32c, crc64nvme])
def test_pieces_do_not_matter(make: Callable[[], Crc]) -> None:
    dice = random.Random(7)
    data = dice.randbytes(300_000)
    whole, parts = make(), make()
    whole.update(data)
    at = 0
    while at < len(data):
        size = dice.choice([1, 100, 4096, 5000])
        parts.update(data[at : at + size])
        at += size
    assert parts.digest() == whole.digest()


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [("crc32c", "4waSgw==", ""), ("crc64nvme", "rosUhgp5mIg=", ""), ("crc32c", "AAAAAA==", "BadDigest"),
     ("sha512", "AAAA", "NotImplemented")],
)  # fmt: skip
def test_uploads_are_checked_or_refused(name: str, value: str, code: str) -> None:
    def receive() -> None:
        payload = Payload({f"x-amz-checksum-{name}": value}, Verified(UNSIGNED, "", "", "", b""))
        payload.feed(b"123456789")
        payload.finish()

    if not code:
        receive()
        return
    with pytest.raises(S3Fault) as caught:
        receive()
    assert caught.value.code == code
