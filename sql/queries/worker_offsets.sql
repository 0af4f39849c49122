/* Who marks boundaries early or late, and on how many boundaries does that rest?
   grain: job_name, layer, worker_id
   reads: gold.worker_quality
   owner: analysts
   columns: job_name; layer; worker_id: pseudonym; offset_ms: milliseconds, positive is late, 0 is the middle of the
     job's annotators; n_boundaries: matched boundaries behind it; status: reliable, watch or too_few
   notes: an offset is a habit, not a mistake: 200 ms late on every boundary lowers boundary scores and leaves alpha
     nearly alone. Few boundaries say little. */
SELECT
    job_name,
    layer,
    worker_id,
    1000 * offset_s AS offset_ms,
    n_boundaries,
    status
FROM gold.worker_quality
WHERE offset_s IS NOT NULL
ORDER BY abs(offset_s) DESC, job_name, layer, worker_id
