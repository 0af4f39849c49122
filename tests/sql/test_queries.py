"""The documented questions: complete headers, and answers that agree with what was planted in the small lake."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from scipy import stats

from annolake.config import Settings
from annolake.errors import LakeError
from annolake.lake.queries import queries, read_query
from annolake.lake.sql import Session, check
from tests.small_lake import ANN, BEN, CAT, CONSOLIDATED_AT, DAN, SPENT, START, clip, filled, truth, voices
from transforms.schemas import TABLES

Rows = list[dict[str, Any]]
Ask = Callable[[str], Rows]
NAMES = sorted(queries())
VOICES = [(n, worker) for n in range(11) for worker in ((ANN, BEN, CAT, DAN) if n < 10 else (ANN,))]


@pytest.fixture(scope="module")
def ask(small_lake: Settings) -> Iterator[Ask]:
    """The rows of a documented question, by its name."""
    with Session(small_lake) as session:
        answered: dict[str, Rows] = {}

        def ask(name: str) -> Rows:
            if name not in answered:
                table = session.ask(queries()[name].sql)
                assert table.column_names == list(queries()[name].columns), name
                answered[name] = table.to_pylist()
            return answered[name]

        yield ask


def only(rows: Rows, **wanted: Any) -> dict[str, Any]:
    """The one row with these values."""
    found = [row for row in rows if all(row[k] == v for k, v in wanted.items())]
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize("name", NAMES)
def test_the_header_says_what_is_asked_and_read(name: str) -> None:
    query = queries()[name]
    assert query.question.endswith("?") and query.how_to_read.endswith(".") and query.columns
    read = check(query.sql) - ({"silver.annotation"} if "silver.annotation" not in query.reads else set())
    assert set(query.reads) == set(read)
    described = {c.name for table in query.reads for c in TABLES[table].columns}
    assert not [c for c, meaning in query.columns.items() if not meaning and c not in described | {"n_workers"}]


def test_there_are_more_than_twenty_and_a_bad_header_is_refused(tmp_path: Path) -> None:
    assert len(NAMES) > 20
    (tmp_path / "x.sql").write_text("/* What?\n grain: a reads: b */ select 1")
    with pytest.raises(LakeError, match="lacks owner, columns, notes"):
        read_query(tmp_path / "x.sql")


@pytest.mark.parametrize("name", NAMES)
def test_rows_are_of_the_grain_in_a_fixed_order(name: str, ask: Ask) -> None:
    rows = ask(name)
    key = [part.strip() for part in queries()[name].grain.split(",")]
    shown = [k for k in key if k in queries()[name].columns]
    keys = [tuple(row[k] for k in shown) for row in rows]
    assert len(set(keys)) == len(keys) or shown != key


# -- agreement --------------------------------------------------------------------------------------------------------


def test_agreement_by_job(ask: Ask) -> None:
    rows = ask("agreement_by_job")
    assert [r["job_name"] for r in rows] == ["clips-1", "voices-1", "voices-2"]  # the lowest bound first
    found = only(rows, job_name="clips-1")
    votes = [Counter(clip(n, w) for w in (ANN, BEN, CAT)) for n in range(16)]
    assert found["alpha"] == pytest.approx(nominal_alpha(votes))
    assert found["alpha_lo"] < found["alpha"] < found["alpha_hi"] and found["n_items"] == 16
    assert only(rows, job_name="voices-2")["alpha"] == 1.0


def nominal_alpha(units: list[Counter[str]]) -> float:
    """Krippendorff's alpha by its definition: coincidences within units against those of all values."""
    n = sum(sum(u.values()) for u in units)
    total: Counter[str] = sum(units, Counter())
    observed = sum(a * b / (sum(u.values()) - 1) for u in units for x, a in u.items() for y, b in u.items() if x != y)
    expected = sum(a * b for x, a in total.items() for y, b in total.items() if x != y) / (n - 1)
    return 1 - observed / expected


def test_measures_of_the_last_job(ask: Ask, small_lake: Settings) -> None:
    rows = ask("measures_of_the_last_job")
    assert {r["job_name"] for r in rows} == {"clips-1"}  # all were made at once; the first by name
    assert {"alpha", "fleiss_kappa"} <= {r["measure"] for r in rows}


def test_worst_items(ask: Ask) -> None:
    rows = ask("worst_items")
    assert {(r["job_name"], r["object_id"]) for r in rows} == {("clips-1", str(n)) for n in range(4)}
    assert all(r["observed_agreement"] == pytest.approx(1 / 3) and r["disagreeing"] == 2 for r in rows)


def test_labels_confused(ask: Ask) -> None:
    """Dan says A for 20 s of B in five recordings, against three others; each meeting weighs 1 / (4 - 1)."""
    rows = [r for r in ask("labels_confused") if r["job_name"] == "voices-1"]
    pair = only(rows, label_a="A", label_b="B")
    assert pair["amount"] == only(rows, label_a="B", label_b="A")["amount"]
    by_hand = 0.0
    for n in range(10):
        for one in (ANN, BEN, CAT, DAN):
            for other in (ANN, BEN, CAT, DAN):
                if one != other:
                    by_hand += shared(voices(n, one), voices(n, other), "A", "B") / 3 / 60
    assert pair["amount"] == pytest.approx(by_hand)
    assert pair["lift"] < 1 and rows[0]["label_a"] != rows[0]["label_b"]
    clips = [r for r in ask("labels_confused") if r["job_name"] == "clips-1"]
    assert only(clips, label_a="bird", label_b="dog")["amount"] == pytest.approx(2)  # two clips, two others, each 1 / 2


def shared(one: list[tuple[str, float, float]], other: list[tuple[str, float, float]], a: str, b: str) -> float:
    """Seconds that are `a` for one and `b` for the other."""
    return sum(max(0.0, min(e, f) - max(s, t)) for x, s, e in one for y, t, f in other if (x, y) == (a, b))


def test_label_reliability(ask: Ask) -> None:
    bird = only(ask("label_reliability"), label="bird")
    votes = [Counter("bird" if clip(n, w) == "bird" else "other" for w in (ANN, BEN, CAT)) for n in range(16)]
    assert bird["alpha_binary"] == pytest.approx(nominal_alpha(votes)) and bird["n_items"] == 4
    assert bird["prevalence"] == pytest.approx(4 / 48)
    assert ask("label_reliability")[0] == bird


def test_agreement_by_media(ask: Ask) -> None:
    rows = ask("agreement_by_media")
    assert {(r["layer"], r["sample_rate_hz"], r["n_items"]) for r in rows} == {
        ("class", 16000, 8), ("class", 48000, 8), ("speaker", 16000, 8), ("speaker", 48000, 8)
    }  # fmt: skip
    assert sum(r["minutes"] for r in rows) == pytest.approx(16 + 16 * 10 / 60)
    even = [n for n in range(16) if n % 2 == 0]
    agreeing = sum(1 / 3 if clip(n, BEN) == "bird" else 1 for n in even) / len(even)
    assert only(rows, layer="class", sample_rate_hz=48000)["observed_agreement"] == pytest.approx(agreeing)


def test_labeled_by_one(ask: Ask) -> None:
    assert [(r["job_name"], r["object_id"]) for r in ask("labeled_by_one")] == [("voices-1", "10")]


def test_disputes_by_gain(ask: Ask) -> None:
    rows = ask("disputes_by_gain")
    assert rows[0]["job_name"] == "voices-1" and set(json.loads(rows[0]["labels"])) == {"A", "B"}
    gains = [r["expected_gain"] for r in rows]
    assert gains == sorted(gains, reverse=True)
    for job in ("voices-1", "clips-1"):
        of_job = [r["gain_so_far"] for r in rows if r["job_name"] == job]
        assert of_job == sorted(of_job) and of_job[-1] == pytest.approx(1)


def test_boundary_deviations(ask: Ask) -> None:
    rows = [r for r in ask("boundary_deviations") if r["job_name"] == "voices-1"]
    offsets = {(r["worker_a"], r["worker_b"]): r["offset_ms"] for r in rows}
    late = {pair: 400 * (pair[1] == CAT) - 400 * (pair[0] == CAT) for pair in offsets}
    assert len(offsets) == 6 and offsets == pytest.approx(late, abs=1e-6)


def test_consensus_of_a_file(ask: Ask) -> None:
    rows = ask("consensus_of_a_file")
    assert [r["label"] for r in rows] == ["A", "B", "A"] and {r["asset_name"] for r in rows} == {"voices-1-0.wav"}
    # the median of 20, 20, 20 and 20.4 for the first cut is between those who have it
    assert [r["support"] for r in rows] == [4, 3, 4] and rows[0]["end_s"] == pytest.approx(20.2)


# -- workers ----------------------------------------------------------------------------------------------------------


def test_worker_offsets(ask: Ask) -> None:
    rows = [r for r in ask("worker_offsets") if r["job_name"] == "voices-1"]
    assert {r["worker_id"]: round(r["offset_ms"]) for r in rows} == {ANN: 0, BEN: 0, CAT: 400, DAN: 0}
    assert rows[0]["worker_id"] == CAT


def test_gold_accuracy(ask: Ask) -> None:
    rows = {r["worker_id"]: r for r in ask("gold_accuracy")}
    for worker in (ANN, BEN, CAT):
        right = sum(clip(n, worker) == truth(n) for n in range(16, 20))
        low, high = stats.beta.ppf([0.025, 0.975], right + 0.5, 4 - right + 0.5)
        assert (rows[worker]["gold_n"], rows[worker]["gold_correct"]) == (4, right)
        assert rows[worker]["gold_lo"] == pytest.approx(low)
        assert rows[worker]["gold_hi"] == pytest.approx(1.0 if right == 4 else high)
    assert rows[BEN]["gold_acc"] == 0.75 and ask("gold_accuracy")[0]["worker_id"] == BEN


def test_worker_days(ask: Ask) -> None:
    rows = ask("worker_days")
    assert sum(r["n_items"] for r in rows if r["worker_id"] == ANN and r["job_name"] == "voices-1") == 10
    ben = only(rows, job_name="clips-1", worker_id=BEN, day=date(2026, 3, 2))
    assert ben["n_items"] == 4 and ben["loo_agreement"] < 0.2


def over(name: str, **tables: Rows) -> Rows:
    """A question asked of gold rows made up for it."""
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA gold")
        for topic, rows in tables.items():
            connection.register("made", filled(f"gold.{topic}", rows))
            connection.execute(f"CREATE TABLE gold.{topic} AS SELECT * FROM made")
        return connection.sql(queries()[name].sql).to_arrow_table().to_pylist()


def test_workers_to_look_at_and_who_drifted() -> None:
    base = {"job_name": "j", "layer": "l", "task_type": "t", "status": "watch", "n_items": 40, "is_drifting": False}
    made = [
        base | {"worker_id": "low", "loo_agreement": 0.3, "loo_lo": 0.2, "loo_hi": 0.4},
        base | {"worker_id": "unsure", "loo_agreement": 0.5, "loo_lo": 0.2, "loo_hi": 0.8},
        base | {"worker_id": "few", "loo_agreement": 0.1, "loo_lo": 0.0, "loo_hi": 0.2, "n_items": 4},
        base | {"worker_id": "fell", "loo_hi": 0.9, "is_drifting": True, "drift_cusum": 2.0, "drift_at": START},
        base | {"worker_id": "unknown", "is_drifting": None},
    ]
    assert [r["worker_id"] for r in over("workers_to_look_at", worker_quality=made)] == ["low"]
    assert [(r["worker_id"], r["drift_at"]) for r in over("workers_who_drifted", worker_quality=made)] == [
        ("fell", START)
    ]


# -- labels -----------------------------------------------------------------------------------------------------------


def test_label_minutes(ask: Ask) -> None:
    said = [s for n, w in VOICES for s in voices(n, w)]
    for label in "AB":
        row = only(ask("label_minutes"), job_name="voices-1", label=label)
        assert row["minutes"] == pytest.approx(sum(e - s for x, s, e in said if x == label) / 60)
        assert row["n_labels"] == sum(x == label for x, _, _ in said) and row["n_workers"] == 4
    assert only(ask("label_minutes"), label="bird") == {
        "job_name": "clips-1", "layer": "class", "label": "bird", "minutes": None, "n_labels": 5, "n_workers": 1
    }  # fmt: skip


def test_label_shift_between_jobs(ask: Ask) -> None:
    rows = ask("label_shift_between_jobs")
    before = Counter(x for n, w in VOICES for x, _, _ in voices(n, w))
    row = only(rows, label="B")
    assert (row["job_name"], row["job_before"]) == ("voices-2", "voices-1")
    assert row["share"] == 0.5 and row["share_before"] == pytest.approx(before["B"] / before.total())
    assert sum(r["change"] for r in rows) == pytest.approx(0)
    gone = [
        {"job_name": job, "layer": "l", "label": label, "worker_id": "w", "day": day, "media_type": "", "n_segments": n}
        for job, label, day, n in [
            ("a", "x", date(2026, 1, 1), 5), ("a", "y", date(2026, 1, 1), 5), ("b", "x", date(2026, 1, 2), 4)
        ]
    ]  # fmt: skip
    lost = only(over("label_shift_between_jobs", label_distribution=gone), label="y")
    assert (lost["share"], lost["share_before"], lost["n_labels"]) == (0, 0.5, 4)


def test_unused_labels(ask: Ask) -> None:
    found = {(r["job_name"], r["label"]): r["less_than"] for r in ask("unused_labels")}
    assert found == {("clips-1", "fish"): 0.05, ("voices-1", "C"): 3 / 123, ("voices-2", "C"): 3 / 24}


@pytest.mark.parametrize("label", ["A", "B"])
def test_segment_length_percentiles(ask: Ask, label: str) -> None:
    said = [s for n, w in VOICES for s in voices(n, w)] + [("A", 0.0, 40.0), ("B", 40.0, 55.0)] * 12
    lengths = sorted(e - s for x, s, e in said if x == label)
    row = only(ask("segment_length_percentiles"), label=label)
    assert row["n_segments"] == len(lengths)
    for name, share in (("p10", 0.1), ("p50", 0.5), ("p90", 0.9)):
        assert row[name] == pytest.approx(lengths[max(math.ceil(share * len(lengths)), 1) - 1], rel=0.0101)


# -- work -------------------------------------------------------------------------------------------------------------


def test_minutes_by_day(ask: Ask) -> None:
    rows = [r for r in ask("minutes_by_day") if r["job_name"] == "voices-1"]
    # recordings 8 and 9 were complete on 4 March but for Cat's late answer on 9; 10 has one answer of four
    days = {r["day"]: (r["n_complete"], r["media_minutes"], r["n_answers"]) for r in rows}
    assert days == {
        date(2026, 3, 2): (4, 4, 16), date(2026, 3, 3): (4, 4, 16), date(2026, 3, 4): (1, 1, 8),
        date(2026, 3, 7): (1, 1, 1),
    }  # fmt: skip
    assert sum(r["working_minutes"] for r in rows) == pytest.approx(sum(SPENT[w] for _, w in VOICES) / 60)


def test_cost_per_media_minute(ask: Ask) -> None:
    row = only(ask("cost_per_media_minute"), job_name="voices-1")
    work = sum(SPENT[w] for _, w in VOICES) / 60
    assert row["working_minutes"] == pytest.approx(work) and row["media_minutes"] == 10
    assert row["cost"] == pytest.approx(work / 60 * 20) and row["cost_per_media_minute"] == pytest.approx(
        row["cost"] / 10
    )


def test_throughput(ask: Ask) -> None:
    row = only(ask("throughput"), job_name="voices-1")
    assert (row["n_objects"], row["n_complete"], row["done"]) == (12, 10, pytest.approx(10 / 12))
    days = timedelta(days=5, minutes=9, seconds=2) / timedelta(days=1)  # from Ann's first answer to Cat's last
    assert row["complete_per_day"] == pytest.approx(10 / days) and row["days_left"] == pytest.approx(2 / (10 / days))
    assert row["answers_per_working_hour"] == pytest.approx(41 / (sum(SPENT[w] for _, w in VOICES) / 3600))


def test_speed_percentiles(ask: Ask) -> None:
    speeds = np.sort([SPENT[w] for _, w in VOICES])  # a minute of media each
    row = only(ask("speed_percentiles"), job_name="voices-1")
    for name, share in (("p10", 0.1), ("p50", 0.5), ("p90", 0.9), ("p99", 0.99)):
        assert row[name] == pytest.approx(speeds[math.ceil(share * len(speeds)) - 1], rel=0.0101)


def test_rework(ask: Ask) -> None:
    [row] = ask("rework")
    assert (row["job_name"], row["object_id"], row["worker_id"], row["n_older"]) == ("voices-1", "3", ANN, 1)
    assert row["submitted_at"] == START + timedelta(minutes=33)


def test_late_answers(ask: Ask) -> None:
    rows = ask("late_answers")
    assert (rows[0]["object_id"], rows[0]["worker_id"], rows[0]["job_name"]) == ("9", CAT, "voices-1")
    assert rows[0]["hours_late"] == pytest.approx(
        (datetime(2026, 3, 7, 8, 9, 2, tzinfo=UTC) - CONSOLIDATED_AT) / timedelta(hours=1)
    )
    assert {r["object_id"] for r in rows[1:]} == {str(n) for n in range(16, 20)} and len(rows) == 13


# -- quality of the data ----------------------------------------------------------------------------------------------


def test_quarantine_by_rule(ask: Ask) -> None:
    [row] = ask("quarantine_by_rule")
    assert (row["rule"], row["n_rows"], row["n_workers"], row["n_items"]) == ("within_asset", 3, 2, 3)


def test_checks_that_held_releases(ask: Ask) -> None:
    [row] = ask("checks_that_held_releases")
    assert (row["check_name"], row["n_times"], row["most_failed"], row["holds_now"]) == ("within_asset", 1, 3, True)


def test_inputs_refused(ask: Ask) -> None:
    [row] = ask("inputs_refused")
    assert (row["source_uri"], row["reason_code"]) == ("s3://in/0.wav", "not_media")
