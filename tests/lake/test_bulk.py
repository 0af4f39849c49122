"""Manifest lines in bulk: the same rows and faults as the careful reader gives, whatever stands in the lines."""

from __future__ import annotations

import json
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annolake.lake import bulk
from annolake.lake.forms import find_form
from annolake.lake.lines import LineReader, Position
from transforms.ground_truth import Fault

ATTRIBUTE = "segments"


def chunks(raw: bytes, size: int) -> list[bytes]:
    return [raw[i : i + size] for i in range(0, len(raw), size)]


def lines_of(raw: bytes, size: int = 7, batch_bytes: int = 40) -> tuple[list[dict[str, Any]], LineReader]:
    reader = LineReader(chunks(raw, size), lambda worker: f"<{worker}>")
    return [row for batch in reader.batches(batch_bytes) for row in batch.to_pylist()], reader


def test_lines_have_their_numbers_and_objects() -> None:
    raw = b'{"a": 1}\n\n  \t\r\n{"b":"\\":", "workerId" : "x\\"y"}\r\n\xff{}\n{"c": {"workerId":"z"}}'
    rows, reader = lines_of(raw)
    assert [(r["line_no"], r["object_no"], r["n_keys"], r["line"]) for r in rows] == [
        (1, 0, 1, '{"a": 1}'), (4, 1, 1, '{"b":"\\":", "workerId" : "<x\\"y>"}'),
        (6, 3, 2, '{"c": {"workerId":"<z>"}}'),
    ]  # fmt: skip
    assert [(u.line_no, u.object_no, u.raw) for u in reader.undecodable] == [(5, 2, b"\xff{}")]
    assert reader.position.n_lines == 5 and reader.position.n_bytes == raw.rfind(b"\n") + 1


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from([b"", b" ", b"{}", b'{"workerId": "w"}', b"\xfe", b'{"k": "\xc3\xa9"}']), max_size=8),
    st.integers(1, 30), st.integers(1, 60), st.booleans(), st.lists(st.just(b'{"n": 1}'), max_size=3),
)  # fmt: skip
def test_chunks_do_not_matter_and_a_longer_version_is_read_on(
    parts: list[bytes], size: int, batch_bytes: int, is_ended: bool, more: list[bytes]
) -> None:
    raw = b"\n".join(parts) + (b"\n" if is_ended else b"")
    rows, reader = lines_of(raw, size, batch_bytes)
    expected = [p.decode().replace('"w"', '"<w>"') for p in raw.split(b"\n") if p.strip() and p != b"\xfe"]
    assert [r["line"] for r in rows] == expected
    assert [r["line_no"] for r in rows] == [n for n, p in enumerate(raw.split(b"\n"), 1) if p.strip() and p != b"\xfe"]
    longer = raw + (b"" if is_ended or not raw else b"\n") + b"".join(p + b"\n" for p in more)
    position = reader.position
    if position.n_bytes:
        again = LineReader(chunks(longer, size), str)
        assert again.skip(position)
        tail = [row["line_no"] for batch in again.batches(batch_bytes) for row in batch.to_pylist()]
        whole = [r["line_no"] for r in lines_of(longer, size)[0]]
        assert tail == [n for n in whole if n > position.n_lines]
        assert not LineReader(chunks(b"x" + longer, size), str).skip(position)
        assert not LineReader(chunks(raw[: position.n_bytes - 1], size), str).skip(position)
    assert isinstance(position, Position)


def read(raw: list[str], *, is_careful: bool) -> tuple[list[Any], list[Any], list[Any], list[Any], list[Fault]]:
    """Lines, tracks, whole answers and faults of some lines, by the fast way or by the careful one alone."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'; SET threads = 2")
        batch = pa.concat_tables(
            list(LineReader(["".join(f"{line}\n" for line in raw).encode()], str).batches(1 << 20))
        )
        if is_careful:
            bulk.read_batch(connection, batch.slice(0, 0), [], ATTRIBUTE)
            valid = "SELECT line_no, object_no::VARCHAR, encode(line), json_valid(line) FROM batch"
            given = connection.sql(valid).fetchall()
            faults = bulk._read_carefully(connection, given, ATTRIBUTE)
        else:
            faults = bulk.read_batch(connection, batch, [], ATTRIBUTE)
        found = [
            sorted(
                (json.loads(json.dumps(row, default=str)) for row in connection.sql(f"FROM {name}").fetchall()),
                key=json.dumps,
            )
            for name in ("landing_line", "landing_track", "landing_segment", "landing_content", "landing_text")
        ]
    for row in found[0]:
        row[3:5] = (json.loads(part or "null") for part in row[3:5])  # keys may stand in another order
    return *found, faults


text = st.one_of(st.just(""), st.sampled_from(["hello", 'a "quoted": b', "nan, inf]", "é\u2028", "a\\", "x,}"]))
odd = st.sampled_from([None, 5, True, "1.5", [], {"k": 1}, -0.5, 1e-7, 10**30])
segment = st.fixed_dictionaries(
    {
        "start": st.one_of(st.floats(0, 30), st.integers(0, 30), odd),
        "end": st.one_of(st.floats(0, 30), odd),
        "labels": st.one_of(st.just(["A"]), st.lists(st.sampled_from(["A", "B", 7]), max_size=2), odd),
        "text": st.one_of(text, st.none()),
        "emotion": st.one_of(text, odd),
    },
    optional={"extra": odd, "id": text},
)
plain = st.fixed_dictionaries(
    {"start": st.floats(0, 30), "end": st.floats(0, 30), "labels": st.just(["A"]), "text": text, "emotion": text}
)
track = st.fixed_dictionaries(
    {"workerId": st.sampled_from(["w1", "w2"]), "submissionTime": st.sampled_from(
        ["2026-01-08T07:12:02.481Z", "2026-01-08T07:12:02Z", "2026-02-30T00:00:00Z", "2026-01-08 07:12", None])},
    optional={"segments": st.one_of(st.lists(st.one_of(plain, plain, segment, odd), max_size=3), odd),
              "timeSpentInSeconds": st.sampled_from([1.5, "2", None, 10**400]), "layer": st.sampled_from(["x", "", 4])},
)  # fmt: skip
whole = st.fixed_dictionaries(
    {
        "workerId": st.sampled_from(["w1", ""]),
        "rawContent": st.sampled_from(['{"annotations": "{}"}', "{oops", "[]", 3]),
    }
)
line = st.fixed_dictionaries(
    {
        "source-ref": st.one_of(st.just("s3://b/k.wav"), st.just("s3://b/k.wav"), odd),
        ATTRIBUTE: st.one_of(
            st.builds(lambda t: {"tracks": t}, st.lists(track, max_size=2)),
            st.builds(lambda t: {"annotationsFromAllWorkers": t, "more": 1}, st.lists(whole, max_size=2)), odd,
        ),
    },
    optional={"duration": odd, "asset-id": text, "note": st.one_of(text, odd)},
)  # fmt: skip
dumped = line.map(json.dumps)
broken = st.sampled_from(
    ["{oops", "[]", "null", '{"source-ref": "s3://x", "n": NaN}', '{"source-ref": "s3://x", "n": 1e999}',
     '{"source-ref": "s3://x",}', '{"source-ref": "s3://x", "n": [1, ]}', '{"source-ref": "\\ud800"}',
     '{"source": "t"}']
)  # fmt: skip
usual = json.dumps(
    {"source-ref": "s3://b/k.wav", ATTRIBUTE: {"tracks": [
        {"workerId": "w1", "submissionTime": "2026-01-08T07:12:02.481Z", "segments": [
            {"start": 0.5, "end": 1, "labels": ["A"], "text": "t", "emotion": "e"}]}]}}
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(dumped, dumped, broken, st.just(usual)), min_size=1, max_size=6))
def test_the_fast_way_and_the_careful_one_agree(raw: list[str]) -> None:
    fast, careful = read([usual, *raw], is_careful=False), read([usual, *raw], is_careful=True)
    assert fast == careful


@pytest.mark.parametrize(
    "changed",
    [
        usual.replace('"text": "t"', '"text": "t", "text": "u"'),
        usual.replace('"text": "t"', '"more": 1, "text": "t"'),
        usual.replace('"end": 1', '"end": "1"').replace('"text": "t", ', ""),
        usual.replace('"start": 0.5', '"start": NaN'),
        usual.replace('"text": "t"', '"text": nAn'),
        usual.replace('"text": "t"', '"text": [NaN]'),
        usual.replace('["A"]', "[-Inf]"),
        usual.replace('"s3://b/k.wav"', '"s3://b/k.wav", "duration": NaN'),
        usual.replace('"w1"', '"w1", "layer": [NaN]'),
    ],
)
def test_a_line_that_does_not_fit_the_form_is_seen(changed: str) -> None:
    form = find_form([usual], ATTRIBUTE)
    assert form and find_form(["{oops", "[]", '{"source-ref": 1}'], ATTRIBUTE) is None
    with duckdb.connect() as connection:
        for raw in (usual, changed):
            batch = next(iter(LineReader([raw.encode() + b"\n"], str).batches(1)))
            for name, columns in bulk.TABLES.items():
                connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({columns})")
            for name in ("landing_batch", "landing_block"):
                connection.register(name, batch)
            assert bool(bulk._read_by_form(connection, form)) == (raw != usual)
