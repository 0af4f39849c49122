"""A model that is said to have no row has none."""

from __future__ import annotations

import re

import pytest
import sqlglot

from annolake.lake.emptiness import is_empty
from annolake.lake.sqlmodels import models
from tests.lake.jobs import segments
from tests.lake.said import silver_of

BOX = {"boundingBoxes": [{"label": "Car", "left": 1, "top": 2, "width": 3, "height": 4}]}


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT * FROM s.a", True),
        ("SELECT count(*) FROM s.a", False),
        ("SELECT max(x) + 1 FROM s.a", False),
        ("SELECT x, count(*) FROM s.a GROUP BY x", True),
        ("SELECT max(x) OVER (), (SELECT count(*) FROM s.b) FROM s.a", True),
        ("SELECT * FROM s.b LEFT JOIN s.a USING (x)", False),
        ("SELECT * FROM s.b ANTI JOIN s.a USING (x)", False),
        ("SELECT * FROM s.b CROSS JOIN s.a", True),
        ("SELECT * FROM s.b, (SELECT * FROM s.a) AS c", True),
        ("SELECT * FROM s.a RIGHT JOIN s.b USING (x)", False),
        ("SELECT * FROM s.a FULL JOIN s.b USING (x)", False),
        ("SELECT * FROM s.b WHERE x IN (SELECT x FROM s.a)", False),
        ("WITH a AS (SELECT * FROM s.b) SELECT * FROM a", False),
        ("WITH c AS (SELECT * FROM s.a), d AS (SELECT * FROM c) SELECT * FROM d, json_each(d.x)", True),
        ("SELECT * FROM s.a UNION SELECT * FROM s.a", True),
        ("SELECT * FROM s.a UNION ALL SELECT * FROM s.b", False),
        ("SELECT 1", False),
    ],
)
def test_what_a_query_surely_lacks(sql: str, expected: bool) -> None:
    assert is_empty(sqlglot.parse_one(sql, dialect="duckdb"), {"s.a"}) is expected


def test_no_model_that_would_be_passed_over_has_a_row() -> None:
    picture = {"annotations": [BOX["boundingBoxes"][0] | {"class_id": 0}]}
    silver = silver_of(
        answers=[(0, "w1", segments(("A", 0, 2), ("A", 1, 3), label="x")), (1, "w1", {"crowd-bounding-box": BOX})],
        lines=[{"said": {}, "said-metadata": {"class-name": "x"}}, {"said": picture, "said-metadata": {}}],
        task_type="custom",
    )
    connection = next(one.connection for one in silver.gated.values() if one.n_good)
    told = with_rows = 0
    for model in models("silver").values():
        for relation in model.reads:
            if not is_empty(model.query, {relation}) or (
                relation in silver.gated and not silver.gated[relation].n_good
            ):
                continue
            without = re.sub(rf"\b{relation}\b(?!\.)", f"(SELECT * FROM {relation} WHERE false)", model.sql)
            assert connection.sql(f"SELECT count(*) FROM ({without})").fetchall() == [(0,)], (model.name, relation)
            told += 1
            with_rows += connection.sql(f"SELECT count(*) FROM ({model.sql})").fetchall() != [(0,)]
    assert told > 20 and with_rows > 8
