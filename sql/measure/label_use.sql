/* How often, how long, by whom and when each label was used, on the objects of one part of a job.
   grain: job_name, layer, label, worker_id, day, media_type, part
   reads: silver.segment, silver.classification, silver.annotation, silver.asset
   owner: measures
   checks: fail unique(grain), fail n_segments >= 1
   notes: objects of silver have their part here. An object is in one part, so sums over parts are exact, n_items among
     them. day is the UTC day on which the answer was submitted. media_type is empty where the source is not
     registered. */
WITH used AS (
    SELECT job_name, object_id, worker_id, revision, part, layer, label, count(*) AS n, sum(end_s - start_s) AS duration_s
    FROM silver.segment
    GROUP BY job_name, object_id, worker_id, revision, part, layer, label
    UNION ALL
    SELECT job_name, object_id, worker_id, revision, part, layer, label, 1 AS n, NULL AS duration_s
    FROM silver.classification
)

SELECT
    u.job_name,
    u.layer,
    u.label,
    u.worker_id,
    CAST(a.submitted_at AT TIME ZONE 'UTC' AS DATE) AS day,
    coalesce(asset.media_type, '') AS media_type,
    CAST(sum(u.n) AS BIGINT) AS n_segments,
    sum(u.duration_s) AS duration_s,
    count(DISTINCT u.object_id) AS n_items,
    u.part
FROM used AS u
INNER JOIN silver.annotation AS a
    ON u.job_name = a.job_name AND u.object_id = a.object_id AND u.worker_id = a.worker_id AND u.revision = a.revision
LEFT JOIN silver.asset AS asset ON a.asset_id = asset.asset_id
GROUP BY
    u.job_name, u.layer, u.label, u.worker_id, CAST(a.submitted_at AT TIME ZONE 'UTC' AS DATE), asset.media_type, u.part
