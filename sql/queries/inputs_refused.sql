/* Media, manifest lines and answers that did not land, and why.
   grain: kind, source_uri, line_no, landing_id      reads: bronze.landing_outcome      owner: analysts
   checks: none
   notes: line_no 0 is the whole file. */
SELECT kind, job_name, source_uri, line_no, reason_code, reason, landed_at
FROM bronze.landing_outcome
WHERE NOT is_ok
ORDER BY landed_at DESC, source_uri, line_no
