/* What was done in each job on each day: answers, objects finished, hours of work; for burndown and pace.
   grain: job_name, day
   reads: silver.job, measure.work
   owner: dashboards
   checks: fail unique(grain), fail n_complete <= n_answers
   notes: day is the UTC day of submission. An object is complete on the day on which the last answer came that was
     asked for; its first answer starts it. Objects whose media is not registered add no media time. Active time of an
     answer is as in measure.work; answers without times add none. */
SELECT
    w.job_name,
    w.day,
    CAST(sum(w.n_answers) AS BIGINT) AS n_answers,
    count(DISTINCT w.worker_id) AS n_workers,
    CAST(sum(CASE WHEN w.place = 1 THEN w.n_answers ELSE 0 END) AS BIGINT) AS n_started,
    CAST(sum(CASE WHEN w.place = j.workers_per_object THEN w.n_answers ELSE 0 END) AS BIGINT) AS n_complete,
    coalesce(sum(w.media_s) FILTER (WHERE w.place = j.workers_per_object), 0.0) AS media_complete_s,
    coalesce(sum(w.active_s), 0.0) AS active_s
FROM measure.work AS w
INNER JOIN silver.job AS j ON w.job_name = j.job_name
GROUP BY w.job_name, w.day
