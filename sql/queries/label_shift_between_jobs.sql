/* Are labels used differently from one job to the next?
   grain: layer, label, job_name, job_before
   reads: gold.label_distribution
   owner: analysts
   columns: layer; label; job_name; job_before: the job before it by first day, of the same layer; share: part of the
     job's labels, 0 to 1; share_before: the same in the job before; change: share less share_before; n_labels:
     labels of the job in the layer; n_labels_before: of the job before
   notes: a change of the media looks the same as a change of the annotators: compare the media of both jobs before
     you blame anybody. */
WITH used AS (
    SELECT job_name, layer, label, sum(n_segments) AS n
    FROM gold.label_distribution
    GROUP BY job_name, layer, label
),

job AS (
    SELECT
        job_name,
        layer,
        sum(n_segments) AS n_labels,
        lag(job_name) OVER (PARTITION BY layer ORDER BY min(day), job_name) AS job_before
    FROM gold.label_distribution
    GROUP BY job_name, layer
),

pair AS (
    SELECT DISTINCT j.layer, u.label, j.job_name, j.job_before, j.n_labels, b.n_labels AS n_labels_before
    FROM job AS j
    INNER JOIN job AS b ON j.job_before = b.job_name AND j.layer = b.layer
    INNER JOIN used AS u ON j.layer = u.layer AND u.job_name IN (j.job_name, j.job_before)
)

SELECT
    p.layer,
    p.label,
    p.job_name,
    p.job_before,
    coalesce(now.n, 0) / p.n_labels AS share,
    coalesce(before.n, 0) / p.n_labels_before AS share_before,
    coalesce(now.n, 0) / p.n_labels - coalesce(before.n, 0) / p.n_labels_before AS change,
    p.n_labels,
    p.n_labels_before
FROM pair AS p
LEFT JOIN used AS now ON p.job_name = now.job_name AND p.layer = now.layer AND p.label = now.label
LEFT JOIN used AS before ON p.job_before = before.job_name AND p.layer = before.layer AND p.label = before.label
ORDER BY abs(change) DESC, p.layer, p.job_name, p.label
