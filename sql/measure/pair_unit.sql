/* Two annotators on the objects that an interval leaves out together, in one layer.
   grain: job_name, layer, worker_a, worker_b, unit
   reads: measure.pair_item, measure.worker_item
   owner: measures
   checks: fail unique(grain), fail worker_a < worker_b, fail n_items >= 1
   notes: units as in measure.unit; objects have theirs here. expected_agree is of the objects that a third annotator
     answered too: the mean of the object's other pairs, as in gold.agreement_pair_item. Squares of seconds are divided
     by those of the object, so that a long one weighs no more. offset_s is the median over the unit's objects. */
WITH pair AS (
    SELECT
        job_name,
        object_id,
        layer,
        worker_a,
        worker_b,
        unit,
        part,
        mass,
        nullif(mass * mass, 0.0) AS squared,
        agree,
        rand_shared,
        rand_a,
        rand_b,
        n_boundaries_a,
        n_boundaries_b,
        boundary_hits_250ms,
        boundary_hits_500ms,
        boundary_hits_3s,
        offset_s,
        n_offsets,
        n_units_a,
        n_units_b,
        unit_hits_iou50,
        unit_hits_iou50_label,
        sum_iou_matched,
        count(*) OVER (PARTITION BY job_name, object_id, layer) - 1 AS n_other_pairs,
        sum(agree) OVER (PARTITION BY job_name, object_id, layer) - agree AS agree_of_others
    FROM measure.pair_item
),

total AS (
    SELECT
        job_name,
        layer,
        worker_a,
        worker_b,
        unit,
        part,
        count(*) AS n_items,
        sum(mass) AS mass,
        sum(agree) AS agree,
        sum(mass) FILTER (WHERE n_other_pairs > 0) AS mass_beside_others,
        sum(agree) FILTER (WHERE n_other_pairs > 0) AS agree_beside_others,
        sum(CASE WHEN agree_of_others > 0 THEN agree_of_others / n_other_pairs ELSE 0.0 END)
            FILTER (WHERE n_other_pairs > 0) AS expected_agree,
        sum(rand_shared / squared) AS rand_shared,
        sum(rand_a / squared) AS rand_a,
        sum(rand_b / squared) AS rand_b,
        sum(rand_a / squared * rand_b / squared) AS rand_chance,
        sum(n_boundaries_a) AS n_boundaries_a,
        sum(n_boundaries_b) AS n_boundaries_b,
        sum(boundary_hits_250ms) AS boundary_hits_250ms,
        sum(boundary_hits_500ms) AS boundary_hits_500ms,
        sum(boundary_hits_3s) AS boundary_hits_3s,
        median(offset_s) AS offset_s,
        sum(n_offsets) FILTER (WHERE offset_s IS NOT NULL) AS n_offsets,
        sum(n_units_a) AS n_units_a,
        sum(n_units_b) AS n_units_b,
        sum(unit_hits_iou50) AS unit_hits_iou50,
        sum(unit_hits_iou50_label) AS unit_hits_iou50_label,
        sum(sum_iou_matched) AS sum_iou_matched
    FROM pair
    GROUP BY job_name, layer, worker_a, worker_b, unit, part
),

given AS (
    SELECT p.job_name, p.layer, p.worker_a, p.worker_b, p.unit, 'a' AS side, i.label_mass
    FROM pair AS p
    INNER JOIN measure.worker_item AS i
        ON p.job_name = i.job_name AND p.layer = i.layer AND p.object_id = i.object_id AND p.worker_a = i.worker_id
    UNION ALL
    SELECT p.job_name, p.layer, p.worker_a, p.worker_b, p.unit, 'b' AS side, i.label_mass
    FROM pair AS p
    INNER JOIN measure.worker_item AS i
        ON p.job_name = i.job_name AND p.layer = i.layer AND p.object_id = i.object_id AND p.worker_b = i.worker_id
),

used AS (
    SELECT g.job_name, g.layer, g.worker_a, g.worker_b, g.unit, g.side, u.label, sum(g.label_mass[u.label]) AS mass
    FROM given AS g
    CROSS JOIN unnest(map_keys(g.label_mass)) AS u (label)
    GROUP BY g.job_name, g.layer, g.worker_a, g.worker_b, g.unit, g.side, u.label
),

labels AS (
    SELECT
        job_name,
        layer,
        worker_a,
        worker_b,
        unit,
        map(
            list(label ORDER BY label) FILTER (WHERE side = 'a'), list(mass ORDER BY label) FILTER (WHERE side = 'a')
        ) AS label_mass_a,
        map(
            list(label ORDER BY label) FILTER (WHERE side = 'b'), list(mass ORDER BY label) FILTER (WHERE side = 'b')
        ) AS label_mass_b
    FROM used
    GROUP BY job_name, layer, worker_a, worker_b, unit
)

SELECT
    t.job_name,
    t.layer,
    t.worker_a,
    t.worker_b,
    t.unit,
    t.n_items,
    t.mass,
    t.agree,
    t.mass_beside_others,
    t.agree_beside_others,
    t.expected_agree,
    l.label_mass_a,
    l.label_mass_b,
    t.rand_shared,
    t.rand_a,
    t.rand_b,
    t.rand_chance,
    CAST(t.n_boundaries_a AS BIGINT) AS n_boundaries_a,
    CAST(t.n_boundaries_b AS BIGINT) AS n_boundaries_b,
    CAST(t.boundary_hits_250ms AS BIGINT) AS boundary_hits_250ms,
    CAST(t.boundary_hits_500ms AS BIGINT) AS boundary_hits_500ms,
    CAST(t.boundary_hits_3s AS BIGINT) AS boundary_hits_3s,
    t.offset_s,
    CAST(t.n_offsets AS BIGINT) AS n_offsets,
    CAST(t.n_units_a AS BIGINT) AS n_units_a,
    CAST(t.n_units_b AS BIGINT) AS n_units_b,
    CAST(t.unit_hits_iou50 AS BIGINT) AS unit_hits_iou50,
    CAST(t.unit_hits_iou50_label AS BIGINT) AS unit_hits_iou50_label,
    t.sum_iou_matched,
    t.part
FROM total AS t
LEFT JOIN labels AS l
    ON
        t.job_name = l.job_name AND t.layer = l.layer AND t.worker_a = l.worker_a AND t.worker_b = l.worker_b
        AND t.unit = l.unit
