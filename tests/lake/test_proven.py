"""Checks after a landing: what was shown is not looked at again, and what is wrong is found all the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from annolake.lake import audit, silver
from annolake.lake.catalog import Lake
from annolake.lake.fetch import LocalStore
from annolake.lake.land import land_outputs
from annolake.lake.report import LandReport
from annolake.lake.sqlmodels import models
from annolake.quality import checks
from tests.lake.test_land_inline import Outputs, facts, line, track


@pytest.fixture
def outputs(tmp_path: Path) -> Outputs:
    return Outputs(tmp_path / "labeling")


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tables of which all rows were looked at."""
    found: list[str] = []
    look = checks._look

    def noted(connection: Any, table: str, rules: Any) -> Any:
        n_rows, *more = look(connection, table, rules)
        found.extend([table] * bool(n_rows))
        return [n_rows, *more]

    monkeypatch.setattr(checks, "_look", noted)
    return found


def land(lake: Lake, outputs: Outputs, n_lines: int, *more: str) -> LandReport:
    said = [
        line(n, {"tracks": [track("01", ("A", 0, 1), ("B", 2, 3)), track("02", ("A", 0, 2))]}) for n in range(n_lines)
    ]
    outputs.manifest(*said, *more)
    return land_outputs(lake, LocalStore(outputs.folder), facts(), pseudonym_key="k")


def counted(lake: Lake, report: LandReport) -> dict[tuple[str, str], tuple[int, int]]:
    """Table and check -> rows, rows that broke it."""
    rows = lake.scan("meta.check_result").to_pylist()
    of_landing = (r for r in rows if r["landing_id"] == report.landing_id)
    return {(r["table_name"], r["check_name"]): (r["n_rows"], r["n_failed"]) for r in of_landing}


def doubled(lake: Lake, name: str, **changes: Any) -> None:
    """One row more in a table, past the gate."""
    row = lake.scan(name).slice(0, 1).to_pylist()[0] | changes
    table = lake.table(name)
    table.append(pa.Table.from_pylist([row], schema=lake.scan(name).schema))


def test_the_same_is_counted_with_a_look_and_without(
    lake: Lake, outputs: Outputs, looked_at: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, later = land(lake, outputs, 3), land(lake, outputs, 5)
    assert looked_at == [] and first.failed_checks == later.failed_checks == ()
    found = counted(lake, later)
    assert found["silver.segment", "key_unique"] == (15, 0) and found["silver.annotation", "schema"] == (10, 0)
    monkeypatch.setattr(audit, "proven", lambda *_: {})
    again = land(lake, outputs, 6)
    assert {"silver.segment", "silver.annotation", "silver.assignment", "silver.consolidated"} == set(looked_at)
    assert found.keys() == counted(lake, again).keys()
    assert counted(lake, again)["silver.segment", "of_an_annotation"] == (18, 0)


def test_a_bad_row_that_comes_with_an_increment_is_kept_out(lake: Lake, outputs: Outputs) -> None:
    land(lake, outputs, 3)
    later = land(lake, outputs, 3, line(3, {"tracks": [track("01", ("A", 5, 4), ("B", 6, 7))]}))
    assert later.quarantined == {"silver.segment starts_before_end": 1} and later.failed_checks == ()
    assert counted(lake, later)["silver.segment", "gate_starts_before_end"] == (2, 1)


@pytest.mark.parametrize(
    ("table", "changes", "broken"),
    [
        ("silver.segment", {}, {"silver.segment key_unique"}),
        ("silver.segment", {"segment_no": 9, "start_s": 8.0, "end_s": 7.0}, {"silver.segment starts_before_end"}),
        ("silver.annotation", {"worker_id": "w_x"}, {"silver.annotation of_an_assignment"}),
    ],
)  # fmt: skip
def test_a_row_that_got_past_the_gate_holds_the_release_until_it_is_gone(  # noqa: PLR0917
    lake: Lake, outputs: Outputs, looked_at: list[str], table: str, changes: dict[str, Any], broken: set[str]
) -> None:
    land(lake, outputs, 3)
    doubled(lake, table, **changes)
    assert set(land(lake, outputs, 4).failed_checks) == broken
    assert set(looked_at) == {table}
    assert set(land(lake, outputs, 5).failed_checks) == broken, "what failed is looked at until it holds"


def test_rows_that_no_check_has_seen_are_looked_at(
    lake: Lake, outputs: Outputs, looked_at: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(audit, "check_views", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            land(lake, outputs, 3)
    report = land(lake, outputs, 3)
    assert set(looked_at) == {"silver.segment", "silver.annotation", "silver.assignment", "silver.consolidated"}
    assert counted(lake, report)["silver.segment", "key_unique"] == (9, 0)


def test_keys_that_come_twice_in_a_batch_are_counted(
    lake: Lake, outputs: Outputs, looked_at: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = dict(models("silver"))
    once = known["silver.segment"]
    twice = replace(once, sql=f"FROM ({once.sql}) UNION ALL FROM ({once.sql})")
    monkeypatch.setattr(silver, "models", lambda _: known | {"silver.segment": twice})
    report = land(lake, outputs, 2)
    assert looked_at == ["silver.segment"] and report.failed_checks == ("silver.segment key_unique",)


def said(n: int, *answers: tuple[str, float]) -> str:
    """Line n with what these workers answered when."""
    return line(n, {"tracks": [track(worker, ("A", 0, 1), at=at) for worker, at in answers]})


def test_checks_over_the_objects_of_a_landing_find_what_the_whole_job_has(
    lake: Lake, outputs: Outputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    known: list[dict[tuple[str, str], int]] = []
    touched = checks._touched

    def noted(connection: Any, before: Any) -> Any:
        known.append(touched(connection, before))
        return known[-1]

    monkeypatch.setattr(checks, "_touched", noted)
    lines = [said(0, ("01", 1), ("02", 1)), said(1, ("01", 1)), said(2, ("02", 1))]
    asked = "answers_asked_for"
    expected = [(0, 2), (0, 3), (1, 3), (1, 0)]
    steps = [
        lines,
        [*lines, said(3, ("01", 2))],
        [lines[0], said(1, ("01", 1), ("01", 5)), said(2, ("02", 1), ("03", 5)), said(3, ("01", 2))],
    ]
    for step, (n_twice, n_too_few) in zip([*steps, steps[-1]], expected, strict=True):
        outputs.manifest(*step)
        changes = {"workers_per_object": 1, "modified_at": facts().modified_at + timedelta(1)} if n_too_few == 0 else {}
        report = land_outputs(lake, LocalStore(outputs.folder), facts(**changes), pseudonym_key="k")
        found = counted(lake, report)
        assert (found["silver.annotation", "answered_once"][1], found["silver.annotation", asked][1]) == (
            n_twice,
            n_too_few,
        )
    assert [one["silver.annotation", asked] for one in known] == [2, 3], (
        "the first looks at all, and one that asks for fewer answers"
    )
