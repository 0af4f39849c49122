/* One worker asked about one object, so that a missing segment can be told from a missing person.
   grain: job_name, object_id, worker_id, revision
   reads: silver.answer, silver.doubled
   owner: lake
   checks: none beyond the schema's
   notes: Ground Truth's output tells of those who answered; an answer that the gate rejects still was one. */
SELECT
    a.job_name,
    a.object_id,
    a.asset_id,
    a.worker_id,
    a.revision,
    'answered' AS outcome,
    a.accepted_at,
    a.submitted_at,
    a.time_spent_s,
    a.landing_id,
    a.landed_at,
    a.source_uri AS _source_uri
FROM silver.answer AS a
LEFT JOIN silver.doubled AS d ON a.answer_id = d.answer_id
WHERE d.answer_id IS NULL
