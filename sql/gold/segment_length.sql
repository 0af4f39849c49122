/* How long segments are, as a histogram: percentiles of any label, layer or job are read from sums of it.
   grain: job_name, layer, label, bin
   reads: silver.segment
   owner: dashboards
   checks: fail unique(grain), fail n_segments >= 1
   notes: seconds, of the segments of all annotators. bin b holds (g^(b-1), g^b] with g = 1.01 / 0.99; the middle is at
     most 1 % off (transforms.histogram). Segments under a millisecond count as a millisecond. */
WITH binned AS (
    SELECT
        job_name,
        layer,
        label,
        CAST(ceil(ln(greatest(end_s - start_s, 0.001)) / ln(1.01 / 0.99)) AS INTEGER) AS bin
    FROM silver.segment
)

SELECT
    job_name,
    layer,
    label,
    bin,
    0.99 * power(1.01 / 0.99, bin) AS middle,
    count(*) AS n_segments
FROM binned
GROUP BY job_name, layer, label, bin
