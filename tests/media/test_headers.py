from __future__ import annotations

import struct
from pathlib import Path

import pytest

from annolake.media.headers import claims_media, looks_like_media, missing_part


@pytest.mark.parametrize("name", ["a.wav", "a.b.MP4", "x.Opus", ".m2ts.mts"])
def test_names_that_claim_media(name: str) -> None:
    assert claims_media(name)


@pytest.mark.parametrize("name", ["LICENSE", "a.rttm", "a.uem", "a.txt", "a.json", "wav", "a.wav.txt"])
def test_names_that_do_not(name: str) -> None:
    assert not claims_media(name)


@pytest.mark.parametrize(
    ("head", "is_media"),
    [
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", True),
        (b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00", True),
        (b"fLaC\x00\x00\x00\x22", True),
        (b"\xff\xfb\x90\x64", True),
        (b"\xff\xfet\x00e\x00x\x00t\x00", False),  # UTF-16 text
        (b"\xff\xff\xff\xff", False),
        (b'{"a": 1}', False),
        (b"", False),
    ],
)
def test_signatures(head: bytes, is_media: bool) -> None:
    assert looks_like_media(head) is is_media


def wav(tmp_path: Path, declared: int, there: int) -> Path:
    path = tmp_path / "a.wav"
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 8000, 16000, 2, 16)
    path.write_bytes(
        b"RIFF"
        + struct.pack("<I", min(36 + declared, 0xFFFFFFFF))
        + b"WAVE"
        + fmt
        + struct.pack("<4sI", b"data", declared)
        + bytes(there)
    )
    return path


@pytest.mark.parametrize(("declared", "there"), [(100, 100), (0xFFFFFFFF, 80), (0, 80), (101, 100)])
def test_whole_wav(tmp_path: Path, declared: int, there: int) -> None:
    assert missing_part(wav(tmp_path, declared, there)) is None


def test_cut_wav_says_how_much_is_there(tmp_path: Path) -> None:
    assert missing_part(wav(tmp_path, 1000, 80)) == "its header declares 1,000 bytes of sound, 80 are there"


def box(name: bytes, size: int) -> bytes:
    return struct.pack(">I4s", size, name) + bytes(max(0, size - 8))


@pytest.mark.parametrize(
    ("boxes", "problem"),
    [
        (box(b"ftyp", 16) + box(b"mdat", 40) + box(b"moov", 20), None),
        (box(b"ftyp", 16) + box(b"moov", 20) + struct.pack(">I4s", 0, b"mdat") + bytes(50), None),
        (box(b"ftyp", 16) + box(b"moov", 20) + box(b"mdat", 40) + b"rubbish at the end", None),
        (box(b"ftyp", 16) + box(b"mdat", 40), "its index ('moov') is missing, which recorders write last"),
        (box(b"ftyp", 16) + box(b"moov", 20), "it holds an index only, no sound or picture ('mdat')"),
        (box(b"ftyp", 16) + box(b"moov", 20) + box(b"mdat", 40)[:30], "its part 'mdat' runs 10 bytes past the end"),
        (box(b"ftyp", 16) + struct.pack(">I4sQ", 1, b"mdat", 1 << 33), "its part 'mdat' runs 8,589,934,576 bytes past"),
    ],
)  # fmt: skip
def test_structure_of_mp4(tmp_path: Path, boxes: bytes, problem: str | None) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(boxes)
    found = missing_part(path)
    assert (found or "").startswith(problem or "") and (found is None) == (problem is None)
