/* How far each job is: objects, media, answers and hours of work, to set them against the plan.
   grain: job_name
   reads: silver.job, silver.quarantine, measure.progress, measure.work, measure.task
   owner: dashboards
   checks: fail unique(grain), fail n_complete <= n_objects, fail media_complete_s <= media_s, warn rows >= 1
   notes: an object is complete when as many annotators as were asked for answered and the quality gate kept their
     answers. Objects whose media is not registered, or of which nothing came yet, count with the mean length of the
     job's others; NULL where no length is known. Active time of an answer is as in measure.work; answers without times
     add none. */
WITH measured AS (
    SELECT
        p.job_name,
        sum(p.n_items) AS n_seen,
        sum(p.media_s) / nullif(sum(p.n_known), 0) AS mean_s,
        sum(CASE WHEN p.n_annotators >= 1 THEN p.n_items ELSE 0 END) AS n_started,
        sum(CASE WHEN p.n_annotators >= j.workers_per_object THEN p.n_items ELSE 0 END) AS n_complete,
        sum(CASE WHEN p.n_annotators >= 2 THEN p.n_items ELSE 0 END) AS n_twice,
        sum(p.n_gold) AS n_gold,
        sum(p.media_s) AS known_s,
        sum(p.n_known) AS n_known,
        coalesce(sum(p.media_s) FILTER (WHERE p.n_annotators >= j.workers_per_object), 0.0) AS known_complete_s,
        sum(CASE WHEN p.n_annotators >= j.workers_per_object THEN p.n_items - p.n_known ELSE 0 END) AS n_complete_unknown
    FROM measure.progress AS p
    INNER JOIN silver.job AS j ON p.job_name = j.job_name
    GROUP BY p.job_name
),

work AS (
    SELECT
        job_name,
        sum(n_answers) AS n_answers,
        count(DISTINCT worker_id) AS n_workers,
        sum(active_s) AS active_s,
        min(first_at) AS first_answer_at,
        max(last_at) AS last_answer_at
    FROM measure.work
    GROUP BY job_name
),

refused AS (
    SELECT job_name, count(*) AS n_quarantined
    FROM silver.quarantine
    GROUP BY job_name
),

returned AS (
    SELECT job_name, sum(n_tasks) AS n_not_answered
    FROM measure.task
    WHERE outcome <> 'answered'
    GROUP BY job_name
)

SELECT
    j.job_name,
    j.batch_id,
    j.level,
    j.task_type,
    j.status,
    j.workers_per_object,
    CAST(greatest(j.n_objects, coalesce(m.n_seen, 0)) AS BIGINT) AS n_objects,
    CAST(coalesce(m.n_started, 0) AS BIGINT) AS n_started,
    CAST(coalesce(m.n_complete, 0) AS BIGINT) AS n_complete,
    j.n_failed,
    CAST(coalesce(m.n_twice, 0) AS BIGINT) AS n_twice,
    CAST(coalesce(m.n_gold, 0) AS BIGINT) AS n_gold,
    CAST(coalesce(w.n_answers, 0) AS BIGINT) AS n_answers,
    CAST(coalesce(r.n_not_answered, 0) AS BIGINT) AS n_not_answered,
    coalesce(w.n_workers, 0) AS n_workers,
    coalesce(q.n_quarantined, 0) AS n_quarantined,
    m.known_s + (greatest(j.n_objects, m.n_seen) - m.n_known) * m.mean_s AS media_s,
    m.known_complete_s + m.n_complete_unknown * m.mean_s AS media_complete_s,
    w.active_s,
    j.created_at,
    w.first_answer_at,
    w.last_answer_at,
    j.modified_at
FROM silver.job AS j
LEFT JOIN measured AS m ON j.job_name = m.job_name
LEFT JOIN work AS w ON j.job_name = w.job_name
LEFT JOIN refused AS q ON j.job_name = q.job_name
LEFT JOIN returned AS r ON j.job_name = r.job_name
