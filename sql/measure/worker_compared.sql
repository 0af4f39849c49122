/* measure.worker_unit with the agreement that chance would give; a step of gold models, not a table.
   grain: job_name, unit, layer, worker_id, day
   reads: measure.worker_unit
   owner: measures
   checks: none
   notes: expected_agree = sum over labels of what the worker gave, times the number of others, times the label's share
     among what the other workers gave in the layer. It changes with every answer of the job, so it is not stored. Only
     rows with objects that can be compared. (Spark and Trino write the start of reduce before its function.) */
WITH own AS (
    SELECT i.job_name, i.layer, i.worker_id, u.entry.key AS label, sum(u.entry.value) AS mass
    FROM measure.worker_unit AS i
    CROSS JOIN unnest(map_entries(i.label_mass)) AS u (entry)
    GROUP BY i.job_name, i.layer, i.worker_id, u.entry.key
),

every AS (
    SELECT job_name, layer, label, sum(mass) AS mass
    FROM own
    GROUP BY job_name, layer, label
),

/* Somebody who never gave a label has no mass, and is compared all the same. */
own_total AS (
    SELECT i.job_name, i.layer, i.worker_id, coalesce(sum(o.mass), 0.0) AS mass
    FROM (SELECT DISTINCT job_name, layer, worker_id FROM measure.worker_unit) AS i
    LEFT JOIN own AS o ON i.job_name = o.job_name AND i.layer = o.layer AND i.worker_id = o.worker_id
    GROUP BY i.job_name, i.layer, i.worker_id
),

total AS (
    SELECT job_name, layer, sum(mass) AS mass
    FROM own
    GROUP BY job_name, layer
),

/* Of each worker: label -> its share among what the others gave. */
share AS (
    SELECT
        w.job_name,
        w.layer,
        w.worker_id,
        map(
            list(e.label),
            list(
                CASE
                    WHEN t.mass - w.mass > 1e-9 * t.mass THEN (e.mass - coalesce(o.mass, 0.0)) / (t.mass - w.mass)
                    ELSE 0.0
                END
            )
        ) AS of_label
    FROM own_total AS w
    INNER JOIN total AS t ON w.job_name = t.job_name AND w.layer = t.layer
    INNER JOIN every AS e ON w.job_name = e.job_name AND w.layer = e.layer
    LEFT JOIN own AS o
        ON w.job_name = o.job_name AND w.layer = o.layer AND w.worker_id = o.worker_id AND e.label = o.label
    GROUP BY w.job_name, w.layer, w.worker_id
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
    reduce(
        list_transform(map_entries(i.others_mass), lambda o: o.value * coalesce(s.of_label[o.key], 0.0)),
        lambda x, y: x + y,
        CAST(0 AS DOUBLE)
    ) AS expected_agree,
    i.n_units,
    i.n_units_others,
    i.n_split,
    i.n_merged
FROM measure.worker_unit AS i
INNER JOIN share AS s ON i.job_name = s.job_name AND i.layer = s.layer AND i.worker_id = s.worker_id
WHERE i.n_items > 0 AND (cardinality(i.label_mass) > 0 OR cardinality(i.others_mass) > 0)
