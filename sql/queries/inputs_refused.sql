/* Which media, manifest lines and answers did not land, and why?
   grain: kind, source_uri, line_no, landed_at
   reads: bronze.landing_outcome
   owner: analysts
   columns: kind: media, manifest_line or worker_response; job_name: NULL for media; source_uri; line_no: from 1, 0
     is the whole file; reason_code: short, for counting; reason: in a sentence; landed_at: when
   notes: nothing is dropped quietly: what is not here and not in silver or quarantine did not arrive. */
SELECT
    kind,
    job_name,
    source_uri,
    line_no,
    reason_code,
    reason,
    landed_at
FROM bronze.landing_outcome
WHERE NOT is_ok
ORDER BY landed_at DESC, source_uri, line_no
