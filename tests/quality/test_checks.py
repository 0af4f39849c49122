"""Checks of whole tables: what was put together against what annotators said; children against their parents."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from annolake.lake.engine import database
from annolake.quality.checks import CHECKED, WRITTEN, Before, check_views, run_checks
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


LANDED = ["object_id", "worker_id", "label", "landing_id"]
OF_OBJECTS = [check for check in WRITTEN if check.is_of_objects]
READ = sorted({name for check in OF_OBJECTS for name in check.reads})
ROWS = st.lists(
    st.tuples(st.sampled_from(READ), *map(st.sampled_from, ("012", "ab", "xy", ("old", "old", "new")))), max_size=30
)
JOB = pa.Table.from_pylist([{"job_name": "j", "workers_per_object": 2, "status": ""}], schema=JOB_TABLE.arrow)


def landed(rows: list[tuple[str, ...]]) -> dict[str, Any]:
    """Tables with these rows: table, object, worker, label, landing."""
    same = {"job_name": "j", "layer": "class", "frame_no": 0, "kind": "polygon", "outcome": "labeled"}
    found: dict[str, Any] = {name: TABLES[name].empty() for name in ("silver.asset", *CHECKED)}
    for name in READ:
        some = [same | dict(zip(LANDED, row[1:], strict=True)) for row in rows if row[0] == name]
        some = [{c: v for c, v in row.items() if c in TABLES[name].arrow.names} for row in some]
        found[name] = pa.Table.from_pylist(some, schema=TABLES[name].arrow)
    return found


@hypothesis_settings(max_examples=12, deadline=None)
@given(rows=ROWS, n_unknown=st.sampled_from([0, 0, 0, 1]))
def test_what_a_landing_changed_of_its_objects_is_added_to_what_was_there(
    rows: list[tuple[str, ...]], n_unknown: int
) -> None:
    whole = {(c.table, c.rule): c.n_failed for c in run_checks(landed(rows), JOB)}
    earlier = {(c.table, c.rule): c.n_failed for c in run_checks(landed([r for r in rows if r[-1] == "old"]), JOB)}
    n_added = Counter(row[0] for row in rows if row[-1] == "new")
    n_added["silver.annotation"] += n_unknown  # rows that are not there: the whole is looked at
    before = Before("new", n_added, {(c.table, c.name): earlier[c.table, c.name] for c in OF_OBJECTS})
    if n_unknown:
        before = Before("new", n_added, {key: n + 100 for key, n in before.found.items()})
    with database() as connection:
        connection.execute("CREATE SCHEMA silver; CREATE SCHEMA landing")
        for name, some in {**landed(rows), "landing.job": JOB}.items():
            connection.register(name.replace(".", "__"), some)
            connection.execute(f"CREATE VIEW {name} AS FROM {name.replace('.', '__')}")
        found = {(c.table, c.rule): c.n_failed for c in check_views(connection, before=before)}
    assert found == whole
