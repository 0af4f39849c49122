/* How many minutes were labeled, by label?
   grain: job_name, layer, label
   reads: gold.label_distribution
   owner: analysts
   columns: job_name; layer; label; minutes: of all annotators together, NULL for labels of a whole object; n_labels:
     segments, or objects; n_workers: annotators who used it
   notes: every annotator's segments count: divide by the annotators of an object for minutes of media. */
SELECT
    job_name,
    layer,
    label,
    sum(duration_s) / 60 AS minutes,
    sum(n_segments) AS n_labels,
    count(DISTINCT worker_id) AS n_workers
FROM gold.label_distribution
GROUP BY job_name, layer, label
ORDER BY job_name, layer, n_labels DESC, label
