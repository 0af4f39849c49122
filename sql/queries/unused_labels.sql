/* Which labels may be given, and nobody ever gives them?
   grain: job_name, layer, label
   reads: silver.job, gold.label_distribution
   owner: analysts
   columns: job_name; layer; label: offered and never used; n_labels: labels given in the layer; less_than: share
     under which its true share is, at 95 % confidence (rule of three)
   notes: a label without use costs attention: drop it, or find out why nobody finds it. After few labels its absence
     says little: see less_than. */
WITH offered AS (
    SELECT j.job_name, e.key AS layer, unnest(CAST(e.value AS VARCHAR [])) AS label
    FROM silver.job AS j, json_each(j.labels) AS e
),

given AS (
    SELECT job_name, layer, sum(n_segments) AS n_labels FROM gold.label_distribution GROUP BY job_name, layer
)

SELECT o.job_name, o.layer, o.label, g.n_labels, least(3 / g.n_labels, 1) AS less_than
FROM offered AS o
INNER JOIN given AS g ON o.job_name = g.job_name AND o.layer = g.layer
ANTI JOIN gold.label_distribution AS u ON o.job_name = u.job_name AND o.layer = u.layer AND o.label = u.label
ORDER BY o.job_name, o.layer, o.label
