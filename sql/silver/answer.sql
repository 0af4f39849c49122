/* The answers of a landing, each with a number; a step of the other models, not a table.
   grain: answer_id
   reads: silver.whole_answer, landing.track, landing.job, landing.object
   owner: lake
   checks: none; annotation.sql says which answers are unreadable and why
   notes: answers are whole, as worker-response files have them, or stand in manifest lines as tracks whose segments are
     ready to use (landing.track, landing.segment). answer_id stands for an answer in the other models, which would have
     to join by four texts without it; it holds for one run of the models. */
SELECT * FROM silver.whole_answer

UNION ALL BY NAME

SELECT
    t.*,
    j.task_type,
    o.asset_id,
    o.duration_s
FROM landing.track AS t
CROSS JOIN landing.job AS j
LEFT JOIN landing.object AS o ON t.object_id = o.object_id
