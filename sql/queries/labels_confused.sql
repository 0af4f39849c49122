/* Which labels are taken for one another, and for how many minutes?
   grain: job_name, layer, label_a, label_b
   reads: gold.label_confusion
   owner: analysts
   columns: job_name; layer; label_a: what one says, empty for nothing; label_b: what another says of the same;
     amount: annotator-minutes, or answers for labels of a whole object; share: of what one calls label_a, the part
     that another calls label_b, 0 to 1; share_lo: lower end of its 95 % interval; share_hi: upper end; lift: how
     many times more than by chance; n_items: objects where it happened
   notes: lift above 1 is confusion, under 1 the annotators tell the labels apart. Both directions of a pair are
     rows. */
SELECT
    c.job_name,
    c.layer,
    c.label_a,
    c.label_b,
    CASE WHEN c.task_type LIKE '%classification' THEN c.mass ELSE c.mass / 60 END AS amount,
    c.share,
    c.share_lo,
    c.share_hi,
    c.lift,
    c.n_items
FROM gold.label_confusion AS c
WHERE c.scope = 'pair' AND c.label_a <> c.label_b
ORDER BY c.mass DESC, c.job_name, c.layer, c.label_a, c.label_b
