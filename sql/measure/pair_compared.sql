/* Cohen's kappa of two annotators over the objects that both answered, and with each unit of them left out; a step of
   gold models, not a table.
   grain: job_name, layer, worker_a, worker_b, left_out
   reads: measure.pair_unit
   owner: measures
   checks: none
   notes: left_out is NULL with all objects. n_units counts all, mass and kappa are of the kept. Agreement by chance is
     sum A_k B_k over the square of the mass, with A_k, B_k what the two gave label k; it changes with every answer of
     the two, so it is not stored. kappa is NULL where both used one and the same label throughout. Rows of labels carry
     a number for their pair: they are many, and the names of job, layer and annotators long. */
WITH pair AS (
    SELECT
        job_name,
        layer,
        worker_a,
        worker_b,
        row_number() OVER (ORDER BY job_name, layer, worker_a, worker_b) AS pair_no,
        count(*) AS n_units,
        sum(mass) AS mass,
        sum(agree) AS agree
    FROM measure.pair_unit
    GROUP BY job_name, layer, worker_a, worker_b
),

unit AS (
    SELECT t.pair_no, p.unit, p.mass, p.agree, p.label_mass_a, p.label_mass_b
    FROM measure.pair_unit AS p
    INNER JOIN pair AS t
        ON p.job_name = t.job_name AND p.layer = t.layer AND p.worker_a = t.worker_a AND p.worker_b = t.worker_b
),

side AS (
    SELECT b.pair_no, b.unit, b.label, sum(b.mass_a) AS mass_a, sum(b.mass_b) AS mass_b
    FROM (
        SELECT i.pair_no, i.unit, u.entry.key AS label, u.entry.value AS mass_a, 0.0 AS mass_b
        FROM unit AS i
        CROSS JOIN unnest(map_entries(i.label_mass_a)) AS u (entry)
        UNION ALL
        SELECT i.pair_no, i.unit, u.entry.key AS label, 0.0 AS mass_a, u.entry.value AS mass_b
        FROM unit AS i
        CROSS JOIN unnest(map_entries(i.label_mass_b)) AS u (entry)
    ) AS b
    GROUP BY b.pair_no, b.unit, b.label
),

label AS (
    SELECT pair_no, label, sum(mass_a) AS mass_a, sum(mass_b) AS mass_b
    FROM side
    GROUP BY pair_no, label
),

chance AS (
    SELECT pair_no, sum(mass_a * mass_b) AS chance
    FROM label
    GROUP BY pair_no
),

/* Of each unit by how much the chance falls where it is left out: sum a_k B_k + A_k b_k, its own part a_k b_k once. */
crossed AS (
    SELECT s.pair_no, s.unit, sum(s.mass_a * l.mass_b + s.mass_b * l.mass_a - s.mass_a * s.mass_b) AS chance
    FROM side AS s
    INNER JOIN label AS l ON s.pair_no = l.pair_no AND s.label = l.label
    GROUP BY s.pair_no, s.unit
),

kept AS (
    SELECT t.pair_no, CAST(NULL AS VARCHAR) AS left_out, t.mass, t.agree, c.chance
    FROM pair AS t
    INNER JOIN chance AS c ON t.pair_no = c.pair_no
    UNION ALL
    SELECT
        t.pair_no,
        i.unit AS left_out,
        t.mass - i.mass AS mass,
        t.agree - i.agree AS agree,
        c.chance - x.chance AS chance
    FROM pair AS t
    INNER JOIN chance AS c ON t.pair_no = c.pair_no
    INNER JOIN unit AS i ON t.pair_no = i.pair_no
    INNER JOIN crossed AS x ON i.pair_no = x.pair_no AND i.unit = x.unit
)

SELECT
    t.job_name,
    t.layer,
    t.worker_a,
    t.worker_b,
    k.left_out,
    t.n_units,
    k.mass,
    CASE
        WHEN k.mass * k.mass - k.chance > 1e-9 * k.mass * k.mass
            THEN (k.agree * k.mass - k.chance) / (k.mass * k.mass - k.chance)
    END AS kappa
FROM kept AS k
INNER JOIN pair AS t ON k.pair_no = t.pair_no
