/* One worker asked about one object, so that a missing segment can be told from a missing person.
   grain: job_name, object_id, worker_id, revision
   reads: silver.answer
   owner: lake
   checks: none beyond the schema's
   notes: Ground Truth's output tells of those who answered; an answer that the gate rejects still was one. */
SELECT DISTINCT ON (job_name, object_id, worker_id, revision)
    job_name,
    object_id,
    asset_id,
    worker_id,
    revision,
    'answered' AS outcome,
    accepted_at,
    submitted_at,
    time_spent_s,
    landing_id,
    landed_at,
    source_uri AS _source_uri
FROM silver.answer
ORDER BY job_name, object_id, worker_id, revision, answer_hash
