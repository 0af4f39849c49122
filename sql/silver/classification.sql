/* One label that one worker gave to a whole object.
   grain: job_name, object_id, worker_id, revision, layer, label
   reads: silver.choice, silver.annotation, landing.label
   owner: lake
   checks: fail answer_accepted, fail known_label
   notes: labels are known where the job lists some for the layer; other layers take any. */
SELECT
    c.* EXCLUDE (answer_id, source_uri),
    c.source_uri AS _source_uri,
    n.object_id IS NOT NULL AS _is_accepted,
    (SELECT list(known.label ORDER BY known.label) FROM landing.label AS known WHERE known.layer = c.layer) AS _known
FROM silver.choice AS c
LEFT JOIN silver.annotation AS n ON c.answer_id = n._answer_id
