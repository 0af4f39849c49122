/* The label of each object in each layer, from the labels of all annotators, by several methods.
   grain: job_name, object_id, layer, method
   reads: measure.consensus_label, silver.annotation, silver.asset, silver.job
   owner: measures
   checks: fail unique(grain), fail confidence between 0 and 1, fail support between 0 and n_annotators
   notes: methods are majority, one_coin and ground_truth (docs/metrics.md); where they differ, look at the object.
     Ties go to the label with more votes, then to the earlier by name; '' says "nothing of this". The backend's own
     label is in silver.consolidated. */
WITH object AS (
    SELECT job_name, object_id, max(asset_id) AS asset_id
    FROM silver.annotation
    GROUP BY job_name, object_id
)

SELECT
    c.job_name,
    c.object_id,
    c.layer,
    c.method,
    c.label,
    c.n_annotators,
    c.support,
    c.confidence,
    c.dissenters,
    o.asset_id,
    coalesce(job.task_type, 'unknown') AS task_type,
    asset.name AS asset_name
FROM measure.consensus_label AS c
LEFT JOIN object AS o ON c.job_name = o.job_name AND c.object_id = o.object_id
LEFT JOIN silver.asset AS asset ON o.asset_id = asset.asset_id
LEFT JOIN silver.job AS job ON c.job_name = job.job_name
