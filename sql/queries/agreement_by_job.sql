/* How far do the annotators of each job agree, beyond chance, and how sure is that?
   grain: job_name, layer
   reads: gold.agreement_job
   owner: analysts
   columns: job_name; layer; alpha: 1 is full agreement, 0 is chance; alpha_lo: lower end of the 95 % interval;
     alpha_hi: upper end; chance_floor: alpha of annotators paired at random; n_items: objects behind it;
     n_annotators: annotators behind it; reason_code: why there is no figure
   notes: judge by alpha_lo, not by alpha: from 0.8 on reliable, from 0.667 on tentative. Compare jobs only where the
     intervals do not overlap. */
SELECT
    job_name,
    layer,
    value AS alpha,
    ci_lo AS alpha_lo,
    ci_hi AS alpha_hi,
    chance_floor,
    n_items,
    n_annotators,
    reason_code
FROM gold.agreement_job
WHERE measure = 'alpha'
ORDER BY ci_lo NULLS LAST, job_name, layer
