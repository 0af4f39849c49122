/* Which labels are taken for each other, to see what the guideline does not tell apart.
   grain: job_name, layer, scope, label_a, label_b
   reads: measure.confusion, measure.item, silver.job, reference.student_t
   owner: measures
   checks: fail unique(grain), fail share between 0 and 1, fail share_lo <= share_hi, fail expected_mass >= 0
   notes: mass is what one annotator called label_a and another label_b; it is the same with the labels swapped, the
     share is not. Rows with label_a = label_b are agreement. Expected under labels given at random with the same totals
     (clip labels: without putting a label back). Interval: share +- t * se, the standard error of a ratio of sums with
     objects as clusters; NULL where fewer than three objects have label_a. '' is what was left unlabeled. */
WITH cell AS (
    SELECT
        *,
        sum(mass) OVER (PARTITION BY job_name, layer, label_a) AS mass_a,
        sum(mass_cross) OVER (PARTITION BY job_name, layer, label_a) AS squares_a,
        sum(mass) OVER (PARTITION BY job_name, layer) AS mass_all
    FROM measure.confusion
),

/* Objects on which anybody used the label. */
label AS (
    SELECT i.job_name, i.layer, u.label, count(*) AS n_items, sum(i.label_mass[u.label]) AS mass
    FROM measure.item AS i
    CROSS JOIN unnest(map_keys(i.label_mass)) AS u (label)
    WHERE i.n_annotators >= 2 AND i.mass > 0
    GROUP BY i.job_name, i.layer, u.label
),

layer AS (
    SELECT job_name, layer, bool_and(duration_s IS NULL) AS is_count
    FROM measure.item
    GROUP BY job_name, layer
),

estimate AS (
    SELECT
        c.job_name,
        c.layer,
        c.label_a,
        c.label_b,
        c.mass,
        c.n_items,
        CASE WHEN c.mass < c.mass_a THEN c.mass / c.mass_a ELSE 1.0 END AS share,
        CASE
            WHEN g.is_count AND c.label_a = c.label_b THEN c.mass_a * (b.mass - 1.0) / (c.mass_all - 1.0)
            WHEN g.is_count THEN c.mass_a * b.mass / (c.mass_all - 1.0)
            ELSE c.mass_a * b.mass / c.mass_all
        END AS expected_mass,
        a.n_items AS n_label_items,
        CASE WHEN a.n_items >= 3 THEN
            sqrt(
                abs(
                    c.mass_squares
                    - 2.0 * c.mass / c.mass_a * c.mass_cross
                    + c.mass / c.mass_a * c.mass / c.mass_a * c.squares_a
                ) * a.n_items / (a.n_items - 1.0)
            ) / c.mass_a * coalesce(q.t975, 1.959964)
        END AS reach
    FROM cell AS c
    INNER JOIN layer AS g ON c.job_name = g.job_name AND c.layer = g.layer
    INNER JOIN label AS a ON c.job_name = a.job_name AND c.layer = a.layer AND c.label_a = a.label
    INNER JOIN label AS b ON c.job_name = b.job_name AND c.layer = b.layer AND c.label_b = b.label
    LEFT JOIN reference.student_t AS q ON q.df = a.n_items - 1
)

SELECT
    e.job_name,
    e.layer,
    'pair' AS scope,
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
    CASE WHEN e.reach IS NULL THEN 'too_few_items' END AS reason_code
FROM estimate AS e
LEFT JOIN silver.job AS job ON e.job_name = job.job_name
