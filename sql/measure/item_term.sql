/* Sums of the further alphas on one object in one layer; a step of gold models, not a table.
   grain: job_name, object_id, layer, measure
   reads: measure.item, measure.item_label, measure.item_alpha
   owner: measures
   checks: none
   notes: those of segments follow from sums by label: alpha_by_label puts the questions "this label or not" of a layer
     together, alpha_given_presence looks at the moments that two or more labeled. d_exp are distances to all values of
     the layer, which change with every answer, so they are not stored. Those of labels of whole objects are. */
WITH item AS (
    SELECT job_name, object_id, layer, mass, d_obs_together, together_mass
    FROM measure.item
    WHERE n_annotators >= 2 AND mass > 0 AND duration_s IS NOT NULL
),

layer AS (
    SELECT job_name, layer, sum(mass) AS mass
    FROM item
    GROUP BY job_name, layer
),

label AS (
    SELECT l.job_name, l.layer, l.label, sum(l.label_mass) AS mass
    FROM measure.item_label AS l
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
        l.object_id,
        l.layer,
        sum(l.label_mass) AS mass,
        sum(l.label_mass * t.mass) AS mass_cross,
        sum(l.label_mass * l.label_mass) AS mass_squares,
        sum(l.d_obs) AS d_obs
    FROM measure.item_label AS l
    INNER JOIN label AS t ON l.job_name = t.job_name AND l.layer = t.layer AND l.label = t.label
    GROUP BY l.job_name, l.object_id, l.layer
),

together AS (
    SELECT i.job_name, i.object_id, i.layer, i.d_obs_together AS d_obs, u.label, i.together_mass[u.label] AS mass
    FROM item AS i
    CROSS JOIN unnest(map_keys(i.together_mass)) AS u (label)
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

together_item AS (
    SELECT
        i.job_name,
        i.object_id,
        i.layer,
        max(i.d_obs) AS d_obs,
        sum(i.mass) AS mass,
        sum(i.mass * t.mass) AS mass_cross,
        sum(i.mass * i.mass) AS mass_squares
    FROM together AS i
    INNER JOIN together_label AS t ON i.job_name = t.job_name AND i.layer = t.layer AND i.label = t.label
    GROUP BY i.job_name, i.object_id, i.layer
)

SELECT
    i.job_name,
    i.object_id,
    i.layer,
    'alpha_by_label' AS measure,
    i.mass,
    coalesce(l.d_obs, 0.0) AS d_obs,
    coalesce(l.mass, 0.0) * g.mass + i.mass * coalesce(s.mass, 0.0) - 2.0 * coalesce(l.mass_cross, 0.0) AS d_exp,
    2.0 * (i.mass * coalesce(l.mass, 0.0) - coalesce(l.mass_squares, 0.0)) AS d_self
FROM item AS i
INNER JOIN layer AS g ON i.job_name = g.job_name AND i.layer = g.layer
LEFT JOIN labeled AS s ON i.job_name = s.job_name AND i.layer = s.layer
LEFT JOIN by_label AS l ON i.job_name = l.job_name AND i.object_id = l.object_id AND i.layer = l.layer
UNION ALL
SELECT
    t.job_name,
    t.object_id,
    t.layer,
    'alpha_given_presence' AS measure,
    t.mass,
    t.d_obs,
    t.mass * g.mass - t.mass_cross AS d_exp,
    t.mass * t.mass - t.mass_squares AS d_self
FROM together_item AS t
INNER JOIN together_layer AS g ON t.job_name = g.job_name AND t.layer = g.layer
UNION ALL
SELECT job_name, object_id, layer, measure, mass, d_obs, d_exp, d_self
FROM measure.item_alpha
