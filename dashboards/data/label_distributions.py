"""Label distributions: which labels are used, by whom and when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from dashboards.data.asking import Answer, Connection, Where, ask

RARE_SHARE, RARE_COUNT = 0.01, 10
"""A label is rare under this share of all labels given, or under this many uses."""

Part = Literal["job_name", "worker_id", "day", "media_type"]
Unit = Literal["count", "minutes"]

AMOUNT: Mapping[str, str] = {"count": "n_segments", "minutes": "duration_s / 60"}


def labels(connection: Connection, where: Where, unit: Unit = "count") -> Answer:
    """How often, or how long, each label was given, and its share; the most used first."""
    return ask(
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


def labels_by(connection: Connection, where: Where, part: Part, unit: Unit = "count", *, most: int = 6) -> Answer:
    """Each label's amount and share within a part; the most used `most` by name, the rest as 'other labels'."""
    return ask(
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


def worker_shares(connection: Connection, where: Where, unit: Unit = "count") -> Answer:
    """Each worker's share of each label beside everybody's, with a Wilson interval; the farthest off first.

    Labels of one clip are not independent, so the interval counts the clips that the worker answered, not labels.
    `differs` where the interval leaves everybody's share out.
    """
    return ask(
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
        -- Rounded, as of two labels one is above by what the other is below: their order is by name.
        order by differs desc, round(abs(share - overall_share), 9) desc nulls last, worker_id, label
        """.replace("{amount}", AMOUNT[unit]),
        where,
    )


def rare_labels(connection: Connection, where: Where) -> Answer:
    """Labels under 1 % of those given in their layer, under 10 uses, or used by one of several workers."""
    return ask(
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


def drift(connection: Connection, where: Where, part: Part, baseline: str, unit: Unit = "count") -> Answer:
    """How far the mix of labels of each part is from a baseline's: PSI, beside what chance alone gives.

    The baseline is one part, or '' for all other parts together. Half a use is added to each label. `psi_chance` is the
    95 % point of the PSI of two samples of the same mix, chi-squared by objects, as labels of one clip are not
    independent (Yurdakul and Naranjo, J. Risk Model Validation 14, 2020); the quantile after Wilson and Hilferty.
    """
    return ask(
        connection,
        """
        with used as (
          select coalesce(nullif(cast({part} as varchar), ''), 'unknown') as part, label,
            cast(sum({amount}) as double) as amount
          from gold.label_distribution where true {filter} group by 1, 2
        ), answered as (
          select part, sum(n) as n
          from (
            select coalesce(nullif(cast({part} as varchar), ''), 'unknown') as part, job_name, worker_id, day,
              media_type, max(n_items) as n
            from gold.label_distribution where true {filter} group by all
          ) group by part
        ), cell as (
          select p.part, l.label, coalesce(u.amount, 0) as amount,
            if($baseline = '', l.total - coalesce(u.amount, 0), coalesce(b.amount, 0)) as base
          from answered p
          cross join (select label, sum(amount) as total from used group by label) l
          left join used u on u.part = p.part and u.label = l.label
          left join used b on b.part = $baseline and b.label = l.label
          where p.part <> $baseline
        ), share as (
          select part, label, amount, base,
            (amount + 0.5) / (sum(amount) over w + 0.5 * count(*) over w) as p,
            (base + 0.5) / (sum(base) over w + 0.5 * count(*) over w) as q,
            sum(base) over w as base_total, count(*) over w as k
          from cell window w as (partition by part)
        ), compared as (
          select part, sum((p - q) * ln(p / q)) as psi, any_value(k) - 1 as df,
            -- Of two labels one gains what the other loses: the one that gains is named.
            first({'label': label, 'by': p - q} order by round(abs(p - q), 9) desc, p < q, label) as moved
          from share where base_total > 0 group by part having any_value(k) > 1
        ), based as (
          select part, n, if($baseline = '', sum(n) over () - n, max(n) filter (where part = $baseline) over ())
            as base_n
          from answered
        ), judged as (
          select part, cast(psi as double) as psi,
            cast((1 / n + 1 / base_n) * df * power(1 - 2 / (9.0 * df) + 1.6449 * sqrt(2 / (9.0 * df)), 3) as double)
              as psi_chance,
            moved.label as moved_most, cast(moved.by as double) as moved_by, cast(n as bigint) as n_items
          from compared join based using (part)
          where base_n > 0
        )
        select part, psi, psi_chance, psi > psi_chance as differs, moved_most, moved_by, n_items
        from judged
        order by psi desc, part
        """.replace("{amount}", AMOUNT[unit]).replace("{part}", part),
        where,
        {"baseline": baseline},
    )


def never_used(connection: Connection, where: Where) -> Answer:
    """Labels that could be given and never were, by job and layer."""
    return ask(
        connection,
        """
        with allowed as (
          select job_name, unnest(json_keys(labels)) as layer, labels
          from silver.job where labels is not null
        ), offered as (
          select job_name, layer, unnest(from_json(json_extract(labels, '$."' || layer || '"'), '["VARCHAR"]')) as label
          from allowed where true {filter}
        ), used as (
          select distinct job_name, layer, label from gold.label_distribution where true {filter}
        )
        select o.layer, o.label, count(*) as n_jobs, min(o.job_name) as job_name
        from offered o
        left join used u on u.job_name = o.job_name and u.layer = o.layer and u.label = o.label
        group by o.layer, o.label
        having count(u.label) = 0
        order by o.layer, o.label
        """,
        where,
    )
