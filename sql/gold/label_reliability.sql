/* How well the annotators tell each label, to see which labels can be used and which need a better guideline.
   grain: job_name, layer, label
   reads: measure.unit, measure.unit_label, measure.label_use, gold.label_confusion, silver.job, reference.student_t
   owner: measures
   checks: fail unique(grain), fail alpha_binary is null or alpha_binary <= 1, fail alpha_lo <= alpha_hi,
     fail prevalence between 0 and 1, fail reason_code where alpha_binary is null
   notes: alpha_binary asks of every moment (or clip) whether the label holds; a label that holds beside others counts,
     as labels do not exclude each other here. Intervals leave out one object at a time (jackknife, t), from three up, in
     a job of many a block of neighbouring ones; objects without the label count, as agreement that it is not there.
     reason_code is about alpha_binary: one_annotator, one_label (it holds everywhere; value NULL), too_few_items,
     no_variation (interval NULL). Of labels that are confused equally often the first by name is shown. */
WITH unit AS (
    SELECT job_name, layer, unit, n_items, mass, is_count
    FROM measure.unit
    WHERE n_items > 0
),

layer AS (
    SELECT
        job_name,
        layer,
        count(*) AS n_left_out,
        max(n_items) > 1 AS has_blocks,
        sum(mass) AS mass,
        bool_and(is_count) AS is_count
    FROM unit
    GROUP BY job_name, layer
),

label AS (
    SELECT
        job_name,
        layer,
        label,
        CAST(sum(n_items) AS BIGINT) AS n_items,
        sum(label_mass) AS label_mass,
        sum(d_obs) AS d_obs,
        sum(n_boundaries) AS n_boundaries,
        sum(boundary_hits_500ms) AS boundary_hits_500ms,
        sum(n_units) AS n_units,
        sum(unit_hits_iou50) AS unit_hits_iou50
    FROM measure.unit_label
    GROUP BY job_name, layer, label
),

/* The sums of all objects (left_out is NULL), and of all but those of one unit. */
kept AS (
    SELECT
        l.job_name,
        l.layer,
        l.label,
        CAST(NULL AS VARCHAR) AS left_out,
        g.is_count,
        g.mass,
        l.label_mass,
        l.d_obs,
        l.n_boundaries,
        l.boundary_hits_500ms,
        l.n_units,
        l.unit_hits_iou50
    FROM label AS l
    INNER JOIN layer AS g ON l.job_name = g.job_name AND l.layer = g.layer
    UNION ALL
    SELECT
        l.job_name,
        l.layer,
        l.label,
        i.unit AS left_out,
        g.is_count,
        g.mass - i.mass AS mass,
        l.label_mass - coalesce(o.label_mass, 0.0) AS label_mass,
        l.d_obs - coalesce(o.d_obs, 0.0) AS d_obs,
        l.n_boundaries - coalesce(o.n_boundaries, 0) AS n_boundaries,
        l.boundary_hits_500ms - coalesce(o.boundary_hits_500ms, 0) AS boundary_hits_500ms,
        l.n_units - coalesce(o.n_units, 0) AS n_units,
        l.unit_hits_iou50 - coalesce(o.unit_hits_iou50, 0) AS unit_hits_iou50
    FROM label AS l
    INNER JOIN layer AS g ON l.job_name = g.job_name AND l.layer = g.layer
    INNER JOIN unit AS i ON l.job_name = i.job_name AND l.layer = i.layer
    LEFT JOIN measure.unit_label AS o
        ON i.job_name = o.job_name AND i.layer = o.layer AND i.unit = o.unit AND l.label = o.label
    WHERE g.n_left_out > 1
),

measured AS (
    SELECT
        job_name,
        layer,
        label,
        left_out,
        CASE WHEN label_mass * (mass - label_mass) > 1e-9 * mass * mass THEN
            1.0 - (mass - CASE WHEN is_count THEN 1.0 ELSE 0.0 END) * d_obs / (2.0 * label_mass * (mass - label_mass))
        END AS alpha,
        CAST(boundary_hits_500ms AS DOUBLE) / nullif(n_boundaries, 0) AS boundary_f,
        CAST(unit_hits_iou50 AS DOUBLE) / nullif(n_units, 0) AS unit_f
    FROM kept
),

spread AS (
    SELECT
        job_name,
        layer,
        label,
        max(CASE WHEN left_out IS NULL THEN alpha END) AS alpha,
        max(CASE WHEN left_out IS NULL THEN boundary_f END) AS boundary_f,
        max(CASE WHEN left_out IS NULL THEN unit_f END) AS unit_f,
        count(left_out) AS n,
        count(left_out) >= 3 AND count(CASE WHEN left_out IS NOT NULL THEN alpha END) = count(left_out) AS is_replicated,
        sqrt((count(left_out) - 1) * var_pop(CASE WHEN left_out IS NOT NULL THEN alpha END)) AS alpha_se,
        CASE
            WHEN count(left_out) >= 3 AND count(CASE WHEN left_out IS NOT NULL THEN boundary_f END) = count(left_out)
                THEN sqrt((count(left_out) - 1) * var_pop(CASE WHEN left_out IS NOT NULL THEN boundary_f END))
        END AS boundary_se,
        CASE
            WHEN count(left_out) >= 3 AND count(CASE WHEN left_out IS NOT NULL THEN unit_f END) = count(left_out)
                THEN sqrt((count(left_out) - 1) * var_pop(CASE WHEN left_out IS NOT NULL THEN unit_f END))
        END AS unit_se
    FROM measured
    GROUP BY job_name, layer, label
),

estimate AS (
    SELECT
        s.*,
        CASE WHEN s.is_replicated AND s.alpha_se > 1e-9 THEN s.alpha_se * coalesce(q.t975, 1.959964) END AS alpha_reach,
        CASE WHEN s.boundary_se > 1e-9 THEN s.boundary_se * coalesce(q.t975, 1.959964) END AS boundary_reach,
        CASE WHEN s.unit_se > 1e-9 THEN s.unit_se * coalesce(q.t975, 1.959964) END AS unit_reach
    FROM spread AS s
    LEFT JOIN reference.student_t AS q ON q.df = s.n - 1
),

confused AS (
    SELECT
        job_name,
        layer,
        label_a AS label,
        label_b AS most_confused_with,
        share AS confused_share,
        row_number() OVER (PARTITION BY job_name, layer, label_a ORDER BY mass DESC, label_b) AS place
    FROM gold.label_confusion
    WHERE label_a <> label_b AND scope = 'pair'
),

/* Labels of layers that nobody could compare have a row as well. */
alone AS (
    SELECT DISTINCT u.job_name, u.layer, u.label
    FROM measure.label_use AS u
    INNER JOIN (SELECT DISTINCT job_name, layer FROM measure.unit) AS i ON u.job_name = i.job_name AND u.layer = i.layer
    LEFT JOIN label AS l ON u.job_name = l.job_name AND u.layer = l.layer AND u.label = l.label
    WHERE l.label IS NULL
)

SELECT
    e.job_name,
    e.layer,
    e.label,
    coalesce(job.task_type, 'unknown') AS task_type,
    e.alpha AS alpha_binary,
    CASE WHEN e.alpha - e.alpha_reach < -1.0 THEN -1.0 ELSE e.alpha - e.alpha_reach END AS alpha_lo,
    CASE WHEN e.alpha + e.alpha_reach > 1.0 THEN 1.0 ELSE e.alpha + e.alpha_reach END AS alpha_hi,
    CASE
        WHEN e.alpha_reach IS NOT NULL AND g.has_blocks THEN 'jackknife-t by blocks'
        WHEN e.alpha_reach IS NOT NULL THEN 'jackknife-t'
    END AS ci_method,
    CASE WHEN l.label_mass < g.mass THEN l.label_mass / g.mass ELSE 1.0 END AS prevalence,
    e.boundary_f AS boundary_f_500ms,
    CASE WHEN e.boundary_f - e.boundary_reach < 0.0 THEN 0.0 ELSE e.boundary_f - e.boundary_reach END AS boundary_f_lo,
    CASE WHEN e.boundary_f + e.boundary_reach > 1.0 THEN 1.0 ELSE e.boundary_f + e.boundary_reach END AS boundary_f_hi,
    e.unit_f AS unit_f_iou50,
    CASE WHEN e.unit_f - e.unit_reach < 0.0 THEN 0.0 ELSE e.unit_f - e.unit_reach END AS unit_f_lo,
    CASE WHEN e.unit_f + e.unit_reach > 1.0 THEN 1.0 ELSE e.unit_f + e.unit_reach END AS unit_f_hi,
    l.n_items,
    c.most_confused_with,
    c.confused_share,
    CASE
        WHEN e.alpha IS NULL THEN 'one_label'
        WHEN NOT e.is_replicated THEN 'too_few_items'
        WHEN e.alpha_reach IS NULL THEN 'no_variation'
    END AS reason_code
FROM estimate AS e
INNER JOIN label AS l ON e.job_name = l.job_name AND e.layer = l.layer AND e.label = l.label
INNER JOIN layer AS g ON e.job_name = g.job_name AND e.layer = g.layer
LEFT JOIN confused AS c ON e.job_name = c.job_name AND e.layer = c.layer AND e.label = c.label AND c.place = 1
LEFT JOIN silver.job AS job ON e.job_name = job.job_name
UNION ALL
SELECT
    a.job_name,
    a.layer,
    a.label,
    coalesce(job.task_type, 'unknown') AS task_type,
    NULL AS alpha_binary,
    NULL AS alpha_lo,
    NULL AS alpha_hi,
    NULL AS ci_method,
    NULL AS prevalence,
    NULL AS boundary_f_500ms,
    NULL AS boundary_f_lo,
    NULL AS boundary_f_hi,
    NULL AS unit_f_iou50,
    NULL AS unit_f_lo,
    NULL AS unit_f_hi,
    0 AS n_items,
    NULL AS most_confused_with,
    NULL AS confused_share,
    'one_annotator' AS reason_code
FROM alone AS a
LEFT JOIN silver.job AS job ON a.job_name = job.job_name
