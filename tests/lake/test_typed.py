"""The typed reader and the careful one say the same of any worker-response file."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from annolake.lake import responses
from annolake.lake.fetch import Body, Source
from annolake.lake.responses import Pseudonyms, Responses, Rows, Stamp
from annolake.lake.silver import LABEL, OBJECT, open_models, run_models
from annolake.lake.typed import read_file
from tests.lake import said
from tests.lake.jobs import START
from transforms import schemas
from transforms.ground_truth import read_answers

many = hypothesis_settings(max_examples=300, deadline=None)
few = hypothesis_settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)

Text = st.SearchStrategy[str]
ODD = [
    "null", "true", "[]", "{}", "0", "-0", "-0.0", "-1.5", "1e400", "1e-400", "1E2", "NaN", "-Infinity", "07", "1.",
    "9007199254740993", "18446744073709551617", "123456789012345678901234567890",
    "0.1000000000000000055511151231257827",
    '""', '"4.5"', '"nan"', r'"\ud800"', r'"\ud83d\ude00"', r'"\u0000"', r'"\u0022id\u0022: 1"', r'"a \"b\": \\ /\/"',
    '"{}"', '"\x01"', '"\x7f"', '"Zoë"', '"-0"', "[1,]", '{"a": 1, "a": 2}', "", "x",
]  # fmt: skip
"""Values as they may stand in a file, some of them no JSON."""
times = st.one_of(st.integers(0, 40), st.floats(0, 40)).map(json.dumps)
words = st.one_of(st.sampled_from(["A", "neutral", "", "a, b"]), st.text(st.characters(codec="utf-8"), max_size=5))


def seldom(chance: int, odd: Text, usual: Text) -> Text:
    return st.integers(0, chance - 1).flatmap(lambda n: odd if n == 0 else usual)


def value(usual: Text) -> Text:
    return seldom(150, st.sampled_from(ODD), usual)


def quoted(usual: st.SearchStrategy[str]) -> Text:
    return st.tuples(usual, st.booleans()).map(lambda found: json.dumps(found[0], ensure_ascii=found[1]))


@st.composite
def an_object(draw: Callable[..., Any], fields: dict[str, Text], spoiled: int = 40) -> str:
    """An object of these fields; sometimes one is missing, unknown, there twice, or set apart in another way."""
    parts = [(key, draw(strategy)) for key, strategy in fields.items()]
    if parts and draw(st.integers(0, spoiled - 1)) == 0:
        number = draw(st.integers(0, len(parts) - 1))
        change = draw(st.sampled_from(["drop", "twice", "rename", "more", "turn"]))
        key, text = parts[number]
        if change == "drop":
            del parts[number]
        elif change == "twice":
            parts.insert(draw(st.integers(0, len(parts))), (key, draw(st.one_of(fields[key], st.sampled_from(ODD)))))
        elif change == "rename":
            parts[number] = (draw(st.sampled_from(["label", "text", "start", "Id", "streams", ""])), text)
        elif change == "more":
            parts.append((draw(st.sampled_from(["label", "speaker", "categories", "elapsedTime"])), text))
        else:
            parts.reverse()
    colon = draw(seldom(40, st.sampled_from([" :", "\n:\t"]), st.sampled_from([": ", ":"])))
    return "{" + ", ".join(f"{json.dumps(key)}{colon}{text}" for key, text in parts) + "}"


def a_list(items: Text, least: int = 0, most: int = 3) -> Text:
    return st.lists(items, min_size=least, max_size=most).map(lambda found: "[" + ",".join(found) + "]")


def annotations() -> Text:
    new = {"id": value(quoted(words)), "start": value(times), "end": value(times), "text": value(quoted(words))}
    old = {"id": value(quoted(words)), "start": value(times), "end": value(times), "label": value(quoted(words))}
    tracks = a_list(seldom(8, an_object(old), an_object(new | {"emotion": value(quoted(words))})))
    olds, arrays = a_list(an_object(old), 1), a_list(a_list(value(times), 4, 4), 1)
    track = st.one_of(tracks, tracks, olds, seldom(3, arrays, tracks))
    fields = {"categories": value(st.just('{"sound": ["A", "B"], "": []}')), "streams": value(streams(value(track)))}
    more = {"elapsedTime": value(times), "startUTCTime": value(quoted(words)), "endTimestamp": value(st.just("17309"))}
    return st.one_of(an_object(fields), an_object(fields | more))


def streams(track: Text) -> Text:
    return st.one_of(an_object({"sound": track}), an_object({"sound": track, "speaker": track}), an_object({"": track}))


def answers() -> Text:
    stamps = st.sampled_from(["2026-01-08T07:12:02.481Z", "2026-01-08 07:12", "2026-01-08T09:12:02+02:00"])
    stamps = seldom(30, st.sampled_from(["2026", "", "0001-01-01T00:00:00+23:00"]), stamps)
    inside = annotations().map(json.dumps)
    content = an_object({"annotations": value(seldom(20, inside.map(json.dumps), inside))}, spoiled=60)
    content = seldom(20, st.one_of(content.map(json.dumps), an_object({"annotations": annotations()})), content)
    identity = an_object(
        {"identityProviderType": value(quoted(words)), "issuer": value(quoted(words)), "sub": value(quoted(words))}
    )
    private = an_object({
        "acceptanceTime": value(stamps.map(json.dumps)), "submissionTime": value(stamps.map(json.dumps)),
        "timeSpentInSeconds": value(times), "workerId": value(quoted(words)),
        "workerMetadata": value(an_object({"identityData": value(identity)})), "answerContent": value(content),
    }, spoiled=60)  # fmt: skip
    submitted = st.integers(0, 9).map(lambda n: f'"2026-01-08T07:12:0{n}Z"')
    public = an_object({"submissionTime": submitted, "workerId": st.just('"w"'), "answerContent": content}, spoiled=60)
    return st.one_of(private, public, public)


def a_file() -> st.SearchStrategy[bytes]:
    whole = an_object({"answers": value(a_list(answers(), 1))}, spoiled=60).map(
        lambda text: text.encode("utf-8", "surrogatepass")
    )
    broken = st.tuples(whole, st.integers(0, 60)).map(lambda found: found[0][: -1 - found[1]])
    return st.integers(0, 19).flatmap(
        lambda n: broken if n == 0 else whole.map(lambda raw: b"\xef\xbb\xbf" + raw) if n == 1 else whole
    )


@many
@given(a_file())
@example(b"")
@example(b'{"answers": []}')
@example(b'{"answers": [{"answerContent": {"a": "\xff"}, "submissionTime": "2026-01-08T07:12Z", "workerId": "w"}]}')
def test_the_same_answers(raw: bytes) -> None:
    typed = read_file(raw)
    if typed is not None:
        assert ([answer for answer, _ in typed], []) == read_answers(raw)


def read(files: list[bytes]) -> Rows:
    found = Responses(Stamp(said.JOB_NAME, "land-1", START, "key"), Pseudonyms("key"))
    for number, raw in enumerate(files):
        uri = f"s3://b/job/annotations/worker-response/iteration-1/{number % 7}/{number}.json"
        found.read(Body(Source(uri, "1", START + timedelta(seconds=number)), raw))
    return found.rows()


def everything(files: list[bytes], task_type: str) -> dict[str, Any]:
    rows = read(files)
    connection = open_models()
    given = rows.show(connection, is_segmentation=task_type.endswith("segmentation"))
    objects = [{"object_id": str(n), "duration_s": 30.0} for n in range(5)]
    about = {
        "landing.job": said._table(schemas.JOB_TABLE, [said._job("said", task_type)]),
        "landing.object": pa.Table.from_pylist(objects, schema=OBJECT),
        "landing.label": LABEL.empty_table(),
    }
    silver = run_models(connection, about | given)
    tables = {"bronze": rows.answers.drop_columns(["answer_id", "n_segments"]), "bad": silver.quarantined} | silver.rows
    found: dict[str, Any] = {name: sorted(map(repr, table.to_pylist())) for name, table in tables.items()}
    counts = [(c.table, c.rule, c.n_rows, c.n_failed) for c in silver.counts]
    return found | {"counts": counts, "people": rows.people.to_pylist(), "outcomes": rows.outcomes.to_pylist()}


@few
@given(st.lists(a_file(), min_size=15, max_size=40), st.sampled_from(["audio_segmentation"] * 4 + ["custom"]))
def test_the_same_rows(files: list[bytes], task_type: str) -> None:
    found = everything(files, task_type)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(responses, "read_file", lambda _: None)
        assert found == everything(files, task_type)


def usual(text: str = "", **changes: Any) -> bytes:
    segment = {"id": "A", "start": 1, "end": 2.5, "text": text, "emotion": "neutral"} | changes
    inside = {"categories": {"sound": ["A"]}, "streams": {"sound": [segment]}, "elapsedTime": 61250}
    answer = {
        "answerContent": {"annotations": json.dumps(inside)},
        "submissionTime": "2026-01-08T07:12:02.481Z",
        "workerId": "w",
    }
    return json.dumps({"answers": [answer]}).encode()


@pytest.mark.parametrize(
    ("raw", "is_typed"),
    [
        (usual(), True),
        (usual('Zoë says "no: never"'), True),
        (usual(emotion="it's"), False),
        (usual(start=-0.0), False),
        (usual(end="2.5"), False),
        (usual(speaker="A"), False),
        (usual(text="back\\slash"), False),
        (usual().replace(rb"\"id\"", rb"\"id\": \"B\", \"id\""), False),
    ],
)
def test_what_is_typed(raw: bytes, is_typed: bool) -> None:
    assert read([raw]).answers["answer_id"].to_pylist() == [0 if is_typed else None]
