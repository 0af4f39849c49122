/* Where a worker gave several answers on an object at one time, and which is taken; a step of the models of answers.
   grain: job_name, object_id, worker_id, revision
   reads: silver.answer
   owner: lake
   checks: none; the others break the rule `one_answer` of silver.annotation
   notes: the lowest answer_hash is taken. Such answers are rare: to look for them costs less than to number all. */
SELECT
    job_name,
    object_id,
    worker_id,
    revision,
    min(answer_hash) AS first_hash
FROM silver.answer
GROUP BY job_name, object_id, worker_id, revision
HAVING count(*) > 1
