/* A label vanished: nobody used it in the newest seven days of a job that used it before.
   grain: job_name, layer, label
   reads: gold.agreement_item, silver.annotation
   owner: managers
   severity: warn
   threshold: 0.01 (chance of seeing no object with the label, were it as frequent as before)
   minimum: 20 (objects, in these days and before them)
   page: label_distributions
   says: The label {label} of {layer} in {job_name} is on none of {n} objects of the 7 days to {day}; it was on
     {share_before:.0%} of {n_before} before. By chance this happens at most {value:.1g} of the time.
   notes: the frequency before is taken at the lower end of its 99 % Wilson interval, so the chance is an upper bound and
     a rare label stays silent. An object counts once, whoever used the label. Jobs that nobody answered for 28 days are
     left alone. */
WITH answered AS (
    SELECT job_name, object_id, CAST(max(submitted_at) AS DATE) AS day
    FROM silver.annotation
    GROUP BY job_name, object_id
),

item AS (
    SELECT i.job_name, i.layer, a.day, i.label_mass
    FROM gold.agreement_item AS i
    INNER JOIN answered AS a ON i.job_name = a.job_name AND i.object_id = a.object_id
),

job AS (
    SELECT job_name, layer, max(day) AS day
    FROM item
    GROUP BY job_name, layer
    HAVING max(day) >= CAST($now AS DATE) - 28
),

total AS (
    SELECT
        j.job_name,
        j.layer,
        j.day,
        count(*) FILTER (WHERE i.day > j.day - 7) AS n_lately,
        count(*) FILTER (WHERE i.day <= j.day - 7) AS n_before
    FROM job AS j
    INNER JOIN item AS i ON j.job_name = i.job_name AND j.layer = i.layer
    GROUP BY j.job_name, j.layer, j.day
),

used AS (
    SELECT
        t.job_name,
        t.layer,
        u.label,
        count(*) FILTER (WHERE i.day > t.day - 7) AS n_lately,
        count(*) FILTER (WHERE i.day <= t.day - 7) AS n_with
    FROM total AS t
    INNER JOIN item AS i ON t.job_name = i.job_name AND t.layer = i.layer
    CROSS JOIN unnest(map_keys(i.label_mass)) AS u (label)
    WHERE u.label <> ''
    GROUP BY t.job_name, t.layer, u.label
),

/* 6.6349 = 2.5758 ** 2, of 99 %. */
expected AS (
    SELECT
        u.job_name,
        u.layer,
        u.label,
        t.day,
        t.n_lately,
        t.n_before,
        u.n_with / t.n_before AS share_before,
        greatest(
            u.n_with / t.n_before + 6.6349 / (2 * t.n_before)
            - 2.5758 * sqrt(
                u.n_with / t.n_before * (1 - u.n_with / t.n_before) / t.n_before + 6.6349 / (4 * t.n_before ** 2)
            ), 0
        ) / (1 + 6.6349 / t.n_before) AS share_lo
    FROM used AS u
    INNER JOIN total AS t ON u.job_name = t.job_name AND u.layer = t.layer
    WHERE u.n_lately = 0 AND u.n_with > 0
)

SELECT
    job_name,
    layer,
    label,
    (1 - share_lo) ** n_lately AS value,
    CAST(NULL AS DOUBLE) AS lo,
    CAST(NULL AS DOUBLE) AS hi,
    n_lately AS n,
    n_before,
    share_before,
    day,
    least(n_lately, n_before) >= $minimum AND (1 - share_lo) ** n_lately < $threshold AS is_met
FROM expected
