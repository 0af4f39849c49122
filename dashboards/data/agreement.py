"""Agreement: how far the annotators agree, by job and layer, and on which objects they do not."""

from __future__ import annotations

from dashboards.data.asking import Answer, Connection, Where, ask
from dashboards.data.bands import RELIABLE, TENTATIVE

MOST_ITEMS = 1000
"""Objects that a page lists, which `gold.item_first` has of each layer of each job; `annolake sql` has all."""

MOST_PAIRS = 1000
"""Pairs of annotators that a page lists; `annolake sql` has all."""

ALL_LAYERS = ("",)
"""The layer that stands for all of them in `gold.item_coverage`."""

OFFSET_BIN_S = 0.1
"""Width of the bins of signed offsets; pairs are matched up to 1.5 s."""

MEASURES = ("alpha", "observed_agreement", "boundary_f_500ms", "unit_f_iou50")


def measure(connection: Connection, where: Where, name: str = "alpha") -> Answer:
    """One measure by job and layer with interval, chance floor and band; the lowest bound first.

    `band` is judged on the lower bound. `is_settled` says whether the whole interval is on one side of the threshold
    of tentative: a band that is not settled may change with more objects.
    """
    return ask(
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
        {"measure": name, "reliable": RELIABLE, "tentative": TENTATIVE},
    )


def figures(connection: Connection, where: Where) -> Answer:
    """The headline measures of each layer with labels, side by side; the lowest bound of alpha first."""
    return ask(
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


def coverage(connection: Connection, where: Where) -> Answer:
    """One row: objects, those that two or more annotated, disputed ones, answers that are still missing.

    An object counts once however many layers it has, so several layers are counted object by object.
    """
    if len(where.layers) > 1:
        return _coverage_of_layers(connection, where)
    return ask(
        connection,
        """
        select cast(coalesce(sum(n_items), 0) as bigint) as n_items,
          cast(coalesce(sum(n_compared), 0) as bigint) as n_compared,
          cast(coalesce(sum(n_disputed), 0) as bigint) as n_disputed,
          cast(coalesce(sum(n_waiting), 0) as bigint) as n_waiting
        from gold.item_coverage
        where true {filter}
        """,
        where if where.layers else Where(where.jobs, ALL_LAYERS),
    )


def _coverage_of_layers(connection: Connection, where: Where) -> Answer:
    return ask(
        connection,
        """
        with object as (
          select max(n_annotators) as n_annotators, bool_or(is_disputed) as is_disputed,
            bool_or(n_annotators < n_assigned) as is_waiting
          from gold.agreement_item
          where true {filter}
          group by job_name, object_id
        )
        select count(*) as n_items, count(*) filter (where n_annotators >= 2) as n_compared,
          count(*) filter (where is_disputed) as n_disputed, count(*) filter (where is_waiting) as n_waiting
        from object
        """,
        where,
    )


def items(connection: Connection, where: Where, *, disputed_only: bool = False, limit: int = MOST_ITEMS) -> Answer:
    """Objects by disagreement, the worst first; those without a figure last, with the reason."""
    return ask(
        connection,
        """
        select coalesce(asset_name, object_id) as item, job_name, layer, media_type, duration_s, n_assigned,
          n_annotators, observed_agreement, is_disputed, n_boundaries,
          boundary_hits_500ms / nullif(n_boundaries, 0) as boundary_f,
          unit_hits_iou50 / nullif(n_units, 0) as unit_f,
          reason_code, object_id
        from gold.item_first
        where (is_disputed or not $disputed_only) {filter}
        order by observed_agreement nulls last, mass desc, job_name, layer, object_id
        limit $limit
        """,
        where,
        {"disputed_only": disputed_only, "limit": min(limit, MOST_ITEMS)},
    )


def item_spread(connection: Connection, where: Where) -> Answer:
    """How many objects have which observed agreement, in twenty bins from 0 to 1; 1 counts to the last."""
    return ask(
        connection,
        """
        select bin / 20 as agreement_from, (bin + 1) / 20 as agreement_to, cast(sum(n_items) as bigint) as n_items
        from gold.item_spread
        where true {filter}
        group by bin
        order by bin
        """,
        where,
    )


def label_reliability(connection: Connection, where: Where) -> Answer:
    """How well each label is told from all others, the lowest bound first; those without a figure last."""
    return ask(
        connection,
        """
        select job_name, layer, label, alpha_binary, alpha_lo, alpha_hi, prevalence, boundary_f_500ms, n_items,
          nullif(most_confused_with, '') as most_confused_with, confused_share,
          coalesce(alpha_lo >= $tentative or alpha_hi < $tentative, false) as is_settled,
          case
            when alpha_binary is null then 'undefined'
            when alpha_lo is null then 'no interval'
            when alpha_lo >= $reliable then 'reliable'
            when alpha_lo >= $tentative then 'tentative'
            else 'not reliable'
          end as band,
          reason_code
        from gold.label_reliability
        where true {filter}
        order by alpha_lo nulls last, alpha_binary nulls last, job_name, layer, label
        """,
        where,
        {"reliable": RELIABLE, "tentative": TENTATIVE},
    )


def confusions(connection: Connection, where: Where) -> Answer:
    """Which two labels are taken for each other, the most minutes first; labels of clips are counted in answers.

    Each pair of labels once, both directions together: minutes of two annotators who said one and the other. `lift` is
    the amount over what chance alone would give.
    """
    return ask(
        connection,
        """
        with timed as (
          select job_name, layer, bool_or(duration_s is not null) as is_timed
          from gold.label_distribution where true {filter} group by all
        )
        select coalesce(nullif(label_a, ''), '(nothing)') as label_a, coalesce(nullif(label_b, ''), '(nothing)')
            as label_b, job_name, layer,
          if(coalesce(is_timed, false), mass / 60, null) as minutes, if(is_timed, null, mass) as answers,
          lift, n_items
        from gold.label_confusion
        left join timed using (job_name, layer)
        where scope = 'pair' and label_a < label_b and mass > 0 {filter}
        order by minutes desc nulls last, answers desc nulls last, job_name, layer, label_a, label_b
        """,
        where,
    )


def pairs(connection: Connection, where: Where) -> Answer:
    """Two annotators against what the others on the same objects would give; the farthest below first.

    The raw score depends on which objects the two shared; `residual` does not. `n_compared` of all pairs have one, and
    `n_below` of them are wholly below 0.
    """
    return ask(
        connection,
        """
        with told as (
          select count(residual) as n_compared, count(*) filter (where residual_hi < 0) as n_below
          from gold.agreement_pair where true {filter}
        )
        select worker_a, worker_b, job_name, layer, residual, residual_lo, residual_hi, observed_agreement,
          expected_po_given_items as expected, kappa_time, kappa_lo, kappa_hi, offset_s, n_items,
          coalesce(residual_hi < 0, false) as is_below, n_compared, n_below
        from gold.agreement_pair cross join told
        where true {filter}
        order by residual_hi nulls last, residual nulls last, job_name, layer, worker_a, worker_b
        limit $limit
        """,
        where,
        {"limit": MOST_PAIRS},
    )


def offset_spread(connection: Connection, where: Where) -> Answer:
    """How far each worker's boundaries are after (above 0) those of the others: shares of a histogram.

    Counted are objects and other workers; each has the median of its matched boundaries.
    """
    return ask(
        connection,
        """
        with binned as (
          select worker_id, bin, cast(sum(n_pairs) as bigint) as n_pairs
          from gold.offset_spread where true {filter} group by worker_id, bin
        )
        select worker_id, bin * cast($width as double) as offset_from,
          (bin + 1) * cast($width as double) as offset_to, n_pairs,
          n_pairs / sum(n_pairs) over (partition by worker_id) as share,
          cast(sum(n_pairs) over (partition by worker_id) as bigint) as n_pairs_worker
        from binned
        order by sum(bin * n_pairs) over (partition by worker_id) / n_pairs_worker desc, worker_id, bin
        """,
        where,
        {"width": OFFSET_BIN_S},
    )
