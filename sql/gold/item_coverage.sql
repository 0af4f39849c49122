/* How many objects two or more annotated, are disputed, or wait for answers: by layer, and over all layers together.
   grain: job_name, layer
   reads: gold.agreement_item
   owner: measures
   checks: fail unique(grain), fail n_items >= 1
   notes: layer '' is all layers of the job, an object counted once: compared, disputed or waiting where it is so in any
     layer. Rows of one layer add up over jobs; those of several layers do not. */
SELECT
    o.job_name,
    o.layer,
    count(*) AS n_items,
    CAST(sum(CASE WHEN o.n_annotators >= 2 THEN 1 ELSE 0 END) AS BIGINT) AS n_compared,
    CAST(sum(o.is_disputed) AS BIGINT) AS n_disputed,
    CAST(sum(o.is_waiting) AS BIGINT) AS n_waiting
FROM (
    SELECT
        job_name,
        '' AS layer,
        object_id,
        max(n_annotators) AS n_annotators,
        max(CASE WHEN is_disputed THEN 1 ELSE 0 END) AS is_disputed,
        max(CASE WHEN n_annotators < n_assigned THEN 1 ELSE 0 END) AS is_waiting
    FROM gold.agreement_item
    GROUP BY job_name, object_id
    UNION ALL
    SELECT
        job_name,
        layer,
        object_id,
        n_annotators,
        CASE WHEN is_disputed THEN 1 ELSE 0 END AS is_disputed,
        CASE WHEN n_annotators < n_assigned THEN 1 ELSE 0 END AS is_waiting
    FROM gold.agreement_item
) AS o
GROUP BY o.job_name, o.layer
