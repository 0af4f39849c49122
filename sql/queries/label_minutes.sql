/* Minutes labeled and number of segments by label.
   grain: job_name, layer, label      reads: gold.label_distribution      owner: analysts
   checks: none
   notes: every annotator's segments count: divide by the annotators of an object for minutes of media. Clip labels
     have no minutes. */
SELECT
    job_name,
    layer,
    label,
    round(sum(duration_s) / 60, 2) AS minutes,
    sum(n_segments) AS n_segments,
    count(DISTINCT worker_id) AS n_workers
FROM gold.label_distribution
GROUP BY job_name, layer, label
ORDER BY job_name, layer, minutes DESC NULLS LAST, label
