/* How far each worker can be trusted in one layer of one job.
   grain: job_name, layer, worker_id
   reads: measure.worker_item, measure.worker, silver.segment, silver.classification, silver.annotation, silver.job,
     reference.student_t
   owner: measures
   checks: fail unique(grain), fail loo_agreement is null or loo_agreement <= 1, fail loo_lo <= loo_hi, warn rows >= 1
   notes: loo_agreement = sum(agree - expected) / sum(mass - expected) over the worker's objects, with a jackknife over
     them. status: too_few under 5 objects or where undefined; reliable where the lower end is at least .667; watch
     otherwise. NULL where the other workers used one label only; the interval is NULL under three objects, or where
     every object says the same. Rank by loo_agreement only beside its interval. */
WITH item AS (
    SELECT
        job_name,
        layer,
        worker_id,
        object_id,
        agree - expected_agree AS better,
        mass - expected_agree AS possible,
        mass,
        n_units,
        n_units_others
    FROM measure.worker_item
),

total AS (
    SELECT
        job_name,
        layer,
        worker_id,
        count(*) AS n_items,
        sum(better) AS better,
        sum(possible) AS possible,
        sum(mass) AS mass,
        sum(n_units) / nullif(sum(n_units_others), 0.0) AS over_seg_index
    FROM item
    GROUP BY job_name, layer, worker_id
),

replicate AS (
    SELECT
        t.job_name,
        t.layer,
        t.worker_id,
        CASE WHEN t.possible - i.possible > 1e-9 * t.mass THEN
            (t.better - i.better) / (t.possible - i.possible)
        END AS value
    FROM total AS t
    INNER JOIN item AS i ON t.job_name = i.job_name AND t.layer = i.layer AND t.worker_id = i.worker_id
),

spread AS (
    SELECT
        job_name,
        layer,
        worker_id,
        CASE WHEN count(*) >= 3 AND count(value) = count(*) THEN sqrt((count(*) - 1) * var_pop(value)) END AS se
    FROM replicate
    GROUP BY job_name, layer, worker_id
),

estimate AS (
    SELECT
        t.job_name,
        t.layer,
        t.worker_id,
        t.n_items,
        t.over_seg_index,
        s.se IS NOT NULL AS is_replicated,
        CASE WHEN t.possible > 1e-9 * t.mass THEN t.better / t.possible END AS value,
        CASE WHEN s.se > 1e-9 THEN s.se * coalesce(q.t975, 1.959964) END AS reach
    FROM total AS t
    INNER JOIN spread AS s ON t.job_name = s.job_name AND t.layer = s.layer AND t.worker_id = s.worker_id
    LEFT JOIN reference.student_t AS q ON q.df = t.n_items - 1
),

given AS (
    SELECT u.job_name, u.layer, u.worker_id, count(*) AS n_labels
    FROM (
        SELECT job_name, layer, worker_id FROM silver.segment
        UNION ALL
        SELECT job_name, layer, worker_id FROM silver.classification
    ) AS u
    GROUP BY u.job_name, u.layer, u.worker_id
),

speed AS (
    SELECT job_name, worker_id, median(time_spent_s) AS median_time_s
    FROM silver.annotation
    GROUP BY job_name, worker_id
)

SELECT
    w.job_name,
    w.layer,
    w.worker_id,
    coalesce(job.task_type, 'unknown') AS task_type,
    CAST(coalesce(e.n_items, 0) AS BIGINT) AS n_items,
    CAST(coalesce(g.n_labels, 0) AS BIGINT) AS n_labels,
    e.value AS loo_agreement,
    CASE WHEN e.value - e.reach < -1.0 THEN -1.0 ELSE e.value - e.reach END AS loo_lo,
    CASE WHEN e.value + e.reach > 1.0 THEN 1.0 ELSE e.value + e.reach END AS loo_hi,
    w.offset_s,
    w.n_boundaries,
    e.over_seg_index,
    w.skill_ds,
    v.median_time_s,
    CASE
        WHEN coalesce(e.n_items, 0) < 5 OR e.value IS NULL OR NOT e.is_replicated THEN 'too_few'
        WHEN e.value - coalesce(e.reach, 0.0) >= 0.667 THEN 'reliable'
        ELSE 'watch'
    END AS status
FROM measure.worker AS w
LEFT JOIN estimate AS e ON w.job_name = e.job_name AND w.layer = e.layer AND w.worker_id = e.worker_id
LEFT JOIN given AS g ON w.job_name = g.job_name AND w.layer = g.layer AND w.worker_id = g.worker_id
LEFT JOIN speed AS v ON w.job_name = v.job_name AND w.worker_id = v.worker_id
LEFT JOIN silver.job AS job ON w.job_name = job.job_name
