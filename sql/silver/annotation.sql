/* One worker's answer on one object.
   grain: job_name, object_id, worker_id, revision
   reads: silver.answer, silver.choice
   owner: lake
   checks: fail readable, fail submitted_after_accepted, fail one_answer, warn time_spent_within_task
   notes: n_segments counts what was said, rejected segments included; NULL where no segments were asked for. */
SELECT
    job_name,
    object_id,
    asset_id,
    worker_id,
    revision,
    task_type,
    accepted_at,
    submitted_at,
    time_spent_s,
    CASE WHEN streams IS NOT NULL AND problem IS NULL THEN CAST((
        SELECT coalesce(sum(json_array_length(track.value)), 0) FROM json_each(streams) AS track
    ) AS INTEGER) END AS n_segments,
    nullif(CASE WHEN json_type(content, '$.textTranslationFinal') = 'VARCHAR'
        THEN json_extract_string(content, '$.textTranslationFinal') END, '') AS transcript,
    answer,
    landing_id,
    landed_at,
    source_uri AS _source_uri,
    answer_hash AS _answer_hash,
    coalesce(problem, CASE
        WHEN task_type LIKE '%\_classification' ESCAPE '\' AND NOT EXISTS (
            SELECT 1 FROM silver.choice AS c
            WHERE c.object_id = answer.object_id AND c.worker_id = answer.worker_id
                AND c.revision = answer.revision AND c.answer_hash = answer.answer_hash AND c.layer = 'class'
        ) THEN 'the answer names no class'
    END) AS _problem,
    row_number() OVER (PARTITION BY job_name, object_id, worker_id, revision ORDER BY answer_hash) AS _answer_no
FROM silver.answer AS answer
