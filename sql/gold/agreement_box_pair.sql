/* Boxes of two annotators in one layer of one job: who misses what the other drew.
   grain: job_name, layer, worker_a, worker_b
   reads: measure.box_pair, silver.job, reference.student_t
   owner: measures
   checks: fail unique(grain), fail f_iou50 between 0 and 1, fail f_iou50_lo <= f_iou50_hi, fail worker_a < worker_b
   notes: each pair once, the smaller pseudonym is a; classes and objects are summed. Neither of the two is the truth:
     what a misses is extra with b. Interval: value +- t * se from leaving out one object at a time, cut to 0 and 1;
     NULL with a reason_code under three objects, or where every object says the same. */
WITH item AS (
    SELECT
        job_name,
        layer,
        worker_a,
        worker_b,
        object_id,
        sum(n_boxes_a) AS n_a,
        sum(n_boxes_b) AS n_b,
        sum(hits_iou50) AS hits,
        sum(hits_iou50_95) AS hits_all,
        sum(sum_iou_matched) AS sum_iou
    FROM measure.box_pair
    GROUP BY job_name, layer, worker_a, worker_b, object_id
),

total AS (
    SELECT
        job_name,
        layer,
        worker_a,
        worker_b,
        count(*) AS n_items,
        sum(n_a) AS n_a,
        sum(n_b) AS n_b,
        sum(hits) AS hits,
        sum(hits_all) AS hits_all,
        sum(sum_iou) AS sum_iou
    FROM item
    GROUP BY job_name, layer, worker_a, worker_b
),

spread AS (
    SELECT
        t.job_name,
        t.layer,
        t.worker_a,
        t.worker_b,
        CASE WHEN count(*) >= 3 AND min(t.n_a + t.n_b - i.n_a - i.n_b) > 0 THEN
            sqrt((count(*) - 1) * var_pop(
                2.0 * (t.hits - i.hits) / nullif(t.n_a + t.n_b - i.n_a - i.n_b, 0)
            ))
        END AS se
    FROM total AS t
    INNER JOIN item AS i
        ON t.job_name = i.job_name AND t.layer = i.layer AND t.worker_a = i.worker_a AND t.worker_b = i.worker_b
    GROUP BY t.job_name, t.layer, t.worker_a, t.worker_b
),

estimate AS (
    SELECT
        t.*,
        s.se IS NOT NULL AS is_replicated,
        2.0 * t.hits / nullif(t.n_a + t.n_b, 0) AS value,
        CASE WHEN s.se > 1e-9 THEN s.se * coalesce(q.t975, 1.959964) END AS reach
    FROM total AS t
    INNER JOIN spread AS s
        ON t.job_name = s.job_name AND t.layer = s.layer AND t.worker_a = s.worker_a AND t.worker_b = s.worker_b
    LEFT JOIN reference.student_t AS q ON q.df = t.n_items - 1
)

SELECT
    e.job_name,
    e.layer,
    e.worker_a,
    e.worker_b,
    coalesce(job.task_type, 'unknown') AS task_type,
    e.n_items,
    CAST(e.n_a AS BIGINT) AS n_boxes_a,
    CAST(e.n_b AS BIGINT) AS n_boxes_b,
    e.value AS f_iou50,
    CASE WHEN e.value - e.reach < 0.0 THEN 0.0 ELSE e.value - e.reach END AS f_iou50_lo,
    CASE WHEN e.value + e.reach > 1.0 THEN 1.0 ELSE e.value + e.reach END AS f_iou50_hi,
    0.2 * e.hits_all / nullif(e.n_a + e.n_b, 0) AS f_iou50_95,
    2.0 * e.sum_iou / nullif(e.n_a + e.n_b, 0) AS mean_iou,
    1.0 - CAST(e.hits AS DOUBLE) / nullif(e.n_b, 0) AS missed_by_a,
    1.0 - CAST(e.hits AS DOUBLE) / nullif(e.n_a, 0) AS missed_by_b,
    CASE
        WHEN NOT e.is_replicated THEN 'too_few_items'
        WHEN e.reach IS NULL THEN 'no_variation'
    END AS reason_code
FROM estimate AS e
LEFT JOIN silver.job AS job ON e.job_name = job.job_name
