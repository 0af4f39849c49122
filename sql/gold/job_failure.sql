/* What did not come out of each job, by reason, with one example: failed objects, unanswered tasks, rejected rows.
   grain: job_name, kind, reason
   reads: measure.progress, measure.task, silver.quarantine
   owner: dashboards
   checks: fail unique(grain), fail n_rows >= 1
   notes: kind is failed_object (the backend's words), unanswered_task (skipped, expired) or quarantined_row (table and
     rule). The example is the first by object, then by key. No row: nothing went wrong. */
WITH found AS (
    SELECT
        job_name,
        'failed_object' AS kind,
        reason,
        n_items AS n_rows,
        n_items,
        first_object_id AS object_id,
        reason AS example,
        last_at AS seen_at
    FROM measure.progress
    WHERE outcome = 'failed'
    UNION ALL
    SELECT
        job_name,
        'unanswered_task' AS kind,
        outcome AS reason,
        n_tasks AS n_rows,
        n_items,
        first_object_id AS object_id,
        worker_id AS example,
        last_at AS seen_at
    FROM measure.task
    WHERE outcome <> 'answered'
    UNION ALL
    SELECT
        job_name,
        'quarantined_row' AS kind,
        table_name || ' ' || rule AS reason,
        count(*) AS n_rows,
        count(DISTINCT coalesce(object_id, '')) AS n_items,
        min(coalesce(object_id, '')) AS object_id,
        min_by(reason, (coalesce(object_id, ''), reason)) AS example,
        max(landed_at) AS seen_at
    FROM silver.quarantine
    GROUP BY job_name, table_name || ' ' || rule
)

SELECT
    job_name,
    kind,
    reason,
    CAST(sum(n_rows) AS BIGINT) AS n_rows,
    CAST(sum(n_items) AS BIGINT) AS n_items,
    min_by(example, (object_id, example)) AS example,
    min(object_id) AS example_object_id,
    max(seen_at) AS last_at
FROM found
GROUP BY job_name, kind, reason
