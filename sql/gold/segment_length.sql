/* How long segments are, as a histogram: percentiles of any label, layer or job are read from sums of it.
   grain: job_name, layer, label, bin
   reads: measure.segment_length
   owner: dashboards
   checks: fail unique(grain), fail n_segments >= 1
   notes: seconds, of the segments of all annotators. bin b holds (g^(b-1), g^b] with g = 1.01 / 0.99; the middle is at
     most 1 % off (transforms.histogram). Segments under a millisecond count as a millisecond. */
SELECT
    job_name,
    layer,
    label,
    bin,
    0.99 * power(1.01 / 0.99, bin) AS middle,
    CAST(sum(n_segments) AS BIGINT) AS n_segments
FROM measure.segment_length
GROUP BY job_name, layer, label, bin
