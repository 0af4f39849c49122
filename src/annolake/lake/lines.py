"""The lines of a manifest as Arrow columns, block by block: numbered, worker ids replaced by pseudonyms.

Bytes are looked at in bulk (numpy, `bytes.split`), never line by line in Python. What the lines say is read from the
columns by DuckDB (`lake.bulk`) or, where that cannot tell, by the careful reader (`transforms.ground_truth`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

import blake3
import numpy as np
import pyarrow as pa

T = TypeVar("T")
BLOCK_BYTES = 4 << 20
"""What is looked at in one go: small enough for the processor's cache."""
WORKER_KEY = b'"workerId"'
AFTER_KEY = re.compile(rb'(\s*:\s*)("(?:[^"\\]|\\.)*")')
QUOTE, COLON, BACKSLASH, NEWLINE = 0x22, 0x3A, 0x5C, 0x0A
SPACES = np.frombuffer(b" \t\r\v\f", np.uint8)

_LINES: dict[str, pa.DataType] = {
    "line_no": pa.int64(),
    "object_no": pa.int64(),
    "n_keys": pa.int32(),
    "line": pa.string(),
}
LINES = pa.schema(_LINES)
"""`line_no` counts lines from 1, `object_no` those that are not blank from 0. `n_keys` is how often a quote that no
backslash precedes is followed by a colon: the number of keys, where nothing but JSON's usual spacing is used."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far a manifest was read, in whole lines. The ledger keeps it; a longer version is read on from there."""

    n_bytes: int = 0
    n_lines: int = 0
    n_objects: int = 0
    digest: str = ""
    """BLAKE3 of the bytes up to here."""


@dataclass(frozen=True, slots=True)
class Undecodable:
    """A line that is not UTF-8."""

    line_no: int
    object_no: int
    raw: bytes


class LineReader:
    """Reads a stream of bytes once, with the worker ids in it replaced.

    After `batches` is exhausted, `position` is where the whole lines end and `undecodable` the lines left out.
    """

    def __init__(self, chunks: Iterable[bytes], pseudonym: Callable[[str], str]) -> None:
        self.position = Position()
        self.undecodable: list[Undecodable] = []
        self._chunks = iter(chunks)
        self._pseudonym = pseudonym
        self._pseudonyms: dict[bytes, bytes] = {}
        self._hash = blake3.blake3()

    def skip(self, known: Position) -> bool:
        """Pass over what was read before; False where the bytes are not those, and a new reader must begin."""
        left = known.n_bytes
        self._chunks = ahead(self._chunks)
        for chunk in self._chunks:
            self._hash.update(chunk[:left])
            if len(chunk) > left:
                self._chunks = chain([chunk[left:]], self._chunks)
            left -= min(left, len(chunk))
            if not left:
                break
        self.position = known
        return not left and self._hash.hexdigest() == known.digest

    def batches(self, batch_bytes: int) -> Iterator[pa.Table]:
        """Tables of `LINES`, each of whole lines and about that many bytes."""
        parts: list[pa.RecordBatch] = []
        size = 0
        for block in whole_lines(self._chunks):
            parts.append(self._columns(block))
            size += len(block)
            if size >= batch_bytes:
                yield pa.Table.from_batches(parts, schema=LINES)
                parts, size = [], 0
        if parts:
            yield pa.Table.from_batches(parts, schema=LINES)

    def _columns(self, block: bytes) -> pa.RecordBatch:
        before = self.position
        is_whole = block.endswith(b"\n")
        text = self._without_identities(block if is_whole else block + b"\n")
        if b"\r" in text:
            text = text.replace(b"\r\n", b"\n")
        found = np.frombuffer(text, np.uint8)
        ends = np.flatnonzero(found == NEWLINE)
        starts = np.concatenate(([0], ends[:-1] + 1))
        is_blank = _blank(found, starts, ends)
        offsets = np.append(starts, len(text)) - np.arange(len(ends) + 1)  # without the line ends
        line = pa.Array.from_buffers(
            pa.string(),
            len(ends),
            [None, pa.py_buffer(offsets.astype(np.int32).tobytes()), pa.py_buffer(text.replace(b"\n", b""))],
        )
        object_no = before.n_objects + np.cumsum(~is_blank) - 1
        numbers = before.n_lines + 1 + np.arange(len(ends))
        columns = [pa.array(numbers), pa.array(object_no), pa.array(_keys(found, starts)), line]
        batch = pa.RecordBatch.from_arrays(columns, schema=LINES)
        if is_whole:  # a last line without its end may still grow: the next version reads it again
            self._hash.update(block)
            self.position = Position(
                before.n_bytes + len(block), before.n_lines + len(ends), int(object_no[-1]) + 1, self._hash.hexdigest()
            )
        keep = self._decodable(batch) & ~is_blank
        return batch if keep.all() else batch.filter(pa.array(keep))

    def _decodable(self, batch: pa.RecordBatch) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        keep = np.ones(batch.num_rows, bool)
        try:
            batch["line"].validate(full=True)
        except pa.ArrowInvalid:
            for row, raw in enumerate(bytes(line.as_py()) for line in batch["line"].cast(pa.binary())):
                try:
                    raw.decode()
                except UnicodeDecodeError:
                    keep[row] = False
                    if raw.strip():
                        numbers = batch["line_no"][row].as_py(), batch["object_no"][row].as_py()
                        self.undecodable.append(Undecodable(*numbers, raw))
        return keep

    def _without_identities(self, block: bytes) -> bytes:
        parts = block.split(WORKER_KEY)
        out = [parts[0]]
        size = 0  # of what stood after the key the last time: most ids of a manifest are of one length
        for part in parts[1:]:
            known = self._pseudonyms.get(part[:size])
            if known is None:
                size = part.find(b'"', 4) + 1  # "workerId": "name", as most programs write it
                known = self._pseudonyms.get(part[:size])
                if known is None:
                    found, known = self._rename(part, part[:size])
                    size = len(found)
            out.append(known)
            out.append(part[size:])
        return b"".join(out)

    def _rename(self, part: bytes, head: bytes) -> tuple[bytes, bytes]:
        """What stands between the key and the end of its value, and what takes its place."""
        found = AFTER_KEY.match(part)
        if not found:
            return b"", WORKER_KEY
        try:
            name = json.loads(found[2])
        except ValueError:
            return b"", WORKER_KEY  # the line is malformed, and will be found so
        renamed = WORKER_KEY + found[1] + json.dumps(self._pseudonym(name) if name else name).encode()
        if found[0] == head:
            self._pseudonyms[head] = renamed
        return found[0], renamed


def ahead(items: Iterator[T]) -> Iterator[T]:
    """The items, each made by a thread while the one before is worked on.

    >>> list(ahead(iter("ab")))
    ['a', 'b']
    """
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as pool:
        coming = pool.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = pool.submit(next, items, None)
            yield item


def whole_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The bytes again, cut after line ends; only the last piece may lack its own."""
    rest = b""
    for chunk in chunks:
        cut = chunk.rfind(b"\n") + 1
        if cut:
            yield b"".join((rest, memoryview(chunk)[:cut]))
            rest = chunk[cut:]
        else:
            rest += chunk
    if rest:
        yield rest


def _blank(found: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Which lines have nothing but spaces: some tools write such lines between, they are no objects."""
    is_blank: np.ndarray = starts == ends
    for row in np.flatnonzero(~is_blank & np.isin(found[starts], SPACES)):
        is_blank[row] = not found[starts[row] : ends[row]].tobytes().strip()
    return is_blank


def _keys(found: np.ndarray, starts: np.ndarray) -> np.ndarray:
    keys = np.flatnonzero(found[2:] == COLON)  # few bytes are: the rest is asked of those
    keys = keys[found[keys + 1] == QUOTE]
    keys = keys[found[keys] != BACKSLASH]
    n_keys: np.ndarray = np.diff(np.searchsorted(keys, np.append(starts, len(found)))).astype(np.int32)
    return n_keys
