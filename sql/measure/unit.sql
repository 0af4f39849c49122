/* Agreement sums of the objects that an interval leaves out together, in one layer.
   grain: job_name, layer, unit
   reads: measure.item
   owner: measures
   checks: fail unique(grain), fail n_items >= 0
   notes: a unit is an object, or a block of neighbouring ones in a job of many (transforms.parts); objects have theirs
     here. n_items and the sums are of the objects with two annotators and something to compare; units without such an
     object have n_items 0 and no sums. label_share is NULL for segments. */
WITH every AS (
    SELECT
        job_name,
        layer,
        unit,
        part,
        bool_and(duration_s IS NULL) AS is_count,
        max(n_annotators) AS most_annotators
    FROM measure.item
    GROUP BY job_name, layer, unit, part
),

item AS (
    SELECT
        job_name,
        layer,
        unit,
        duration_s,
        mass,
        d_obs,
        d_obs_presence,
        present_mass,
        d_obs_together,
        n_boundaries,
        boundary_hits_250ms,
        boundary_hits_500ms,
        boundary_hits_3s,
        n_units,
        unit_hits_iou50,
        unit_hits_iou50_label,
        sum_iou_matched,
        units_fewer,
        units_more,
        rand_shared,
        rand_own,
        rand_chance,
        label_mass,
        together_mass,
        boundary_hits_more
    FROM measure.item
    WHERE n_annotators >= 2 AND mass > 0
),

compared AS (
    SELECT
        job_name,
        layer,
        unit,
        count(*) AS n_items,
        count(*) FILTER (WHERE cardinality(together_mass) > 0) AS n_items_together,
        sum(mass) AS mass,
        sum(d_obs) AS d_obs,
        sum(d_obs / mass) AS disagreement,
        sum(d_obs_presence) AS d_obs_presence,
        sum(present_mass) AS present_mass,
        sum(d_obs_together) AS d_obs_together,
        sum(n_boundaries) AS n_boundaries,
        sum(boundary_hits_250ms) AS boundary_hits_250ms,
        sum(boundary_hits_500ms) AS boundary_hits_500ms,
        sum(boundary_hits_3s) AS boundary_hits_3s,
        sum(n_units) AS n_units,
        sum(unit_hits_iou50) AS unit_hits_iou50,
        sum(unit_hits_iou50_label) AS unit_hits_iou50_label,
        sum(sum_iou_matched) AS sum_iou_matched,
        sum(units_fewer) AS units_fewer,
        sum(units_more) AS units_more,
        sum(rand_shared) AS rand_shared,
        sum(rand_own) AS rand_own,
        sum(rand_chance) AS rand_chance
    FROM item
    GROUP BY job_name, layer, unit
),

used AS (
    SELECT
        i.job_name,
        i.layer,
        i.unit,
        u.label,
        sum(i.label_mass[u.label]) AS mass,
        sum(CASE WHEN i.duration_s IS NULL THEN i.label_mass[u.label] / i.mass END) AS share
    FROM item AS i
    CROSS JOIN unnest(map_keys(i.label_mass)) AS u (label)
    GROUP BY i.job_name, i.layer, i.unit, u.label
),

labels AS (
    SELECT
        job_name,
        layer,
        unit,
        map(list(label ORDER BY label), list(mass ORDER BY label)) AS label_mass,
        CASE WHEN count(share) > 0 THEN map(list(label ORDER BY label), list(share ORDER BY label)) END AS label_share
    FROM used
    GROUP BY job_name, layer, unit
),

used_together AS (
    SELECT i.job_name, i.layer, i.unit, u.label, sum(i.together_mass[u.label]) AS mass
    FROM item AS i
    CROSS JOIN unnest(map_keys(i.together_mass)) AS u (label)
    GROUP BY i.job_name, i.layer, i.unit, u.label
),

together AS (
    SELECT job_name, layer, unit, map(list(label ORDER BY label), list(mass ORDER BY label)) AS together_mass
    FROM used_together
    GROUP BY job_name, layer, unit
),

hits AS (
    SELECT i.job_name, i.layer, i.unit, u.name, CAST(sum(i.boundary_hits_more[u.name]) AS BIGINT) AS n_hits
    FROM item AS i
    CROSS JOIN unnest(map_keys(i.boundary_hits_more)) AS u (name)
    GROUP BY i.job_name, i.layer, i.unit, u.name
),

windows AS (
    SELECT job_name, layer, unit, map(list(name ORDER BY name), list(n_hits ORDER BY name)) AS boundary_hits_more
    FROM hits
    GROUP BY job_name, layer, unit
)

SELECT
    e.job_name,
    e.layer,
    e.unit,
    e.is_count,
    e.most_annotators,
    coalesce(c.n_items, 0) AS n_items,
    coalesce(c.n_items_together, 0) AS n_items_together,
    c.mass,
    c.d_obs,
    c.disagreement,
    l.label_mass,
    l.label_share,
    c.d_obs_presence,
    c.present_mass,
    c.d_obs_together,
    t.together_mass,
    CAST(c.n_boundaries AS BIGINT) AS n_boundaries,
    CAST(c.boundary_hits_250ms AS BIGINT) AS boundary_hits_250ms,
    CAST(c.boundary_hits_500ms AS BIGINT) AS boundary_hits_500ms,
    CAST(c.boundary_hits_3s AS BIGINT) AS boundary_hits_3s,
    w.boundary_hits_more,
    CAST(c.n_units AS BIGINT) AS n_units,
    CAST(c.unit_hits_iou50 AS BIGINT) AS unit_hits_iou50,
    CAST(c.unit_hits_iou50_label AS BIGINT) AS unit_hits_iou50_label,
    c.sum_iou_matched,
    CAST(c.units_fewer AS BIGINT) AS units_fewer,
    CAST(c.units_more AS BIGINT) AS units_more,
    c.rand_shared,
    c.rand_own,
    c.rand_chance,
    e.part
FROM every AS e
LEFT JOIN compared AS c ON e.job_name = c.job_name AND e.layer = c.layer AND e.unit = c.unit
LEFT JOIN labels AS l ON e.job_name = l.job_name AND e.layer = l.layer AND e.unit = l.unit
LEFT JOIN together AS t ON e.job_name = t.job_name AND e.layer = t.layer AND e.unit = t.unit
LEFT JOIN windows AS w ON e.job_name = w.job_name AND e.layer = w.layer AND e.unit = w.unit
