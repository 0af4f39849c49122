/* Which answers came after their object was consolidated, so that its label does not know them?
   grain: job_name, object_id, worker_id
   reads: silver.annotation, silver.consolidated
   owner: analysts
   columns: job_name; object_id: line of the input manifest, from 0; worker_id: pseudonym; submitted_at: when the
     answer came; consolidated_at: when the output manifest was written that counts; hours_late: hours from the one to the other
   notes: these answers are in every figure of agreement and in no consolidated label. Consolidate the job anew where
     they are many. */
SELECT
    a.job_name,
    a.object_id,
    a.worker_id,
    a.submitted_at,
    c.observed_at AS consolidated_at,
    epoch(a.submitted_at - c.observed_at) / 3600 AS hours_late
FROM silver.annotation AS a
INNER JOIN silver.consolidated AS c ON a.job_name = c.job_name AND a.object_id = c.object_id
WHERE a.submitted_at > c.observed_at AND c.outcome = 'labeled'
ORDER BY hours_late DESC, a.job_name, a.object_id, a.worker_id
