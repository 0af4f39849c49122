/* Two annotators on one object, to see who differs from whom and where.
   grain: job_name, object_id, layer, worker_a, worker_b
   reads: measure.pair_item, measure.gold_item, silver.job
   owner: measures
   checks: fail unique(grain), fail observed_agreement between 0 and 1, fail worker_a < worker_b
   notes: each pair once, the smaller pseudonym is a; signed figures are b - a. Clip labels have mass 1 and no boundaries
     or units (NULL). expected_agree is the mean over the object's other pairs, NULL where there is no other.
     is_gold_pair: the object has a known truth in the layer.
     docs/metrics.md says how boundaries and units are matched. */
WITH pair AS (
    SELECT
        p.*,
        count(*) OVER (PARTITION BY p.job_name, p.object_id, p.layer) AS n_pairs,
        sum(p.agree) OVER (PARTITION BY p.job_name, p.object_id, p.layer) AS agree_of_all
    FROM measure.pair_item AS p
),

gold AS (
    SELECT DISTINCT job_name, object_id, layer
    FROM measure.gold_item
)

SELECT
    p.job_name,
    p.object_id,
    p.layer,
    p.worker_a,
    p.worker_b,
    coalesce(job.task_type, 'unknown') AS task_type,
    p.mass,
    p.agree,
    p.agree_chance,
    p.rand_shared,
    p.rand_a,
    p.rand_b,
    p.n_boundaries_a,
    p.n_boundaries_b,
    p.boundary_hits_250ms,
    p.boundary_hits_500ms,
    p.boundary_hits_3s,
    p.offset_s,
    p.n_offsets,
    p.n_units_a,
    p.n_units_b,
    p.unit_hits_iou50,
    p.unit_hits_iou50_label,
    p.sum_iou_matched,
    CASE WHEN p.agree < p.mass THEN p.agree / p.mass ELSE 1.0 END AS observed_agreement,
    CASE WHEN p.n_pairs > 1 THEN
        CASE WHEN p.agree_of_all > p.agree THEN (p.agree_of_all - p.agree) / (p.n_pairs - 1) ELSE 0.0 END
    END AS expected_agree,
    g.job_name IS NOT NULL AS is_gold_pair,
    p.part
FROM pair AS p
LEFT JOIN gold AS g ON p.job_name = g.job_name AND p.object_id = g.object_id AND p.layer = g.layer
LEFT JOIN silver.job AS job ON p.job_name = job.job_name
