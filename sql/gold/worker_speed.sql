/* How fast each worker works, as a histogram: percentiles of any worker, job or team are read from sums of it.
   grain: job_name, worker_id, bin
   reads: silver.annotation, silver.asset
   owner: dashboards
   checks: fail unique(grain), fail n_answers >= 1
   notes: active seconds a minute of media, of answers on media of known length. Active time is the reported time
     without pauses, else submitted less accepted, cut at 5 minutes or 10 times the media, whichever is more. bin b holds
     (g^(b-1), g^b] with g = 1.01 / 0.99; the middle is at most 1 % off (transforms.histogram). */
WITH answer AS (
    SELECT
        a.job_name,
        a.worker_id,
        least(
            coalesce(a.time_spent_s, epoch(a.submitted_at - a.accepted_at)), greatest(300.0, 10.0 * s.duration_s)
        ) / (s.duration_s / 60.0) AS speed
    FROM silver.annotation AS a
    INNER JOIN silver.asset AS s ON a.asset_id = s.asset_id
    WHERE s.duration_s > 0 AND (a.time_spent_s IS NOT NULL OR a.accepted_at IS NOT NULL)
),

binned AS (
    SELECT
        job_name,
        worker_id,
        CAST(ceil(ln(greatest(speed, 0.001)) / ln(1.01 / 0.99)) AS INTEGER) AS bin
    FROM answer
    WHERE speed IS NOT NULL
)

SELECT
    job_name,
    worker_id,
    bin,
    0.99 * power(1.01 / 0.99, bin) AS middle,
    count(*) AS n_answers
FROM binned
GROUP BY job_name, worker_id, bin
