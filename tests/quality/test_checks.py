"""Checks of whole tables: what was put together against what annotators said; children against their parents."""

from __future__ import annotations

from typing import Any

import pytest

from annolake.quality.checks import CHECKED, run_checks
from tests.lake.said import silver_of
from transforms.schemas import JOB_TABLE, TABLES

SQUARE = [{"x": x, "y": y} for x, y in ((1, 1), (9, 1), (9, 9))]
SIDES = {"left": 1, "top": 1, "width": 5, "height": 5}


def drawn(label: str) -> dict[str, Any]:
    return {"boundingBoxes": [{"label": label, **SIDES}], "polygons": [{"label": label, "vertices": SQUARE}]}


def entity(label: str) -> list[dict[str, Any]]:
    return [{"label": label, "startOffset": 0, "endOffset": 2}]


ANSWERS: list[tuple[int, str, Any]] = [
    (0, "w_1", {"crowd-x": drawn("Car")}),
    (1, "w_1", {"crowd-x": {"entities": entity("City")}}),
    (2, "w_1", {"crowd-classifier": {"labels": ["dog", "cat"]}}),
]


def tables(kind: str, *, answers: Any = ANSWERS) -> dict[str, Any]:
    """A job in which the consolidated label of one kind is one that nobody gave."""
    picture = drawn("Bus" if kind == "picture" else "Car")
    span = entity("Land" if kind == "span" else "City")
    classes = {"0": "cow" if kind == "class" else "dog", "1": "cat"}
    lines = [
        {"source": "abc", "said": picture, "said-metadata": {}},
        {"source": "abc", "said": {"entities": span}, "said-metadata": {}},
        {"source": "abc", "said": [0, 1], "said-metadata": {"class-map": classes}},
    ]
    found = silver_of(answers=answers, lines=lines)
    assert found.quarantined.num_rows == 0
    return {"silver.asset": TABLES["silver.asset"].empty(), **found.rows}


def broken(given: dict[str, Any]) -> dict[tuple[str, str], int]:
    return {(c.table, c.rule): c.n_failed for c in run_checks(given, JOB_TABLE.empty()) if c.n_failed}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("none", set()),
        ("picture", {"silver.consolidated_box", "silver.consolidated_shape"}),
        ("span", {"silver.consolidated_span"}),
        ("class", {"silver.consolidated_class"}),
    ],
)
def test_a_consolidated_label_that_nobody_gave(kind: str, expected: set[str]) -> None:
    assert broken(tables(kind)) == {(table, "label_among_answers"): 1 for table in expected}


def test_labels_of_objects_that_nobody_answered_are_not_asked_for() -> None:
    assert broken(tables("class", answers=ANSWERS[:2])) == {}


def test_rows_without_what_they_belong_to() -> None:
    given = tables("none")
    children = [name for name in CHECKED if name.startswith("silver.consolidated_") and given[name].num_rows]
    assert len(children) == 4
    given["silver.consolidated"] = TABLES["silver.consolidated"].empty()
    given["silver.annotation"] = TABLES["silver.annotation"].empty()
    found = broken(given)
    assert {table for table, rule in found if rule == "of_a_consolidated"} == set(children)
    assert {table for table, rule in found if rule == "of_an_annotation"} == {
        "silver.box", "silver.shape", "silver.text_span", "silver.classification",
    }  # fmt: skip
