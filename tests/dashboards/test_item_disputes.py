"""Item and Disputes over a lake whose facts are planted: what they ask, what they draw, what they send."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from streamlit.testing.v1 import AppTest

from annolake.config import Settings
from annolake.lake.reader import ReleaseReader
from annolake.lake.sql import check
from annolake.manifest.read import line_problem
from annolake.manifest.write import manifest_text
from dashboards import diff, player
from dashboards.data import Where, audit, disputes, item
from tests.small_lake import ANN, BEN, CAT, DAN

OpenPage = Callable[..., AppTest]
VOICES, CLIPS = Where(("voices-1",), ("speaker",)), Where(("clips-1",))


@pytest.fixture(scope="module")
def lake(small_lake: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    with ReleaseReader(small_lake) as reader:
        yield reader.connection


def words(app: AppTest) -> str:
    parts = [app.markdown, app.caption, app.info, app.warning, app.code, app.subheader]
    return "\n".join(str(element.value) for kind in parts for element in kind)


# -- item -------------------------------------------------------------------------------------------------------------


def test_the_most_disputed_object_comes_first(lake: duckdb.DuckDBPyConnection) -> None:
    answer = item.items(lake, Where(("voices-1",)))
    assert set(answer.column("object_id")[:5]) == {"0", "1", "2", "3", "4"}, "where DAN says A for B"
    gains = answer.column("gain")
    assert gains == sorted(gains, reverse=True)


def test_an_object_has_its_media_and_job(lake: duckdb.DuckDBPyConnection) -> None:
    (row,) = item.item(lake, "voices-1", "3").table.to_pylist()
    assert (row["asset_name"], row["duration_s"], row["n_annotators"]) == ("voices-1-3.wav", 60.0, 4)
    assert (row["batch_id"], row["level"], row["task_type"]) == ("batch-1", 1, "audio_segmentation")
    assert item.item(lake, "voices-1", "11").is_empty, "nobody answered it"
    assert item.item(lake, "voices-1", "'; drop").is_empty


def test_timelines_are_those_of_the_current_answers_and_the_consensus(lake: duckdb.DuckDBPyConnection) -> None:
    rows = item.segments(lake, "voices-1", "3").table.to_pylist()
    said = {
        w: [(r["label"], r["start_s"], r["end_s"]) for r in rows if r["worker_id"] == w] for w in (ANN, CAT, DAN, "")
    }
    assert said[ANN] == [("A", 0, 20), ("B", 20, 40), ("A", 40, 55)], "her second revision, once"
    assert said[CAT][0] == ("A", 0.4, 20.4)
    assert [label for label, _, _ in said[DAN]] == ["A", "A", "A"]
    assert [label for label, _, _ in said[""]] == ["A", "B", "A"]


def test_the_disputed_span_is_where_dan_differs(lake: duckdb.DuckDBPyConnection) -> None:
    rows = item.disputes(lake, "voices-1", "3").table.to_pylist()
    longest = max(rows, key=lambda r: r["t_end_s"] - r["t_start_s"])
    assert longest["t_start_s"] == pytest.approx(20, abs=0.5) and longest["t_end_s"] == pytest.approx(40, abs=0.5)
    assert set(json.loads(longest["labels"])) == {"A", "B"}
    assert DAN in json.loads(longest["workers"])["A"]


def test_pairs_that_differ_most_come_first(lake: duckdb.DuckDBPyConnection) -> None:
    rows = item.pairs(lake, "voices-1", "3").table.to_pylist()
    assert len(rows) == 6
    assert {rows[0]["worker_a"], rows[0]["worker_b"]} == {CAT, DAN}
    assert {rows[-1]["worker_a"], rows[-1]["worker_b"]} == {ANN, BEN} and rows[-1]["observed_agreement"] == 1


def test_the_audit_chain_has_earlier_revisions(lake: duckdb.DuckDBPyConnection) -> None:
    rows = audit.answers(lake, audit.same_media(lake, "voices-1", "3")).table.to_pylist()
    assert [(r["worker_id"], r["revision_no"], r["is_current"]) for r in rows] == [
        (ANN, 1, False), (BEN, 1, True), (CAT, 1, True), (DAN, 1, True), (ANN, 2, True),
    ]  # fmt: skip
    assert rows[0]["n_segments"] is None and rows[-1]["n_segments"] == 3
    assert {(r["job_name"], r["level"], r["compared_with"], r["added_s"]) for r in rows} == {
        ("voices-1", 1, None, None)
    }
    assert [r["submitted_at"] for r in rows] == sorted(r["submitted_at"] for r in rows)


def test_classes_name_who_differs_from_the_consensus(lake: duckdb.DuckDBPyConnection) -> None:
    rows = item.classes(lake, "clips-1", "0").table.to_pylist()
    assert {r["worker_id"]: (r["label"], r["differs"]) for r in rows} == {
        ANN: ("dog", False), BEN: ("bird", True), CAT: ("dog", False),
    }  # fmt: skip
    assert rows[0]["worker_id"] == BEN


def test_rows_of_the_player(lake: duckdb.DuckDBPyConnection) -> None:
    answers = item.segments(lake, "voices-1", "3"), item.annotators(lake, "voices-1", "3")
    (layer,) = player.layers_of(*answers, {ANN: "Ann"})
    assert layer["rows"][0]["name"] == "Consensus"
    assert {row["name"] for row in layer["rows"]} == {"Consensus", "Ann", BEN, CAT, DAN}
    assert list(layer["colours"]) == ["A", "B"] and len(set(layer["colours"].values())) == 2


@pytest.mark.parametrize(
    ("kind", "labels", "said"),
    [
        ("label", ["A", "B"], "speaker: A or B"),
        ("boundary", ["", "A"], "speaker: where it begins or ends: nothing or A"),
        ("missing", ["A", ""], "speaker: missed by somebody: A or nothing"),
    ],
)
def test_a_dispute_in_words(kind: str, labels: list[str], said: str) -> None:
    assert player.in_words({"layer": "speaker", "kind": kind, "labels": json.dumps(labels)}) == said


def test_texts_side_by_side() -> None:
    reference = "I left the blue suitcase near the station"
    parts = diff.diff(reference, "I left a blue suitcase near the old station")
    assert [text for kind, text in parts if kind != "only_other"] == [
        "I left",
        "the",
        "blue suitcase near the",
        "station",
    ]
    assert [text for kind, text in parts if kind == "only_other"] == ["a", "old"]
    assert diff.middle(["a b c", "a b c d", "x"]) in (0, 1)
    assert diff.as_html([("only_other", "<script>")]) == "<ins>&lt;script&gt;</ins>"
    assert diff.diff("", "") == []


# -- the page Item ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["item", "disputes"])
def test_pages_open_empty(open_page: OpenPage, name: str) -> None:
    app = open_page({}, name)
    assert not app.exception
    assert "no answers yet" in words(app)


def test_item_opens_at_the_most_disputed_and_at_a_link(open_page: OpenPage, lake: duckdb.DuckDBPyConnection) -> None:
    app = open_page(lake, "item")
    assert not app.exception and [t.value for t in app.title] == ["Item"]
    app = open_page(lake, "item", job="voices-1", item="9", t="20.4")
    assert not app.exception
    assert "voices-1-9.wav" in words(app)
    assert "60.0 s · 4 annotators · job `voices-1` · level 1 · Completed" in words(app)
    assert app.selectbox(key="object_of_job").value == ("voices-1", "9")


def test_another_object_is_one_choice_away(open_page: OpenPage, lake: duckdb.DuckDBPyConnection) -> None:
    app = open_page(lake, "item", job="voices-1", item="9", t="20.4")
    app.selectbox(key="object_of_job").select(("clips-1", "0")).run()
    assert not app.exception
    assert app.query_params == {"of": "clips-1", "item": "0"}
    assert "clips-1-0.mp4" in words(app)


def test_everything_on_the_item_page_can_be_taken_away(open_page: OpenPage, lake: duckdb.DuckDBPyConnection) -> None:
    app = open_page(lake, "item", job="voices-1", item="3")
    statements = [c.value for c in app.code if c.language == "sql"]
    assert len(statements) == [b.label for b in app.download_button].count("CSV") >= 5
    assert all(lake.sql(s).to_arrow_table().num_rows for s in statements)
    assert all(check(s) for s in statements), "analysts may ask the same"


@pytest.mark.parametrize("query", [{"t": "soon"}, {"t": "-5"}, {"t": "1e9"}, {"layer": "nobody"}], ids=str)
def test_a_moment_that_is_none_is_passed_over(
    open_page: OpenPage, lake: duckdb.DuckDBPyConnection, query: dict[str, str]
) -> None:
    assert not open_page(lake, "item", job="voices-1", item="3", **query).exception


def test_an_object_that_is_not_there_says_so(open_page: OpenPage, lake: duckdb.DuckDBPyConnection) -> None:
    app = open_page(lake, "item", job="voices-1", item="77")
    assert "Nobody answered object 77 of job voices-1" in words(app)


def test_without_the_media_store_the_page_is_complete_and_says_so(
    open_page: OpenPage, lake: duckdb.DuckDBPyConnection
) -> None:
    open_page(lake, "item", settings={"service_port": 9}, job="voices-1", item="3")
    found = player._media("s3://media/voices-1-3", "s3://media/voices-1-3.json", "audio")
    assert (found.url, found.notice) == ("", player.NO_SERVICE)


# -- disputes ---------------------------------------------------------------------------------------------------------


def test_the_queue_is_filtered_by_kind(lake: duckdb.DuckDBPyConnection) -> None:
    every = disputes.disputes(lake, VOICES)
    labels = disputes.disputes(lake, VOICES, ["label"])
    assert every.column("place") == sorted(every.column("place"))
    assert set(labels.column("kind")) == {"label"} and 5 <= labels.table.num_rows < every.table.num_rows
    (row,) = disputes.summary(lake, VOICES).table.to_pylist()
    assert row["n_disputes"] == every.table.num_rows and row["gain_items"] == 0 < row["gain_s"]


def test_the_first_objects_settle_the_most(lake: duckdb.DuckDBPyConnection) -> None:
    rows = disputes.objects(lake, VOICES).table.to_pylist()
    assert {r["object_id"] for r in rows[:5]} == {"0", "1", "2", "3", "4"}
    settled = [r["settled"] for r in rows]
    steps = [round(b - a, 9) for a, b in zip([0.0, *settled], settled, strict=False)]
    assert settled[-1] == pytest.approx(1) and steps == sorted(steps, reverse=True)
    assert [r["nth"] for r in rows] == list(range(1, len(rows) + 1))


def first(lake: duckdb.DuckDBPyConnection, where: Where, n: int) -> list[dict[str, Any]]:
    """The first objects of the queue."""
    rows: list[dict[str, Any]] = disputes.objects(lake, where).table.slice(0, n).to_pylist()
    return rows


def test_gold_items_are_in_no_manifest(lake: duckdb.DuckDBPyConnection) -> None:
    sent = disputes.to_send(lake, CLIPS, first(lake, CLIPS, 50))
    assert set(sent.column("object_id")) == {"0", "1", "2", "3"}


def test_the_manifest_has_exactly_these_objects(lake: duckdb.DuckDBPyConnection) -> None:
    sent = disputes.to_send(lake, VOICES, first(lake, VOICES, 3))
    assert sent.column("object_id") == [row["object_id"] for row in first(lake, VOICES, 3)]
    lines = disputes.manifest_lines(sent.table.to_pylist())
    assert [line["asset-id"] for line in lines] == [f"voices-1-{n}" for n in sent.column("object_id")]
    assert not any(map(line_problem, lines))
    for line in lines:
        assert line["source-ref"] == f"s3://media/{line['asset-id']}" and line["duration"] == 60
        assert line["categories"] == {"speaker": ["A", "B", "C"]}
        assert all(d["job"] == "voices-1" and d["end"] > d["start"] for d in line["disputes"])
    assert len(manifest_text(lines, "m").splitlines()) == 3


def test_one_file_in_two_jobs_is_one_line_and_strangers_are_left_out() -> None:
    dispute = json.dumps([{"layer": "speaker", "start": 1.0, "end": 2.0, "kind": "label", "labels": '["A", ""]'}])
    row = {"asset_id": "4f", "uri": "s3://b/a.wav", "duration_s": 9.0, "peaks_uri": None, "playable_uri": None,
           "categories": '{"speaker": ["A"]}', "disputes": dispute, "job_name": "one"}  # fmt: skip
    stranger = {**row, "asset_id": None, "uri": None}
    (line,) = disputes.manifest_lines([row, {**row, "job_name": "two"}, stranger])
    assert [d["job"] for d in line["disputes"]] == ["one", "two"]
    assert line["disputes"][0]["labels"] == ["A", ""]


def test_disputes_page(open_page: OpenPage, lake: duckdb.DuckDBPyConnection) -> None:
    app = open_page(lake, "disputes", job="voices-1", layer="speaker")
    assert not app.exception
    assert "The first **10 objects** of 10" in words(app)
    assert 'airflow dags trigger label_batch --conf \'{"assets": ["voices-1-' in words(app)
    app.slider(key="send").set_value(2).run()
    assert not app.exception and "The first **2 objects** of 10" in words(app)
    statements = [c.value for c in app.code if c.language == "sql"]
    assert len(statements) >= 3 and all(lake.sql(s).to_arrow_table().num_rows for s in statements)
    assert all(check(s) for s in statements), "analysts may ask the same"


def test_nothing_disputed_says_so(open_page: OpenPage, lake: duckdb.DuckDBPyConnection) -> None:
    app = open_page(lake, "disputes", job="voices-2")
    assert "Nothing of this choice is disputed" in words(app)


def test_the_player_is_all_local() -> None:
    folder = Path(str(player.__file__)).parent
    for name in ("player.js", "player.css"):
        text = (folder / name).read_text()
        assert "http" not in text and "import " not in text and "innerHTML" not in text
