/* How far each worker's boundaries are after those of the others, as a histogram.
   grain: job_name, layer, worker_id, bin
   reads: measure.pair_item
   owner: measures
   checks: fail unique(grain), fail n_pairs >= 1
   notes: counted are objects and other workers; each pair has the median of its matched boundaries. bin b holds offsets
     from b / 10 s up to, but not with, (b + 1) / 10 s; above 0 is after the other. Sums over rows are exact. */
WITH pair AS (
    SELECT
        job_name,
        layer,
        worker_a,
        worker_b,
        floor(offset_s / 0.1) AS bin_b,
        floor(-offset_s / 0.1) AS bin_a,
        count(*) AS n_pairs
    FROM measure.pair_item
    WHERE offset_s IS NOT NULL
    GROUP BY job_name, layer, worker_a, worker_b, floor(offset_s / 0.1), floor(-offset_s / 0.1)
)

SELECT
    s.job_name,
    s.layer,
    s.worker_id,
    CAST(s.bin AS INTEGER) AS bin,
    CAST(sum(s.n_pairs) AS BIGINT) AS n_pairs
FROM (
    SELECT job_name, layer, worker_b AS worker_id, bin_b AS bin, n_pairs FROM pair
    UNION ALL
    SELECT job_name, layer, worker_a AS worker_id, bin_a AS bin, n_pairs FROM pair
) AS s
GROUP BY s.job_name, s.layer, s.worker_id, CAST(s.bin AS INTEGER)
