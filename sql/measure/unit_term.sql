/* Sums of the further alphas over the objects that an interval leaves out together; a step of gold models, not a table.
   grain: job_name, unit, layer, measure
   reads: measure.unit, measure.unit_label, measure.item_alpha
   owner: measures
   checks: none
   notes: those of segments follow from sums by label: alpha_by_label puts the questions "this label or not" of a layer
     together, alpha_given_presence looks at the moments that two or more labeled. d_exp are distances of the unit's
     values to all values of the layer, which change with every answer, so they are not stored. Those of labels of whole
     objects are, by object: there a unit is an object, however many there are. */
WITH unit AS (
    SELECT job_name, unit, layer, n_items, n_items_together, mass, d_obs_together, together_mass
    FROM measure.unit
    WHERE n_items > 0 AND NOT is_count
),

layer AS (
    SELECT job_name, layer, sum(mass) AS mass
    FROM unit
    GROUP BY job_name, layer
),

label AS (
    SELECT l.job_name, l.layer, l.label, sum(l.label_mass) AS mass
    FROM measure.unit_label AS l
    INNER JOIN layer AS g ON l.job_name = g.job_name AND l.layer = g.layer
    GROUP BY l.job_name, l.layer, l.label
),

labeled AS (
    SELECT job_name, layer, sum(mass) AS mass
    FROM label
    GROUP BY job_name, layer
),

by_label AS (
    SELECT
        l.job_name,
        l.unit,
        l.layer,
        sum(l.label_mass) AS mass,
        sum(l.label_mass * t.mass) AS mass_cross,
        sum(l.label_mass * l.label_mass) AS mass_squares,
        sum(l.d_obs) AS d_obs
    FROM measure.unit_label AS l
    INNER JOIN label AS t ON l.job_name = t.job_name AND l.layer = t.layer AND l.label = t.label
    GROUP BY l.job_name, l.unit, l.layer
),

together AS (
    SELECT
        i.job_name,
        i.unit,
        i.layer,
        i.n_items_together AS n_items,
        i.d_obs_together AS d_obs,
        u.entry.key AS label,
        u.entry.value AS mass
    FROM unit AS i
    CROSS JOIN unnest(map_entries(i.together_mass)) AS u (entry)
),

together_label AS (
    SELECT job_name, layer, label, sum(mass) AS mass
    FROM together
    GROUP BY job_name, layer, label
),

together_layer AS (
    SELECT job_name, layer, sum(mass) AS mass
    FROM together_label
    GROUP BY job_name, layer
),

together_unit AS (
    SELECT
        i.job_name,
        i.unit,
        i.layer,
        max(i.n_items) AS n_items,
        max(i.d_obs) AS d_obs,
        sum(i.mass) AS mass,
        sum(i.mass * t.mass) AS mass_cross,
        sum(i.mass * i.mass) AS mass_squares
    FROM together AS i
    INNER JOIN together_label AS t ON i.job_name = t.job_name AND i.layer = t.layer AND i.label = t.label
    GROUP BY i.job_name, i.unit, i.layer
)

SELECT
    i.job_name,
    i.unit,
    i.layer,
    'alpha_by_label' AS measure,
    i.n_items,
    i.mass,
    coalesce(l.d_obs, 0.0) AS d_obs,
    coalesce(l.mass, 0.0) * g.mass + i.mass * coalesce(s.mass, 0.0) - 2.0 * coalesce(l.mass_cross, 0.0) AS d_exp,
    2.0 * (i.mass * coalesce(l.mass, 0.0) - coalesce(l.mass_squares, 0.0)) AS d_self
FROM unit AS i
INNER JOIN layer AS g ON i.job_name = g.job_name AND i.layer = g.layer
LEFT JOIN labeled AS s ON i.job_name = s.job_name AND i.layer = s.layer
LEFT JOIN by_label AS l ON i.job_name = l.job_name AND i.unit = l.unit AND i.layer = l.layer
UNION ALL
SELECT
    t.job_name,
    t.unit,
    t.layer,
    'alpha_given_presence' AS measure,
    t.n_items,
    t.mass,
    t.d_obs,
    t.mass * g.mass - t.mass_cross AS d_exp,
    t.mass * t.mass - t.mass_squares AS d_self
FROM together_unit AS t
INNER JOIN together_layer AS g ON t.job_name = g.job_name AND t.layer = g.layer
UNION ALL
SELECT job_name, object_id AS unit, layer, measure, 1 AS n_items, mass, d_obs, d_exp, d_self
FROM measure.item_alpha
