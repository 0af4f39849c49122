"""Error rates of texts: hand-worked values, the textbook table of edit distance as oracle, and what always holds."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transforms.simulate import filled
from transforms import schemas
from transforms.agreement import transcripts
from transforms.agreement.transcripts import edit_distance, normalise


def table(one: Any, other: Any) -> int:
    """Wagner and Fischer's table, cell by cell."""
    row = list(range(len(other) + 1))
    for i, x in enumerate(one, start=1):
        before, row[0] = row[0], i
        for j, y in enumerate(other, start=1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1]


words = st.lists(st.sampled_from(["a", "b", "c", "the"]), max_size=90)


@settings(max_examples=300, deadline=None)
@given(one=words, other=words, third=words)
def test_edit_distance_is_that_of_the_table(one: list[str], other: list[str], third: list[str]) -> None:
    found = edit_distance(one, other)
    assert found == table(one, other) == edit_distance(other, one)
    assert abs(len(one) - len(other)) <= found <= max(len(one), len(other))
    assert (found == 0) == (one == other)
    assert found <= edit_distance(one, third) + edit_distance(third, other)
    assert edit_distance("".join(one), "".join(other)) == table("".join(one), "".join(other))


def test_error_rates_by_hand() -> None:
    assert edit_distance("kitten", "sitting") == 3 and edit_distance("", "abc") == 3
    assert transcripts.word_error_rate("the cat sat on the mat", "the cat sit on mat") == pytest.approx(2 / 6)
    assert transcripts.character_error_rate("abcd", "abxd") == 0.25
    assert transcripts.word_error_rate("yes", "oh yes indeed") == 2.0  # insertions may exceed the reference
    assert transcripts.word_error_rate(" - ", "x") != transcripts.word_error_rate(" - ", "x")  # NaN


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello,   World!", "hello world"),
        ("don’t STOP", "don't stop"),
        ("'quoted' text", "quoted text"),
        ("well-known", "well known"),
        ("Straße\n\ttwo", "strasse two"),
        ("ﬁne №5", "fine no5"),
        ("e\u0301te\u0301", "été"),
        (" … ", ""),
        ("日本語、です", "日本語 です"),
    ],
)
def test_texts_are_compared_without_writing_style(text: str, expected: str) -> None:
    assert normalise(text) == expected == normalise(expected)


def score(said: dict[tuple[str, str, str], str], annotators: str = "abc", objects: str = "01") -> list[dict[str, Any]]:
    rows = [{"job_name": "j", "object_id": o, "worker_id": w, "layer": x, "text": t} for (o, w, x), t in said.items()]
    asked = [{"job_name": "j", "object_id": o, "worker_id": w} for o in objects for w in annotators]
    found = transcripts.score_items(
        pa.Table.from_pylist(rows, transcripts.TEXTS), pa.Table.from_pylist(asked, transcripts.ANNOTATORS)
    )
    assert found.schema == schemas.MEASURE_TRANSCRIPT_ITEM.arrow
    return found.to_pylist()


def test_sums_over_pairs_by_hand() -> None:
    found = score({("0", "a", "t"): "One two.", ("0", "b", "t"): "one too", ("1", "c", "t"): " !? "})
    assert found == [{
        "job_name": "j", "object_id": "0", "layer": "t", "n_annotators": 3, "n_pairs": 3, "reason_code": None,
        "n_chars": 21, "char_edits": 1 + 7 + 7, "n_words": 6, "word_edits": 1 + 2 + 2, "part": None,
    }]  # fmt: skip
    alone = score({("0", "a", "t"): "hm"}, "a")
    assert [(r["n_pairs"], r["n_chars"], r["reason_code"]) for r in alone] == [(0, 0, "one_annotator")]
    assert score({}) == []


@settings(max_examples=60, deadline=None)
@given(said=st.lists(st.text(alphabet="ab '.é", max_size=12), min_size=3, max_size=3), order=st.permutations("abc"))
def test_names_of_annotators_do_not_matter_and_rates_stay_in_bounds(said: list[str], order: list[str]) -> None:
    first = score({("0", w, "t"): x for w, x in zip("abc", said, strict=True)})
    assert first == score({("0", w, "t"): x for w, x in zip(order, said, strict=True)})
    for row in first:
        assert 0 <= row["char_edits"] <= row["n_chars"] and 0 <= row["word_edits"] <= row["n_words"]
    same = score({("0", w, "t"): said[0] for w in "abc"})
    assert all(row["char_edits"] == row["word_edits"] == 0 for row in same)


def test_texts_of_segments_are_joined_in_order_of_time() -> None:
    key = {"job_name": "j", "object_id": "0", "worker_id": "a", "layer": "speaker", "label": "A"}
    drawn = [
        key | {"start_s": 5.0, "end_s": 6.0, "text": "two"},
        key | {"start_s": 1.0, "end_s": 2.0, "text": "one"},
        key | {"start_s": 7.0, "end_s": 8.0},
        key | {"layer": "transcript", "start_s": 0.0, "end_s": 1.0, "text": "x", "job_name": "k"},
    ]
    whole = [{"job_name": j, "object_id": "0", "worker_id": "a", "transcript": "all of it"} for j in "jk"]
    found = transcripts.texts(filled(schemas.SEGMENT, drawn), filled(schemas.ANNOTATION, whole)).to_pylist()
    assert sorted((r["job_name"], r["layer"], r["text"]) for r in found) == [
        ("j", "speaker", "one two"), ("j", "transcript", "all of it"),
        ("k", "transcript", "x"), ("k", "whole transcript", "all of it"),
    ]  # fmt: skip


def test_the_floor_is_the_rate_between_texts_of_different_objects() -> None:
    """Two people write the same, every object something of its own: the rate is 0 and the floor that of strangers."""
    texts = ["alpha beta", "gamma delta", "one two", "seven eight"]
    said = [{"job_name": "j", "object_id": str(k), "worker_id": w, "layer": "transcript", "text": text}
            for k, text in enumerate(texts) for w in "ab"]  # fmt: skip
    table_of = pa.Table.from_pylist(said, transcripts.TEXTS)
    asked = table_of.select(transcripts.ANNOTATORS.names)
    assert sum(transcripts.score_items(table_of, asked)["word_edits"].to_pylist()) == 0
    floors = {r["measure"]: r["chance_floor"] for r in transcripts.floors(table_of, asked).to_pylist()}
    assert floors["transcript_wer"] == 1.0 and 0.5 < floors["transcript_cer"] <= 1.0
    assert transcripts.floors(table_of.slice(0, 2), asked.slice(0, 2)).num_rows == 0
