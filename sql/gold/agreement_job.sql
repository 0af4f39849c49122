/* Agreement of the annotators of one job, one row a measure, each with a 95 % interval.
   grain: job_name, layer, measure
   reads: measure.unit, measure.unit_term, measure.worker_unit, measure.chance, measure.transcript_item,
     measure.box_item, measure.track_item, measure.box_chance, measure.pair_compared, measure.layer_annotators,
     silver.job, reference.student_t
   owner: measures
   checks: fail unique(grain), fail value is null or value <= 1, fail ci_lo <= ci_hi, fail reason_code where value is null,
     warn rows >= 1
   notes: every measure is made of sums over the objects with at least two annotators: a ratio of two sums, or an alpha
     (1 - (N - 1) sum d_obs / sum d_exp; no - 1 for seconds). The interval is value +- t * se from leaving out one object
     at a time (objects are the clusters), in a job of many a block of neighbouring ones, as ci_method says; the further
     alphas of labels of whole objects, texts and boxes always leave out objects. It is cut to the measure's range.
     reason_code: one_annotator, no_labels, one_label, no_boundaries, no_segments, never_together (value NULL);
     too_few_items (fewer than three to leave out, or undefined without one of them), no_variation (every object says
     the same): value given, interval NULL. Measures of clip labels count answers, those of segments seconds;
     transcript_cer and transcript_wer are edits by characters and words, 0 is equal; measures of boxes and tracks count
     boxes. docs/metrics.md has the formulas. */
WITH layer AS (
    SELECT
        job_name,
        layer,
        bool_and(is_count) AS is_count,
        max(most_annotators) AS most_annotators,
        max(n_items) > 1 AS has_blocks
    FROM measure.unit
    GROUP BY job_name, layer
),

unit AS (
    SELECT
        job_name,
        layer,
        unit,
        is_count,
        n_items,
        mass,
        d_obs,
        disagreement,
        label_mass,
        label_share,
        d_obs_presence,
        present_mass,
        n_boundaries,
        boundary_hits_250ms,
        boundary_hits_500ms,
        boundary_hits_3s,
        boundary_hits_more,
        n_units,
        unit_hits_iou50,
        unit_hits_iou50_label,
        sum_iou_matched,
        units_fewer,
        units_more,
        rand_shared,
        rand_own,
        rand_chance
    FROM measure.unit
    WHERE n_items > 0
),

used AS (
    SELECT b.job_name, b.layer, b.unit, b.label, sum(b.mass) AS mass, sum(b.share) AS share
    FROM (
        SELECT i.job_name, i.layer, i.unit, u.entry.key AS label, u.entry.value AS mass, 0.0 AS share
        FROM unit AS i
        CROSS JOIN unnest(map_entries(i.label_mass)) AS u (entry)
        UNION ALL
        SELECT i.job_name, i.layer, i.unit, u.entry.key AS label, 0.0 AS mass, u.entry.value AS share
        FROM unit AS i
        CROSS JOIN unnest(map_entries(i.label_share)) AS u (entry)
    ) AS b
    GROUP BY b.job_name, b.layer, b.unit, b.label
),

label_total AS (
    SELECT job_name, layer, label, sum(mass) AS mass, sum(share) AS share, count(*) AS n_left_out
    FROM used
    GROUP BY job_name, layer, label
),

layer_labels AS (
    SELECT
        job_name,
        layer,
        count(*) AS n_labels,
        max(mass) AS mass_max,
        sum(share * share) AS share_squares
    FROM label_total
    GROUP BY job_name, layer
),

/* Of each unit: sum c_k N_k and sum c_k^2 of its labels, the same of shares, and labels that only it has. */
unit_labels AS (
    SELECT
        u.job_name,
        u.layer,
        u.unit,
        sum(u.mass * t.mass) AS mass_cross,
        sum(u.mass * u.mass) AS mass_squares,
        sum(2.0 * t.share * u.share - u.share * u.share) AS share_squares,
        count(*) FILTER (WHERE t.n_left_out = 1) AS n_labels
    FROM used AS u
    INNER JOIN label_total AS t ON u.job_name = t.job_name AND u.layer = t.layer AND u.label = t.label
    GROUP BY u.job_name, u.layer, u.unit
),

total AS (
    SELECT
        job_name,
        layer,
        sum(n_items) AS n_items,
        sum(mass) AS mass,
        sum(disagreement) AS disagreement,
        sum(present_mass) AS present_mass
    FROM unit
    GROUP BY job_name, layer
),

/* Ratios of sums. */
ratio_unit AS (
    SELECT
        i.job_name,
        i.layer,
        i.unit,
        m.measure,
        i.n_items,
        coalesce(CASE m.measure
            WHEN 'observed_agreement' THEN i.mass - i.d_obs
            WHEN 'boundary_f_250ms' THEN i.boundary_hits_250ms
            WHEN 'boundary_f_500ms' THEN i.boundary_hits_500ms
            WHEN 'boundary_f_3s' THEN i.boundary_hits_3s
            WHEN 'unit_f_iou50' THEN i.unit_hits_iou50
            WHEN 'unit_f_iou50_label' THEN i.unit_hits_iou50_label
            WHEN 'mean_iou' THEN i.sum_iou_matched
            WHEN 'count_ratio' THEN i.units_fewer
            WHEN 'pairwise_f' THEN i.rand_shared
            WHEN 'ari' THEN i.rand_shared - i.rand_chance
        END, 0.0) AS numerator,
        coalesce(CASE m.measure
            WHEN 'observed_agreement' THEN i.mass
            WHEN 'boundary_f_250ms' THEN i.n_boundaries
            WHEN 'boundary_f_500ms' THEN i.n_boundaries
            WHEN 'boundary_f_3s' THEN i.n_boundaries
            WHEN 'unit_f_iou50' THEN i.n_units
            WHEN 'unit_f_iou50_label' THEN i.n_units
            WHEN 'mean_iou' THEN i.n_units
            WHEN 'count_ratio' THEN i.units_more
            WHEN 'pairwise_f' THEN i.rand_own
            WHEN 'ari' THEN i.rand_own - i.rand_chance
        END, 0.0) AS denominator,
        CASE WHEN m.measure = 'ari' THEN i.rand_own ELSE 0.0 END AS scale
    FROM unit AS i
    CROSS JOIN (
        VALUES ('observed_agreement'), ('boundary_f_250ms'), ('boundary_f_500ms'), ('boundary_f_3s'),
        ('unit_f_iou50'), ('unit_f_iou50_label'), ('mean_iou'), ('count_ratio'), ('pairwise_f'), ('ari')
    ) AS m (measure)
    WHERE NOT i.is_count OR m.measure = 'observed_agreement'
    UNION ALL
    SELECT
        i.job_name,
        i.layer,
        i.unit,
        concat('boundary_f_', u.entry.key) AS measure,
        i.n_items,
        u.entry.value AS numerator,
        i.n_boundaries AS denominator,
        0.0 AS scale
    FROM unit AS i
    CROSS JOIN unnest(map_entries(i.boundary_hits_more)) AS u (entry)
),

ratio_total AS (
    SELECT
        job_name,
        layer,
        measure,
        sum(n_items) AS n_items,
        count(*) AS n_left_out,
        sum(numerator) AS numerator,
        sum(denominator) AS denominator,
        sum(scale) AS scale
    FROM ratio_unit
    GROUP BY job_name, layer, measure
),

/* Alphas: d_exp is the distance of a unit's values to all values of the layer, d_self the part inside the unit. */
alpha_unit AS (
    SELECT
        i.job_name,
        i.layer,
        i.unit,
        'alpha' AS measure,
        i.n_items,
        i.mass,
        i.d_obs,
        i.mass * t.mass - l.mass_cross AS d_exp,
        i.mass * i.mass - l.mass_squares AS d_self
    FROM unit AS i
    INNER JOIN total AS t ON i.job_name = t.job_name AND i.layer = t.layer
    INNER JOIN unit_labels AS l ON i.job_name = l.job_name AND i.layer = l.layer AND i.unit = l.unit
    UNION ALL
    SELECT
        i.job_name,
        i.layer,
        i.unit,
        'alpha_presence' AS measure,
        i.n_items,
        i.mass,
        i.d_obs_presence AS d_obs,
        i.present_mass * (t.mass - t.present_mass) + (i.mass - i.present_mass) * t.present_mass AS d_exp,
        2.0 * i.present_mass * (i.mass - i.present_mass) AS d_self
    FROM unit AS i
    INNER JOIN total AS t ON i.job_name = t.job_name AND i.layer = t.layer
    WHERE i.present_mass IS NOT NULL
    UNION ALL
    SELECT job_name, layer, unit, measure, n_items, mass, d_obs, d_exp, d_self
    FROM measure.unit_term
),

alpha_total AS (
    SELECT
        a.job_name,
        a.layer,
        a.measure,
        sum(a.n_items) AS n_items,
        count(*) AS n_left_out,
        sum(a.mass) AS mass,
        sum(a.d_obs) AS d_obs,
        sum(a.d_exp) AS d_exp,
        max(CASE WHEN g.is_count THEN 1.0 ELSE 0.0 END) AS correction
    FROM alpha_unit AS a
    INNER JOIN layer AS g ON a.job_name = g.job_name AND a.layer = g.layer
    GROUP BY a.job_name, a.layer, a.measure
),

/* Measures of shares of labels: of all objects (left_out is NULL), and of all but those of one unit. */
share_kept AS (
    SELECT
        t.job_name,
        t.layer,
        CAST(NULL AS VARCHAR) AS left_out,
        t.n_items,
        1.0 - t.disagreement / t.n_items AS observed,
        s.share_squares / (t.n_items * t.n_items) AS by_chance,
        s.n_labels
    FROM total AS t
    INNER JOIN layer_labels AS s ON t.job_name = s.job_name AND t.layer = s.layer
    UNION ALL
    SELECT
        t.job_name,
        t.layer,
        i.unit AS left_out,
        t.n_items - i.n_items AS n_items,
        1.0 - (t.disagreement - i.disagreement) / (t.n_items - i.n_items) AS observed,
        (s.share_squares - l.share_squares) / ((t.n_items - i.n_items) * (t.n_items - i.n_items)) AS by_chance,
        s.n_labels - l.n_labels AS n_labels
    FROM total AS t
    INNER JOIN layer_labels AS s ON t.job_name = s.job_name AND t.layer = s.layer
    INNER JOIN unit AS i ON t.job_name = i.job_name AND t.layer = i.layer
    INNER JOIN unit_labels AS l ON i.job_name = l.job_name AND i.layer = l.layer AND i.unit = l.unit
    WHERE t.n_items > i.n_items AND i.is_count
),

/* The mean of the kappas of every two annotators, weighted by what they compared; of each unit, what its pairs add
   with and without it. */
cohen_total AS (
    SELECT
        job_name,
        layer,
        sum(kappa * mass) AS kappa_mass,
        sum(CASE WHEN kappa IS NOT NULL THEN mass END) AS mass
    FROM measure.pair_compared
    WHERE left_out IS NULL
    GROUP BY job_name, layer
),

cohen_unit AS (
    SELECT
        i.job_name,
        i.layer,
        i.left_out AS unit,
        sum(coalesce(t.kappa * t.mass, 0.0)) AS kappa_mass,
        sum(CASE WHEN t.kappa IS NOT NULL THEN t.mass ELSE 0.0 END) AS mass,
        sum(coalesce(i.kappa * i.mass, 0.0)) AS kappa_left,
        sum(CASE WHEN i.kappa IS NOT NULL THEN i.mass ELSE 0.0 END) AS mass_left
    FROM measure.pair_compared AS t
    INNER JOIN measure.pair_compared AS i
        ON t.job_name = i.job_name AND t.layer = i.layer AND t.worker_a = i.worker_a AND t.worker_b = i.worker_b
    WHERE t.left_out IS NULL AND i.left_out IS NOT NULL
    GROUP BY i.job_name, i.layer, i.left_out
),

measured AS (
    SELECT
        job_name,
        layer,
        'cohen_kappa' AS measure,
        CAST(NULL AS VARCHAR) AS left_out,
        kappa_mass / nullif(mass, 0.0) AS value
    FROM cohen_total
    UNION ALL
    SELECT
        t.job_name,
        t.layer,
        'cohen_kappa' AS measure,
        i.unit AS left_out,
        CASE WHEN t.mass - i.mass + i.mass_left > 1e-9 * t.mass THEN
            (t.kappa_mass - i.kappa_mass + i.kappa_left) / (t.mass - i.mass + i.mass_left)
        END AS value
    FROM cohen_total AS t
    INNER JOIN cohen_unit AS i ON t.job_name = i.job_name AND t.layer = i.layer
    UNION ALL
    SELECT
        job_name,
        layer,
        measure,
        CAST(NULL AS VARCHAR) AS left_out,
        CASE WHEN denominator > 1e-9 * scale THEN numerator / denominator END AS value
    FROM ratio_total
    UNION ALL
    SELECT
        t.job_name,
        t.layer,
        t.measure,
        i.unit AS left_out,
        CASE WHEN t.denominator - i.denominator > 1e-9 * (t.scale + t.denominator) THEN
            (t.numerator - i.numerator) / (t.denominator - i.denominator)
        END AS value
    FROM ratio_total AS t
    INNER JOIN ratio_unit AS i ON t.job_name = i.job_name AND t.layer = i.layer AND t.measure = i.measure
    WHERE t.n_left_out > 1
    UNION ALL
    SELECT
        job_name,
        layer,
        measure,
        CAST(NULL AS VARCHAR) AS left_out,
        CASE WHEN d_exp > 1e-9 * mass * mass THEN 1.0 - (mass - correction) * d_obs / d_exp END AS value
    FROM alpha_total
    UNION ALL
    SELECT
        t.job_name,
        t.layer,
        t.measure,
        i.unit AS left_out,
        CASE WHEN t.d_exp - 2.0 * i.d_exp + i.d_self > 1e-9 * (t.mass - i.mass) * (t.mass - i.mass) THEN
            1.0 - (t.mass - i.mass - t.correction) * (t.d_obs - i.d_obs) / (t.d_exp - 2.0 * i.d_exp + i.d_self)
        END AS value
    FROM alpha_total AS t
    INNER JOIN alpha_unit AS i ON t.job_name = i.job_name AND t.layer = i.layer AND t.measure = i.measure
    WHERE t.n_left_out > 1
    UNION ALL
    SELECT
        k.job_name,
        k.layer,
        m.measure,
        k.left_out,
        CASE
            WHEN k.n_labels < 2 THEN NULL
            WHEN m.measure = 'fleiss_kappa' THEN (k.observed - k.by_chance) / nullif(1.0 - k.by_chance, 0.0)
            ELSE
                (k.observed - (1.0 - k.by_chance) / (k.n_labels - 1))
                / nullif(1.0 - (1.0 - k.by_chance) / (k.n_labels - 1), 0.0)
        END AS value
    FROM share_kept AS k
    CROSS JOIN (VALUES ('ac1'), ('fleiss_kappa')) AS m (measure)
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
    SELECT g.job_name, g.layer, g.is_count, g.most_annotators, g.has_blocks, m.measure, m.family
    FROM layer AS g
    CROSS JOIN (
        VALUES ('alpha', 'labels', TRUE, TRUE), ('observed_agreement', 'labels', TRUE, TRUE),
        ('ac1', 'labels', TRUE, FALSE), ('fleiss_kappa', 'labels', TRUE, FALSE), ('cohen_kappa', 'labels', TRUE, TRUE),
        ('alpha_presence', 'labels', FALSE, TRUE), ('alpha_given_presence', 'together', FALSE, TRUE),
        ('alpha_by_label', 'labels', FALSE, TRUE),
        ('boundary_f_250ms', 'boundaries', FALSE, TRUE), ('boundary_f_500ms', 'boundaries', FALSE, TRUE),
        ('boundary_f_3s', 'boundaries', FALSE, TRUE),
        ('unit_f_iou50', 'units', FALSE, TRUE), ('unit_f_iou50_label', 'units', FALSE, TRUE),
        ('mean_iou', 'units', FALSE, TRUE), ('count_ratio', 'units', FALSE, TRUE),
        ('pairwise_f', 'labels', FALSE, TRUE), ('ari', 'labels', FALSE, TRUE)
    ) AS m (measure, family, is_for_labels, is_for_segments)
    WHERE CASE WHEN g.is_count THEN m.is_for_labels ELSE m.is_for_segments END
    UNION
    SELECT g.job_name, g.layer, g.is_count, g.most_annotators, g.has_blocks, a.measure, 'labels' AS family
    FROM layer AS g
    INNER JOIN alpha_total AS a ON g.job_name = a.job_name AND g.layer = a.layer
    WHERE g.is_count AND a.measure NOT IN ('alpha', 'alpha_presence')
    UNION
    SELECT g.job_name, g.layer, g.is_count, g.most_annotators, g.has_blocks, r.measure, 'boundaries' AS family
    FROM layer AS g
    INNER JOIN ratio_total AS r ON g.job_name = r.job_name AND g.layer = r.layer
    WHERE r.measure LIKE 'boundary_f_%'
),

/* Texts: edits and lengths of the longer texts, by object; nobody's text is the reference. Boxes and tracks: hits and
   boxes of all classes. Each is a ratio of two sums over objects. */
other_item AS (
    SELECT
        job_name,
        layer,
        object_id,
        n_annotators,
        'transcript_cer' AS measure,
        CAST(char_edits AS DOUBLE) AS numerator,
        CAST(n_chars AS DOUBLE) AS denominator
    FROM measure.transcript_item
    UNION ALL
    SELECT job_name, layer, object_id, n_annotators, 'transcript_wer', word_edits, n_words
    FROM measure.transcript_item
    UNION ALL
    SELECT
        b.job_name,
        b.layer,
        b.object_id,
        max(b.n_annotators) AS n_annotators,
        m.measure,
        sum(CASE m.measure
            WHEN 'box_f_iou50' THEN b.hits_iou50
            WHEN 'box_f_iou50_95' THEN b.hits_iou50_95 / 10.0
            WHEN 'box_mean_iou' THEN b.sum_iou_matched
        END) AS numerator,
        sum(b.n_boxes) AS denominator
    FROM measure.box_item AS b
    CROSS JOIN (VALUES ('box_f_iou50'), ('box_f_iou50_95'), ('box_mean_iou')) AS m (measure)
    GROUP BY b.job_name, b.layer, b.object_id, m.measure
    UNION ALL
    SELECT job_name, layer, object_id, max(n_annotators) AS n_annotators, 'idf1', sum(id_hits), sum(n_boxes)
    FROM measure.track_item
    GROUP BY job_name, layer, object_id
),

/* HOTA of an object at a threshold: sqrt(associated / (2 boxes - hits)), by sums of all classes. */
hota_item AS (
    SELECT
        t.job_name,
        t.layer,
        t.object_id,
        u.threshold,
        max(t.n_annotators) AS n_annotators,
        sum(t.n_boxes) AS n_boxes,
        sum(t.hota_hits[u.threshold]) AS hits,
        sum(t.hota_associated[u.threshold]) AS associated
    FROM measure.track_item AS t
    CROSS JOIN unnest(map_keys(t.hota_hits)) AS u (threshold)
    GROUP BY t.job_name, t.layer, t.object_id, u.threshold
),

hota_total AS (
    SELECT
        job_name,
        layer,
        threshold,
        sum(n_boxes) AS n_boxes,
        sum(hits) AS hits,
        sum(associated) AS associated
    FROM hota_item
    GROUP BY job_name, layer, threshold
),

/* Every figure with all objects (left_out is NULL), and with all but one. */
other_measured AS (
    SELECT
        job_name,
        layer,
        measure,
        CAST(NULL AS VARCHAR) AS left_out,
        sum(numerator) / nullif(sum(denominator), 0.0) AS value
    FROM other_item
    GROUP BY job_name, layer, measure
    UNION ALL
    SELECT
        t.job_name,
        t.layer,
        t.measure,
        i.object_id AS left_out,
        CASE WHEN t.denominator - i.denominator > 1e-9 * t.denominator THEN
            (t.numerator - i.numerator) / (t.denominator - i.denominator)
        END AS value
    FROM (
        SELECT job_name, layer, measure, sum(numerator) AS numerator, sum(denominator) AS denominator
        FROM other_item
        GROUP BY job_name, layer, measure
    ) AS t
    INNER JOIN other_item AS i ON t.job_name = i.job_name AND t.layer = i.layer AND t.measure = i.measure
    WHERE i.n_annotators >= 2
    UNION ALL
    SELECT
        job_name,
        layer,
        'hota' AS measure,
        CAST(NULL AS VARCHAR) AS left_out,
        avg(sqrt(associated / nullif(2.0 * n_boxes - hits, 0.0))) AS value
    FROM hota_total
    GROUP BY job_name, layer
    UNION ALL
    SELECT
        t.job_name,
        t.layer,
        'hota' AS measure,
        i.object_id AS left_out,
        CASE WHEN min(t.n_boxes - i.n_boxes) > 0 THEN
            avg(sqrt(
                greatest(t.associated - i.associated, 0.0)
                / nullif(2.0 * (t.n_boxes - i.n_boxes) - (t.hits - i.hits), 0.0)
            ))
        END AS value
    FROM hota_total AS t
    INNER JOIN hota_item AS i ON t.job_name = i.job_name AND t.layer = i.layer AND t.threshold = i.threshold
    WHERE i.n_annotators >= 2
    GROUP BY t.job_name, t.layer, i.object_id
),

other_spread AS (
    SELECT
        job_name,
        layer,
        measure,
        max(CASE WHEN left_out IS NULL THEN value END) AS value,
        CASE WHEN count(left_out) >= 3 AND count(CASE WHEN left_out IS NOT NULL THEN value END) = count(left_out) THEN
            sqrt((count(left_out) - 1) * var_pop(CASE WHEN left_out IS NOT NULL THEN value END))
        END AS se
    FROM other_measured
    GROUP BY job_name, layer, measure
),

/* Objects and answers behind them; hota has those of idf1. */
other_total AS (
    SELECT
        job_name,
        layer,
        measure,
        count(*) FILTER (WHERE n_annotators >= 2) AS n_items,
        sum(n_annotators) FILTER (WHERE n_annotators >= 2) AS mass
    FROM other_item
    GROUP BY job_name, layer, measure
),

floors AS (
    SELECT job_name, layer, measure, chance_floor FROM measure.chance
    UNION ALL
    SELECT job_name, layer, measure, chance_floor FROM measure.box_chance
),

other_estimate AS (
    SELECT
        s.job_name,
        s.layer,
        s.measure,
        t.n_items,
        t.mass,
        a.n_annotators,
        s.value,
        s.se IS NOT NULL AS is_replicated,
        CASE WHEN s.se > 1e-9 THEN s.se END AS se,
        coalesce(q.t975, 1.959964) AS t975
    FROM other_spread AS s
    INNER JOIN other_total AS t
        ON
            s.job_name = t.job_name AND s.layer = t.layer
            AND CASE WHEN s.measure = 'hota' THEN 'idf1' ELSE s.measure END = t.measure
    LEFT JOIN measure.layer_annotators AS a
        ON
            t.job_name = a.job_name AND t.layer = a.layer
            AND CASE
                WHEN t.measure LIKE 'transcript%' THEN 'transcript'
                WHEN t.measure = 'idf1' THEN 'track'
                ELSE 'box'
            END = a.family
    LEFT JOIN reference.student_t AS q ON q.df = t.n_items - 1
),

annotators AS (
    SELECT job_name, layer, count(DISTINCT worker_id) AS n_annotators
    FROM measure.worker_unit
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
        coalesce(a.n_items, r.n_items) AS n_items,
        w.has_blocks AND s.n_replicates < coalesce(a.n_items, r.n_items, t.n_items) AS is_by_block,
        CASE WHEN s.n_replicates >= 3 AND s.n_defined = s.n_replicates AND s.se > 1e-9 THEN s.se END AS se,
        coalesce(s.n_replicates >= 3 AND s.n_defined = s.n_replicates, FALSE) AS is_replicated,
        coalesce(q.t975, 1.959964) AS t975,
        CASE
            WHEN w.measure LIKE 'alpha%' OR w.measure IN ('ac1', 'fleiss_kappa', 'cohen_kappa', 'ari') THEN -1.0
            ELSE 0.0
        END AS least_value
    FROM wanted AS w
    LEFT JOIN spread AS s ON w.job_name = s.job_name AND w.layer = s.layer AND w.measure = s.measure
    LEFT JOIN alpha_total AS a ON w.job_name = a.job_name AND w.layer = a.layer AND w.measure = a.measure
    LEFT JOIN ratio_total AS r ON w.job_name = r.job_name AND w.layer = r.layer AND w.measure = r.measure
    LEFT JOIN total AS t ON w.job_name = t.job_name AND w.layer = t.layer
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
    CASE
        WHEN e.se IS NOT NULL AND e.is_by_block THEN 'jackknife-t by blocks'
        WHEN e.se IS NOT NULL THEN 'jackknife-t'
    END AS ci_method,
    CAST(coalesce(e.n_items, t.n_items, 0) AS BIGINT) AS n_items,
    CAST(coalesce(a.n_annotators, 0) AS BIGINT) AS n_annotators,
    coalesce(t.mass, 0.0) AS mass,
    l.mass_max / nullif(t.mass, 0.0) AS prevalence_max,
    f.chance_floor,
    CASE
        WHEN t.n_items IS NULL AND e.most_annotators < 2 THEN 'one_annotator'
        WHEN t.n_items IS NULL THEN 'no_labels'
        WHEN e.value IS NULL AND e.family = 'together' AND e.n_items IS NULL THEN 'never_together'
        WHEN e.value IS NULL AND e.family IN ('labels', 'together') THEN 'one_label'
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
LEFT JOIN floors AS f ON e.job_name = f.job_name AND e.layer = f.layer AND e.measure = f.measure
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
    CAST(coalesce(e.n_annotators, 0) AS BIGINT) AS n_annotators,
    CAST(coalesce(e.mass, 0) AS DOUBLE) AS mass,
    f.chance_floor,
    CASE
        WHEN e.n_items = 0 THEN 'one_annotator'
        WHEN e.value IS NULL THEN 'no_labels'
        WHEN NOT e.is_replicated THEN 'too_few_items'
        WHEN e.se IS NULL THEN 'no_variation'
    END AS reason_code
FROM other_estimate AS e
LEFT JOIN silver.job AS job ON e.job_name = job.job_name
LEFT JOIN floors AS f ON e.job_name = f.job_name AND e.layer = f.layer AND e.measure = f.measure
