"""Which models have no row, told from what they read: such a model is not run.

Most landings have rows for a few models only: a segmentation has no boxes, a manifest without answers no segments. To
plan and run the other models costs more than a small landing's own rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Set

from sqlglot import exp

KEEP_LEFT, KEEP_RIGHT = {"LEFT", "ANTI"}, {"RIGHT", "FULL"}
"""Joins that have rows although their right side, or their left one, has none."""


def is_empty(query: exp.Expr, empty: Set[str]) -> bool:
    """Whether a query surely has no row, where the relations named in `empty` (`namespace.table`) have none.

    >>> import sqlglot
    >>> read = lambda sql: sqlglot.parse_one(sql, dialect="duckdb")
    >>> is_empty(read("WITH c AS (SELECT * FROM s.a) SELECT * FROM c LEFT JOIN s.b ON true"), {"s.a"})
    True
    >>> is_empty(read("SELECT * FROM s.a UNION ALL SELECT * FROM s.b"), {"s.a"})
    False
    """
    return _is_empty(query, empty, {})


def _is_empty(query: exp.Expr, empty: Set[str], outer: Mapping[str, bool]) -> bool:
    if isinstance(query, exp.Subquery):
        return _is_empty(query.this, empty, outer)
    if isinstance(query, exp.Table):
        return outer.get(query.name, False) if not query.db else f"{query.db}.{query.name}" in empty
    known = dict(outer)
    for cte in getattr(query, "ctes", []):
        known[cte.alias] = _is_empty(cte.this, empty, known)
    if isinstance(query, exp.Union):
        return _is_empty(query.left, empty, known) and _is_empty(query.right, empty, known)
    if not isinstance(query, exp.Select) or _is_whole_aggregate(query):
        return False
    source, joins = query.args.get("from_"), query.args.get("joins") or []
    if source is None or any({j.side, j.kind} & KEEP_RIGHT for j in joins):
        return False
    sides = [source.this, *(j.this for j in joins if not {j.side, j.kind} & KEEP_LEFT)]
    return any(_is_empty(side, empty, known) for side in sides)


def _is_whole_aggregate(query: exp.Select) -> bool:
    """Whether it makes one row of none: `SELECT count(*) FROM ...` without GROUP BY."""
    return not query.args.get("group") and any(map(_aggregates, query.expressions))


def _aggregates(value: exp.Expr) -> bool:
    found = value.walk(prune=lambda node: isinstance(node, exp.Window | exp.Query))
    return any(isinstance(node, exp.AggFunc) for node in found)
