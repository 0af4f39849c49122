"""docs/metrics.md has an entry for every figure that gold shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from annolake.score_words import FAMILIES, REASONS
from transforms.agreement import jobs
from transforms.schemas import TABLES

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "metrics.md").read_text()
NAMED = {name for part in re.findall(r"`([^`]+)`", TEXT) for name in re.findall(r"[a-z0-9_]+", part)}
FIGURES = (
    "gold.agreement_pair", "gold.label_reliability", "gold.label_confusion", "gold.worker_quality",
    "gold.worker_confusion", "gold.worker_rework", "gold.agreement_box_pair", "gold.dispute_queue",
)  # fmt: skip
SUMS = {"mass", "mass_changed", "t_start_s", "t_end_s"}  # what figures are made of, and places


def test_every_measure_of_a_job_has_an_entry() -> None:
    sql = (ROOT / "sql" / "gold" / "agreement_job.sql").read_text()
    measures = {name for family in FAMILIES.values() for name in family}
    measures |= {*jobs.SEGMENT_MEASURES, *jobs.LABEL_MEASURES, *jobs.BOX_RATIOS}
    measures |= set(re.findall(r"'((?:alpha|boundary_f|unit_f|box|transcript)_[a-z0-9_]*[a-z0-9])'", sql))
    assert len(measures) > 25
    assert measures <= {name for family in FAMILIES.values() for name in family} | {"boundary_f"}
    assert not sorted(measures - NAMED)


def test_every_reason_has_a_line() -> None:
    codes = {code for path in (ROOT / "sql" / "gold").glob("*.sql")
             for code in re.findall(r"THEN '([a-z_]+)'\s+(?:WHEN|END AS reason_code)", path.read_text())}  # fmt: skip
    assert {"one_annotator", "too_few_items"} <= codes
    known = {"one_annotator", "no_labels", "one_label", "no_boundaries", "no_segments", "never_together",
             "too_few_items", "no_variation", "not_by_object"}  # fmt: skip
    assert not sorted((codes & known) - NAMED) and set(REASONS) <= NAMED


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_has_an_entry(name: str) -> None:
    columns = [c.name for c in TABLES[name].columns if str(c.type) == "double" and c.name not in SUMS]
    figures = [c for c in columns if not re.search(r"_(lo|hi)$", c)]
    assert figures
    families = {re.sub(r"_(250ms|500ms|3s|iou50_label|iou50)$", "", n) for n in NAMED}
    assert not [c for c in figures if c not in NAMED and re.sub(r"_(250ms|500ms|3s)$", "_", c) not in NAMED | families]
