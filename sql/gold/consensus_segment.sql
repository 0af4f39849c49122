/* Segments on which the annotators of an object agree, fused from what each of them drew.
   grain: job_name, object_id, layer, segment_no
   reads: measure.consensus_segment, silver.annotation, silver.asset, silver.job
   owner: measures
   checks: fail unique(grain), fail start_s < end_s, fail confidence between 0 and 1, fail support between 0 and
     n_annotators
   notes: a vote at every moment; a segment needs more than half of the annotators, ties are cut in the middle between
     the winners around them (docs/metrics.md). Segments of different labels overlap only where annotators' do. */
WITH object AS (
    SELECT job_name, object_id, max(asset_id) AS asset_id
    FROM silver.annotation
    GROUP BY job_name, object_id
)

SELECT
    c.job_name,
    c.object_id,
    c.layer,
    c.segment_no,
    c.label,
    c.start_s,
    c.end_s,
    c.n_annotators,
    c.support,
    c.confidence,
    c.dissenters,
    c.end_s - c.start_s AS duration_s,
    o.asset_id,
    coalesce(job.task_type, 'unknown') AS task_type,
    asset.media_type,
    asset.name AS asset_name,
    c.part
FROM measure.consensus_segment AS c
LEFT JOIN object AS o ON c.job_name = o.job_name AND c.object_id = o.object_id
LEFT JOIN silver.asset AS asset ON o.asset_id = asset.asset_id
LEFT JOIN silver.job AS job ON c.job_name = job.job_name
