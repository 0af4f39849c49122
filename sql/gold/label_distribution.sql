/* How often, how long, by whom and when each label was used.
   grain: job_name, layer, label, worker_id, day, media_type
   reads: silver.segment, silver.classification, silver.annotation, silver.asset, silver.job
   owner: measures
   checks: fail unique(grain), fail n_segments >= 1, warn rows >= 1
   notes: sums over rows are exact but for n_items, which counts an object once a row (one object has several labels).
     day is the UTC day on which the answer was submitted. media_type is empty where the source is not registered. */
WITH used AS (
    SELECT job_name, object_id, worker_id, revision, asset_id, layer, label, end_s - start_s AS duration_s
    FROM silver.segment
    UNION ALL
    SELECT job_name, object_id, worker_id, revision, asset_id, layer, label, NULL AS duration_s
    FROM silver.classification
)

SELECT
    u.job_name,
    u.layer,
    coalesce(job.task_type, 'unknown') AS task_type,
    u.label,
    u.worker_id,
    CAST(a.submitted_at AT TIME ZONE 'UTC' AS DATE) AS day,
    coalesce(asset.media_type, '') AS media_type,
    count(*) AS n_segments,
    sum(u.duration_s) AS duration_s,
    count(DISTINCT u.object_id) AS n_items
FROM used AS u
LEFT JOIN silver.job AS job ON u.job_name = job.job_name
LEFT JOIN silver.annotation AS a
    ON u.job_name = a.job_name AND u.object_id = a.object_id AND u.worker_id = a.worker_id AND u.revision = a.revision
LEFT JOIN silver.asset AS asset ON u.asset_id = asset.asset_id
GROUP BY
    u.job_name, u.layer, job.task_type, u.label, u.worker_id, CAST(a.submitted_at AT TIME ZONE 'UTC' AS DATE),
    asset.media_type
