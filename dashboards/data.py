"""Every question that the dashboards ask, as one function each, over gold tables of one release.

An `Answer` carries its rows and the very statement that gave them, values filled in, so that "show SQL" can be
pasted into `annolake sql`. Intervals are 95 %. Nothing here draws; tests run each function without a browser.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from textwrap import dedent
from typing import Any, Literal

import duckdb
import pyarrow as pa

TENTATIVE, RELIABLE = 0.667, 0.8
"""Krippendorff's bands of alpha: tentative from the first on, reliable from the second; of the lower bound here."""

RARE_SHARE, RARE_COUNT = 0.01, 10
"""A label is rare under this share of all labels given, or under this many uses."""

MOST_ITEMS = 1000
"""Objects that a page lists; `annolake sql` has all."""

Part = Literal["job_name", "worker_id", "day", "media_type"]
Unit = Literal["count", "minutes"]

AMOUNT: Mapping[str, str] = {"count": "n_segments", "minutes": "duration_s / 60"}
MEASURES = ("alpha", "observed_agreement", "boundary_f_500ms", "unit_f_iou50")


@dataclass(frozen=True, slots=True)
class Where:
    """Filters that pages share; an empty tuple keeps everything."""

    jobs: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows, and the statement that gives them again."""

    table: pa.Table
    sql: str

    @property
    def is_empty(self) -> bool:
        return self.table.num_rows == 0

    def column(self, name: str) -> list[Any]:
        """The values of one column."""
        values: list[Any] = self.table[name].to_pylist()
        return values


# -- what there is ----------------------------------------------------------------------------------------------------


def scopes(connection: duckdb.DuckDBPyConnection) -> Answer:
    """Jobs and layers that pages can filter by, with the number of labels given; the largest first."""
    return _ask(
        connection,
        """
        with labels as (
          select job_name, layer, task_type, sum(n_segments) as n_labels from gold.label_distribution group by all
        )
        select job_name, layer, coalesce(a.task_type, l.task_type) as task_type,
          cast(coalesce(n_labels, 0) as bigint) as n_labels
        from labels l
        full join (select distinct job_name, layer, task_type from gold.agreement_job) a using (job_name, layer)
        order by n_labels desc, job_name, layer
        """,
    )


# -- agreement --------------------------------------------------------------------------------------------------------


def agreement(connection: duckdb.DuckDBPyConnection, where: Where, measure: str = "alpha") -> Answer:
    """One measure by job and layer with interval, chance floor and band; the lowest bound first.

    `band` is judged on the lower bound. `is_settled` says whether the whole interval is on one side of the threshold
    of tentative: a band that is not settled may change with more objects.
    """
    return _ask(
        connection,
        """
        select job_name, layer, measure, value, ci_lo, ci_hi, chance_floor, n_items, n_annotators, prevalence_max,
          case
            when value is null then 'undefined'
            when ci_lo is null then 'no interval'
            when ci_lo >= $reliable then 'reliable'
            when ci_lo >= $tentative then 'tentative'
            else 'not reliable'
          end as band,
          coalesce(ci_lo >= $tentative or ci_hi < $tentative, false) as is_settled,
          reason_code
        from gold.agreement_job
        where measure = $measure {filter}
        order by ci_lo nulls last, value nulls last, job_name, layer
        """,
        where,
        {"measure": measure, "reliable": RELIABLE, "tentative": TENTATIVE},
    )


def figures(connection: duckdb.DuckDBPyConnection, where: Where) -> Answer:
    """The headline measures of each layer with labels, side by side; the lowest bound of alpha first."""
    return _ask(
        connection,
        """
        select job_name, layer, any_value(task_type) as task_type,
          max(value) filter (where measure = 'alpha') as alpha,
          max(ci_lo) filter (where measure = 'alpha') as alpha_lo,
          max(ci_hi) filter (where measure = 'alpha') as alpha_hi,
          max(chance_floor) filter (where measure = 'alpha') as alpha_chance,
          max(value) filter (where measure = 'observed_agreement') as observed,
          max(chance_floor) filter (where measure = 'observed_agreement') as observed_chance,
          max(value) filter (where measure = 'boundary_f_500ms') as boundary_f,
          max(value) filter (where measure = 'unit_f_iou50') as unit_f,
          max(prevalence_max) filter (where measure = 'alpha') as prevalence_max,
          cast(max(n_items) as bigint) as n_items, cast(max(n_annotators) as bigint) as n_annotators,
          max(reason_code) filter (where measure = 'alpha') as reason_code
        from gold.agreement_job
        where true {filter}
        group by job_name, layer
        having bool_or(measure = 'alpha')
        order by alpha_lo nulls last, alpha nulls last, job_name, layer
        """,
        where,
    )


def coverage(connection: duckdb.DuckDBPyConnection, where: Where) -> Answer:
    """One row: objects, those that two or more annotated, disputed ones, answers that are still missing."""
    return _ask(
        connection,
        """
        select count(distinct (job_name, object_id)) as n_items,
          count(distinct (job_name, object_id)) filter (where n_annotators >= 2) as n_compared,
          count(distinct (job_name, object_id)) filter (where is_disputed) as n_disputed,
          count(distinct (job_name, object_id)) filter (where n_annotators < n_assigned) as n_waiting
        from gold.agreement_item
        where true {filter}
        """,
        where,
    )


def items(
    connection: duckdb.DuckDBPyConnection, where: Where, *, disputed_only: bool = False, limit: int = MOST_ITEMS
) -> Answer:
    """Objects by disagreement, the worst first; those without a figure last, with the reason."""
    return _ask(
        connection,
        """
        select coalesce(asset_name, object_id) as item, job_name, layer, media_type, duration_s, n_assigned,
          n_annotators, observed_agreement, is_disputed, n_boundaries,
          boundary_hits_500ms / nullif(n_boundaries, 0) as boundary_f,
          unit_hits_iou50 / nullif(n_units, 0) as unit_f,
          reason_code, object_id
        from gold.agreement_item
        where (is_disputed or not $disputed_only) {filter}
        order by observed_agreement nulls last, mass desc, job_name, layer, object_id
        limit $limit
        """,
        where,
        {"disputed_only": disputed_only, "limit": limit},
    )


def item_spread(connection: duckdb.DuckDBPyConnection, where: Where) -> Answer:
    """How many objects have which observed agreement, in twenty bins from 0 to 1; 1 counts to the last."""
    return _ask(
        connection,
        """
        select bin / 20 as agreement_from, (bin + 1) / 20 as agreement_to, count(*) as n_items
        from (
          select least(floor(observed_agreement * 20), 19) as bin
          from gold.agreement_item
          where observed_agreement is not null {filter}
        )
        group by bin
        order by bin
        """,
        where,
    )


# -- workers ----------------------------------------------------------------------------------------------------------


def workers(connection: duckdb.DuckDBPyConnection, job_name: str, layer: str) -> Answer:
    """The workers of one job and layer, the lowest bound of agreement with the others first."""
    return _ask(
        connection,
        """
        select worker_id, status, loo_agreement, loo_lo, loo_hi,
          coalesce(loo_lo, loo_agreement) >= $tentative or coalesce(loo_hi, loo_agreement) < $tentative as is_settled,
          n_items, n_labels, offset_s, n_boundaries,
          over_seg_index, skill_ds, median_time_s
        from gold.worker_quality
        where true {filter}
        order by loo_lo nulls last, loo_agreement nulls last, worker_id
        """,
        Where((job_name,), (layer,)),
        {"tentative": TENTATIVE},
    )


# -- label distributions ----------------------------------------------------------------------------------------------


def labels(connection: duckdb.DuckDBPyConnection, where: Where, unit: Unit = "count") -> Answer:
    """How often, or how long, each label was given, and its share; the most used first."""
    return _ask(
        connection,
        """
        select label, cast(sum({amount}) as double) as amount,
          cast(sum({amount}) / nullif(sum(sum({amount})) over (), 0) as double) as share,
          cast(sum(n_segments) as bigint) as n_labels, sum(duration_s) / 60 as minutes,
          cast(sum(n_items) as bigint) as n_answers, count(distinct worker_id) as n_workers
        from gold.label_distribution
        where true {filter}
        group by label
        order by amount desc nulls last, label
        """.replace("{amount}", AMOUNT[unit]),
        where,
    )


def labels_by(
    connection: duckdb.DuckDBPyConnection, where: Where, part: Part, unit: Unit = "count", *, most: int = 6
) -> Answer:
    """Each label's amount and share within a part; the most used `most` by name, the rest as 'other labels'."""
    return _ask(
        connection,
        """
        with ranked as (
          select label, row_number() over (order by sum({amount}) desc nulls last, label) as place
          from gold.label_distribution where true {filter} group by label
        ), used as (
          select coalesce(nullif(cast({part} as varchar), ''), 'unknown') as part,
            if(place <= $most, label, 'other labels') as label, least(place, $most + 1) as place,
            cast(sum({amount}) as double) as amount, cast(sum(n_segments) as bigint) as n_labels
          from gold.label_distribution join ranked using (label)
          where true {filter}
          group by 1, 2, 3
        )
        select part, label, place, amount, amount / nullif(sum(amount) over (partition by part), 0) as share, n_labels,
          cast(sum(n_labels) over (partition by part) as bigint) as n_labels_part
        from used
        order by part, place
        """.replace("{amount}", AMOUNT[unit]).replace("{part}", part),
        where,
        {"most": most},
    )


def worker_shares(connection: duckdb.DuckDBPyConnection, where: Where, unit: Unit = "count") -> Answer:
    """Each worker's share of each label beside everybody's, with a Wilson interval; the farthest off first.

    Labels of one clip are not independent, so the interval counts the clips that the worker answered, not labels.
    `differs` where the interval leaves everybody's share out.
    """
    return _ask(
        connection,
        """
        with given as (
          select worker_id, label, sum({amount}) as amount, sum(n_segments) as n_labels, sum(n_items) as n_items
          from gold.label_distribution where true {filter} group by all
        ), answered as (
          select worker_id, sum(n_items) as n_items
          from (
            select job_name, worker_id, max(n_items) as n_items from gold.worker_quality
            where true {filter} group by all
          ) group by all
        ), total as (
          select worker_id, sum(amount) as amount, sum(n_labels) as n_labels,
            greatest(max(given.n_items), coalesce(max(answered.n_items), 0)) as n
          from given left join answered using (worker_id) group by all
        ), overall as (
          select label, sum(amount) / nullif(sum(sum(amount)) over (), 0) as overall_share from given group by label
        ), share as (
          select worker_id, label, overall_share, n, total.n_labels,
            coalesce(given.amount, 0) / nullif(total.amount, 0) as share
          from total cross join overall left join given using (worker_id, label)
        ), bounded as (
          select *, (share + 1.9208 / n) / (1 + 3.8416 / n) as middle,
            1.96 * sqrt(share * (1 - share) / n + 0.9604 / (n * n)) / (1 + 3.8416 / n) as half
          from share where n > 0
        )
        select worker_id, label, cast(share as double) as share,
          cast(greatest(middle - half, 0) as double) as share_lo, cast(least(middle + half, 1) as double) as share_hi,
          cast(overall_share as double) as overall_share, cast(n as bigint) as n_items,
          cast(n_labels as bigint) as n_labels,
          coalesce(overall_share < middle - half or overall_share > middle + half, false) as differs
        from bounded
        order by differs desc, abs(share - overall_share) desc nulls last, worker_id, label
        """.replace("{amount}", AMOUNT[unit]),
        where,
    )


def rare_labels(connection: duckdb.DuckDBPyConnection, where: Where) -> Answer:
    """Labels under 1 % of those given in their layer, under 10 uses, or used by one of several workers."""
    return _ask(
        connection,
        """
        with used as (
          select layer, label, sum(n_segments) as n_labels,
            sum(n_segments) / sum(sum(n_segments)) over (partition by layer) as share,
            count(distinct worker_id) as n_workers, max(day) as last_day
          from gold.label_distribution where true {filter} group by layer, label
        ), asked as (
          select layer, count(distinct worker_id) as n_asked from gold.label_distribution
          where true {filter} group by all
        )
        select layer, label, cast(n_labels as bigint) as n_labels, cast(share as double) as share, n_workers, n_asked,
          last_day
        from used join asked using (layer)
        where share < $rare_share or n_labels < $rare_count or (n_workers = 1 and n_asked > 1)
        order by n_labels, layer, label
        """,
        where,
        {"rare_share": RARE_SHARE, "rare_count": RARE_COUNT},
    )


# -- asking -----------------------------------------------------------------------------------------------------------


def _ask(
    connection: duckdb.DuckDBPyConnection,
    statement: str,
    where: Where | None = None,
    values: Mapping[str, object] | None = None,
) -> Answer:
    """Run a statement with its filters as bound values; a cursor of its own lets threads ask at the same time."""
    given = {k: v for k, v in (("jobs", where and where.jobs), ("layers", where and where.layers)) if v}
    columns = {"jobs": "job_name", "layers": "layer"}
    conditions = "".join(f" and {columns[name]} in ${name}" for name in given)
    statement = statement.replace(" {filter}", conditions).replace("where true and ", "where ")
    parameters = {**{k: list(v) for k, v in given.items()}, **(values or {})}
    with connection.cursor() as cursor:
        table = cursor.sql(statement, params=parameters).to_arrow_table()
    return Answer(table, _shown(statement, parameters))


def _shown(statement: str, parameters: Mapping[str, object]) -> str:
    filled = re.sub(r"\$(\w+)", lambda found: _literal(parameters[found[1]]), dedent(statement))
    return filled.strip()


def _literal(value: object) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, Iterable):
        return "(" + ", ".join(_literal(v) for v in value) + ")"
    return str(value).lower() if isinstance(value, bool) else str(value)
