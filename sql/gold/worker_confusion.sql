/* What each worker says where another worker, or the truth, says a label: which labels they mix up.
   grain: job_name, layer, worker_id, scope, true_label, given_label
   reads: measure.worker_confusion
   owner: measures
   checks: fail unique(grain), fail p between 0 and 1, fail prior between 0 and 1
   notes: scope 'gold' compares with the truth of gold items, 'others' with the co-annotators of the same objects (each
     object counts once, however many they are). p adds up to 1 over given_label. '' is nothing: unlabeled time, or an
     open question. Sums over rows of one scope are exact. */
WITH given AS (
    SELECT job_name, layer, worker_id, scope, true_label, given_label, sum(mass) AS mass
    FROM measure.worker_confusion
    GROUP BY job_name, layer, worker_id, scope, true_label, given_label
)

SELECT
    job_name,
    layer,
    worker_id,
    scope,
    true_label,
    given_label,
    mass,
    mass / sum(mass) OVER (PARTITION BY job_name, layer, worker_id, scope, true_label) AS p,
    sum(mass) OVER (PARTITION BY job_name, layer, worker_id, scope, true_label)
    / sum(mass) OVER (PARTITION BY job_name, layer, worker_id, scope) AS prior
FROM given
