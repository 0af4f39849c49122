/* Which annotators agree least with the others, where that is more than chance of few objects?
   grain: job_name, layer, worker_id
   reads: gold.worker_quality
   owner: analysts
   columns: job_name; layer; worker_id: pseudonym; loo_agreement: agreement with the other annotators beyond chance,
     1 is full; loo_lo: lower end of the 95 % interval; loo_hi: upper end; n_items: objects compared; residual:
     agreement above or below that of the co-annotators of the same objects; spam_prob: share of answers given
     without a look, by a model
   notes: only those are listed whose whole interval is under 0.667, on five objects or more. A minority may be
     right: see the items before the person. */
SELECT
    job_name,
    layer,
    worker_id,
    loo_agreement,
    loo_lo,
    loo_hi,
    n_items,
    residual,
    spam_prob
FROM gold.worker_quality
WHERE loo_hi < 0.667 AND n_items >= 5
ORDER BY loo_hi, job_name, layer, worker_id
