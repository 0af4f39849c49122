/* What did not come out of each job, by reason, with one example: failed objects, unanswered tasks, rejected rows.
   grain: job_name, kind, reason
   reads: silver.consolidated, silver.assignment, silver.quarantine
   owner: dashboards
   checks: fail unique(grain), fail n_rows >= 1
   notes: kind is failed_object (the backend's words), unanswered_task (skipped, expired) or quarantined_row (table and
     rule). The example is the first by object, then by key. No row: nothing went wrong. */
WITH found AS (
    SELECT
        job_name,
        'failed_object' AS kind,
        coalesce(failure_reason, 'no reason given') AS reason,
        object_id,
        coalesce(failure_reason, 'no reason given') AS example,
        observed_at AS seen_at
    FROM silver.consolidated
    WHERE outcome = 'failed'
    UNION ALL
    SELECT
        job_name,
        'unanswered_task' AS kind,
        outcome AS reason,
        object_id,
        worker_id AS example,
        coalesce(submitted_at, accepted_at, landed_at) AS seen_at
    FROM silver.assignment
    WHERE outcome <> 'answered'
    UNION ALL
    SELECT
        job_name,
        'quarantined_row' AS kind,
        table_name || ' ' || rule AS reason,
        coalesce(object_id, '') AS object_id,
        reason AS example,
        landed_at AS seen_at
    FROM silver.quarantine
)

SELECT
    job_name,
    kind,
    reason,
    count(*) AS n_rows,
    count(DISTINCT object_id) AS n_items,
    min_by(example, (object_id, example)) AS example,
    min_by(object_id, (object_id, example)) AS example_object_id,
    max(seen_at) AS last_at
FROM found
GROUP BY job_name, kind, reason
