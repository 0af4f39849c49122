/* One worker's answer on one object.
   grain: job_name, object_id, worker_id, revision
   reads: silver.answer, silver.doubled, silver.misformed
   owner: lake
   checks: fail readable, fail submitted_after_accepted, fail one_answer, warn time_spent_within_task
   notes: n_segments counts what was said, rejected segments included; NULL where no segments were asked for. */
SELECT
    a.job_name,
    a.object_id,
    a.asset_id,
    a.worker_id,
    a.revision,
    a.task_type,
    a.accepted_at,
    a.submitted_at,
    a.time_spent_s,
    CASE WHEN a.problem IS NULL THEN a.n_segments END AS n_segments,
    nullif(CASE WHEN json_type(a.content, '$.textTranslationFinal') = 'VARCHAR'
        THEN json_extract_string(a.content, '$.textTranslationFinal') END, '') AS transcript,
    a.answer,
    a.landing_id,
    a.landed_at,
    a.source_uri AS _source_uri,
    a.answer_id AS _answer_id,
    coalesce(a.problem, m.problem) AS _problem,
    CASE WHEN d.answer_id IS NOT NULL THEN 2 ELSE 1 END AS _answer_no
FROM silver.answer AS a
LEFT JOIN silver.doubled AS d ON a.answer_id = d.answer_id
LEFT JOIN silver.misformed AS m ON a.answer_id = m.answer_id
