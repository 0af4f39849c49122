/* How long segments are, as a histogram, on the objects of one part of a job.
   grain: job_name, layer, label, bin, part
   reads: silver.segment
   owner: dashboards
   checks: fail unique(grain), fail n_segments >= 1
   notes: objects of silver have their part here. Of all annotators. bin b holds (g^(b-1), g^b] with g = 1.01 / 0.99
     (transforms.histogram). Segments under a millisecond count as a millisecond. */
WITH binned AS (
    SELECT
        job_name,
        layer,
        label,
        CAST(ceil(ln(greatest(end_s - start_s, 0.001)) / ln(1.01 / 0.99)) AS INTEGER) AS bin,
        part
    FROM silver.segment
)

SELECT
    job_name,
    layer,
    label,
    bin,
    count(*) AS n_segments,
    part
FROM binned
GROUP BY job_name, layer, label, bin, part
