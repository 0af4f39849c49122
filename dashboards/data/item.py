"""Item: one object of one job, everything that was said about it, and how far that agrees.

The only page that reads silver: what each annotator said is not in gold. Every question names one job and one object,
so it touches few rows.
"""

from __future__ import annotations

from dashboards.data.asking import Answer, Connection, Where, ask

MOST_ITEMS = 500
"""Objects that the choice offers; a link opens any."""


def items(connection: Connection, where: Where) -> Answer:
    """Objects to choose from, the most disputed first: how much is labeled wrong by expectation, then disagreement."""
    return ask(
        connection,
        """
        select job_name, object_id, coalesce(asset_name, 'object ' || object_id) as item, media_type, n_annotators,
          object_agreement as observed_agreement, object_gain as gain, object_disputes as n_disputes
        from gold.item_first
        where nth_layer = 1 {filter}
        order by object_gain desc, object_agreement nulls last, job_name, object_id
        limit $limit
        """,
        where.of_jobs(),
        {"limit": MOST_ITEMS},
    )


def item(connection: Connection, job_name: str, object_id: str) -> Answer:
    """One row: the object's media and its job; none where nobody answered it."""
    return ask(
        connection,
        """
        with object as (
          select job_name, object_id, max(asset_id) as asset_id, count(distinct worker_id) as n_annotators
          from silver.annotation
          where job_name = $job and object_id = $object
          group by all
        ), extent as (
          select max(end_s) as last_s from silver.segment where job_name = $job and object_id = $object
        )
        select o.job_name, o.object_id, o.asset_id, o.n_annotators, a.name as asset_name, a.uri, a.playable_uri,
          a.peaks_uri, a.media_type, coalesce(a.duration_s, extent.last_s) as duration_s, j.task_type, j.batch_id,
          j.level, j.status
        from object o
        cross join extent
        left join silver.asset a using (asset_id)
        left join silver.job j using (job_name)
        """,
        values={"job": job_name, "object": object_id},
        job=job_name,
    )


def segments(connection: Connection, job_name: str, object_id: str) -> Answer:
    """What each annotator marked on the timeline, and the consensus of them with worker_id ''."""
    return ask(
        connection,
        """
        select layer, worker_id, segment_no, label, start_s, end_s, text, null::double as confidence
        from silver.segment
        where job_name = $job and object_id = $object
        union all
        select layer, '', segment_no, label, start_s, end_s, null, confidence
        from gold.consensus_segment
        where job_name = $job and object_id = $object
        order by layer, worker_id, start_s, segment_no
        """,
        values={"job": job_name, "object": object_id},
        job=job_name,
    )


def annotators(connection: Connection, job_name: str, object_id: str) -> Answer:
    """Who answered, in the order of submission; also those who marked nothing."""
    return ask(
        connection,
        """
        select worker_id, submitted_at, time_spent_s, n_segments, transcript
        from silver.annotation
        where job_name = $job and object_id = $object
        order by submitted_at, worker_id
        """,
        values={"job": job_name, "object": object_id},
        job=job_name,
    )


def classes(connection: Connection, job_name: str, object_id: str) -> Answer:
    """What each annotator said of the whole object, and what the methods of consensus make of it."""
    return ask(
        connection,
        """
        with said as (
          select layer, worker_id, string_agg(label, ', ' order by label) as label
          from silver.classification
          where job_name = $job and object_id = $object
          group by layer, worker_id
        ), fused as (
          select layer, max(label) filter (where method = 'majority') as majority,
            max(label) filter (where method = 'one_coin') as one_coin,
            max(confidence) filter (where method = 'one_coin') as confidence
          from gold.consensus_label
          where job_name = $job and object_id = $object
          group by layer
        )
        select layer, worker_id, label, nullif(fused.one_coin, '') as consensus, fused.confidence,
          coalesce(label <> fused.one_coin, false) as differs
        from said left join fused using (layer)
        order by layer, differs desc, worker_id
        """,
        values={"job": job_name, "object": object_id},
        job=job_name,
    )


def disputes(connection: Connection, job_name: str, object_id: str) -> Answer:
    """The disagreements of the object, in the order of time; `place` is that in the queue of its layer."""
    return ask(
        connection,
        """
        select layer, t_start_s, t_end_s, kind, labels, workers, severity as disagreeing, expected_gain, place
        from gold.dispute_queue
        where job_name = $job and object_id = $object
        order by layer, t_start_s, kind
        """,
        values={"job": job_name, "object": object_id},
        job=job_name,
    )


def agreement(connection: Connection, job_name: str, object_id: str) -> Answer:
    """Agreement of the object by layer; texts beside it."""
    return ask(
        connection,
        """
        select layer, observed_agreement, is_disputed, n_annotators,
          boundary_hits_500ms / nullif(n_boundaries, 0) as boundary_f, unit_hits_iou50 / nullif(n_units, 0) as unit_f,
          reason_code
        from gold.agreement_item
        where job_name = $job and object_id = $object
        order by observed_agreement nulls last, layer
        """,
        values={"job": job_name, "object": object_id},
        job=job_name,
    )


def pairs(connection: Connection, job_name: str, object_id: str) -> Answer:
    """Every two annotators on the object, in each layer; those furthest apart first."""
    return ask(
        connection,
        """
        select layer, worker_a, worker_b, observed_agreement,
          (2 * boundary_hits_500ms) / nullif(n_boundaries_a + n_boundaries_b, 0) as boundary_f,
          (2 * unit_hits_iou50) / nullif(n_units_a + n_units_b, 0) as unit_f, offset_s, n_offsets
        from gold.agreement_pair_item
        where job_name = $job and object_id = $object
        order by observed_agreement nulls last, layer, worker_a, worker_b
        """,
        values={"job": job_name, "object": object_id},
        job=job_name,
    )
