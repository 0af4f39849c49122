/* How many answers an hour does each annotator give, and how long is left?
   grain: job_name
   reads: gold.job_status
   owner: analysts
   columns: job_name; status: LabelingJobStatus; n_objects; n_complete: objects with all answers that were asked for;
     done: share complete, 0 to 1; complete_per_day: objects a day since the first answer; days_left: at that pace,
     NULL without one; n_workers: annotators who answered; answers_per_working_hour: of one annotator
   notes: the pace is the mean since the first answer; look at minutes_by_day for where it goes. A job that waits for
     one annotator is never as fast as its mean. */
WITH pace AS (
    SELECT *, n_complete / nullif(epoch(last_answer_at - first_answer_at) / 86400, 0) AS complete_per_day
    FROM gold.job_status
)

SELECT
    job_name,
    status,
    n_objects,
    n_complete,
    n_complete / nullif(n_objects, 0) AS done,
    complete_per_day,
    (n_objects - n_complete) / nullif(complete_per_day, 0) AS days_left,
    n_workers,
    n_answers / nullif(active_s / 3600, 0) AS answers_per_working_hour
FROM pace
ORDER BY days_left DESC NULLS LAST, job_name
