/* Answers, and the time that they took, by worker and day, on the objects of one part of a job.
   grain: job_name, worker_id, day, place, part
   reads: silver.annotation, silver.asset
   owner: dashboards
   checks: fail unique(grain), fail n_answers >= 1, fail n_known <= n_answers
   notes: objects of silver have their part here. An object is in one part, so sums over parts are exact. day is the
     UTC day on which the answer was submitted; place 1 is the first answer of its object, of equal times the smaller
     pseudonym. Active time is the reported time without pauses, else submitted less accepted, cut at 5 minutes or 10
     times the media, whichever is more; answers without times add none. */
WITH answer AS (
    SELECT
        a.job_name,
        a.worker_id,
        a.submitted_at,
        a.part,
        CAST(a.submitted_at AT TIME ZONE 'UTC' AS DATE) AS day,
        row_number() OVER (PARTITION BY a.job_name, a.object_id ORDER BY a.submitted_at, a.worker_id) AS place,
        s.duration_s,
        epoch(a.submitted_at - a.accepted_at) AS taken_s,
        CASE WHEN a.time_spent_s IS NOT NULL OR a.accepted_at IS NOT NULL THEN
            least(
                coalesce(a.time_spent_s, epoch(a.submitted_at - a.accepted_at)),
                greatest(300.0, 10.0 * coalesce(s.duration_s, 0.0))
            )
        END AS active_s
    FROM silver.annotation AS a
    LEFT JOIN silver.asset AS s ON a.asset_id = s.asset_id
)

SELECT
    job_name,
    worker_id,
    day,
    CAST(place AS INTEGER) AS place,
    count(*) AS n_answers,
    sum(active_s) AS active_s,
    sum(active_s) FILTER (WHERE taken_s > 0) AS active_taken_s,
    sum(taken_s) FILTER (WHERE taken_s > 0) AS taken_s,
    count(duration_s) AS n_known,
    sum(duration_s) AS media_s,
    min(submitted_at) AS first_at,
    max(submitted_at) AS last_at,
    part
FROM answer
GROUP BY job_name, worker_id, day, place, part
