from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annolake.errors import ManifestError
from annolake.manifest.read import check_lines, read_lines
from annolake.manifest.write import asset_lines, dump_lines, manifest_text

URI = "s3://lab/in.manifest"
REF = {"source-ref": "s3://b/a.wav"}

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
names = st.text(min_size=1, max_size=12).filter(lambda n: not n.startswith("$") and n not in ("source", "source-ref"))
origins = st.one_of(
    st.fixed_dictionaries({"source": st.text(max_size=40)}),
    st.fixed_dictionaries({"source-ref": st.from_regex(r"s3://[a-z]{3,9}/[a-z0-9/]{0,9}[a-z]\.wav", fullmatch=True)}),
)
lines = st.lists(
    st.builds(lambda o, rest: {**rest, **o}, origins, st.dictionaries(names, values, max_size=4)), min_size=1
)


@settings(deadline=None)
@given(lines)
def test_what_was_written_is_read(written: list[dict[str, Any]]) -> None:
    text = manifest_text(written, URI)
    assert [line for _, line in read_lines(text.split("\n"), URI)] == written
    assert [line for _, line in read_lines(text.encode().replace(b"\n", b"\r\n").split(b"\n"), URI)] == written
    assert check_lines(text.split("\n"), URI) == []


def test_lines_of_assets() -> None:
    asset = {
        "uri": "s3://m/assets/4f/4f.wav",
        "asset_id": "4f",
        "duration_s": 12.5,
        "peaks_uri": "s3://m/peaks/4f.json",
    }
    silent = {"uri": "s3://m/assets/5a/5a.mp4", "asset_id": "5a", "duration_s": 2.0, "peaks_uri": None}
    copied = {**silent, "uri": "s3://m/assets/6b/6b.avi", "asset_id": "6b", "playable_uri": "s3://m/playable/6b.mp4"}
    text = manifest_text(asset_lines([asset, silent, copied]), URI)
    assert [json.loads(line) for line in text.splitlines()] == [
        {"source-ref": asset["uri"], "asset-id": "4f", "duration": 12.5, "peaks-ref": asset["peaks_uri"]},
        {"source-ref": silent["uri"], "asset-id": "5a", "duration": 2.0},
        {"source-ref": copied["uri"], "asset-id": "6b", "duration": 2.0, "play-ref": copied["playable_uri"]},
    ]


BAD = [
    ("{}", "found neither (keys: none)"),
    ('{"id": 1, "label": 2}', "found neither (keys: id, label)"),
    ('{"source-ref": "s3://b/a", "source": "x"}', "found both"),
    ('{"source-ref": "a.wav"}', 'source-ref is "a.wav"; expected a URI that begins with s3://'),
    ('{"source-ref": "s3://bucket-only"}', "expected a URI"),
    ('{"source-ref": null}', "source-ref is null"),
    ('{"source": 7}', "source is not a text"),
    ('{"source-ref": "s3://b/a", "$x": 1}', "'$x' begins with $"),
    ('{"source-ref": "s3://b/a", "long": "%s"}' % ("x" * 20_001), "'long' has 20,001 characters"),
    ('{"source-ref": "s3://b/a", "x": [%s1]}' % ("1," * 60_000), "at most 100,000"),
    ('{"source": "a", "source": "b"}', "'source' stands twice"),
    ('{"source": "a", "x": NaN}', "NaN is not a JSON number"),
    ('{"source": "a"', "not JSON: Expecting ',' delimiter at character 15"),
    ("[1]", "expected a JSON object, found list"),
    ("[" * 5000, "not JSON"),
    (b'{"source": "\xff"}', "not UTF-8: invalid start byte at byte 12"),
]


@pytest.mark.parametrize(("line", "words"), BAD, ids=range(len(BAD)))
def test_a_bad_line_is_named(line: str | bytes, words: str) -> None:
    with pytest.raises(ManifestError) as refusal:
        list(read_lines(['{"source": "good"}', "", line], URI))
    assert refusal.value.line_no == 3 and str(refusal.value).startswith(f"{URI} line 3: ")
    assert words in refusal.value.problem


def test_all_bad_lines_are_listed() -> None:
    found = check_lines([line for line, _ in BAD], URI)
    assert [f.line_no for f in found] == list(range(1, len(BAD) + 1))
    assert [f.problem for f in check_lines(["", "  "], URI)] == ["the manifest holds no object."]


def test_limits_are_inclusive() -> None:
    line = {**REF, **{f"a{i}": "x" * 20_000 for i in range(4)}}
    rest = 100_000 - len(json.dumps(line, separators=(",", ":"))) - len(',"z":""')
    line["z"] = "y" * rest
    (text,) = dump_lines([line], URI)
    assert len(text) == 100_001  # with its line end
    with pytest.raises(ManifestError, match="100,001 characters"):
        list(dump_lines([{**line, "z": "y" * (rest + 1)}], URI))


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ([{"x": 1}], "found neither"),
        ([{**REF, "x": float("nan")}], "not expressible in JSON"),
        ([], "nothing to label"),
    ],
)
def test_what_must_not_be_written(bad: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(ManifestError, match=words):
        manifest_text(bad, URI)


def test_more_objects_than_a_job_takes() -> None:
    with pytest.raises(ManifestError, match="at most 100,000 objects"):
        manifest_text(({"source": "x"} for _ in range(100_001)), URI)
    assert [p.problem for p in check_lines((r'{"source":"x"}' for _ in range(100_002)), URI)] == [
        "a manifest holds at most 100,000 objects."
    ]


def test_real_output_manifests_are_manifests(shared_data: Path) -> None:
    """An output manifest is the next job's input manifest."""
    files = sorted((shared_data / "ground_truth").rglob("*.manifest"))
    files = [f for f in files if "template" not in f.name]  # its references are to be filled in
    assert files
    for file in files:
        with file.open("rb") as found:
            assert list(read_lines(found, str(file))), file
