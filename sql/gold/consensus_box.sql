/* Boxes on which the annotators of an object agree, fused from what each of them drew.
   grain: job_name, object_id, layer, frame_no, box_no
   reads: measure.consensus_box, silver.annotation, silver.asset, silver.job
   owner: measures
   checks: fail unique(grain), fail confidence between 0 and 1, fail support between 0 and n_annotators
   notes: boxes of a frame join in clusters by overlap and are averaged (docs/metrics.md). Clusters that half of the
     annotators or fewer support are here too, with is_accepted false: for an expert to see, not to train on. */
WITH object AS (
    SELECT job_name, object_id, max(asset_id) AS asset_id
    FROM silver.annotation
    GROUP BY job_name, object_id
)

SELECT
    c.job_name,
    c.object_id,
    c.layer,
    c.frame_no,
    c.box_no,
    c.label,
    c.left_px,
    c.top_px,
    c.width_px,
    c.height_px,
    c.n_annotators,
    c.support,
    c.is_accepted,
    c.confidence,
    c.dissenters,
    o.asset_id,
    coalesce(job.task_type, 'unknown') AS task_type,
    asset.name AS asset_name,
    c.part
FROM measure.consensus_box AS c
LEFT JOIN object AS o ON c.job_name = o.job_name AND c.object_id = o.object_id
LEFT JOIN silver.asset AS asset ON o.asset_id = asset.asset_id
LEFT JOIN silver.job AS job ON c.job_name = job.job_name
