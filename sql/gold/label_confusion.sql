/* Which labels are taken for each other, to see what the guideline does not tell apart.
   grain: job_name, layer, scope, label_a, label_b
   reads: measure.confusion, measure.worker_confusion, measure.item_count, silver.job, reference.student_t
   owner: measures
   checks: fail unique(grain), fail share between 0 and 1, fail share_lo <= share_hi, fail expected_mass >= 0
   notes: scope pair: what one annotator called label_a and another label_b; mass is the same with the labels swapped,
     the share is not. Scope consensus: label_a of the fused answer, label_b of an annotator; scope gold: label_a of the
     truth, without interval (not_by_object). Rows with label_a = label_b are agreement. Expected under labels given at
     random with the same totals (pairs of clip labels: without putting a label back). Interval: share +- t * se, the
     standard error of a ratio of sums with objects as clusters; NULL where fewer than three objects have label_a. '' is
     what was left unlabeled. */
WITH cell AS (
    SELECT
        *,
        sum(mass) OVER (PARTITION BY job_name, layer, scope, label_a) AS mass_a,
        sum(mass) OVER (PARTITION BY job_name, layer, scope, label_b) AS mass_b,
        sum(mass_cross) OVER (PARTITION BY job_name, layer, scope, label_a) AS squares_a,
        sum(mass) OVER (PARTITION BY job_name, layer, scope) AS mass_all
    FROM (
        SELECT
            job_name,
            layer,
            scope,
            label_a,
            label_b,
            sum(mass) AS mass,
            sum(n_items) AS n_items,
            sum(n_label_items) AS n_label_items,
            sum(mass_squares) AS mass_squares,
            sum(mass_cross) AS mass_cross
        FROM measure.confusion
        GROUP BY job_name, layer, scope, label_a, label_b
        UNION ALL
        SELECT
            job_name,
            layer,
            scope,
            true_label AS label_a,
            given_label AS label_b,
            sum(mass) AS mass,
            CAST(NULL AS BIGINT) AS n_items,
            CAST(NULL AS BIGINT) AS n_label_items,
            0.0 AS mass_squares,
            0.0 AS mass_cross
        FROM measure.worker_confusion
        WHERE scope = 'gold'
        GROUP BY job_name, layer, scope, true_label, given_label
    )
),

layer AS (
    SELECT job_name, layer, sum(n_timed) = 0 AS is_count
    FROM measure.item_count
    WHERE scope = 'others'
    GROUP BY job_name, layer
),

estimate AS (
    SELECT
        c.job_name,
        c.layer,
        c.scope,
        c.label_a,
        c.label_b,
        c.mass,
        c.n_items,
        CASE WHEN c.mass < c.mass_a THEN c.mass / c.mass_a ELSE 1.0 END AS share,
        CASE
            WHEN c.scope <> 'pair' OR NOT g.is_count THEN c.mass_a * c.mass_b / c.mass_all
            WHEN c.label_a = c.label_b THEN c.mass_a * (c.mass_b - 1.0) / (c.mass_all - 1.0)
            ELSE c.mass_a * c.mass_b / (c.mass_all - 1.0)
        END AS expected_mass,
        CASE WHEN c.n_label_items >= 3 THEN
            sqrt(
                abs(
                    c.mass_squares
                    - 2.0 * c.mass / c.mass_a * c.mass_cross
                    + c.mass / c.mass_a * c.mass / c.mass_a * c.squares_a
                ) * c.n_label_items / (c.n_label_items - 1.0)
            ) / c.mass_a * coalesce(q.t975, 1.959964)
        END AS reach
    FROM cell AS c
    LEFT JOIN layer AS g ON c.job_name = g.job_name AND c.layer = g.layer
    LEFT JOIN reference.student_t AS q ON q.df = c.n_label_items - 1
)

SELECT
    e.job_name,
    e.layer,
    e.scope,
    e.label_a,
    e.label_b,
    coalesce(job.task_type, 'unknown') AS task_type,
    e.mass,
    e.share,
    CASE WHEN e.share - e.reach < 0.0 THEN 0.0 ELSE e.share - e.reach END AS share_lo,
    CASE WHEN e.share + e.reach > 1.0 THEN 1.0 ELSE e.share + e.reach END AS share_hi,
    e.expected_mass,
    e.mass / nullif(e.expected_mass, 0.0) AS lift,
    e.n_items,
    CASE WHEN e.scope = 'gold' THEN 'not_by_object' WHEN e.reach IS NULL THEN 'too_few_items' END AS reason_code
FROM estimate AS e
LEFT JOIN silver.job AS job ON e.job_name = job.job_name
