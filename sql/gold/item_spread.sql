/* How many objects have which observed agreement, in twenty bins from 0 to 1.
   grain: job_name, layer, bin
   reads: measure.item_count
   owner: measures
   checks: fail unique(grain), fail bin between 0 and 19, fail n_items >= 1
   notes: bin b holds b / 20 up to, but not with, (b + 1) / 20; 1 counts to the last. Objects without a figure are in
     none. Sums over rows are exact. */
SELECT
    job_name,
    layer,
    bin,
    CAST(sum(n_items) AS BIGINT) AS n_items
FROM measure.item_count
WHERE bin IS NOT NULL
GROUP BY job_name, layer, bin
