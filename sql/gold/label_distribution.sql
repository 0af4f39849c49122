/* How often, how long, by whom and when each label was used.
   grain: job_name, layer, label, worker_id, day, media_type
   reads: measure.label_use, silver.job
   owner: measures
   checks: fail unique(grain), fail n_segments >= 1, warn rows >= 1
   notes: sums over rows are exact but for n_items, which counts an object once a row (one object has several labels).
     day is the UTC day on which the answer was submitted. media_type is empty where the source is not registered. */
SELECT
    u.job_name,
    u.layer,
    coalesce(job.task_type, 'unknown') AS task_type,
    u.label,
    u.worker_id,
    u.day,
    u.media_type,
    CAST(sum(u.n_segments) AS BIGINT) AS n_segments,
    sum(u.duration_s) AS duration_s,
    CAST(sum(u.n_items) AS BIGINT) AS n_items
FROM measure.label_use AS u
LEFT JOIN silver.job AS job ON u.job_name = job.job_name
GROUP BY u.job_name, u.layer, job.task_type, u.label, u.worker_id, u.day, u.media_type
