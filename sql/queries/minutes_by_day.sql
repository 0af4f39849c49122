/* How many minutes of media were finished on each day, and how much work was that?
   grain: job_name, day
   reads: gold.job_day
   owner: analysts
   columns: job_name; day: UTC; n_complete: objects that got the last answer that was asked for; media_minutes:
     minutes of media of these; n_answers: answers of the day; working_minutes: of all annotators, idle time cut off;
     n_workers: annotators who answered
   notes: an object counts once, on the day of its last answer; working time counts on the day of each answer. */
SELECT
    job_name,
    day,
    n_complete,
    media_complete_s / 60 AS media_minutes,
    n_answers,
    active_s / 60 AS working_minutes,
    n_workers
FROM gold.job_day
ORDER BY day, job_name
