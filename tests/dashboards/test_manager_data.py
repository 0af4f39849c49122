"""The questions of the overview, workers, jobs and data quality pages: figures worked out by hand."""

from __future__ import annotations

from datetime import date, timedelta

import duckdb
import pytest
from scipy import stats

from dashboards.data import Where, agreement, data_quality, jobs, overview, workers
from dashboards.data import label_distributions as used
from tests.dashboards import gold_tables as gold

TODAY = date(2026, 10, 8)
DIALOGUES = Where((gold.AUDIO,))


@pytest.fixture(scope="module")
def full() -> duckdb.DuckDBPyConnection:
    return gold.connect(gold.full())


def test_progress_adds_jobs_up(full: duckdb.DuckDBPyConnection) -> None:
    (row,) = overview.progress(full, Where()).table.to_pylist()
    assert (row["n_jobs"], row["n_objects"], row["n_complete"], row["n_twice"], row["n_gold"]) == (2, 35, 24, 26, 3)
    assert row["media_complete_h"] == pytest.approx(600 / 3600)
    assert row["h_per_media_h"] == pytest.approx(3504 / 600)
    (row,) = overview.progress(gold.connect({}), Where()).table.to_pylist()
    assert (row["n_jobs"], row["n_complete"], row["media_h"], row["h_per_media_h"]) == (0, 0, None, None)


def test_the_finish_follows_from_the_pace_of_the_last_days(full: duckdb.DuckDBPyConnection) -> None:
    """2, 1, 3 and 4 objects on four days, ten are left: 2.5 a day with a t interval of 3 degrees of freedom."""
    (row,) = overview.finish(full, DIALOGUES, TODAY).table.to_pylist()
    reach = stats.t.ppf(0.975, 3) * stats.tstd([2, 1, 3, 4]) / 2
    assert (row["n_left"], row["n_days"], row["a_day"]) == (10, 4, 2.5)
    assert row["days_left"] == pytest.approx(4)
    assert row["days_least"] == pytest.approx(10 / (2.5 + reach), rel=1e-3)
    assert row["days_most"] == pytest.approx(10 / (2.5 - reach), rel=1e-3)


def test_days_of_rest_slow_the_pace_and_open_the_interval(full: duckdb.DuckDBPyConnection) -> None:
    (row,) = overview.finish(full, DIALOGUES, TODAY + timedelta(days=10)).table.to_pylist()
    assert row["n_days"] == overview.PACE_DAYS
    assert row["a_day"] == pytest.approx(10 / 14)
    (row,) = overview.finish(full, DIALOGUES, TODAY + timedelta(days=13)).table.to_pylist()
    assert row["a_day_lo"] == 0
    assert row["days_most"] is None, "the pace may be nought"
    (row,) = overview.finish(full, DIALOGUES, TODAY + timedelta(days=60)).table.to_pylist()
    assert (row["a_day"], row["days_left"]) == (0, None)


def test_quantiles_of_the_pace_are_students() -> None:
    """With one object on the last day only: mean 1/n, standard error 1/n, so the reach is t/n."""
    for n in range(overview.LEAST_PACE_DAYS, overview.PACE_DAYS + 1):
        days = [{"job_name": "j", "day": TODAY - timedelta(days=d), "n_complete": int(d == 0)} for d in (0, n - 1)]
        rows = {"gold.job_day": days, "gold.job_status": [{"job_name": "j", "n_objects": 9}]}
        (row,) = overview.finish(gold.connect(rows), Where(), TODAY).table.to_pylist()
        assert row["n_days"] == n
        assert row["a_day_hi"] == pytest.approx((1 + stats.t.ppf(0.975, n - 1)) / n, rel=1e-3)


def test_two_days_have_no_interval() -> None:
    days = [{"job_name": "j", "day": TODAY - timedelta(days=d), "n_complete": 1 + d} for d in range(2)]
    rows = {"gold.job_day": days, "gold.job_status": [{"job_name": "j", "n_objects": 9, "n_complete": 3}]}
    (row,) = overview.finish(gold.connect(rows), Where(), TODAY).table.to_pylist()
    assert (row["a_day"], row["days_left"], row["days_least"], row["days_most"]) == (1.5, 4, None, None)


def test_burndown_ends_at_what_is_left(full: duckdb.DuckDBPyConnection) -> None:
    rows = overview.burndown(full, DIALOGUES).table.to_pylist()
    assert [(r["state"], r["n_items"]) for r in rows if r["day"] == TODAY] == [("not begun", 7), ("begun", 3)]
    assert [r["n_items"] for r in rows if r["state"] == "not begun"] == [17, 14, 11, 7]


def test_alerts_are_those_raised_and_not_cleared(full: duckdb.DuckDBPyConnection) -> None:
    (row,) = overview.alerts(full, Where()).table.to_pylist()
    assert (row["rule"], row["job_name"], row["layer"]) == ("agreement_fell", gold.AUDIO, "speaker")
    assert overview.alerts(full, Where((gold.VIDEO,))).is_empty


def test_alerts_of_no_job_stand_for_every_job() -> None:
    rows = {"meta.alert": [{"rule": "r", "subject": "{}", "stage": "raised", "step": "noted"}]}
    assert overview.alerts(gold.connect(rows), Where((gold.VIDEO,))).table.num_rows == 1


def test_offsets_of_a_worker_are_signed_from_both_sides_of_a_pair(full: duckdb.DuckDBPyConnection) -> None:
    """The third worker is 0.31 s late against everybody: as first and as second of a pair."""
    rows = workers.offsets(full, gold.AUDIO, "speaker", gold.WORKERS[2]).table.to_pylist()
    assert sum(r["n_pairs"] for r in rows) == 4 * 8
    assert all(r["offset_from"] > 0.1 for r in rows)
    late = agreement.offset_spread(full, Where()).table.to_pylist()
    assert late[0]["worker_id"] == gold.WORKERS[2]
    assert sum(r["share"] for r in late if r["worker_id"] == gold.WORKERS[2]) == pytest.approx(1)
    assert sum(r["n_pairs"] for r in late) == 2 * 10 * 8


def test_a_worker_s_objects_are_compared_with_the_others(full: duckdb.DuckDBPyConnection) -> None:
    rows = workers.items(full, gold.AUDIO, "speaker", gold.WORKERS[4]).table.to_pylist()
    assert len(rows) == 8
    assert rows[0]["observed"] == pytest.approx(0.55)
    assert rows[0]["expected"] == pytest.approx(0.8)
    assert rows[0]["item"].startswith("dialogue_")


def test_confusions_are_each_pair_of_labels_once_in_minutes(full: duckdb.DuckDBPyConnection) -> None:
    rows = {(r["label_a"], r["label_b"]): r for r in agreement.confusions(full, Where()).table.to_pylist()}
    assert rows["Speaker A", "Speaker B"]["minutes"] == pytest.approx(3.5)
    assert rows["(nothing)", "Speaker A"]["minutes"] == pytest.approx(130 / 60)
    assert (rows["dog", "music"]["minutes"], rows["dog", "music"]["answers"]) == (None, 1)
    assert len(rows) == 4


def test_pairs_below_their_expectation_come_first(full: duckdb.DuckDBPyConnection) -> None:
    rows = agreement.pairs(full, Where()).table.to_pylist()
    assert [r["is_below"] for r in rows] == [True] * 4 + [False] * 6
    assert {r["worker_b"] for r in rows[:4]} == {gold.WORKERS[4]}


def test_labels_are_banded_on_their_lower_bound(full: duckdb.DuckDBPyConnection) -> None:
    bands = {r["label"]: r["band"] for r in agreement.label_reliability(full, Where()).table.to_pylist()}
    assert bands == {"Speaker A": "reliable", "dog": "tentative", "Speaker B": "not reliable",
                     "Angry": "not reliable", "music": "undefined"}  # fmt: skip


def test_states_of_a_job_add_up_to_its_objects(full: duckdb.DuckDBPyConnection) -> None:
    rows = [r for r in jobs.states(full, Where()).table.to_pylist() if r["job_name"] == gold.AUDIO]
    assert [(r["label"], r["n_items"]) for r in rows] == [
        ("complete", 10), ("begun", 3), ("not begun", 7), ("failed", 1)
    ]  # fmt: skip


def test_unfinished_jobs_come_first_and_batches_are_added_up(full: duckdb.DuckDBPyConnection) -> None:
    assert jobs.jobs(full, Where()).column("job_name") == [gold.AUDIO, gold.VIDEO]
    (batch,) = jobs.batches(full, Where()).table.to_pylist()
    assert (batch["batch_id"], batch["level"], batch["n_jobs"], batch["n_completed_jobs"]) == ("b1", 1, 2, 1)
    assert batch["complete"] == 0.69


def test_only_the_last_landing_s_checks_count(full: duckdb.DuckDBPyConnection) -> None:
    rows = {r["severity"]: r for r in data_quality.severities(full, Where()).table.to_pylist()}
    assert (rows["fail"]["n_checks"], rows["fail"]["n_broken"], rows["fail"]["n_rows"]) == (2, 1, 5)
    assert (rows["warn"]["n_checks"], rows["warn"]["n_broken"]) == (1, 1)
    broken = data_quality.broken(full, Where()).table.to_pylist()
    assert [(r["check_name"], r["share"]) for r in broken] == [
        ("ends_in_media", 0.05),
        ("time_spent_within_task", 0.03),
    ]
    assert sum(data_quality.trend(full, Where()).column("n_broken")) == 2


def test_quarantine_by_rule_and_its_rows(full: duckdb.DuckDBPyConnection) -> None:
    rules = data_quality.rules(full, Where()).table.to_pylist()
    assert [(r["rule"], r["n_rows"]) for r in rules] == [
        ("silver.segment ends_in_media", 5), ("silver.segment starts_before_end", 2)
    ]  # fmt: skip
    assert data_quality.quarantine(full, Where(), rules[0]["rule"]).table.num_rows == 5
    assert data_quality.refused(full, Where()).column("n_rows") == [1]


def test_never_used_labels_are_those_offered_and_not_given(full: duckdb.DuckDBPyConnection) -> None:
    assert [(r["layer"], r["label"]) for r in used.never_used(full, Where()).table.to_pylist()] == [
        ("speaker", "Speaker C")
    ]
    assert used.never_used(full, Where((gold.VIDEO,))).is_empty, "labels unknown: nothing can be said"


def labeled(worker: str, **amounts: int) -> list[dict[str, object]]:
    return [
        {"job_name": "j", "layer": "l", "worker_id": worker, "label": label, "n_segments": n, "n_items": 100,
         "day": TODAY, "media_type": "audio"}
        for label, n in amounts.items()
    ]  # fmt: skip


def test_drift_is_psi_beside_what_chance_gives() -> None:
    rows = {"gold.label_distribution": [*labeled("w1", a=60, b=40), *labeled("w2", a=40, b=60)]}
    first, second = used.drift(gold.connect(rows), Where(), "worker_id", "").table.to_pylist()
    assert first["psi"] == pytest.approx(second["psi"])
    assert first["psi"] == pytest.approx(2 * 20 / 101 * 0.4014, rel=0.01), "2 (p - q) ln(p / q), each +0.5"
    assert first["psi_chance"] == pytest.approx(stats.chi2.ppf(0.95, 1) * (1 / 100 + 1 / 100), rel=0.03)
    assert first["differs"]
    (same,) = used.drift(gold.connect(rows), Where(), "worker_id", "w1").table.to_pylist()
    assert same["part"] == "w2"


def test_of_two_labels_the_one_that_gained_moved_most() -> None:
    for shift in range(1, 30):
        rows = {"gold.label_distribution": [*labeled("w1", a=50, b=50), *labeled("w2", a=50 - shift, b=50 + shift)]}
        (row,) = used.drift(gold.connect(rows), Where(), "worker_id", "w1").table.to_pylist()
        assert (row["moved_most"], row["moved_by"]) == ("b", pytest.approx(shift / 101)), shift


def test_the_same_mix_does_not_drift() -> None:
    rows = {"gold.label_distribution": [*labeled("w1", a=60, b=40), *labeled("w2", a=58, b=42)]}
    assert not any(used.drift(gold.connect(rows), Where(), "worker_id", "").column("differs"))
    alone = {"gold.label_distribution": labeled("w1", a=60, b=40)}
    assert used.drift(gold.connect(alone), Where(), "worker_id", "").is_empty
