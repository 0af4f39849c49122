/* How far each job is: objects, media, answers and hours of work, to set them against the plan.
   grain: job_name
   reads: silver.job, silver.assignment, silver.annotation, silver.consolidated, silver.quarantine, silver.asset,
     silver.gold_item
   owner: dashboards
   checks: fail unique(grain), fail n_complete <= n_objects, fail media_complete_s <= media_s, warn rows >= 1
   notes: an object is complete when as many annotators as were asked for answered and the quality gate kept their
     answers. Objects whose media is not registered, or of which nothing came yet, count with the mean length of the
     job's others; NULL where no length is known. Active time of an answer is as in gold.worker_quality; answers
     without times add none. */
WITH answer AS (
    SELECT
        a.job_name,
        a.object_id,
        a.worker_id,
        a.submitted_at,
        CASE WHEN a.time_spent_s IS NOT NULL OR a.accepted_at IS NOT NULL THEN
            least(
                coalesce(a.time_spent_s, epoch(a.submitted_at - a.accepted_at)),
                greatest(300.0, 10.0 * coalesce(s.duration_s, 0.0))
            )
        END AS active_s
    FROM silver.annotation AS a
    LEFT JOIN silver.asset AS s ON a.asset_id = s.asset_id
),

answered AS (
    SELECT
        job_name,
        object_id,
        count(DISTINCT worker_id) AS n_annotators
    FROM answer
    GROUP BY job_name, object_id
),

object AS (
    SELECT
        o.job_name,
        o.object_id,
        max(s.duration_s) AS duration_s,
        bool_or(g.asset_id IS NOT NULL) AS is_gold,
        max(coalesce(n.n_annotators, 0)) AS n_annotators
    FROM (
        SELECT job_name, object_id, asset_id FROM silver.consolidated
        UNION ALL
        SELECT job_name, object_id, asset_id FROM silver.assignment
    ) AS o
    LEFT JOIN silver.asset AS s ON o.asset_id = s.asset_id
    LEFT JOIN (SELECT DISTINCT asset_id FROM silver.gold_item) AS g ON o.asset_id = g.asset_id
    LEFT JOIN answered AS n ON o.job_name = n.job_name AND o.object_id = n.object_id
    GROUP BY o.job_name, o.object_id
),

measured AS (
    SELECT
        o.job_name,
        count(*) AS n_seen,
        avg(o.duration_s) AS mean_s,
        count(*) FILTER (WHERE o.n_annotators >= 1) AS n_started,
        count(*) FILTER (WHERE o.n_annotators >= j.workers_per_object) AS n_complete,
        count(*) FILTER (WHERE o.n_annotators >= 2) AS n_twice,
        count(*) FILTER (WHERE o.is_gold) AS n_gold,
        sum(o.duration_s) AS known_s,
        count(o.duration_s) AS n_known,
        coalesce(sum(o.duration_s) FILTER (WHERE o.n_annotators >= j.workers_per_object), 0.0) AS known_complete_s,
        count(*) FILTER (WHERE o.n_annotators >= j.workers_per_object AND o.duration_s IS NULL) AS n_complete_unknown
    FROM object AS o
    INNER JOIN silver.job AS j ON o.job_name = j.job_name
    GROUP BY o.job_name
),

work AS (
    SELECT
        job_name,
        count(*) AS n_answers,
        count(DISTINCT worker_id) AS n_workers,
        sum(active_s) AS active_s,
        min(submitted_at) AS first_answer_at,
        max(submitted_at) AS last_answer_at
    FROM answer
    GROUP BY job_name
),

refused AS (
    SELECT job_name, count(*) AS n_quarantined
    FROM silver.quarantine
    GROUP BY job_name
),

returned AS (
    SELECT job_name, count(*) AS n_not_answered
    FROM silver.assignment
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
    greatest(j.n_objects, coalesce(m.n_seen, 0)) AS n_objects,
    coalesce(m.n_started, 0) AS n_started,
    coalesce(m.n_complete, 0) AS n_complete,
    j.n_failed,
    coalesce(m.n_twice, 0) AS n_twice,
    coalesce(m.n_gold, 0) AS n_gold,
    coalesce(w.n_answers, 0) AS n_answers,
    coalesce(r.n_not_answered, 0) AS n_not_answered,
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
