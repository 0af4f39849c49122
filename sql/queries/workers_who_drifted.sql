/* Whose agreement with the others fell in the course of a job, and since when?
   grain: job_name, layer, worker_id
   reads: gold.worker_quality
   owner: analysts
   columns: job_name; layer; worker_id: pseudonym; drift_at: submission after which it fell; drift_cusum: size of the
     fall, alarm from 1.517 on; drift_ewma: residual lately, below 0 is worse than the co-annotators; n_items:
     objects compared
   notes: 1 in 100 steady annotators is listed by chance. Under 20 objects nobody is judged. */
SELECT
    job_name,
    layer,
    worker_id,
    drift_at,
    drift_cusum,
    drift_ewma,
    n_items
FROM gold.worker_quality
WHERE is_drifting
ORDER BY drift_cusum DESC, job_name, layer, worker_id
