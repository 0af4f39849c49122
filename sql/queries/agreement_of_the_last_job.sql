/* How far the annotators of the newest job agree, each measure with its interval.
   grain: layer, measure      reads: gold.agreement_job, silver.job      owner: analysts
   checks: none
   notes: alpha is chance-corrected: 1 is full agreement, 0 is chance; judge by ci_lo, not by value. */
SELECT a.job_name, a.layer, a.measure, a.value, a.ci_lo, a.ci_hi, a.n_items, a.n_annotators, a.chance_floor, a.reason_code
FROM gold.agreement_job AS a
WHERE a.job_name = (SELECT job_name FROM silver.job ORDER BY created_at DESC, job_name LIMIT 1)
ORDER BY a.layer, a.measure
