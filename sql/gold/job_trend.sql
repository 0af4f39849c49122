/* How a job goes from day to day: agreement, score on gold items, speed, and whether labels are used as before.
   grain: job_name, layer, day, measure
   reads: measure.item, measure.gold_item, measure.label_use, silver.annotation, silver.asset, silver.job,
     reference.student_t
   owner: measures
   checks: fail unique(grain), fail ci_lo <= ci_hi, fail value is null or value >= 0
   notes: an object belongs to the UTC day of its last answer. observed_agreement and gold_agreement are ratios of the
     day's sums with a linearised interval over objects (t, three objects or more). throughput counts answers,
     active_s_per_min is a median over answers. label_psi and label_js compare the day's shares of labels with those of
     all earlier days (half an answer added to each label; PSI in nats, JS in bits). Alarm: the interval of a ratio is
     wholly under the ratio of all earlier days; label_psi over .25 with 30 labels or more on either side. */
WITH answer AS (
    SELECT
        a.job_name,
        a.object_id,
        a.worker_id,
        CAST(a.submitted_at AT TIME ZONE 'UTC' AS DATE) AS day,
        CASE WHEN s.duration_s > 0 AND (a.time_spent_s IS NOT NULL OR a.accepted_at IS NOT NULL) THEN
            least(
                coalesce(a.time_spent_s, epoch(a.submitted_at - a.accepted_at)),
                greatest(300.0, 10.0 * s.duration_s)
            ) / (s.duration_s / 60.0)
        END AS active_s_per_min
    FROM silver.annotation AS a
    LEFT JOIN silver.asset AS s ON a.asset_id = s.asset_id
),

object_day AS (
    SELECT job_name, object_id, max(day) AS day
    FROM answer
    GROUP BY job_name, object_id
),

/* Ratios of sums by object: agree of mass. */
part AS (
    SELECT i.job_name, i.layer, o.day, 'observed_agreement' AS measure, i.mass - i.d_obs AS agree, i.mass
    FROM measure.item AS i
    INNER JOIN object_day AS o ON i.job_name = o.job_name AND i.object_id = o.object_id
    WHERE i.n_annotators >= 2 AND i.mass > 0
    UNION ALL
    SELECT g.job_name, g.layer, o.day, 'gold_agreement' AS measure, sum(g.agree) AS agree, sum(g.mass) AS mass
    FROM measure.gold_item AS g
    INNER JOIN object_day AS o ON g.job_name = o.job_name AND g.object_id = o.object_id
    GROUP BY g.job_name, g.layer, o.day, g.object_id
    HAVING sum(g.mass) > 0
),

day_ratio AS (
    SELECT job_name, layer, day, measure, count(*) AS n_items, sum(agree) AS agree, sum(mass) AS mass
    FROM part
    GROUP BY job_name, layer, day, measure
),

ratio AS (
    SELECT
        d.job_name,
        d.layer,
        d.day,
        d.measure,
        d.n_items,
        d.agree / d.mass AS value,
        sum(d.agree) OVER earlier / sum(d.mass) OVER earlier AS value_before
    FROM day_ratio AS d
    WINDOW earlier AS (
        PARTITION BY d.job_name, d.layer, d.measure ORDER BY d.day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )
),

ratio_spread AS (
    SELECT
        r.job_name,
        r.layer,
        r.day,
        r.measure,
        sqrt(sum((p.agree - r.value * p.mass) ** 2) * count(*) / nullif(count(*) - 1, 0)) / sum(p.mass) AS se
    FROM ratio AS r
    INNER JOIN part AS p
        ON r.job_name = p.job_name AND r.layer = p.layer AND r.day = p.day AND r.measure = p.measure
    GROUP BY r.job_name, r.layer, r.day, r.measure
),

bounded AS (
    SELECT
        r.job_name,
        r.layer,
        r.day,
        r.measure,
        r.n_items,
        r.value,
        r.value_before,
        CASE WHEN r.n_items >= 3 AND s.se > 1e-9 THEN coalesce(q.t975, 1.959964) * s.se END AS reach
    FROM ratio AS r
    INNER JOIN ratio_spread AS s
        ON r.job_name = s.job_name AND r.layer = s.layer AND r.day = s.day AND r.measure = s.measure
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

pace AS (
    SELECT g.job_name, g.layer, a.day, count(*) AS n_answers, median(a.active_s_per_min) AS active_s_per_min
    FROM (SELECT DISTINCT job_name, layer FROM measure.item) AS g
    INNER JOIN answer AS a ON g.job_name = a.job_name
    GROUP BY g.job_name, g.layer, a.day
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
