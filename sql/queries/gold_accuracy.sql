/* How often is each annotator right, where the truth is known?
   grain: job_name, layer, worker_id
   reads: gold.worker_quality
   owner: analysts
   columns: job_name; layer; worker_id: pseudonym; gold_n: objects of known truth that the annotator answered;
     gold_correct: of them with the right label, NULL for segments; gold_acc: share right, of labels or of time;
     gold_lo: lower end of the 95 % interval (Jeffreys for labels); gold_hi: upper end; gold_kappa: the same beyond
     chance
   notes: with 4 objects the interval spans half of all values: plant more before you judge. 4 right of 4 is not 100
     %. */
SELECT
    job_name,
    layer,
    worker_id,
    gold_n,
    gold_correct,
    gold_acc,
    gold_lo,
    gold_hi,
    gold_kappa
FROM gold.worker_quality
WHERE gold_n > 0
ORDER BY gold_lo, job_name, layer, worker_id
