/* Which labels can be trusted, and which one are they taken for?
   grain: job_name, layer, label
   reads: gold.label_reliability
   owner: analysts
   columns: job_name; layer; label; alpha_binary: agreement on this label or not, beyond chance; alpha_lo: lower end
     of the 95 % interval; alpha_hi: upper end; prevalence: share of time, or answers, with it, 0 to 1;
     most_confused_with: what others give most often instead, empty is nothing; confused_share: how often, 0 to 1;
     n_items: objects on which anybody used it
   notes: a layer's figure hides its labels: one rare label that nobody agrees on is lost in it. Under 10 objects do
     not judge. */
SELECT
    job_name,
    layer,
    label,
    alpha_binary,
    alpha_lo,
    alpha_hi,
    prevalence,
    most_confused_with,
    confused_share,
    n_items
FROM gold.label_reliability
ORDER BY alpha_lo NULLS LAST, job_name, layer, label
