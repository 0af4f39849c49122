/* How much working time does a minute of media take, and what does it cost?
   grain: job_name
   reads: gold.job_status
   owner: analysts
   columns: job_name; task_type; media_minutes: minutes of complete media; working_minutes: of all annotators, idle
     time cut off; working_per_media_minute: minutes of work a minute of complete media; cost_per_media_minute: at 20
     an hour; cost: of the job so far
   notes: put your own hourly cost in the place of 20. Work on objects that are not complete yet is in the figure: it
     falls as a job ends. */
SELECT
    job_name,
    task_type,
    media_complete_s / 60 AS media_minutes,
    active_s / 60 AS working_minutes,
    active_s / nullif(media_complete_s, 0) AS working_per_media_minute,
    active_s / nullif(media_complete_s, 0) * 20 / 60 AS cost_per_media_minute,
    active_s / 3600 * 20 AS cost
FROM gold.job_status
ORDER BY working_per_media_minute DESC NULLS LAST, job_name
