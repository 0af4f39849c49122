/* How a job goes from day to day: agreement, score on gold items, speed, and whether labels are used as before.
   grain: job_name, layer, day, measure
   reads: measure.item_count, measure.label_use, measure.work, measure.pace, silver.job, reference.student_t
   owner: measures
   checks: fail unique(grain), fail ci_lo <= ci_hi, fail value is null or value >= 0
   notes: an object belongs to the UTC day of its last answer. observed_agreement and gold_agreement are ratios of the
     day's sums with a linearised interval over objects (t, three objects or more). throughput counts answers,
     active_s_per_min is a median over answers, from a histogram: at most 1 % off. label_psi and label_js compare the
     day's shares of labels with those of all earlier days (half an answer added to each label; PSI in nats, JS in bits).
     Alarm: the interval of a ratio is wholly under the ratio of all earlier days; label_psi over .25 with 30 labels or
     more on either side. */
WITH day_ratio AS (
    SELECT
        job_name,
        layer,
        day,
        CASE WHEN scope = 'gold' THEN 'gold_agreement' ELSE 'observed_agreement' END AS measure,
        sum(n_rated) AS n_items,
        sum(mass) AS mass,
        sum(differ) AS differ,
        sum(mass_squares) AS mass_squares,
        sum(differ_squares) AS differ_squares,
        sum(differ_mass) AS differ_mass
    FROM measure.item_count
    WHERE day IS NOT NULL AND n_rated > 0
    GROUP BY job_name, layer, day, scope
),

ratio AS (
    SELECT
        d.job_name,
        d.layer,
        d.day,
        d.measure,
        d.n_items,
        d.mass,
        d.differ / d.mass AS rate,
        d.differ_squares,
        d.differ_mass,
        d.mass_squares,
        sum(d.differ) OVER earlier / sum(d.mass) OVER earlier AS rate_before
    FROM day_ratio AS d
    WINDOW earlier AS (
        PARTITION BY d.job_name, d.layer, d.measure ORDER BY d.day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )
),

/* Sum over objects of (differ - rate * mass)^2; what is lost to rounding where all differ alike is no variation. */
squared AS (
    SELECT
        job_name,
        layer,
        day,
        measure,
        n_items,
        mass,
        rate,
        rate_before,
        differ_squares - 2.0 * rate * differ_mass + rate * rate * mass_squares AS squares,
        1e-12 * (differ_squares + rate * rate * mass_squares) AS rounding
    FROM ratio
),

bounded AS (
    SELECT
        r.job_name,
        r.layer,
        r.day,
        r.measure,
        r.n_items,
        CASE WHEN r.rate < 1.0 THEN 1.0 - r.rate ELSE 0.0 END AS value,
        1.0 - r.rate_before AS value_before,
        CASE WHEN r.n_items >= 3 AND r.squares > r.rounding THEN
            sqrt(r.squares * r.n_items / (r.n_items - 1.0)) / r.mass * coalesce(q.t975, 1.959964)
        END AS reach
    FROM squared AS r
    LEFT JOIN reference.student_t AS q ON q.df = r.n_items - 1
),

used AS (
    SELECT job_name, layer, label, day, sum(n_segments) AS n
    FROM measure.label_use
    GROUP BY job_name, layer, label, day
),

/* Every label on every day of its layer. */
label_day AS (
    SELECT
        d.job_name,
        d.layer,
        d.day,
        k.label,
        coalesce(u.n, 0) AS n,
        coalesce(
            sum(u.n) OVER (
                PARTITION BY d.job_name, d.layer, k.label
                ORDER BY d.day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ), 0
        ) AS n_before
    FROM (SELECT DISTINCT job_name, layer, day FROM used) AS d
    INNER JOIN (SELECT DISTINCT job_name, layer, label FROM used) AS k
        ON d.job_name = k.job_name AND d.layer = k.layer
    LEFT JOIN used AS u
        ON d.job_name = u.job_name AND d.layer = u.layer AND d.day = u.day AND k.label = u.label
),

share AS (
    SELECT
        job_name,
        layer,
        day,
        sum(n) OVER layer_day AS n,
        sum(n_before) OVER layer_day AS n_before,
        (n + 0.5) / sum(n + 0.5) OVER layer_day AS p,
        (n_before + 0.5) / sum(n_before + 0.5) OVER layer_day AS q
    FROM label_day
    WINDOW layer_day AS (PARTITION BY job_name, layer, day)
),

divergence AS (
    SELECT
        job_name,
        layer,
        day,
        max(n) AS n,
        max(n_before) AS n_before,
        sum((p - q) * ln(p / q)) AS psi,
        sum(0.5 * p * log2(2.0 * p / (p + q)) + 0.5 * q * log2(2.0 * q / (p + q))) AS js
    FROM share
    GROUP BY job_name, layer, day
    HAVING max(n_before) > 0
),

answered AS (
    SELECT job_name, day, sum(n_answers) AS n_answers
    FROM measure.work
    GROUP BY job_name, day
),

speed AS (
    SELECT
        job_name,
        day,
        speed_bin AS bin,
        sum(sum(n_answers)) OVER (PARTITION BY job_name, day ORDER BY speed_bin) AS n_up_to,
        sum(sum(n_answers)) OVER (PARTITION BY job_name, day) AS n
    FROM measure.pace
    WHERE speed_bin IS NOT NULL
    GROUP BY job_name, day, speed_bin
),

/* The middle of the two answers in the middle. */
middle AS (
    SELECT
        job_name,
        day,
        0.495 * (
            power(1.01 / 0.99, min(bin) FILTER (WHERE 2 * n_up_to >= n))
            + power(1.01 / 0.99, min(bin) FILTER (WHERE 2 * n_up_to > n))
        ) AS active_s_per_min
    FROM speed
    GROUP BY job_name, day
),

pace AS (
    SELECT g.job_name, g.layer, a.day, CAST(a.n_answers AS BIGINT) AS n_answers, m.active_s_per_min
    FROM (SELECT DISTINCT job_name, layer FROM measure.item_count WHERE scope = 'others' AND layer <> '') AS g
    INNER JOIN answered AS a ON g.job_name = a.job_name
    LEFT JOIN middle AS m ON a.job_name = m.job_name AND a.day = m.day
),

figure AS (
    SELECT
        job_name,
        layer,
        day,
        measure,
        value,
        CASE WHEN value - reach < 0.0 THEN 0.0 ELSE value - reach END AS ci_lo,
        CASE WHEN value + reach > 1.0 THEN 1.0 ELSE value + reach END AS ci_hi,
        n_items,
        coalesce(value + reach < value_before, FALSE) AS is_alarm
    FROM bounded
    UNION ALL
    SELECT job_name, layer, day, m.measure, m.value, NULL, NULL, n_answers, FALSE
    FROM pace
    CROSS JOIN LATERAL (
        VALUES ('throughput', CAST(n_answers AS DOUBLE)), ('active_s_per_min', active_s_per_min)
    ) AS m (measure, value)
    UNION ALL
    SELECT job_name, layer, day, m.measure, m.value, NULL, NULL, CAST(n AS BIGINT),
        m.measure = 'label_psi' AND m.value > 0.25 AND n >= 30 AND n_before >= 30
    FROM divergence
    CROSS JOIN LATERAL (VALUES ('label_psi', greatest(psi, 0.0)), ('label_js', greatest(js, 0.0))) AS m (measure, value)
)

SELECT
    f.job_name,
    job.batch_id,
    f.layer,
    coalesce(job.task_type, 'unknown') AS task_type,
    f.day,
    f.measure,
    f.value,
    f.ci_lo,
    f.ci_hi,
    CAST(f.n_items AS BIGINT) AS n_items,
    f.is_alarm
FROM figure AS f
LEFT JOIN silver.job AS job ON f.job_name = job.job_name
