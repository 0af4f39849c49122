/* How long answers took, as histograms, by worker and day, on the objects of one part of a job.
   grain: job_name, worker_id, day, time_bin, speed_bin, part
   reads: silver.annotation, silver.asset
   owner: dashboards
   checks: fail unique(grain), fail n_answers >= 1
   notes: objects of silver have their part here. time_bin is of the reported time, speed_bin of active seconds a minute
     of media (active time as in measure.work), where the media has a known length; answers that have neither are in no
     row. bin b holds (g^(b-1), g^b] with g = 1.01 / 0.99 (transforms.histogram). Values under a thousandth count as
     that. */
WITH answer AS (
    SELECT
        a.job_name,
        a.worker_id,
        a.part,
        CAST(a.submitted_at AT TIME ZONE 'UTC' AS DATE) AS day,
        a.time_spent_s AS time_s,
        CASE WHEN s.duration_s > 0 THEN
            CASE WHEN a.time_spent_s IS NOT NULL OR a.accepted_at IS NOT NULL THEN
                least(
                    coalesce(a.time_spent_s, epoch(a.submitted_at - a.accepted_at)),
                    greatest(300.0, 10.0 * s.duration_s)
                ) / (s.duration_s / 60.0)
            END
        END AS speed
    FROM silver.annotation AS a
    LEFT JOIN silver.asset AS s ON a.asset_id = s.asset_id
),

binned AS (
    SELECT
        job_name,
        worker_id,
        day,
        CASE WHEN time_s IS NOT NULL THEN
            CAST(ceil(ln(greatest(time_s, 0.001)) / ln(1.01 / 0.99)) AS INTEGER)
        END AS time_bin,
        CASE WHEN speed IS NOT NULL THEN
            CAST(ceil(ln(greatest(speed, 0.001)) / ln(1.01 / 0.99)) AS INTEGER)
        END AS speed_bin,
        part
    FROM answer
)

SELECT
    job_name,
    worker_id,
    day,
    time_bin,
    speed_bin,
    count(*) AS n_answers,
    part
FROM binned
WHERE time_bin IS NOT NULL OR speed_bin IS NOT NULL
GROUP BY job_name, worker_id, day, time_bin, speed_bin, part
