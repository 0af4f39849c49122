/* How many objects were compared, agree and wait for answers, by day and by agreement, in one part of a job.
   grain: job_name, layer, scope, day, bin, part
   reads: measure.item, measure.gold_item, silver.assignment, silver.annotation
   owner: measures
   checks: fail unique(grain), fail bin between 0 and 19, fail n_disputed <= n_items, fail n_rated <= n_items
   notes: objects of silver have their part here. An object is in one part, so sums over parts are exact. Scope others:
     what annotators say of an object against each other, gold items aside; layer '' is all its layers together, an
     object once, compared, disputed or waiting where it is so in any. Scope gold: against the truth, workers added up.
     day is the UTC day of the object's last answer. bin b holds an observed agreement of b / 20 up to, but not with,
     (b + 1) / 20; 1 counts to the last; NULL without a figure. mass, differ (mass without agreement), their squares and
     product are sums over the n_rated objects with a figure: a ratio of sums and its interval follow from them. */
WITH object AS (
    SELECT a.job_name, a.object_id, count(DISTINCT a.worker_id) AS n_assigned, max(a.day) AS day
    FROM (
        SELECT job_name, object_id, worker_id, CAST(NULL AS DATE) AS day FROM silver.assignment
        UNION ALL
        SELECT job_name, object_id, worker_id, CAST(submitted_at AT TIME ZONE 'UTC' AS DATE) AS day
        FROM silver.annotation
    ) AS a
    GROUP BY a.job_name, a.object_id
),

item AS (
    SELECT
        i.job_name,
        i.object_id,
        i.layer,
        o.day,
        CASE WHEN i.mass > 0 THEN
            CAST(least(floor(CASE WHEN i.d_obs < i.mass THEN 1.0 - i.d_obs / i.mass ELSE 0.0 END * 20), 19) AS INTEGER)
        END AS bin,
        CASE WHEN i.n_annotators >= 2 THEN 1 ELSE 0 END AS is_compared,
        CASE WHEN i.mass > 0 AND 1.0 - i.d_obs / i.mass < 2.0 / 3.0 - 1e-9 THEN 1 ELSE 0 END AS is_disputed,
        CASE WHEN i.n_annotators < o.n_assigned THEN 1 ELSE 0 END AS is_waiting,
        CASE WHEN i.duration_s IS NOT NULL THEN 1 ELSE 0 END AS is_timed,
        CASE WHEN i.n_annotators >= 2 AND i.mass > 0 THEN i.mass END AS mass,
        CASE WHEN i.n_annotators >= 2 AND i.mass > 0 THEN i.d_obs END AS differ,
        i.part
    FROM measure.item AS i
    LEFT JOIN object AS o ON i.job_name = o.job_name AND i.object_id = o.object_id
),

counted AS (
    SELECT job_name, layer, 'others' AS scope, day, bin, is_compared, is_disputed, is_waiting, is_timed, mass, differ, part
    FROM item
    UNION ALL
    SELECT
        job_name,
        '' AS layer,
        'others' AS scope,
        day,
        NULL AS bin,
        max(is_compared) AS is_compared,
        max(is_disputed) AS is_disputed,
        max(is_waiting) AS is_waiting,
        max(is_timed) AS is_timed,
        NULL AS mass,
        NULL AS differ,
        part
    FROM item
    GROUP BY job_name, object_id, day, part
    UNION ALL
    SELECT
        g.job_name,
        g.layer,
        'gold' AS scope,
        o.day,
        NULL AS bin,
        0 AS is_compared,
        0 AS is_disputed,
        0 AS is_waiting,
        0 AS is_timed,
        nullif(sum(g.mass), 0.0) AS mass,
        CASE WHEN sum(g.mass) > 0 THEN sum(g.mass - g.agree) END AS differ,
        g.part
    FROM measure.gold_item AS g
    INNER JOIN object AS o ON g.job_name = o.job_name AND g.object_id = o.object_id
    GROUP BY g.job_name, g.object_id, g.layer, o.day, g.part
)

SELECT
    job_name,
    layer,
    scope,
    day,
    bin,
    count(*) AS n_items,
    CAST(sum(is_compared) AS BIGINT) AS n_compared,
    CAST(sum(is_disputed) AS BIGINT) AS n_disputed,
    CAST(sum(is_waiting) AS BIGINT) AS n_waiting,
    CAST(sum(is_timed) AS BIGINT) AS n_timed,
    count(mass) AS n_rated,
    coalesce(sum(mass), 0.0) AS mass,
    coalesce(sum(differ), 0.0) AS differ,
    coalesce(sum(mass * mass), 0.0) AS mass_squares,
    coalesce(sum(differ * differ), 0.0) AS differ_squares,
    coalesce(sum(differ * mass), 0.0) AS differ_mass,
    part
FROM counted
GROUP BY job_name, layer, scope, day, bin, part
