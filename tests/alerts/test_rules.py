"""Each rule fires on data that has the defect, and stays silent with too few or an interval that overlaps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from annolake.alerts.findings import JOB, Finding, ask
from annolake.alerts.rules import read_rule, rules
from annolake.errors import LakeError
from transforms.schemas import TABLES

NOW = datetime(2026, 3, 30, 12, tzinfo=UTC)
JOB_NAME, LAYER = "calls-7", "speaker"
WORKER = "w_00000000000000a1"
Rows = list[dict[str, Any]]
Ask = Callable[..., list[Finding]]


@pytest.fixture
def ask_rule() -> Ask:
    """`ask_rule("agreement_fell", {"gold.agreement_item": rows})`: its findings at NOW."""

    def run(name: str, tables: Mapping[str, Rows]) -> list[Finding]:
        connection = duckdb.connect()
        connection.execute("SET TimeZone = 'UTC'")
        rule = rules()[name]
        for table in rule.reads:
            schema = {"watch.job": JOB, "watch.check_result": TABLES["meta.check_result"].arrow}.get(table)
            schema = schema or TABLES[table].arrow
            filled = [{f.name: row.get(f.name, _plain(f)) for f in schema} for row in tables[table]]
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {table.split('.')[0]}")
            connection.register(table.replace(".", "__"), pa.Table.from_pylist(filled, schema=schema))
            connection.execute(f"CREATE VIEW {table} AS FROM {table.replace('.', '__')}")
        return ask(connection, rule, NOW)

    return run


def _plain(field: pa.Field) -> Any:
    """A value for a column that a test does not care for."""
    kind = field.type
    if field.nullable:
        return None
    if pa.types.is_string(kind):
        return ""
    if pa.types.is_map(kind):
        return []
    if pa.types.is_boolean(kind):
        return False
    return NOW if pa.types.is_timestamp(kind) else 0


def items(shares: list[float], day: datetime, *, first: int = 0, job: str = JOB_NAME, labels: str = "A") -> Rows:
    """Objects of 60 annotator-seconds with the given observed agreement, answered on one day."""
    return [
        {
            "job_name": job, "object_id": f"{job}-{first + n}", "layer": LAYER, "task_type": "audio_segmentation",
            "n_annotators": 2, "n_pairs": 1, "mass": 60.0, "d_obs": 60.0 * (1 - share), "day": day,
            "label_mass": [(label, 30.0) for label in labels.split()],
        }
        for n, share in enumerate(shares)
    ]  # fmt: skip


def asked_of(rows: Rows) -> dict[str, Rows]:
    answers = [
        {"job_name": r["job_name"], "object_id": r["object_id"], "worker_id": WORKER, "submitted_at": r["day"]}
        for r in rows
    ]
    return {"gold.agreement_item": rows, "silver.annotation": answers}


LAST_WEEK, BEFORE = NOW - timedelta(days=1), NOW - timedelta(days=12)
GOOD = [0.86, 0.94] * 15
BAD = [0.55, 0.65] * 15


# -- agreement fell ----------------------------------------------------------------------------------------------------


def test_agreement_fell(ask_rule: Ask) -> None:
    (found,) = ask_rule("agreement_fell", asked_of(items(GOOD, BEFORE) + items(BAD, LAST_WEEK, first=100)))
    assert found.is_met
    assert found.subject == '{"job_name": "calls-7", "layer": "speaker"}'
    assert found.value == pytest.approx(0.3)
    assert found.lo is not None and found.hi is not None
    assert 0.25 < found.lo < 0.3 < found.hi < 0.35
    assert found.n == 30
    assert "fell by 0.30" in found.text and "0.60 in the 7 days to 2026-03-29, 0.90 before, on 30 objects" in found.text


def test_the_interval_of_the_fall_is_that_of_clustered_ratios(ask_rule: Ask) -> None:
    """The same by hand: a mean of equal clusters has the variance s^2 / n."""
    (found,) = ask_rule("agreement_fell", asked_of(items(GOOD, BEFORE) + items(BAD, LAST_WEEK, first=100)))
    variance = 0.04**2 * 30 / 29 / 30 + 0.05**2 * 30 / 29 / 30
    assert found.lo == pytest.approx(0.3 - 2.861 * variance**0.5)


def test_a_fall_on_few_objects_is_uncertain(ask_rule: Ask) -> None:
    (found,) = ask_rule("agreement_fell", asked_of(items(GOOD, BEFORE) + items(BAD[:19], LAST_WEEK, first=100)))
    assert not found.is_met
    (found,) = ask_rule("agreement_fell", asked_of(items(GOOD[:19], BEFORE) + items(BAD, LAST_WEEK, first=100)))
    assert not found.is_met


def test_a_fall_whose_interval_overlaps_is_uncertain(ask_rule: Ask) -> None:
    wide = [0.4, 1.0, 0.95, 0.7] * 6
    (found,) = ask_rule("agreement_fell", asked_of(items(GOOD, BEFORE) + items(wide, LAST_WEEK, first=100)))
    assert found.value > 0.05 and not found.is_met
    assert found.lo is not None and found.lo < 0.05


def test_steady_agreement_and_a_rise_are_nothing(ask_rule: Ask) -> None:
    assert ask_rule("agreement_fell", asked_of(items(GOOD, BEFORE) + items(GOOD, LAST_WEEK, first=100))) == []
    assert ask_rule("agreement_fell", asked_of(items(BAD, BEFORE) + items(GOOD, LAST_WEEK, first=100))) == []
    assert ask_rule("agreement_fell", asked_of(items(BAD, LAST_WEEK))) == []


def test_a_new_job_is_compared_with_earlier_jobs_of_its_kind(ask_rule: Ask) -> None:
    rows = items(GOOD, BEFORE, job="calls-6") + items(BAD, LAST_WEEK)
    assert [f.is_met for f in ask_rule("agreement_fell", asked_of(rows))] == [True]
    other = [{**r, "task_type": "video_classification"} for r in rows[:30]] + rows[30:]
    assert ask_rule("agreement_fell", asked_of(other)) == []


def test_jobs_long_done_are_left_alone(ask_rule: Ask) -> None:
    long_ago = timedelta(days=40)
    rows = items(GOOD, BEFORE - long_ago) + items(BAD, LAST_WEEK - long_ago, first=100)
    assert ask_rule("agreement_fell", asked_of(rows)) == []


# -- worker drifted ----------------------------------------------------------------------------------------------------


def worker(**changes: Any) -> dict[str, list[dict[str, Any]]]:
    row = {
        "job_name": JOB_NAME, "layer": LAYER, "worker_id": WORKER, "status": "watch", "n_items": 40,
        "is_drifting": True, "drift_cusum": 1.9, "drift_ewma": -0.21, "drift_at": LAST_WEEK,
    }  # fmt: skip
    return {"gold.worker_quality": [{**row, **changes}]}


def test_worker_drifted(ask_rule: Ask) -> None:
    (found,) = ask_rule("worker_drifted", worker())
    assert found.is_met
    assert f"{WORKER} drifted in speaker of calls-7: since 2026-03-29" in found.text
    assert "-0.21" in found.text


@pytest.mark.parametrize(
    "changes", [{"n_items": 19}, {"is_drifting": False}, {"drift_ewma": 0.1}, {"is_drifting": None}], ids=str
)
def test_a_drift_that_is_not_certain(ask_rule: Ask, changes: dict[str, Any]) -> None:
    assert [f.is_met for f in ask_rule("worker_drifted", worker(**changes))] == [False]


@pytest.mark.parametrize(
    "changes", [{"drift_cusum": 1.4}, {"drift_cusum": None}, {"drift_at": NOW - timedelta(days=30)}], ids=str
)
def test_a_steady_worker_or_an_old_drift_is_nothing(ask_rule: Ask, changes: dict[str, Any]) -> None:
    assert ask_rule("worker_drifted", worker(**changes)) == []


# -- label vanished ----------------------------------------------------------------------------------------------------


def test_label_vanished(ask_rule: Ask) -> None:
    rows = items(GOOD[:20], BEFORE, labels="A Music") + items(GOOD[:20], BEFORE, first=50)
    rows += items(GOOD, LAST_WEEK, first=100)
    (found,) = ask_rule("label_vanished", asked_of(rows))
    assert found.is_met and found.n == 30
    assert found.subject.endswith('"label": "Music"}')
    assert "on 50% of 40 before" in found.text
    assert found.value < 1e-4


def test_a_rare_label_or_few_objects_are_uncertain(ask_rule: Ask) -> None:
    rare = items(GOOD[:2], BEFORE, labels="A Music") + items(GOOD + GOOD, BEFORE, first=50)
    (found,) = ask_rule("label_vanished", asked_of(rare + items(GOOD, LAST_WEEK, first=200)))
    assert not found.is_met and found.value > 0.5
    common = items(GOOD, BEFORE, labels="A Music")
    (found,) = ask_rule("label_vanished", asked_of(common + items(GOOD[:19], LAST_WEEK, first=100)))
    assert not found.is_met
    assert ask_rule("label_vanished", asked_of(common + items(GOOD, LAST_WEEK, first=100, labels="A Music"))) == []


# -- job stalled -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours", "status", "n_open", "fires"),
    [
        (30, "InProgress", 4, True),
        (20, "InProgress", 4, False),
        (30, "Completed", 4, False),
        (30, "InProgress", 0, None),
    ],
)
def test_job_stalled(ask_rule: Ask, hours: int, status: str, n_open: int, fires: bool | None) -> None:
    row = {"job_name": JOB_NAME, "status": status, "n_objects": 12, "n_unlabeled": n_open}
    found = ask_rule("job_stalled", {"watch.job": [{**row, "modified_at": NOW - timedelta(hours=hours)}]})
    assert [f.is_met for f in found] == {True: [True], False: [], None: [False]}[fires]
    if fires:
        assert found[0].text == "calls-7 stalled: 4 of 12 objects are open and nothing happened for 30 hours."


# -- checks ------------------------------------------------------------------------------------------------------------


def check(**changes: Any) -> dict[str, Any]:
    row = {
        "job_name": JOB_NAME, "table_name": "silver.segment", "check_name": "within_asset", "severity": "fail",
        "is_ok": False, "n_rows": 200, "n_failed": 3, "detail": "no segment ends after its media", "landed_at": NOW,
    }  # fmt: skip
    return {**row, **changes}


def test_check_failed(ask_rule: Ask) -> None:
    (found,) = ask_rule("check_failed", {"watch.check_result": [check()]})
    assert found.is_met and found.severity == "fail"
    assert "silver.segment within_asset does not hold for 3 of 200 rows" in found.text


def test_only_the_newest_landing_counts(ask_rule: Ask) -> None:
    rows = [check(landing_id="1", landed_at=NOW - timedelta(hours=1)), check(landing_id="2", is_ok=True, n_failed=0)]
    assert ask_rule("check_failed", {"watch.check_result": rows}) == []
    assert ask_rule("check_failed", {"watch.check_result": [check(severity="warn")]}) == []


@pytest.mark.parametrize(
    ("n_rows", "n_failed", "expected"), [(400, 60, [True]), (49, 20, [False]), (100, 7, [False]), (400, 12, [])]
)
def test_rows_rejected(ask_rule: Ask, n_rows: int, n_failed: int, expected: list[bool]) -> None:
    row = check(severity="warn", check_name="gate_known_label", n_rows=n_rows, n_failed=n_failed)
    assert [f.is_met for f in ask_rule("rows_rejected", {"watch.check_result": [row]})] == expected


# -- files -------------------------------------------------------------------------------------------------------------


def test_every_rule_states_its_threshold_and_minimum() -> None:
    assert len(rules()) == 6
    for rule in rules().values():
        assert rule.severity in {"warn", "fail"}
        assert rule.minimum >= 1 and rule.minimum_unit and rule.threshold_unit
        assert "$minimum" in rule.sql and "$threshold" in rule.sql


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("minimum: 20 (objects of the worker)", ""), "the header lacks minimum"),
        (("threshold: 1.517 (", "threshold: much ("), "must be a number with its unit"),
        (("reads: gold.worker_quality", "reads: gold.job_trend"), "it reads gold.worker_quality"),
    ],
)
def test_a_rule_with_a_wrong_header_is_refused(tmp_path: Path, change: tuple[str, str], problem: str) -> None:
    from annolake.lake.sqlmodels import sql_folder

    text = (sql_folder() / "alerts" / "worker_drifted.sql").read_text()
    assert change[0] in text
    (tmp_path / "wrong.sql").write_text(text.replace(*change))
    with pytest.raises(LakeError, match=problem):
        read_rule(tmp_path / "wrong.sql")
