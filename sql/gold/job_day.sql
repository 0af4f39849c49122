/* What was done in each job on each day: answers, objects finished, hours of work; for burndown and pace.
   grain: job_name, day
   reads: silver.job, silver.annotation, silver.asset
   owner: dashboards
   checks: fail unique(grain), fail n_complete <= n_answers
   notes: day is the UTC day of submission. An object is complete on the day on which the last answer came that was
     asked for; its first answer starts it. Objects whose media is not registered add no media time. Active time of an
     answer is as in gold.worker_quality; answers without times add none. */
WITH first_answer AS (
    SELECT
        a.job_name,
        a.object_id,
        a.worker_id,
        s.duration_s,
        min(a.submitted_at) AS submitted_at,
        sum(
            CASE WHEN a.time_spent_s IS NOT NULL OR a.accepted_at IS NOT NULL THEN
                least(
                    coalesce(a.time_spent_s, epoch(a.submitted_at - a.accepted_at)),
                    greatest(300.0, 10.0 * coalesce(s.duration_s, 0.0))
                )
            END
        ) AS active_s
    FROM silver.annotation AS a
    LEFT JOIN silver.asset AS s ON a.asset_id = s.asset_id
    GROUP BY a.job_name, a.object_id, a.worker_id, s.duration_s
),

placed AS (
    SELECT
        job_name,
        object_id,
        worker_id,
        duration_s,
        active_s,
        CAST(submitted_at AT TIME ZONE 'UTC' AS DATE) AS day,
        row_number() OVER (PARTITION BY job_name, object_id ORDER BY submitted_at, worker_id) AS place
    FROM first_answer
)

SELECT
    p.job_name,
    p.day,
    count(*) AS n_answers,
    count(DISTINCT p.worker_id) AS n_workers,
    count(*) FILTER (WHERE p.place = 1) AS n_started,
    count(*) FILTER (WHERE p.place = j.workers_per_object) AS n_complete,
    coalesce(sum(p.duration_s) FILTER (WHERE p.place = j.workers_per_object), 0.0) AS media_complete_s,
    coalesce(sum(p.active_s), 0.0) AS active_s
FROM placed AS p
INNER JOIN silver.job AS j ON p.job_name = j.job_name
GROUP BY p.job_name, p.day
