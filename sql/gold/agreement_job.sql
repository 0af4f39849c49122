/* Agreement of the annotators of one job, one row a measure, each with a 95 % interval.
   grain: job_name, layer, measure
   reads: measure.item, measure.worker_item, measure.chance, measure.transcript_item, silver.annotation, silver.job,
     reference.student_t
   owner: measures
   checks: fail unique(grain), fail value is null or value <= 1, fail ci_lo <= ci_hi, fail reason_code where value is null,
     warn rows >= 1
   notes: ratios of sums over the objects with at least two annotators. The interval is value +- t * se from leaving out
     one object at a time (objects are the clusters), cut to the measure's range. reason_code: one_annotator, no_labels,
     one_label, no_boundaries, no_segments (value NULL); too_few_items (fewer than three, or undefined without one of
     them), no_variation (every object says the same): value given, interval NULL. Measures of clip labels count
     answers, those of segments seconds; transcript_cer and transcript_wer are edits by characters and words, 0 is equal; docs/metrics.md has the formulas. */
WITH layer AS (
    SELECT
        job_name,
        layer,
        bool_and(duration_s IS NULL) AS is_count,
        max(n_annotators) AS most_annotators
    FROM measure.item
    GROUP BY job_name, layer
),

item AS (
    SELECT
        job_name,
        layer,
        object_id,
        mass,
        d_obs,
        label_mass,
        d_obs / mass AS disagreement,
        coalesce(present_mass, 0.0) AS present_mass,
        coalesce(d_obs_presence, 0.0) AS d_obs_presence,
        coalesce(n_boundaries, 0) AS n_boundaries,
        coalesce(boundary_hits_500ms, 0) AS boundary_hits_500ms,
        coalesce(boundary_hits_3s, 0) AS boundary_hits_3s,
        coalesce(n_units, 0) AS n_units,
        coalesce(unit_hits_iou50, 0) AS unit_hits_iou50,
        coalesce(unit_hits_iou50_label, 0) AS unit_hits_iou50_label,
        coalesce(sum_iou_matched, 0.0) AS sum_iou_matched
    FROM measure.item
    WHERE n_annotators >= 2 AND mass > 0
),

used AS (
    SELECT
        i.job_name,
        i.layer,
        i.object_id,
        u.label,
        i.label_mass[u.label] AS mass,
        i.label_mass[u.label] / i.mass AS share
    FROM item AS i
    CROSS JOIN unnest(map_keys(i.label_mass)) AS u (label)
),

label_total AS (
    SELECT job_name, layer, label, sum(mass) AS mass, sum(share) AS share, count(*) AS n_items
    FROM used
    GROUP BY job_name, layer, label
),

layer_labels AS (
    SELECT
        job_name,
        layer,
        count(*) AS n_labels,
        max(mass) AS mass_max,
        sum(mass * mass) AS mass_squares,
        sum(share * share) AS share_squares
    FROM label_total
    GROUP BY job_name, layer
),

/* What the squares of the label totals lose when one object goes: sum of 2 N_k c_k - c_k^2. */
item_labels AS (
    SELECT
        u.job_name,
        u.layer,
        u.object_id,
        sum(2.0 * t.mass * u.mass - u.mass * u.mass) AS mass_squares,
        sum(2.0 * t.share * u.share - u.share * u.share) AS share_squares,
        count(*) FILTER (WHERE t.n_items = 1) AS n_labels
    FROM used AS u
    INNER JOIN label_total AS t ON u.job_name = t.job_name AND u.layer = t.layer AND u.label = t.label
    GROUP BY u.job_name, u.layer, u.object_id
),

total AS (
    SELECT
        i.job_name,
        i.layer,
        count(*) AS n_items,
        sum(i.mass) AS mass,
        sum(i.d_obs) AS d_obs,
        sum(i.disagreement) AS disagreement,
        sum(i.present_mass) AS present_mass,
        sum(i.d_obs_presence) AS d_obs_presence,
        sum(i.n_boundaries) AS n_boundaries,
        sum(i.boundary_hits_500ms) AS boundary_hits_500ms,
        sum(i.boundary_hits_3s) AS boundary_hits_3s,
        sum(i.n_units) AS n_units,
        sum(i.unit_hits_iou50) AS unit_hits_iou50,
        sum(i.unit_hits_iou50_label) AS unit_hits_iou50_label,
        sum(i.sum_iou_matched) AS sum_iou_matched
    FROM item AS i
    GROUP BY i.job_name, i.layer
),

/* The sums of all objects (left_out is NULL), and of all but one. */
kept AS (
    SELECT
        t.job_name,
        t.layer,
        CAST(NULL AS VARCHAR) AS left_out,
        t.n_items,
        t.mass,
        t.d_obs,
        t.disagreement,
        t.present_mass,
        t.d_obs_presence,
        t.n_boundaries,
        t.boundary_hits_500ms,
        t.boundary_hits_3s,
        t.n_units,
        t.unit_hits_iou50,
        t.unit_hits_iou50_label,
        t.sum_iou_matched,
        s.mass_squares,
        s.share_squares,
        s.n_labels
    FROM total AS t
    INNER JOIN layer_labels AS s ON t.job_name = s.job_name AND t.layer = s.layer
    UNION ALL
    SELECT
        t.job_name,
        t.layer,
        i.object_id,
        t.n_items - 1,
        t.mass - i.mass,
        t.d_obs - i.d_obs,
        t.disagreement - i.disagreement,
        t.present_mass - i.present_mass,
        t.d_obs_presence - i.d_obs_presence,
        t.n_boundaries - i.n_boundaries,
        t.boundary_hits_500ms - i.boundary_hits_500ms,
        t.boundary_hits_3s - i.boundary_hits_3s,
        t.n_units - i.n_units,
        t.unit_hits_iou50 - i.unit_hits_iou50,
        t.unit_hits_iou50_label - i.unit_hits_iou50_label,
        t.sum_iou_matched - i.sum_iou_matched,
        s.mass_squares - l.mass_squares,
        s.share_squares - l.share_squares,
        s.n_labels - l.n_labels
    FROM total AS t
    INNER JOIN layer_labels AS s ON t.job_name = s.job_name AND t.layer = s.layer
    INNER JOIN item AS i ON t.job_name = i.job_name AND t.layer = i.layer
    INNER JOIN item_labels AS l
        ON i.job_name = l.job_name AND i.layer = l.layer AND i.object_id = l.object_id
    WHERE t.n_items > 1
),

/* Expected disagreement N^2 - sum N_k^2, and AC1's chance agreement; a share of 1e-9 is rounding, not a label. */
chance AS (
    SELECT
        k.*,
        g.is_count,
        k.mass * k.mass - k.mass_squares AS spread,
        2.0 * k.present_mass * (k.mass - k.present_mass) AS spread_presence,
        CASE WHEN k.n_labels >= 2 THEN
            (1.0 - k.share_squares / (k.n_items * k.n_items)) / (k.n_labels - 1)
        END AS ac1_chance
    FROM kept AS k
    INNER JOIN layer AS g ON k.job_name = g.job_name AND k.layer = g.layer
),

measured AS (
    SELECT
        c.job_name,
        c.layer,
        m.measure,
        c.left_out,
        CASE m.measure
            WHEN 'alpha' THEN CASE WHEN c.spread > 1e-9 * c.mass * c.mass THEN
                1.0 - (c.mass - CASE WHEN c.is_count THEN 1.0 ELSE 0.0 END) * c.d_obs / c.spread
            END
            WHEN 'alpha_presence' THEN CASE WHEN c.spread_presence > 1e-9 * c.mass * c.mass THEN
                1.0 - c.mass * c.d_obs_presence / c.spread_presence
            END
            WHEN 'observed_agreement' THEN 1.0 - c.d_obs / nullif(c.mass, 0.0)
            WHEN 'ac1' THEN
                (1.0 - c.disagreement / c.n_items - c.ac1_chance) / nullif(1.0 - c.ac1_chance, 0.0)
            WHEN 'boundary_f_500ms' THEN CAST(c.boundary_hits_500ms AS DOUBLE) / nullif(c.n_boundaries, 0)
            WHEN 'boundary_f_3s' THEN CAST(c.boundary_hits_3s AS DOUBLE) / nullif(c.n_boundaries, 0)
            WHEN 'unit_f_iou50' THEN CAST(c.unit_hits_iou50 AS DOUBLE) / nullif(c.n_units, 0)
            WHEN 'unit_f_iou50_label' THEN CAST(c.unit_hits_iou50_label AS DOUBLE) / nullif(c.n_units, 0)
            WHEN 'mean_iou' THEN c.sum_iou_matched / nullif(c.n_units, 0)
        END AS value
    FROM chance AS c
    CROSS JOIN (
        VALUES ('alpha'), ('alpha_presence'), ('observed_agreement'), ('ac1'), ('boundary_f_500ms'),
        ('boundary_f_3s'), ('unit_f_iou50'), ('unit_f_iou50_label'), ('mean_iou')
    ) AS m (measure)
),

spread AS (
    SELECT
        job_name,
        layer,
        measure,
        max(CASE WHEN left_out IS NULL THEN value END) AS value,
        count(left_out) AS n_replicates,
        count(CASE WHEN left_out IS NOT NULL THEN value END) AS n_defined,
        sqrt((count(left_out) - 1) * var_pop(CASE WHEN left_out IS NOT NULL THEN value END)) AS se
    FROM measured
    GROUP BY job_name, layer, measure
),

/* Every layer has a row for each of its measures, also where nothing could be compared. */
wanted AS (
    SELECT g.job_name, g.layer, g.most_annotators, m.measure, m.family
    FROM layer AS g
    CROSS JOIN (
        VALUES ('alpha', 'labels', TRUE, TRUE), ('observed_agreement', 'labels', TRUE, TRUE),
        ('ac1', 'labels', TRUE, FALSE), ('alpha_presence', 'labels', FALSE, TRUE),
        ('boundary_f_500ms', 'boundaries', FALSE, TRUE), ('boundary_f_3s', 'boundaries', FALSE, TRUE),
        ('unit_f_iou50', 'units', FALSE, TRUE), ('unit_f_iou50_label', 'units', FALSE, TRUE),
        ('mean_iou', 'units', FALSE, TRUE)
    ) AS m (measure, family, is_for_labels, is_for_segments)
    WHERE CASE WHEN g.is_count THEN m.is_for_labels ELSE m.is_for_segments END
),

/* Texts: edits and lengths of the longer texts, by object; nobody's text is the reference. */
text_item AS (
    SELECT job_name, layer, object_id, n_annotators, 'transcript_cer' AS measure, char_edits AS edits, n_chars AS size
    FROM measure.transcript_item
    UNION ALL
    SELECT job_name, layer, object_id, n_annotators, 'transcript_wer', word_edits, n_words
    FROM measure.transcript_item
),

text_total AS (
    SELECT
        job_name,
        layer,
        measure,
        count(*) FILTER (WHERE n_annotators >= 2) AS n_items,
        sum(n_annotators) FILTER (WHERE n_annotators >= 2) AS mass,
        sum(edits) AS edits,
        sum(size) AS size
    FROM text_item
    GROUP BY job_name, layer, measure
),

text_spread AS (
    SELECT
        t.job_name,
        t.layer,
        t.measure,
        CASE WHEN count(*) >= 3 AND count(CASE WHEN t.size > i.size THEN 1 END) = count(*) THEN
            sqrt((count(*) - 1) * var_pop(CAST(t.edits - i.edits AS DOUBLE) / nullif(t.size - i.size, 0)))
        END AS se
    FROM text_total AS t
    INNER JOIN text_item AS i ON t.job_name = i.job_name AND t.layer = i.layer AND t.measure = i.measure
    WHERE i.n_annotators >= 2
    GROUP BY t.job_name, t.layer, t.measure
),

text_annotators AS (
    SELECT i.job_name, i.layer, count(DISTINCT a.worker_id) AS n_annotators
    FROM measure.transcript_item AS i
    INNER JOIN silver.annotation AS a ON i.job_name = a.job_name AND i.object_id = a.object_id
    WHERE i.n_annotators >= 2
    GROUP BY i.job_name, i.layer
),

text_estimate AS (
    SELECT
        t.*,
        CAST(t.edits AS DOUBLE) / nullif(t.size, 0) AS value,
        s.se IS NOT NULL AS is_replicated,
        CASE WHEN s.se > 1e-9 THEN s.se END AS se,
        coalesce(q.t975, 1.959964) AS t975
    FROM text_total AS t
    LEFT JOIN text_spread AS s ON t.job_name = s.job_name AND t.layer = s.layer AND t.measure = s.measure
    LEFT JOIN reference.student_t AS q ON q.df = t.n_items - 1
),

annotators AS (
    SELECT job_name, layer, count(DISTINCT worker_id) AS n_annotators
    FROM measure.worker_item
    GROUP BY job_name, layer
),

estimate AS (
    SELECT
        w.job_name,
        w.layer,
        w.measure,
        w.family,
        w.most_annotators,
        s.value,
        CASE WHEN s.n_replicates >= 3 AND s.n_defined = s.n_replicates AND s.se > 1e-9 THEN s.se END AS se,
        coalesce(s.n_replicates >= 3 AND s.n_defined = s.n_replicates, FALSE) AS is_replicated,
        coalesce(q.t975, 1.959964) AS t975,
        CASE WHEN w.measure IN ('alpha', 'alpha_presence', 'ac1') THEN -1.0 ELSE 0.0 END AS least_value
    FROM wanted AS w
    LEFT JOIN spread AS s ON w.job_name = s.job_name AND w.layer = s.layer AND w.measure = s.measure
    LEFT JOIN reference.student_t AS q ON q.df = s.n_replicates - 1
)

SELECT
    e.job_name,
    e.layer,
    coalesce(job.task_type, 'unknown') AS task_type,
    e.measure,
    e.value,
    CASE WHEN e.value - e.t975 * e.se < e.least_value THEN e.least_value ELSE e.value - e.t975 * e.se END AS ci_lo,
    CASE WHEN e.value + e.t975 * e.se > 1.0 THEN 1.0 ELSE e.value + e.t975 * e.se END AS ci_hi,
    e.se,
    CASE WHEN e.se IS NOT NULL THEN 'jackknife-t' END AS ci_method,
    CAST(coalesce(t.n_items, 0) AS BIGINT) AS n_items,
    CAST(coalesce(a.n_annotators, 0) AS BIGINT) AS n_annotators,
    coalesce(t.mass, 0.0) AS mass,
    l.mass_max / nullif(t.mass, 0.0) AS prevalence_max,
    f.chance_floor,
    CASE
        WHEN t.n_items IS NULL AND e.most_annotators < 2 THEN 'one_annotator'
        WHEN t.n_items IS NULL THEN 'no_labels'
        WHEN e.value IS NULL AND e.family = 'labels' THEN 'one_label'
        WHEN e.value IS NULL AND e.family = 'boundaries' THEN 'no_boundaries'
        WHEN e.value IS NULL THEN 'no_segments'
        WHEN NOT e.is_replicated THEN 'too_few_items'
        WHEN e.se IS NULL THEN 'no_variation'
    END AS reason_code
FROM estimate AS e
LEFT JOIN total AS t ON e.job_name = t.job_name AND e.layer = t.layer
LEFT JOIN layer_labels AS l ON e.job_name = l.job_name AND e.layer = l.layer
LEFT JOIN annotators AS a ON e.job_name = a.job_name AND e.layer = a.layer
LEFT JOIN silver.job AS job ON e.job_name = job.job_name
LEFT JOIN measure.chance AS f ON e.job_name = f.job_name AND e.layer = f.layer AND e.measure = f.measure
UNION ALL BY NAME
SELECT
    e.job_name,
    e.layer,
    coalesce(job.task_type, 'unknown') AS task_type,
    e.measure,
    e.value,
    CASE WHEN e.value - e.t975 * e.se < 0.0 THEN 0.0 ELSE e.value - e.t975 * e.se END AS ci_lo,
    CASE WHEN e.value + e.t975 * e.se > 1.0 THEN 1.0 ELSE e.value + e.t975 * e.se END AS ci_hi,
    e.se,
    CASE WHEN e.se IS NOT NULL THEN 'jackknife-t' END AS ci_method,
    CAST(e.n_items AS BIGINT) AS n_items,
    CAST(coalesce(a.n_annotators, 0) AS BIGINT) AS n_annotators,
    CAST(coalesce(e.mass, 0) AS DOUBLE) AS mass,
    CASE
        WHEN e.n_items = 0 THEN 'one_annotator'
        WHEN NOT e.is_replicated THEN 'too_few_items'
        WHEN e.se IS NULL THEN 'no_variation'
    END AS reason_code
FROM text_estimate AS e
LEFT JOIN text_annotators AS a ON e.job_name = a.job_name AND e.layer = a.layer
LEFT JOIN silver.job AS job ON e.job_name = job.job_name
