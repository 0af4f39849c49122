/* Cohen's kappa of two annotators over the objects that both answered, and with each of them left out; a step of gold
   models, not a table.
   grain: job_name, layer, worker_a, worker_b, left_out
   reads: measure.pair_item, measure.worker_item
   owner: measures
   checks: none
   notes: left_out is NULL with all objects. n_items counts all, mass and kappa are of the kept. Agreement by chance is
     sum A_k B_k over the square of the mass, with A_k, B_k what the two gave label k; it changes with every answer of
     the two, so it is not stored. kappa is NULL where both used one and the same label throughout. */
WITH used AS (
    SELECT i.job_name, i.layer, i.object_id, i.worker_id, u.label, i.label_mass[u.label] AS mass
    FROM measure.worker_item AS i
    CROSS JOIN unnest(map_keys(i.label_mass)) AS u (label)
),

side AS (
    SELECT p.job_name, p.layer, p.worker_a, p.worker_b, p.object_id, u.label, u.mass AS mass_a, 0.0 AS mass_b
    FROM measure.pair_item AS p
    INNER JOIN used AS u
        ON p.job_name = u.job_name AND p.layer = u.layer AND p.object_id = u.object_id AND p.worker_a = u.worker_id
    UNION ALL
    SELECT p.job_name, p.layer, p.worker_a, p.worker_b, p.object_id, u.label, 0.0 AS mass_a, u.mass AS mass_b
    FROM measure.pair_item AS p
    INNER JOIN used AS u
        ON p.job_name = u.job_name AND p.layer = u.layer AND p.object_id = u.object_id AND p.worker_b = u.worker_id
),

label AS (
    SELECT job_name, layer, worker_a, worker_b, label, sum(mass_a) AS mass_a, sum(mass_b) AS mass_b
    FROM side
    GROUP BY job_name, layer, worker_a, worker_b, label
),

chance AS (
    SELECT job_name, layer, worker_a, worker_b, sum(mass_a * mass_b) AS chance
    FROM label
    GROUP BY job_name, layer, worker_a, worker_b
),

/* Of each object sum a_k B_k + A_k b_k: by how much the chance falls where it is left out, its own part twice. */
crossed AS (
    SELECT
        s.job_name,
        s.layer,
        s.worker_a,
        s.worker_b,
        s.object_id,
        sum(s.mass_a * l.mass_b + s.mass_b * l.mass_a) AS chance_cross
    FROM side AS s
    INNER JOIN label AS l
        ON s.job_name = l.job_name AND s.layer = l.layer AND s.worker_a = l.worker_a AND s.worker_b = l.worker_b
        AND s.label = l.label
    GROUP BY s.job_name, s.layer, s.worker_a, s.worker_b, s.object_id
),

pair_total AS (
    SELECT p.job_name, p.layer, p.worker_a, p.worker_b, count(*) AS n_items, sum(p.mass) AS mass, sum(p.agree) AS agree
    FROM measure.pair_item AS p
    GROUP BY p.job_name, p.layer, p.worker_a, p.worker_b
),

kept AS (
    SELECT
        t.job_name,
        t.layer,
        t.worker_a,
        t.worker_b,
        CAST(NULL AS VARCHAR) AS left_out,
        t.n_items,
        t.mass,
        t.agree,
        c.chance
    FROM pair_total AS t
    INNER JOIN chance AS c
        ON t.job_name = c.job_name AND t.layer = c.layer AND t.worker_a = c.worker_a AND t.worker_b = c.worker_b
    UNION ALL
    SELECT
        t.job_name,
        t.layer,
        t.worker_a,
        t.worker_b,
        p.object_id AS left_out,
        t.n_items,
        t.mass - p.mass AS mass,
        t.agree - p.agree AS agree,
        c.chance - x.chance_cross + p.agree_chance * p.mass AS chance
    FROM pair_total AS t
    INNER JOIN chance AS c
        ON t.job_name = c.job_name AND t.layer = c.layer AND t.worker_a = c.worker_a AND t.worker_b = c.worker_b
    INNER JOIN measure.pair_item AS p
        ON t.job_name = p.job_name AND t.layer = p.layer AND t.worker_a = p.worker_a AND t.worker_b = p.worker_b
    INNER JOIN crossed AS x
        ON p.job_name = x.job_name AND p.layer = x.layer AND p.worker_a = x.worker_a AND p.worker_b = x.worker_b
        AND p.object_id = x.object_id
)

SELECT
    job_name,
    layer,
    worker_a,
    worker_b,
    left_out,
    n_items,
    mass,
    CASE WHEN mass * mass - chance > 1e-9 * mass * mass THEN (agree * mass - chance) / (mass * mass - chance) END AS kappa
FROM kept
