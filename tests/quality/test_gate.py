"""The gate against a second opinion in Python, and the suites that judge its counts."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from annolake.errors import QualityError
from annolake.quality import suites
from annolake.quality.checks import CHECKED, run_checks
from annolake.quality.gate import Count, gate
from annolake.quality.rules import WRITTEN, rules_of
from transforms.schemas import JOB_TABLE, SEGMENT, TABLES

NOW = datetime(2026, 1, 8, tzinfo=UTC)
HELPERS = {
    "_is_accepted": True, "_duration_s": 30.0, "_offered": "A", "_n_known": 1, "_track_until_s": None,
    "_layer_until_s": None,
}  # fmt: skip


def segment(number: int, start: float | None, end: float | None, label: str | None) -> dict[str, object]:
    return {
        "job_name": "j", "object_id": "0", "asset_id": None, "worker_id": "w", "revision": 1, "layer": "speaker",
        "segment_no": number, "label": label, "start_s": start, "end_s": end, "text": None, "attributes": None,
        "landing_id": "l", "landed_at": NOW, "_is_known": label == "A", **HELPERS,
    }  # fmt: skip


def through(rows: list[dict[str, object]], *, is_stored: bool = True):
    types = {name: pa.float64() for name in ("_duration_s", "_track_until_s", "_layer_until_s")}
    types |= {"_is_accepted": pa.bool_(), "_is_known": pa.bool_(), "_offered": pa.string(), "_n_known": pa.int64()}
    schema = pa.schema([f.with_nullable(True) for f in SEGMENT.arrow] + [pa.field(k, v) for k, v in types.items()])
    connection = duckdb.connect()
    connection.register("rows", pa.Table.from_pylist(rows, schema=schema))
    return gate(connection, "silver.segment", "rows", is_stored=is_stored)


time = st.one_of(st.none(), st.floats(-2, 40, allow_nan=False), st.just(float("nan")), st.just(float("inf")))


@hypothesis_settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(time, time, st.sampled_from(["A", "B", None])), max_size=6), st.booleans())
def test_good_and_quarantined_are_all_rows(
    parts: list[tuple[float | None, float | None, str | None]], is_stored: bool
) -> None:
    found = through([segment(n, *part) for n, part in enumerate(parts)], is_stored=is_stored)
    good = [n for n, (s, e, label) in enumerate(parts) if s is not None and e is not None and 0 <= s < e <= 30.05 and label == "A"]  # fmt: skip  # noqa: E501
    assert found.good["segment_no"].to_pylist() == good
    bad = {row["row_key"] for row in found.quarantined.to_pylist()}
    assert len(bad) == len(parts) - len(good)
    assert found.good.schema.names == SEGMENT.arrow.names
    assert sum(c.n_failed for c in found.counts if c.severity == "fail") == found.quarantined.num_rows


def test_every_rule_of_every_table_is_sql() -> None:
    with duckdb.connect() as connection:
        for name, table in TABLES.items():
            connection.register("rows", table.empty())
            for rule in rules_of(name):
                if not rule.is_on_landing:
                    connection.sql(f"SELECT {rule.holds}, {rule.reason} FROM rows").fetchall()
    assert len({(r.table, r.name) for r in WRITTEN}) == len(WRITTEN) > 10


def test_checks_of_empty_tables_hold() -> None:
    tables = {name: TABLES[name].empty() for name in (*CHECKED, "silver.asset")}
    counts = run_checks(tables, JOB_TABLE.empty())
    assert len(counts) > 15 and all(c.n_failed == 0 for c in counts)


def test_checks_find_what_got_past_the_gate() -> None:
    tables = {name: TABLES[name].empty() for name in (*CHECKED, "silver.asset")}
    rows = [{k: v for k, v in segment(0, s, 31.0, "A").items() if not k.startswith("_")} for s in (0.0, 40.0)]
    tables["silver.segment"] = pa.Table.from_pylist(rows, schema=SEGMENT.arrow)
    broken = {c.rule: c.n_failed for c in run_checks(tables, JOB_TABLE.empty()) if c.n_failed}
    assert broken == {"key_unique": 1, "starts_before_end": 1, "of_an_annotation": 2}


def test_great_expectations_judges_the_counts(tmp_path: Path) -> None:
    counts = [
        Count("silver.segment", "schema", "fail", 10, 0, "fits"),
        Count("silver.segment", "within_asset", "fail", 10, 2, "no segment ends after its media"),
        Count("silver.annotation", "answered_once", "warn", 10, 1, "once"),
    ]
    assert suites.validate("job-1", counts, tmp_path / "docs") == [True, False, False]
    pages = "".join(p.read_text() for p in (tmp_path / "docs").rglob("*.html"))
    assert "no segment ends after its media" in pages and "within_asset" in pages
    assert suites.validate("nothing", []) == []


def test_an_expectation_that_breaks_is_no_success() -> None:
    broken = SimpleNamespace(success=False, exception_info={"raised_exception": True, "exception_message": "boom"})
    with pytest.raises(QualityError, match="boom"):
        suites._held(Count("t.x", "rule", "fail", 1, 0, ""), broken)
