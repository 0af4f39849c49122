/* How fast each worker works, as a histogram: percentiles of any worker, job or team are read from sums of it.
   grain: job_name, worker_id, bin
   reads: measure.pace
   owner: dashboards
   checks: fail unique(grain), fail n_answers >= 1
   notes: active seconds a minute of media, of answers on media of known length. Active time is the reported time
     without pauses, else submitted less accepted, cut at 5 minutes or 10 times the media, whichever is more. bin b holds
     (g^(b-1), g^b] with g = 1.01 / 0.99; the middle is at most 1 % off (transforms.histogram). */
SELECT
    job_name,
    worker_id,
    speed_bin AS bin,
    0.99 * power(1.01 / 0.99, speed_bin) AS middle,
    CAST(sum(n_answers) AS BIGINT) AS n_answers
FROM measure.pace
WHERE speed_bin IS NOT NULL
GROUP BY job_name, worker_id, speed_bin
