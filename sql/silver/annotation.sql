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
    CASE
        WHEN a.problem IS NOT NULL THEN NULL
        WHEN a.segments IS NOT NULL THEN CAST(len(a.segments) AS INTEGER)
        WHEN a.streams IS NOT NULL THEN CAST((
            SELECT coalesce(sum(json_array_length(track.value)), 0) FROM json_each(a.streams) AS track
        ) AS INTEGER)
    END AS n_segments,
    nullif(CASE WHEN json_type(a.content, '$.textTranslationFinal') = 'VARCHAR'
        THEN json_extract_string(a.content, '$.textTranslationFinal') END, '') AS transcript,
    a.answer,
    a.landing_id,
    a.landed_at,
    a.source_uri AS _source_uri,
    a.answer_hash AS _answer_hash,
    coalesce(a.problem, m.problem) AS _problem,
    CASE WHEN a.answer_hash <> d.first_hash THEN 2 ELSE 1 END AS _answer_no
FROM silver.answer AS a
LEFT JOIN silver.doubled AS d
    ON a.object_id = d.object_id AND a.worker_id = d.worker_id AND a.revision = d.revision
LEFT JOIN silver.misformed AS m
    ON a.object_id = m.object_id AND a.worker_id = m.worker_id AND a.revision = m.revision
        AND a.answer_hash = m.answer_hash
