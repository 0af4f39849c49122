/* How many objects two or more annotated, are disputed, or wait for answers: by layer, and over all layers together.
   grain: job_name, layer
   reads: measure.item_count
   owner: measures
   checks: fail unique(grain), fail n_items >= 1
   notes: layer '' is all layers of the job, an object counted once: compared, disputed or waiting where it is so in any
     layer. Rows of one layer add up over jobs; those of several layers do not. */
SELECT
    job_name,
    layer,
    CAST(sum(n_items) AS BIGINT) AS n_items,
    CAST(sum(n_compared) AS BIGINT) AS n_compared,
    CAST(sum(n_disputed) AS BIGINT) AS n_disputed,
    CAST(sum(n_waiting) AS BIGINT) AS n_waiting
FROM measure.item_count
WHERE scope = 'others'
GROUP BY job_name, layer
