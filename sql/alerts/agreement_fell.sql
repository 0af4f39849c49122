/* Agreement fell: in the newest seven days of a job, annotators agree less than they did before.
   grain: job_name, layer
   reads: gold.agreement_item, silver.annotation
   owner: managers
   severity: warn
   threshold: 0.05 (share of the time, or of the answers, on which two annotators say the same)
   minimum: 20 (objects, in these days and before them)
   page: agreement
   says: Agreement on {layer} of {job_name} fell by {value:.2f} ({lo:.2f} to {hi:.2f} at 99 %): {share_lately:.2f} in the
     7 days to {day}, {share_before:.2f} before, on {n} objects.
   notes: before is the same job's earlier objects; where it has too few, earlier objects of the same task type and layer
     in any job. Each share is a ratio of sums; the interval of the difference has objects as clusters (linearised) and
     the t of the fewest objects that count (2.861). An object belongs to the day of its last answer. Jobs that nobody
     answered for 28 days are left alone. */
WITH answered AS (
    SELECT job_name, object_id, CAST(max(submitted_at) AS DATE) AS day
    FROM silver.annotation
    GROUP BY job_name, object_id
),

sums AS (
    SELECT
        i.task_type,
        i.job_name,
        i.layer,
        a.day,
        count(*) AS n,
        sum(i.mass - i.d_obs) AS agree,
        sum(i.mass) AS mass,
        sum((i.mass - i.d_obs) ** 2) AS agree_agree,
        sum((i.mass - i.d_obs) * i.mass) AS agree_mass,
        sum(i.mass ** 2) AS mass_mass
    FROM gold.agreement_item AS i
    INNER JOIN answered AS a ON i.job_name = a.job_name AND i.object_id = a.object_id
    WHERE i.n_annotators >= 2 AND i.mass > 0
    GROUP BY i.task_type, i.job_name, i.layer, a.day
),

job AS (
    SELECT task_type, job_name, layer, max(day) AS day
    FROM sums
    GROUP BY task_type, job_name, layer
    HAVING max(day) >= CAST($now AS DATE) - 28
),

compared AS (
    SELECT j.job_name, j.layer, 'lately' AS part, s.*
    FROM job AS j
    INNER JOIN sums AS s ON j.job_name = s.job_name AND j.layer = s.layer AND s.day > j.day - 7
    UNION ALL
    SELECT j.job_name, j.layer, 'before' AS part, s.*
    FROM job AS j
    INNER JOIN sums AS s ON j.job_name = s.job_name AND j.layer = s.layer AND s.day <= j.day - 7
    UNION ALL
    SELECT j.job_name, j.layer, 'elsewhere' AS part, s.*
    FROM job AS j
    INNER JOIN sums AS s ON j.task_type = s.task_type AND j.layer = s.layer AND s.day <= j.day - 7
),

share AS (
    SELECT
        job_name,
        layer,
        part,
        sum(n) AS n,
        sum(agree) / sum(mass) AS share,
        sum(n) / nullif(sum(n) - 1, 0) * greatest(
            sum(agree_agree) - 2 * sum(agree) / sum(mass) * sum(agree_mass)
            + (sum(agree) / sum(mass)) ** 2 * sum(mass_mass), 0
        ) / sum(mass) ** 2 AS variance
    FROM compared
    GROUP BY job_name, layer, part
),

fall AS (
    SELECT
        l.job_name,
        l.layer,
        l.n,
        l.share AS share_lately,
        coalesce(b.share, e.share) AS share_before,
        coalesce(b.share, e.share) - l.share AS value,
        2.861 * sqrt(l.variance + coalesce(b.variance, e.variance)) AS reach,
        least(l.n, coalesce(b.n, e.n)) AS n_least
    FROM share AS l
    LEFT JOIN share AS b ON l.job_name = b.job_name AND l.layer = b.layer AND b.part = 'before' AND b.n >= $minimum
    LEFT JOIN share AS e ON l.job_name = e.job_name AND l.layer = e.layer AND e.part = 'elsewhere'
    WHERE l.part = 'lately'
)

SELECT
    f.job_name,
    f.layer,
    f.value,
    f.value - f.reach AS lo,
    f.value + f.reach AS hi,
    CAST(f.n AS BIGINT) AS n,
    f.share_lately,
    f.share_before,
    j.day,
    f.n_least >= $minimum AND f.value - f.reach > $threshold AS is_met
FROM fall AS f
INNER JOIN job AS j ON f.job_name = j.job_name AND f.layer = j.layer
WHERE f.value > $threshold
