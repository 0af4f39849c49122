/* How did each annotator do from day to day?
   grain: job_name, layer, worker_id, day
   reads: gold.worker_day
   owner: analysts
   columns: job_name; layer; worker_id: pseudonym; day: UTC; loo_agreement: agreement with the others beyond chance,
     of the day's objects; loo_lo: lower end of the 95 % interval; loo_hi: upper end; n_items: objects of the day
   notes: days of few objects swing widely: read the interval. For a verdict on change use workers_who_drifted. */
SELECT
    job_name,
    layer,
    worker_id,
    day,
    loo_agreement,
    loo_lo,
    loo_hi,
    n_items
FROM gold.worker_day
ORDER BY job_name, layer, worker_id, day
