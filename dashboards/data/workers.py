"""Workers: how far each can be relied on, how fast, and what one of them does differently."""

from __future__ import annotations

from typing import Literal

from dashboards.data.agreement import OFFSET_BIN_S
from dashboards.data.asking import Answer, Connection, Where, ask
from dashboards.data.bands import TENTATIVE

MOST_ITEMS = 1000
"""Objects of a worker that a page lists; `annolake sql` has all."""

Scope = Literal["others", "gold"]


def workers(connection: Connection, job_name: str, layer: str) -> Answer:
    """The workers of one job and layer, the lowest bound of agreement with the others first.

    `is_settled` says whether the whole interval is on one side of the threshold.
    """
    return ask(
        connection,
        """
        select worker_id, status, loo_agreement, loo_lo, loo_hi,
          coalesce(loo_lo, loo_agreement) >= $tentative or coalesce(loo_hi, loo_agreement) < $tentative as is_settled,
          n_items, n_labels, median_active_s_per_min, offset_s, n_boundaries, over_seg_index, skill_ds, skill_onecoin,
          skill_lo, skill_hi, gold_n, gold_acc, gold_lo, gold_hi, spam_prob, residual, residual_lo, residual_hi,
          is_drifting, drift_at, drift_cusum, idle_share, median_time_s
        from gold.worker_quality
        where true {filter}
        order by loo_lo nulls last, loo_agreement nulls last, worker_id
        """,
        Where((job_name,), (layer,)),
        {"tentative": TENTATIVE},
    )


def history(connection: Connection, job_name: str, layer: str, worker_id: str) -> Answer:
    """One worker's agreement with the others by day, with its interval."""
    return ask(
        connection,
        """
        select day, loo_agreement, loo_lo, loo_hi, n_items
        from gold.worker_day
        where worker_id = $worker_id and loo_agreement is not null {filter}
        order by day
        """,
        Where((job_name,), (layer,)),
        {"worker_id": worker_id},
    )


def confusion(connection: Connection, job_name: str, layer: str, worker_id: str, scope: Scope = "others") -> Answer:
    """What one worker says where the others, or the truth, say a label; the commonest labels first.

    `share` adds up to 1 over what was given for one label; mass is seconds, or objects.
    """
    return ask(
        connection,
        """
        select coalesce(nullif(true_label, ''), '(nothing)') as true_label,
          coalesce(nullif(given_label, ''), '(nothing)') as given_label, p as share, mass, prior
        from gold.worker_confusion
        where worker_id = $worker_id and scope = $scope and mass > 0 {filter}
        order by prior desc, true_label, mass desc, given_label
        """,
        Where((job_name,), (layer,)),
        {"worker_id": worker_id, "scope": scope},
    )


def offsets(connection: Connection, job_name: str, layer: str, worker_id: str) -> Answer:
    """How far one worker's boundaries are after (above 0) those of another on the same object: a histogram.

    Counted are objects and other workers; each has the median of its matched boundaries.
    """
    return ask(
        connection,
        """
        select bin * cast($width as double) as offset_from, (bin + 1) * cast($width as double) as offset_to, n_pairs
        from gold.offset_spread
        where worker_id = $worker_id {filter}
        order by bin
        """,
        Where((job_name,), (layer,)),
        {"worker_id": worker_id, "width": OFFSET_BIN_S},
    )


def items(connection: Connection, job_name: str, layer: str, worker_id: str, limit: int = MOST_ITEMS) -> Answer:
    """The objects of one worker, those first on which the others agree most with each other and not with them.

    `observed` is the share on which worker and others say the same, `expected` that of the other pairs; NULL where
    there is no other pair.
    """
    return ask(
        connection,
        """
        with own as (
          select job_name, object_id, layer, sum(agree) / nullif(sum(mass), 0) as observed,
            sum(expected_agree) / nullif(sum(mass) filter (where expected_agree is not null), 0) as expected,
            count(*) as n_others
          from gold.agreement_pair_item
          where $worker_id in (worker_a, worker_b) {filter}
          group by all
        )
        select coalesce(i.asset_name, own.object_id) as item, own.observed, own.expected,
          own.observed - own.expected as residual, own.n_others, i.duration_s, own.job_name, own.layer, own.object_id
        from own
        left join gold.agreement_item i
          on i.job_name = own.job_name and i.object_id = own.object_id and i.layer = own.layer
        order by residual nulls last, observed, own.object_id
        limit $limit
        """,
        Where((job_name,), (layer,)),
        {"worker_id": worker_id, "limit": limit},
    )
