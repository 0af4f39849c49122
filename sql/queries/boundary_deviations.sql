/* How far apart do two annotators set the same boundaries?
   grain: job_name, layer, worker_a, worker_b
   reads: gold.agreement_pair
   owner: analysts
   columns: job_name; layer; worker_a: pseudonym; worker_b: pseudonym; offset_ms: milliseconds that worker_b is later
     than worker_a, the median over objects; offset_lo_ms: lower end of its 95 % interval; offset_hi_ms: upper end;
     boundary_f_500ms: boundaries matched within 0.5 s, F score; boundary_f_3s: within 3 s; n_items: objects that
     both answered
   notes: an interval without 0 is a habit of one of the two; boundary_f_3s far above boundary_f_500ms says the same
     of sloppy edges. */
SELECT
    job_name,
    layer,
    worker_a,
    worker_b,
    1000 * offset_s AS offset_ms,
    1000 * offset_lo AS offset_lo_ms,
    1000 * offset_hi AS offset_hi_ms,
    boundary_f_500ms,
    boundary_f_3s,
    n_items
FROM gold.agreement_pair
WHERE n_offsets > 0
ORDER BY abs(offset_s) DESC, job_name, layer, worker_a, worker_b
