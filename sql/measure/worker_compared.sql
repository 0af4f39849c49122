/* measure.worker_item with the agreement that chance would give; a step of gold models, not a table.
   grain: job_name, object_id, layer, worker_id
   reads: measure.worker_item
   owner: measures
   checks: none
   notes: expected_agree = n_others * sum over labels of the worker's mass on the object times the label's share among
     what the other workers gave in the layer. It changes with every answer of the job, so it is not stored. */
WITH used AS (
    SELECT i.job_name, i.object_id, i.layer, i.worker_id, u.label, i.label_mass[u.label] AS mass
    FROM measure.worker_item AS i
    CROSS JOIN unnest(map_keys(i.label_mass)) AS u (label)
),

own AS (
    SELECT job_name, layer, worker_id, label, sum(mass) AS mass
    FROM used
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
    SELECT u.job_name, u.object_id, u.layer, u.worker_id, sum(u.mass * s.share) AS agree
    FROM used AS u
    INNER JOIN share AS s
        ON u.job_name = s.job_name AND u.layer = s.layer AND u.worker_id = s.worker_id AND u.label = s.label
    GROUP BY u.job_name, u.object_id, u.layer, u.worker_id
)

SELECT
    i.job_name,
    i.object_id,
    i.layer,
    i.worker_id,
    i.n_others,
    i.mass,
    i.agree,
    i.n_others * e.agree AS expected_agree,
    i.n_units,
    i.n_units_others,
    i.n_split,
    i.n_merged
FROM measure.worker_item AS i
INNER JOIN expected AS e
    ON i.job_name = e.job_name AND i.object_id = e.object_id AND i.layer = e.layer AND i.worker_id = e.worker_id
