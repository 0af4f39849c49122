/* Agreement of the annotators on one object, to look at the objects that they see differently.
   grain: job_name, object_id, layer
   reads: measure.item, measure.consensus_label, measure.consensus_segment, silver.job, silver.assignment,
     silver.annotation, silver.asset
   owner: measures
   checks: fail unique(grain), fail observed_agreement between 0 and 1, fail reason_code where observed_agreement is null,
     fail entropy >= 0
   notes: NULL with a reason_code where fewer than two annotators answered or there is nothing to compare. Disputed is
     an observed agreement under 2/3; undefined agreement is not disputed. A worker who was asked twice counts once.
     Entropy is that of the shares of label_mass, in bits; NULL where nothing could be compared.
     docs/metrics.md defines every sum. */
WITH asked AS (
    SELECT
        a.job_name,
        a.object_id,
        count(DISTINCT a.worker_id) AS n_assigned,
        count(DISTINCT CASE WHEN a.outcome = 'skipped' THEN a.worker_id END) AS n_skipped,
        max(a.asset_id) AS asset_id
    FROM (
        SELECT job_name, object_id, worker_id, asset_id, outcome FROM silver.assignment
        UNION ALL
        SELECT job_name, object_id, worker_id, asset_id, 'answered' AS outcome FROM silver.annotation
    ) AS a
    GROUP BY a.job_name, a.object_id
),

spread AS (
    SELECT
        s.job_name,
        s.object_id,
        s.layer,
        greatest(0.0, 0.0 - sum(s.share * ln(s.share)) / ln(2.0)) AS entropy
    FROM (
        SELECT i.job_name, i.object_id, i.layer, i.label_mass[u.label] / i.mass AS share
        FROM measure.item AS i
        CROSS JOIN unnest(map_keys(i.label_mass)) AS u (label)
        WHERE i.mass > 0
    ) AS s
    WHERE s.share > 0
    GROUP BY s.job_name, s.object_id, s.layer
),

fused AS (
    SELECT f.job_name, f.object_id, f.layer, min(f.consensus_ref) AS consensus_ref
    FROM (
        SELECT job_name, object_id, layer, 'gold.consensus_label' AS consensus_ref FROM measure.consensus_label
        UNION ALL
        SELECT job_name, object_id, layer, 'gold.consensus_segment' AS consensus_ref FROM measure.consensus_segment
    ) AS f
    GROUP BY f.job_name, f.object_id, f.layer
)

SELECT
    i.job_name,
    i.object_id,
    i.layer,
    asked.asset_id,
    coalesce(job.task_type, 'unknown') AS task_type,
    asset.media_type,
    asset.name AS asset_name,
    CAST(coalesce(asked.n_assigned, i.n_annotators) AS INTEGER) AS n_assigned,
    CAST(coalesce(asked.n_skipped, 0) AS INTEGER) AS n_skipped,
    i.duration_s,
    i.n_annotators,
    i.n_pairs,
    i.mass,
    i.d_obs,
    i.label_mass,
    i.mass_presence,
    i.d_obs_presence,
    i.present_mass,
    i.n_boundaries,
    i.boundary_hits_500ms,
    i.boundary_hits_3s,
    i.boundary_abs_dev_s,
    i.n_units,
    i.unit_hits_iou50,
    i.unit_hits_iou50_label,
    i.sum_iou_matched,
    i.boundary_hits_250ms,
    i.boundary_hits_more,
    i.units_fewer,
    i.units_more,
    i.rand_shared,
    i.rand_own,
    i.rand_chance,
    CASE WHEN i.mass > 0 THEN CASE WHEN i.d_obs < i.mass THEN 1.0 - i.d_obs / i.mass ELSE 0.0 END END AS observed_agreement,
    coalesce(i.mass > 0 AND 1.0 - i.d_obs / i.mass < 2.0 / 3.0 - 1e-9, FALSE) AS is_disputed,
    spread.entropy,
    fused.consensus_ref,
    i.reason_code,
    i.part
FROM measure.item AS i
LEFT JOIN silver.job AS job ON i.job_name = job.job_name
LEFT JOIN asked ON i.job_name = asked.job_name AND i.object_id = asked.object_id
LEFT JOIN silver.asset AS asset ON asked.asset_id = asset.asset_id
LEFT JOIN spread ON i.job_name = spread.job_name AND i.object_id = spread.object_id AND i.layer = spread.layer
LEFT JOIN fused ON i.job_name = fused.job_name AND i.object_id = fused.object_id AND i.layer = fused.layer
