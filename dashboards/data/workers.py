"""Workers: how far each can be relied on."""

from __future__ import annotations

from dashboards.data.asking import Answer, Connection, Where, ask
from dashboards.data.bands import TENTATIVE


def workers(connection: Connection, job_name: str, layer: str) -> Answer:
    """The workers of one job and layer, the lowest bound of agreement with the others first."""
    return ask(
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
