/* How far each worker's boundaries are after those of the others, as a histogram.
   grain: job_name, layer, worker_id, bin
   reads: gold.agreement_pair_item
   owner: measures
   checks: fail unique(grain), fail n_pairs >= 1
   notes: counted are objects and other workers; each pair has the median of its matched boundaries. bin b holds offsets
     from b / 10 s up to, but not with, (b + 1) / 10 s; above 0 is after the other. Sums over rows are exact. */
WITH signed AS (
    SELECT job_name, layer, worker_b AS worker_id, offset_s AS after_s
    FROM gold.agreement_pair_item
    WHERE offset_s IS NOT NULL
    UNION ALL
    SELECT job_name, layer, worker_a AS worker_id, -offset_s AS after_s
    FROM gold.agreement_pair_item
    WHERE offset_s IS NOT NULL
)

SELECT
    s.job_name,
    s.layer,
    s.worker_id,
    CAST(floor(s.after_s / 0.1) AS INTEGER) AS bin,
    count(*) AS n_pairs
FROM signed AS s
GROUP BY s.job_name, s.layer, s.worker_id, CAST(floor(s.after_s / 0.1) AS INTEGER)
