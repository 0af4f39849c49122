"""What a file's first bytes and outer structure say, without decoding: is it media, and is all of it there?

Decoders hide a cut file: FFmpeg takes the size of a WAV's data from what is left of the file, so its header has
to be read to see that half of it is missing.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path, PurePath
from typing import BinaryIO

AUDIO_EXTENSIONS = frozenset(
    {".aac", ".ac3", ".aif", ".aifc", ".aiff", ".amr", ".au", ".caf", ".flac", ".m4a", ".m4b", ".mka", ".mp2", ".mp3"}
    | {".oga", ".ogg", ".opus", ".snd", ".spx", ".w64", ".wav", ".wave", ".weba", ".wma"}
)
VIDEO_EXTENSIONS = frozenset(
    {".3gp", ".asf", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".ogv", ".ts"}
    | {".webm", ".wmv"}
)

STRONG = ((0, b"fLaC"), (0, b"OggS"), (0, b"\x1aE\xdf\xa3"), (0, b"ID3"), (0, b"caff"), (0, b"#!AMR"), (0, b".snd"),
          (0, b"FLV\x01"), (0, b"\x00\x00\x01\xba"), (0, b"0&\xb2u\x8ef\xcf\x11"), (0, b"riff.\x91\xcf\x11"),
          (4, b"ftyp"), (4, b"moov"), (4, b"mdat"), (4, b"wide"), (8, b"WAVE"), (8, b"AVI "), (8, b"AIFF"),
          (8, b"AIFC"))  # fmt: skip
MP4_BOXES = frozenset(b"ftyp moov mdat moof free skip wide uuid sidx styp mfra meta emsg pdin".split())
HEAD_BYTES = 16
UNKNOWN_SIZES = (0, 0xFFFFFFFF)
"""What a recorder that writes to a pipe leaves in a WAV header."""


def claims_media(name: str) -> bool:
    """Whether a file's name says that it is audio or video.

    >>> claims_media("talk.MP3"), claims_media("talk.rttm"), claims_media("LICENSE")
    (True, False, False)
    """
    return PurePath(name).suffix.lower() in AUDIO_EXTENSIONS | VIDEO_EXTENSIONS


def looks_like_media(head: bytes) -> bool:
    """Whether the first 16 bytes are the signature of a container that is read here."""
    return any(head[at : at + len(mark)] == mark for at, mark in STRONG) or _is_mpeg_audio(head)


def missing_part(path: Path) -> str | None:
    """What of the file is not there, in words; None where its outer structure is whole or says nothing."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        if head[8:12] == b"WAVE" and head[:4] == b"RIFF":
            return _missing_chunk(file, size, b"data", "<", "its sound")
        if head[8:12] in (b"AIFF", b"AIFC"):
            return _missing_chunk(file, size, b"SSND", ">", "its sound")
        if head[4:8] in MP4_BOXES:
            return _missing_box(file, size)
    return None


def _is_mpeg_audio(head: bytes) -> bool:
    # eleven sync bits, a layer, and not a UTF-16 byte order mark
    return len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] not in (0xFE, 0xFF)


def _missing_chunk(file: BinaryIO, size: int, wanted: bytes, order: str, what: str) -> str | None:
    at = 12
    while at + 8 <= size:
        file.seek(at)
        name, length = struct.unpack(f"{order}4sI", file.read(8))
        if name == wanted:
            there = size - at - 8
            if length in UNKNOWN_SIZES or there + 1 >= length:  # a last pad byte is often left out
                return None
            return f"its header declares {length:,} bytes of {what.removeprefix('its ')}, {there:,} are there"
        at += 8 + length + length % 2
    return f"it ends before {what} begins"


def _missing_box(file: BinaryIO, size: int) -> str | None:
    at, names = 0, set()
    while at + 8 <= size:
        file.seek(at, os.SEEK_SET)
        length, name = struct.unpack(">I4s", file.read(8))
        if name not in MP4_BOXES:
            break  # rubbish at the end disturbs no player
        names.add(name)
        if length == 1:
            wide = file.read(8)
            length = struct.unpack(">Q", wide)[0] if len(wide) == 8 else size + 1
        if length == 0:
            break  # to the end of the file
        if at + length > size:
            return f"its part {name.decode()!r} runs {at + length - size:,} bytes past the end of the file"
        at += max(length, 8)
    if not names & {b"moov", b"moof"}:
        return "its index ('moov') is missing, which recorders write last"
    if not names & {b"mdat", b"moof", b"uuid"}:
        return "it holds an index only, no sound or picture ('mdat')"
    return None
