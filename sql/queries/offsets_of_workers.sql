/* Who marks boundaries early or late, and on how many boundaries that rests.
   grain: job_name, layer, worker_id      reads: gold.worker_quality      owner: analysts
   checks: none
   notes: positive is late; the job's own middle is 0. Few boundaries say little. */
SELECT job_name, layer, worker_id, round(offset_s, 3) AS offset_s, n_boundaries, status
FROM gold.worker_quality
WHERE offset_s IS NOT NULL
ORDER BY abs(offset_s) DESC, worker_id
