/* One worker against the others on the objects that an interval leaves out together, by day, in one layer.
   grain: job_name, layer, worker_id, day, unit
   reads: measure.worker_item, silver.annotation
   owner: measures
   checks: fail unique(grain), fail n_items >= 0
   notes: units are a quarter of those of measure.unit, as one annotator answers few of a job's objects; objects have
     theirs here. day is the UTC day on which the worker submitted, NULL where no answer was accepted. n_items leaves out
     objects of unknown length on which nobody drew. label_mass is what the worker gave, others_mass the same times the
     number of other annotators of the object: what they would share by chance is linear in it. */
WITH item AS (
    SELECT
        i.job_name,
        i.layer,
        i.worker_id,
        CAST(a.submitted_at AT TIME ZONE 'UTC' AS DATE) AS day,
        i.fine_unit AS unit,
        i.part,
        i.n_others,
        i.mass,
        i.agree,
        i.n_units,
        i.n_units_others,
        i.n_split,
        i.n_merged,
        i.label_mass
    FROM measure.worker_item AS i
    LEFT JOIN silver.annotation AS a
        ON i.job_name = a.job_name AND i.object_id = a.object_id AND i.worker_id = a.worker_id
),

total AS (
    SELECT
        job_name,
        layer,
        worker_id,
        day,
        unit,
        part,
        count(*) FILTER (WHERE cardinality(label_mass) > 0) AS n_items,
        sum(mass) AS mass,
        sum(agree) AS agree,
        sum(n_units) AS n_units,
        sum(n_units_others) AS n_units_others,
        sum(n_split) AS n_split,
        sum(n_merged) AS n_merged
    FROM item
    GROUP BY job_name, layer, worker_id, day, unit, part
),

used AS (
    SELECT
        i.job_name,
        i.layer,
        i.worker_id,
        i.day,
        i.unit,
        u.label,
        sum(i.label_mass[u.label]) AS mass,
        sum(i.n_others * i.label_mass[u.label]) AS others_mass
    FROM item AS i
    CROSS JOIN unnest(map_keys(i.label_mass)) AS u (label)
    GROUP BY i.job_name, i.layer, i.worker_id, i.day, i.unit, u.label
),

labels AS (
    SELECT
        job_name,
        layer,
        worker_id,
        day,
        unit,
        map(list(label ORDER BY label), list(mass ORDER BY label)) AS label_mass,
        map(list(label ORDER BY label), list(others_mass ORDER BY label)) AS others_mass
    FROM used
    GROUP BY job_name, layer, worker_id, day, unit
)

SELECT
    t.job_name,
    t.layer,
    t.worker_id,
    t.day,
    t.unit,
    t.n_items,
    t.mass,
    t.agree,
    CAST(t.n_units AS BIGINT) AS n_units,
    t.n_units_others,
    t.n_split,
    t.n_merged,
    l.label_mass,
    l.others_mass,
    t.part
FROM total AS t
LEFT JOIN labels AS l
    ON
        t.job_name = l.job_name AND t.layer = l.layer AND t.worker_id = l.worker_id AND t.unit = l.unit
        AND t.day IS NOT DISTINCT FROM l.day
