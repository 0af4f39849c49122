/* How far the objects of one part of a job are: by what came of them, and how many answered.
   grain: job_name, outcome, reason, n_annotators, part
   reads: silver.consolidated, silver.assignment, silver.annotation, silver.asset, silver.gold_item
   owner: dashboards
   checks: fail unique(grain), fail n_known <= n_items, fail n_gold <= n_items
   notes: objects of silver have their part here. An object is in one row, so sums are exact. outcome is that of the
     newest line of the output manifest, open where none came yet; reason the backend's words where it failed.
     n_annotators counts those whose answers the quality gate kept. */
WITH seen AS (
    SELECT
        job_name,
        object_id,
        part,
        asset_id,
        outcome,
        CASE WHEN outcome = 'failed' THEN coalesce(failure_reason, 'no reason given') END AS reason,
        observed_at
    FROM silver.consolidated
    UNION ALL
    SELECT
        job_name,
        object_id,
        part,
        asset_id,
        CAST(NULL AS VARCHAR) AS outcome,
        CAST(NULL AS VARCHAR) AS reason,
        CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS observed_at
    FROM silver.assignment
),

answered AS (
    SELECT job_name, object_id, count(DISTINCT worker_id) AS n_annotators
    FROM silver.annotation
    GROUP BY job_name, object_id
),

object AS (
    SELECT
        o.job_name,
        o.object_id,
        o.part,
        max(o.outcome) AS outcome,
        max(o.reason) AS reason,
        max(o.observed_at) AS observed_at,
        max(s.duration_s) AS duration_s,
        bool_or(g.asset_id IS NOT NULL) AS is_gold
    FROM seen AS o
    LEFT JOIN silver.asset AS s ON o.asset_id = s.asset_id
    LEFT JOIN (SELECT DISTINCT asset_id FROM silver.gold_item) AS g ON o.asset_id = g.asset_id
    GROUP BY o.job_name, o.object_id, o.part
)

SELECT
    o.job_name,
    coalesce(o.outcome, 'open') AS outcome,
    coalesce(o.reason, '') AS reason,
    CAST(coalesce(n.n_annotators, 0) AS INTEGER) AS n_annotators,
    count(*) AS n_items,
    count(*) FILTER (WHERE o.is_gold) AS n_gold,
    count(o.duration_s) AS n_known,
    sum(o.duration_s) AS media_s,
    min(o.object_id) AS first_object_id,
    max(o.observed_at) AS last_at,
    o.part
FROM object AS o
LEFT JOIN answered AS n ON o.job_name = n.job_name AND o.object_id = n.object_id
GROUP BY o.job_name, coalesce(o.outcome, 'open'), coalesce(o.reason, ''), coalesce(n.n_annotators, 0), o.part
