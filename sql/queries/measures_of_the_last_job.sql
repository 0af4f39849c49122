/* What does every measure say of the newest job?
   grain: layer, measure
   reads: gold.agreement_job, silver.job
   owner: analysts
   columns: job_name; layer; measure: docs/metrics.md defines each; value; ci_lo: lower end of the 95 % interval;
     ci_hi: upper end; n_items: objects behind it; chance_floor: the measure where annotators are paired at random;
     reason_code: why value or interval is missing
   notes: boundary_f_500ms below unit_f_iou50 says that the segments are the same and their edges are not. */
SELECT
    a.job_name,
    a.layer,
    a.measure,
    a.value,
    a.ci_lo,
    a.ci_hi,
    a.n_items,
    a.chance_floor,
    a.reason_code
FROM gold.agreement_job AS a
WHERE a.job_name = (SELECT j.job_name FROM silver.job AS j ORDER BY j.created_at DESC, j.job_name LIMIT 1)
ORDER BY a.layer, a.measure
