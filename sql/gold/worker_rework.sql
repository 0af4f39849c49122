/* How much of each worker's answers a later level of the batch changed: audits, adjustments, experts.
   grain: job_name, reworked_job, layer, worker_id
   reads: measure.rework, silver.job
   owner: measures
   checks: fail unique(grain), fail rework between rework_lo and rework_hi, fail changed_share between 0 and 1
   notes: job_name is the later job, reworked_job the earlier one. An answer is changed where the label differs, or more
     than 0.01 s do. The later answer is not the truth: read it beside gold_acc. */
SELECT
    r.job_name,
    r.reworked_job,
    r.layer,
    r.worker_id,
    r.n_items,
    r.n_changed,
    r.rework,
    r.rework_lo,
    r.rework_hi,
    r.mass,
    r.mass_changed,
    coalesce(job.task_type, 'unknown') AS task_type,
    CASE WHEN r.mass_changed < r.mass THEN r.mass_changed / r.mass WHEN r.mass > 0 THEN 1.0 END AS changed_share
FROM measure.rework AS r
LEFT JOIN silver.job AS job ON r.job_name = job.job_name
