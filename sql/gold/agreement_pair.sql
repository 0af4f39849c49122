/* Agreement of two annotators over all objects that both answered.
   grain: job_name, layer, worker_a, worker_b
   reads: measure.pair_unit, measure.pair_compared, silver.job, reference.student_t
   owner: measures
   checks: fail unique(grain), fail worker_a < worker_b, fail kappa_time is null or kappa_time <= 1,
     fail kappa_lo <= kappa_hi, fail reason_code where kappa_time is null
   notes: ratios of sums over objects; intervals leave out one object at a time (jackknife, t), from three objects
     up; in a job of many a block of neighbouring ones, as ci_method says. The raw score depends on which objects the
     two happened to share: residual compares it with the other pairs on the same objects. offset_s is the median
     over objects of b - a (in a job of many, over blocks of the block's median), its interval runs between order
     statistics of these medians and is there from six of them up. reason_code is about kappa_time: one_label (value
     NULL), too_few_items, no_variation (interval NULL). */
WITH pair AS (
    SELECT
        job_name,
        layer,
        worker_a,
        worker_b,
        row_number() OVER (ORDER BY job_name, layer, worker_a, worker_b) AS pair_no,
        CAST(sum(n_items) AS BIGINT) AS n_items,
        max(n_items) > 1 AS has_blocks,
        sum(mass) AS mass
    FROM measure.pair_unit
    GROUP BY job_name, layer, worker_a, worker_b
),

unit AS (
    SELECT
        p.pair_no,
        i.unit,
        i.mass,
        i.agree,
        i.mass_beside_others,
        i.agree_beside_others,
        i.expected_agree,
        i.rand_shared,
        i.rand_a,
        i.rand_b,
        i.rand_chance,
        i.n_boundaries_a,
        i.n_boundaries_b,
        i.boundary_hits_250ms,
        i.boundary_hits_500ms,
        i.boundary_hits_3s,
        i.offset_s,
        i.n_offsets,
        i.n_units_a,
        i.n_units_b,
        i.unit_hits_iou50,
        i.unit_hits_iou50_label,
        i.sum_iou_matched
    FROM measure.pair_unit AS i
    INNER JOIN pair AS p
        ON i.job_name = p.job_name AND i.layer = p.layer AND i.worker_a = p.worker_a AND i.worker_b = p.worker_b
),

/* Every measure that is a ratio of sums; ari has a chance term on both sides. */
term AS (
    SELECT
        i.pair_no,
        m.measure,
        CASE m.measure
            WHEN 'observed_agreement' THEN i.agree
            WHEN 'residual' THEN i.agree_beside_others - i.expected_agree
            WHEN 'expected' THEN i.expected_agree
            WHEN 'boundary_f_250ms' THEN 2.0 * i.boundary_hits_250ms
            WHEN 'boundary_f_500ms' THEN 2.0 * i.boundary_hits_500ms
            WHEN 'boundary_f_3s' THEN 2.0 * i.boundary_hits_3s
            WHEN 'boundary_precision_500ms' THEN i.boundary_hits_500ms
            WHEN 'boundary_recall_500ms' THEN i.boundary_hits_500ms
            WHEN 'unit_f_iou50' THEN 2.0 * i.unit_hits_iou50
            WHEN 'unit_f_iou50_label' THEN 2.0 * i.unit_hits_iou50_label
            WHEN 'mean_iou' THEN 2.0 * i.sum_iou_matched
            WHEN 'pairwise_f' THEN 2.0 * i.rand_shared
            WHEN 'ari' THEN i.rand_shared - i.rand_chance
            WHEN 'count_ratio' THEN i.n_units_a
        END AS numerator,
        CASE m.measure
            WHEN 'observed_agreement' THEN i.mass
            WHEN 'residual' THEN i.mass_beside_others
            WHEN 'expected' THEN i.mass_beside_others
            WHEN 'boundary_precision_500ms' THEN i.n_boundaries_b
            WHEN 'boundary_recall_500ms' THEN i.n_boundaries_a
            WHEN 'boundary_f_250ms' THEN i.n_boundaries_a + i.n_boundaries_b
            WHEN 'boundary_f_500ms' THEN i.n_boundaries_a + i.n_boundaries_b
            WHEN 'boundary_f_3s' THEN i.n_boundaries_a + i.n_boundaries_b
            WHEN 'unit_f_iou50' THEN i.n_units_a + i.n_units_b
            WHEN 'unit_f_iou50_label' THEN i.n_units_a + i.n_units_b
            WHEN 'mean_iou' THEN i.n_units_a + i.n_units_b
            WHEN 'pairwise_f' THEN i.rand_a + i.rand_b
            WHEN 'ari' THEN (i.rand_a + i.rand_b) / 2.0 - i.rand_chance
            WHEN 'count_ratio' THEN i.n_units_b
        END AS denominator
    FROM unit AS i
    CROSS JOIN (
        VALUES ('observed_agreement'), ('residual'), ('expected'), ('boundary_f_250ms'), ('boundary_f_500ms'),
        ('boundary_f_3s'), ('boundary_precision_500ms'), ('boundary_recall_500ms'), ('unit_f_iou50'),
        ('unit_f_iou50_label'), ('mean_iou'), ('pairwise_f'), ('ari'), ('count_ratio')
    ) AS m (measure)
),

term_total AS (
    SELECT
        pair_no,
        measure,
        count(denominator) AS n_units,
        sum(numerator) AS numerator,
        sum(denominator) AS denominator
    FROM term
    GROUP BY pair_no, measure
),

/* With all objects, and with those of each unit left out. */
measured AS (
    SELECT
        pair_no,
        measure,
        FALSE AS is_left_out,
        CASE WHEN denominator > 1e-9 THEN numerator / denominator END AS value
    FROM term_total
    UNION ALL
    SELECT
        t.pair_no,
        t.measure,
        TRUE AS is_left_out,
        CASE WHEN t.denominator - i.denominator > 1e-9 * t.denominator THEN
            (t.numerator - i.numerator) / (t.denominator - i.denominator)
        END AS value
    FROM term_total AS t
    INNER JOIN term AS i ON t.pair_no = i.pair_no AND t.measure = i.measure
    WHERE t.n_units > 1 AND i.denominator IS NOT NULL
    UNION ALL
    SELECT p.pair_no, 'kappa_time' AS measure, c.left_out IS NOT NULL AS is_left_out, c.kappa AS value
    FROM measure.pair_compared AS c
    INNER JOIN pair AS p
        ON c.job_name = p.job_name AND c.layer = p.layer AND c.worker_a = p.worker_a AND c.worker_b = p.worker_b
    WHERE c.left_out IS NULL OR c.n_units > 1
),

counted AS (
    SELECT
        pair_no,
        measure,
        max(CASE WHEN NOT is_left_out THEN value END) AS value,
        count(CASE WHEN is_left_out THEN 1 END) AS n_replicates,
        count(CASE WHEN is_left_out THEN value END) AS n_defined,
        var_pop(CASE WHEN is_left_out THEN value END) AS variance
    FROM measured
    GROUP BY pair_no, measure
),

spread AS (
    SELECT
        pair_no,
        measure,
        value,
        n_replicates,
        n_replicates >= 3 AND n_defined = n_replicates AS is_replicated,
        sqrt((n_replicates - 1) * variance) AS se
    FROM counted
),

estimate AS (
    SELECT
        s.pair_no,
        s.measure,
        s.value,
        s.is_replicated,
        CASE WHEN s.is_replicated AND s.se > 1e-9 THEN s.se * coalesce(q.t975, 1.959964) END AS reach,
        CASE WHEN s.measure IN ('kappa_time', 'residual', 'ari') THEN -1.0 ELSE 0.0 END AS least_value
    FROM spread AS s
    LEFT JOIN reference.student_t AS q ON q.df = s.n_replicates - 1
),

bounded AS (
    SELECT
        *,
        CASE WHEN value - reach < least_value THEN least_value ELSE value - reach END AS lo,
        CASE WHEN value + reach > 1.0 AND measure <> 'count_ratio' THEN 1.0 ELSE value + reach END AS hi
    FROM estimate
),

wide AS (
    SELECT
        pair_no,
        max(CASE WHEN measure = 'observed_agreement' THEN value END) AS observed_agreement,
        max(CASE WHEN measure = 'observed_agreement' THEN lo END) AS observed_agreement_lo,
        max(CASE WHEN measure = 'observed_agreement' THEN hi END) AS observed_agreement_hi,
        max(CASE WHEN measure = 'kappa_time' THEN value END) AS kappa_time,
        max(CASE WHEN measure = 'kappa_time' THEN lo END) AS kappa_lo,
        max(CASE WHEN measure = 'kappa_time' THEN hi END) AS kappa_hi,
        max(CASE WHEN measure = 'kappa_time' THEN CASE WHEN is_replicated THEN 1 ELSE 0 END END) AS is_replicated,
        max(CASE WHEN measure = 'expected' THEN value END) AS expected_po_given_items,
        max(CASE WHEN measure = 'residual' THEN value END) AS residual,
        max(CASE WHEN measure = 'residual' THEN lo END) AS residual_lo,
        max(CASE WHEN measure = 'residual' THEN hi END) AS residual_hi,
        max(CASE WHEN measure = 'boundary_f_250ms' THEN value END) AS boundary_f_250ms,
        max(CASE WHEN measure = 'boundary_f_250ms' THEN lo END) AS boundary_f_250ms_lo,
        max(CASE WHEN measure = 'boundary_f_250ms' THEN hi END) AS boundary_f_250ms_hi,
        max(CASE WHEN measure = 'boundary_f_500ms' THEN value END) AS boundary_f_500ms,
        max(CASE WHEN measure = 'boundary_f_500ms' THEN lo END) AS boundary_f_500ms_lo,
        max(CASE WHEN measure = 'boundary_f_500ms' THEN hi END) AS boundary_f_500ms_hi,
        max(CASE WHEN measure = 'boundary_precision_500ms' THEN value END) AS boundary_precision_500ms,
        max(CASE WHEN measure = 'boundary_precision_500ms' THEN lo END) AS boundary_precision_500ms_lo,
        max(CASE WHEN measure = 'boundary_precision_500ms' THEN hi END) AS boundary_precision_500ms_hi,
        max(CASE WHEN measure = 'boundary_recall_500ms' THEN value END) AS boundary_recall_500ms,
        max(CASE WHEN measure = 'boundary_recall_500ms' THEN lo END) AS boundary_recall_500ms_lo,
        max(CASE WHEN measure = 'boundary_recall_500ms' THEN hi END) AS boundary_recall_500ms_hi,
        max(CASE WHEN measure = 'boundary_f_3s' THEN value END) AS boundary_f_3s,
        max(CASE WHEN measure = 'boundary_f_3s' THEN lo END) AS boundary_f_3s_lo,
        max(CASE WHEN measure = 'boundary_f_3s' THEN hi END) AS boundary_f_3s_hi,
        max(CASE WHEN measure = 'unit_f_iou50' THEN value END) AS unit_f_iou50,
        max(CASE WHEN measure = 'unit_f_iou50' THEN lo END) AS unit_f_iou50_lo,
        max(CASE WHEN measure = 'unit_f_iou50' THEN hi END) AS unit_f_iou50_hi,
        max(CASE WHEN measure = 'unit_f_iou50_label' THEN value END) AS unit_f_iou50_label,
        max(CASE WHEN measure = 'unit_f_iou50_label' THEN lo END) AS unit_f_iou50_label_lo,
        max(CASE WHEN measure = 'unit_f_iou50_label' THEN hi END) AS unit_f_iou50_label_hi,
        max(CASE WHEN measure = 'mean_iou' THEN value END) AS mean_iou,
        max(CASE WHEN measure = 'mean_iou' THEN lo END) AS mean_iou_lo,
        max(CASE WHEN measure = 'mean_iou' THEN hi END) AS mean_iou_hi,
        max(CASE WHEN measure = 'pairwise_f' THEN value END) AS pairwise_f,
        max(CASE WHEN measure = 'pairwise_f' THEN lo END) AS pairwise_f_lo,
        max(CASE WHEN measure = 'pairwise_f' THEN hi END) AS pairwise_f_hi,
        max(CASE WHEN measure = 'ari' THEN value END) AS ari,
        max(CASE WHEN measure = 'ari' THEN lo END) AS ari_lo,
        max(CASE WHEN measure = 'ari' THEN hi END) AS ari_hi,
        max(CASE WHEN measure = 'count_ratio' THEN value END) AS count_ratio,
        max(CASE WHEN measure = 'count_ratio' THEN lo END) AS count_ratio_lo,
        max(CASE WHEN measure = 'count_ratio' THEN hi END) AS count_ratio_hi
    FROM bounded
    GROUP BY pair_no
),

/* Order statistics (n + 1) / 2 -+ 0.98 sqrt(n) enclose the median in at least 95 % from six units up. */
offset_rank AS (
    SELECT
        pair_no,
        offset_s,
        n_offsets,
        row_number() OVER (PARTITION BY pair_no ORDER BY offset_s, unit) AS place,
        count(*) OVER (PARTITION BY pair_no) AS n
    FROM unit
    WHERE offset_s IS NOT NULL
),

pair_offset AS (
    SELECT
        pair_no,
        median(offset_s) AS offset_s,
        max(CASE WHEN n >= 6 AND place = floor((n + 1) / 2.0 - 0.98 * sqrt(n)) THEN offset_s END) AS offset_lo,
        max(CASE WHEN n >= 6 AND place = n + 1 - floor((n + 1) / 2.0 - 0.98 * sqrt(n)) THEN offset_s END) AS offset_hi,
        sum(n_offsets) AS n_offsets
    FROM offset_rank
    GROUP BY pair_no
)

SELECT
    p.job_name,
    p.layer,
    p.worker_a,
    p.worker_b,
    coalesce(job.task_type, 'unknown') AS task_type,
    p.n_items,
    p.mass,
    w.observed_agreement,
    w.observed_agreement_lo,
    w.observed_agreement_hi,
    w.kappa_time,
    w.kappa_lo,
    w.kappa_hi,
    w.expected_po_given_items,
    w.residual,
    w.residual_lo,
    w.residual_hi,
    w.boundary_f_250ms,
    w.boundary_f_250ms_lo,
    w.boundary_f_250ms_hi,
    w.boundary_f_500ms,
    w.boundary_f_500ms_lo,
    w.boundary_f_500ms_hi,
    w.boundary_precision_500ms,
    w.boundary_precision_500ms_lo,
    w.boundary_precision_500ms_hi,
    w.boundary_recall_500ms,
    w.boundary_recall_500ms_lo,
    w.boundary_recall_500ms_hi,
    w.boundary_f_3s,
    w.boundary_f_3s_lo,
    w.boundary_f_3s_hi,
    w.unit_f_iou50,
    w.unit_f_iou50_lo,
    w.unit_f_iou50_hi,
    w.unit_f_iou50_label,
    w.unit_f_iou50_label_lo,
    w.unit_f_iou50_label_hi,
    w.mean_iou,
    w.mean_iou_lo,
    w.mean_iou_hi,
    w.pairwise_f,
    w.pairwise_f_lo,
    w.pairwise_f_hi,
    w.ari,
    w.ari_lo,
    w.ari_hi,
    w.count_ratio,
    w.count_ratio_lo,
    w.count_ratio_hi,
    o.offset_s,
    o.offset_lo,
    o.offset_hi,
    CAST(o.n_offsets AS BIGINT) AS n_offsets,
    CASE
        WHEN w.kappa_lo IS NOT NULL AND p.has_blocks THEN 'jackknife-t by blocks'
        WHEN w.kappa_lo IS NOT NULL THEN 'jackknife-t'
    END AS ci_method,
    CASE
        WHEN w.kappa_time IS NULL THEN 'one_label'
        WHEN w.is_replicated = 0 THEN 'too_few_items'
        WHEN w.kappa_lo IS NULL THEN 'no_variation'
    END AS reason_code
FROM pair AS p
INNER JOIN wide AS w ON p.pair_no = w.pair_no
LEFT JOIN pair_offset AS o ON p.pair_no = o.pair_no
LEFT JOIN silver.job AS job ON p.job_name = job.job_name
