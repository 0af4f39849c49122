/* How each worker's agreement with the others goes from day to day.
   grain: job_name, layer, worker_id, day
   reads: measure.worker_compared, reference.student_t
   owner: dashboards
   checks: fail unique(grain), fail loo_agreement is null or loo_agreement <= 1, fail loo_lo <= loo_hi
   notes: day is the UTC day on which the worker submitted. loo_agreement as in gold.worker_quality, of the day's
     objects alone; its interval is that of a ratio of sums with objects as clusters (linearised, t), from three objects
     up; in a job of many, clusters are blocks of neighbouring objects. NULL where chance explains everything, or every
     object says the same. */
WITH unit AS (
    SELECT
        job_name,
        layer,
        worker_id,
        day,
        n_items,
        mass,
        agree - expected_agree AS better,
        mass - expected_agree AS possible
    FROM measure.worker_compared
    WHERE day IS NOT NULL
),

total AS (
    SELECT
        job_name,
        layer,
        worker_id,
        day,
        CAST(sum(n_items) AS BIGINT) AS n_items,
        count(*) AS n_clusters,
        sum(better) AS better,
        sum(possible) AS possible,
        sum(mass) AS mass
    FROM unit
    GROUP BY job_name, layer, worker_id, day
),

estimate AS (
    SELECT
        job_name,
        layer,
        worker_id,
        day,
        n_items,
        n_clusters,
        better,
        possible,
        CASE WHEN possible > 1e-9 * mass THEN better / possible END AS value
    FROM total
),

spread AS (
    SELECT
        e.job_name,
        e.layer,
        e.worker_id,
        e.day,
        sqrt(sum((i.better - e.value * i.possible) ** 2) * count(*) / nullif(count(*) - 1, 0)) / any_value(e.possible)
            AS se
    FROM estimate AS e
    INNER JOIN unit AS i
        ON e.job_name = i.job_name AND e.layer = i.layer AND e.worker_id = i.worker_id AND e.day = i.day
    WHERE e.value IS NOT NULL
    GROUP BY e.job_name, e.layer, e.worker_id, e.day
    HAVING count(*) >= 3
)

SELECT
    e.job_name,
    e.layer,
    e.worker_id,
    e.day,
    e.n_items,
    e.better,
    e.possible,
    e.value AS loo_agreement,
    CASE WHEN s.se > 1e-9 THEN e.value - s.se * coalesce(q.t975, 1.959964) END AS loo_lo,
    CASE WHEN s.se > 1e-9 THEN least(e.value + s.se * coalesce(q.t975, 1.959964), 1.0) END AS loo_hi
FROM estimate AS e
LEFT JOIN spread AS s
    ON e.job_name = s.job_name AND e.layer = s.layer AND e.worker_id = s.worker_id AND e.day = s.day
LEFT JOIN reference.student_t AS q ON q.df = e.n_clusters - 1
