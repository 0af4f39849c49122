/* A worker drifted: somebody agrees less with the others than at the start of the same job.
   grain: job_name, layer, worker_id
   reads: gold.worker_quality
   owner: managers
   severity: warn
   threshold: 1.517 (greatest fall of the residual as a Brownian bridge; a steady worker gets there in 1 % of the cases)
   minimum: 20 (objects of the worker)
   page: workers
   says: {worker_id} drifted in {layer} of {job_name}: since {drift_at:%Y-%m-%d} agreement with the others is
     {drift_ewma:+.2f} against that of the co-annotators, on {n} objects.
   notes: the alarm of gold.worker_quality (docs/metrics.md) has the chance of a false alarm built in, so there is no
     interval here. Cleared when the figure falls under the threshold, or 28 days after the drift. */
SELECT
    job_name,
    layer,
    worker_id,
    drift_cusum AS value,
    CAST(NULL AS DOUBLE) AS lo,
    CAST(NULL AS DOUBLE) AS hi,
    n_items AS n,
    drift_ewma,
    drift_at,
    is_drifting AND n_items >= $minimum AND drift_ewma < 0 AS is_met
FROM gold.worker_quality
WHERE drift_cusum >= $threshold AND drift_at >= CAST($now AS TIMESTAMPTZ) - INTERVAL 28 DAY
