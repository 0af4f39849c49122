/* How fast do annotators work: the slow, the middle and the fast ones of each job?
   grain: job_name
   reads: gold.worker_speed
   owner: analysts
   columns: job_name; n_answers; p10: active seconds a minute of media that a tenth of the answers do not exceed;
     p50: half of them; p90: nine tenths; p99: all but a hundredth
   notes: read from a histogram that adds up, at most 1 % off. Group by worker_id for one annotator, by nothing for
     all jobs: the sums stay exact. */
WITH counted AS (
    SELECT
        job_name,
        middle,
        sum(sum(n_answers)) OVER (PARTITION BY job_name ORDER BY bin) AS n_up_to,
        sum(sum(n_answers)) OVER (PARTITION BY job_name) AS n
    FROM gold.worker_speed
    GROUP BY job_name, bin, middle
)

SELECT
    job_name,
    max(n) AS n_answers,
    min(middle) FILTER (WHERE n_up_to >= 0.10 * n) AS p10,
    min(middle) FILTER (WHERE n_up_to >= 0.50 * n) AS p50,
    min(middle) FILTER (WHERE n_up_to >= 0.90 * n) AS p90,
    min(middle) FILTER (WHERE n_up_to >= 0.99 * n) AS p99
FROM counted
GROUP BY job_name
ORDER BY job_name
