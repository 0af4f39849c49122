/* Boxes of two annotators in one layer of one job: who misses what the other drew.
   grain: job_name, layer, worker_a, worker_b
   reads: measure.box_pair, silver.job, reference.student_t
   owner: measures
   checks: fail unique(grain), fail f_iou50 between 0 and 1, fail f_iou50_lo <= f_iou50_hi, fail worker_a < worker_b
   notes: each pair once, the smaller pseudonym is a; classes and objects are summed. Neither of the two is the truth:
     what a misses is extra with b. Intervals: value +- t * se from leaving out one object at a time, cut to 0 and 1;
     NULL under three objects, where every object says the same, and where a figure is undefined without one of them.
     reason_code is about f_iou50. */
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

pair AS (
    SELECT
        job_name,
        layer,
        worker_a,
        worker_b,
        count(*) AS n_items,
        sum(n_a) AS n_a,
        sum(n_b) AS n_b
    FROM item
    GROUP BY job_name, layer, worker_a, worker_b
),

/* Every figure is a ratio of sums over objects. */
term AS (
    SELECT
        i.job_name,
        i.layer,
        i.worker_a,
        i.worker_b,
        m.measure,
        CASE m.measure
            WHEN 'f_iou50' THEN 2.0 * i.hits
            WHEN 'f_iou50_95' THEN 0.2 * i.hits_all
            WHEN 'mean_iou' THEN 2.0 * i.sum_iou
            WHEN 'missed_by_a' THEN i.n_b - i.hits
            WHEN 'missed_by_b' THEN i.n_a - i.hits
        END AS numerator,
        CASE m.measure
            WHEN 'missed_by_a' THEN i.n_b
            WHEN 'missed_by_b' THEN i.n_a
            ELSE i.n_a + i.n_b
        END AS denominator
    FROM item AS i
    CROSS JOIN (
        VALUES ('f_iou50'), ('f_iou50_95'), ('mean_iou'), ('missed_by_a'), ('missed_by_b')
    ) AS m (measure)
),

total AS (
    SELECT
        job_name,
        layer,
        worker_a,
        worker_b,
        measure,
        count(*) AS n_items,
        sum(numerator) AS numerator,
        sum(denominator) AS denominator
    FROM term
    GROUP BY job_name, layer, worker_a, worker_b, measure
),

spread AS (
    SELECT
        t.job_name,
        t.layer,
        t.worker_a,
        t.worker_b,
        t.measure,
        max(t.n_items) AS n_items,
        max(t.numerator / nullif(t.denominator, 0)) AS value,
        CASE WHEN count(*) >= 3 AND min(t.denominator - i.denominator) > 0 THEN
            sqrt((count(*) - 1) * var_pop(
                (t.numerator - i.numerator) / nullif(t.denominator - i.denominator, 0)
            ))
        END AS se
    FROM total AS t
    INNER JOIN term AS i
        ON t.job_name = i.job_name AND t.layer = i.layer AND t.worker_a = i.worker_a AND t.worker_b = i.worker_b
        AND t.measure = i.measure
    GROUP BY t.job_name, t.layer, t.worker_a, t.worker_b, t.measure
),

estimate AS (
    SELECT
        s.*,
        s.se IS NOT NULL AS is_replicated,
        CASE WHEN s.se > 1e-9 THEN s.se * coalesce(q.t975, 1.959964) END AS reach
    FROM spread AS s
    LEFT JOIN reference.student_t AS q ON q.df = s.n_items - 1
),

bounded AS (
    SELECT
        *,
        CASE WHEN value - reach < 0.0 THEN 0.0 ELSE value - reach END AS lo,
        CASE WHEN value + reach > 1.0 THEN 1.0 ELSE value + reach END AS hi
    FROM estimate
),

wide AS (
    SELECT
        job_name,
        layer,
        worker_a,
        worker_b,
        max(CASE WHEN measure = 'f_iou50' THEN value END) AS f_iou50,
        max(CASE WHEN measure = 'f_iou50' THEN lo END) AS f_iou50_lo,
        max(CASE WHEN measure = 'f_iou50' THEN hi END) AS f_iou50_hi,
        max(CASE WHEN measure = 'f_iou50' THEN CASE WHEN is_replicated THEN 1 ELSE 0 END END) AS is_replicated,
        max(CASE WHEN measure = 'f_iou50_95' THEN value END) AS f_iou50_95,
        max(CASE WHEN measure = 'f_iou50_95' THEN lo END) AS f_iou50_95_lo,
        max(CASE WHEN measure = 'f_iou50_95' THEN hi END) AS f_iou50_95_hi,
        max(CASE WHEN measure = 'mean_iou' THEN value END) AS mean_iou,
        max(CASE WHEN measure = 'mean_iou' THEN lo END) AS mean_iou_lo,
        max(CASE WHEN measure = 'mean_iou' THEN hi END) AS mean_iou_hi,
        max(CASE WHEN measure = 'missed_by_a' THEN value END) AS missed_by_a,
        max(CASE WHEN measure = 'missed_by_a' THEN lo END) AS missed_by_a_lo,
        max(CASE WHEN measure = 'missed_by_a' THEN hi END) AS missed_by_a_hi,
        max(CASE WHEN measure = 'missed_by_b' THEN value END) AS missed_by_b,
        max(CASE WHEN measure = 'missed_by_b' THEN lo END) AS missed_by_b_lo,
        max(CASE WHEN measure = 'missed_by_b' THEN hi END) AS missed_by_b_hi
    FROM bounded
    GROUP BY job_name, layer, worker_a, worker_b
)

SELECT
    p.job_name,
    p.layer,
    p.worker_a,
    p.worker_b,
    coalesce(job.task_type, 'unknown') AS task_type,
    p.n_items,
    CAST(p.n_a AS BIGINT) AS n_boxes_a,
    CAST(p.n_b AS BIGINT) AS n_boxes_b,
    w.f_iou50,
    w.f_iou50_lo,
    w.f_iou50_hi,
    w.f_iou50_95,
    w.f_iou50_95_lo,
    w.f_iou50_95_hi,
    w.mean_iou,
    w.mean_iou_lo,
    w.mean_iou_hi,
    w.missed_by_a,
    w.missed_by_a_lo,
    w.missed_by_a_hi,
    w.missed_by_b,
    w.missed_by_b_lo,
    w.missed_by_b_hi,
    CASE
        WHEN w.is_replicated = 0 THEN 'too_few_items'
        WHEN w.f_iou50_lo IS NULL THEN 'no_variation'
    END AS reason_code
FROM pair AS p
INNER JOIN wide AS w
    ON p.job_name = w.job_name AND p.layer = w.layer AND p.worker_a = w.worker_a AND p.worker_b = w.worker_b
LEFT JOIN silver.job AS job ON p.job_name = job.job_name
