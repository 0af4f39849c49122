/* What came of the tasks that workers were given, on the objects of one part of a job.
   grain: job_name, worker_id, outcome, part
   reads: silver.assignment, silver.annotation
   owner: dashboards
   checks: fail unique(grain), fail n_kept <= n_tasks, fail n_items <= n_tasks
   notes: objects of silver have their part here. n_kept are tasks of which the answer came through the quality gate.
     n_items counts an object once for an outcome, with the worker whose pseudonym is the smallest, so that it adds up
     over workers and parts. */
WITH task AS (
    SELECT
        s.job_name,
        s.object_id,
        s.worker_id,
        s.outcome,
        coalesce(s.submitted_at, s.accepted_at, s.landed_at) AS seen_at,
        a.object_id IS NOT NULL AS is_kept,
        s.worker_id = min(s.worker_id) OVER (PARTITION BY s.job_name, s.object_id, s.outcome) AS is_first,
        s.part
    FROM silver.assignment AS s
    LEFT JOIN silver.annotation AS a
        ON s.job_name = a.job_name AND s.object_id = a.object_id AND s.worker_id = a.worker_id AND s.revision = a.revision
)

SELECT
    job_name,
    worker_id,
    outcome,
    count(*) AS n_tasks,
    count(*) FILTER (WHERE is_kept) AS n_kept,
    count(*) FILTER (WHERE is_first) AS n_items,
    min(object_id) AS first_object_id,
    max(seen_at) AS last_at,
    part
FROM task
GROUP BY job_name, worker_id, outcome, part
