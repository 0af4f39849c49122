/* measure.worker_unit with the agreement that chance would give; a step of gold models, not a table.
   grain: job_name, unit, layer, worker_id, day
   reads: measure.worker_unit
   owner: measures
   checks: none
   notes: expected_agree = sum over labels of what the worker gave, times the number of others, times the label's share
     among what the other workers gave in the layer. It changes with every answer of the job, so it is not stored. Only
     rows with objects that can be compared. */
WITH side AS (
    SELECT i.job_name, i.layer, i.worker_id, i.day, i.unit, u.entry.key AS label, u.entry.value AS mass, 0.0 AS others
    FROM measure.worker_unit AS i
    CROSS JOIN unnest(map_entries(i.label_mass)) AS u (entry)
    UNION ALL
    SELECT i.job_name, i.layer, i.worker_id, i.day, i.unit, u.entry.key AS label, 0.0 AS mass, u.entry.value AS others
    FROM measure.worker_unit AS i
    CROSS JOIN unnest(map_entries(i.others_mass)) AS u (entry)
),

own AS (
    SELECT job_name, layer, worker_id, label, sum(mass) AS mass
    FROM side
    GROUP BY job_name, layer, worker_id, label
),

every AS (
    SELECT job_name, layer, label, sum(mass) AS mass
    FROM own
    GROUP BY job_name, layer, label
),

own_total AS (
    SELECT job_name, layer, worker_id, sum(mass) AS mass
    FROM own
    GROUP BY job_name, layer, worker_id
),

total AS (
    SELECT job_name, layer, sum(mass) AS mass
    FROM own
    GROUP BY job_name, layer
),

share AS (
    SELECT
        o.job_name,
        o.layer,
        o.worker_id,
        o.label,
        CASE WHEN t.mass - w.mass > 1e-9 * t.mass THEN (e.mass - o.mass) / (t.mass - w.mass) ELSE 0.0 END AS share
    FROM own AS o
    INNER JOIN every AS e ON o.job_name = e.job_name AND o.layer = e.layer AND o.label = e.label
    INNER JOIN own_total AS w ON o.job_name = w.job_name AND o.layer = w.layer AND o.worker_id = w.worker_id
    INNER JOIN total AS t ON o.job_name = t.job_name AND o.layer = t.layer
),

expected AS (
    SELECT u.job_name, u.layer, u.worker_id, u.day, u.unit, sum(u.others * s.share) AS agree
    FROM side AS u
    INNER JOIN share AS s
        ON u.job_name = s.job_name AND u.layer = s.layer AND u.worker_id = s.worker_id AND u.label = s.label
    GROUP BY u.job_name, u.layer, u.worker_id, u.day, u.unit
)

SELECT
    i.job_name,
    i.unit,
    i.layer,
    i.worker_id,
    i.day,
    i.n_items,
    i.mass,
    i.agree,
    e.agree AS expected_agree,
    i.n_units,
    i.n_units_others,
    i.n_split,
    i.n_merged
FROM measure.worker_unit AS i
INNER JOIN expected AS e
    ON
        i.job_name = e.job_name AND i.layer = e.layer AND i.worker_id = e.worker_id AND i.unit = e.unit
        AND i.day IS NOT DISTINCT FROM e.day
WHERE i.n_items > 0
