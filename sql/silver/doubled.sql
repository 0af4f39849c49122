/* Answers that are not taken, as the worker gave another on the object at the same time; a step of the models of answers.
   grain: answer_id
   reads: silver.answer
   owner: lake
   checks: none; these answers break the rule `one_answer` of silver.annotation
   notes: the one of the lowest answer_hash is taken. Such answers are rare: to look for them costs less than to number
     all. */
WITH several AS (
    SELECT object_id, worker_id, revision, min(answer_hash) AS first_hash
    FROM silver.answer
    GROUP BY object_id, worker_id, revision
    HAVING count(*) > 1
)

SELECT a.answer_id
FROM silver.answer AS a
INNER JOIN several AS s ON a.object_id = s.object_id AND a.worker_id = s.worker_id AND a.revision = s.revision
WHERE a.answer_hash <> s.first_hash
